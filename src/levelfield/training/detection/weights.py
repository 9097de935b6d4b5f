"""Weights to start from: files of PyTorch, and of Caffe2, in which the backbone of Mask R-CNN was published.

Neither file may run code: PyTorch reads its own with ``weights_only``, and of a Caffe2 pickle nothing but arrays is
allowed.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from levelfield.errors import ModelError

__all__ = ["checked", "read_weights"]

SHOWN = 8

_ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
}


class _Arrays(pickle.Unpickler):
    """Reads arrays and plain values."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"found {module}.{name}, expected arrays only")
        return super().find_class(module, name)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name; of a checkpoint with several parts those under ``model`` or ``state_dict``.

    Raises:
        ModelError: It is missing, or holds something else.
    """
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about files that are refused in the end
            if path.suffix == ".pkl":
                document = _Arrays(file, encoding="latin1").load()
            else:
                document = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is not there.", hint="Give the file of weights with --start.") from error
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        LookupError,
        AttributeError,
        TypeError,
        pickle.UnpicklingError,
    ) as error:
        first = str(error).strip().split("\n")[0]
        raise ModelError(f"{path} cannot be read as weights: {first}") from error
    for key in ("model", "state_dict", "blobs"):
        if isinstance(document, Mapping) and isinstance(document.get(key), Mapping):
            document = document[key]
    if not isinstance(document, Mapping):
        raise ModelError(f"{path}: found {type(document).__name__}, expected tensors by name.")
    found = {}
    for name, value in document.items():
        if isinstance(value, Tensor):
            found[str(name)] = value
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            found[str(name)] = torch.from_numpy(np.ascontiguousarray(value))
    return found


def checked(path: Path, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that are wanted, in their shapes.

    Args:
        path: For the message.
        found: By the names of the network.
        wanted: The network's own.

    Raises:
        ModelError: Some are missing or of another shape; they are listed.
    """
    problems = []
    for name, value in wanted.items():
        if name not in found:
            if not name.endswith("num_batches_tracked"):
                problems.append(f"{name}: not there")
        elif found[name].shape != value.shape:
            problems.append(f"{name}: found {tuple(found[name].shape)}, expected {tuple(value.shape)}")
    if problems:
        rest = len(problems) - SHOWN
        shown = problems if rest <= 0 else [*problems[:SHOWN], f"and {rest} more"]
        raise ModelError(f"{path} does not hold the weights of the backbone.", problems=shown)
    return {name: found.get(name, value) for name, value in wanted.items()}
