"""States of training: what most of them hold, and as files that are written whole or not at all."""

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
from levelfield.training.precision import Arithmetic

__all__ = ["learnt", "load_state", "random_state", "restore_learnt", "restore_random", "save_state"]


def learnt(network: torch.nn.Module, optimizer: torch.optim.Optimizer, arithmetic: Arithmetic) -> dict[str, Any]:
    """What every state holds: weights, what the optimizer keeps of earlier steps, the scale of the loss.

    Args:
        network: Without the wrapper for several processes.
        optimizer: Of its weights.
        arithmetic: The number format.
    """
    return {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "arithmetic": arithmetic.state()}


def restore_learnt(
    state: Mapping[str, Any], network: torch.nn.Module, optimizer: torch.optim.Optimizer, arithmetic: Arithmetic
) -> None:
    """Give network, optimizer and number format back what :func:`learnt` took of them."""
    network.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    arithmetic.restore(state["arithmetic"])


def random_state(device: str) -> dict[str, Any]:
    """Where the generators are that networks draw from (dropout): torch's own, and that of a CUDA device."""
    on_device = torch.cuda.get_rng_state(device) if _on_cuda(device) else None
    return {"random": torch.get_rng_state(), "random_on_device": on_device}


def restore_random(state: Mapping[str, Any], device: str) -> None:
    """Bring the generators to where they were; one of a device that is not there now stays as it is."""
    torch.set_rng_state(state["random"].cpu())
    if _on_cuda(device) and state["random_on_device"] is not None:
        torch.cuda.set_rng_state(state["random_on_device"].cpu(), device)


def _on_cuda(device: str) -> bool:
    return torch.device(device).type == "cuda"


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
