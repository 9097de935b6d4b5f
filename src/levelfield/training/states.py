"""States of training as files, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from levelfield.errors import FormatError
from levelfield.files import write_problem

__all__ = ["load_state", "save_state"]


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state; what lay there before stays until the new one is complete.

    Raises:
        OutputError: The folder cannot be written to, or the disk is full.
    """
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            torch.save(dict(state), stream)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise write_problem(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def load_state(path: Path) -> Mapping[str, Any]:
    """Read a state: tensors, numbers, texts, lists and dictionaries, and nothing that could run.

    Raises:
        FormatError: The file is missing, damaged, or holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, UnpicklingError, EOFError, ValueError, KeyError) as error:
        said = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise FormatError(path, "content", said, "a state that levelfield wrote") from error
    if not isinstance(state, dict):
        raise FormatError(path, "content", type(state).__name__, "a state that levelfield wrote")
    return state
