"""The example inputs that a traced TorchScript file keeps, read without running anything of the file.

``torch.jit.trace`` stores them (``traced_inputs.pkl``), but PyTorch has no function that gives them back. They are the
only place of the file that tells shapes and types of the inputs.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

__all__ = ["TracedInput", "traced_inputs"]

_NAME = "traced_inputs.pkl"
_MOST_BYTES = 1 << 20
_TYPE_OF_STORAGE = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


@dataclass(frozen=True, slots=True)
class TracedInput:
    """One example that the network was traced with."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    """``None`` for a type that numpy lacks."""


def traced_inputs(model: Path) -> tuple[TracedInput, ...]:
    """The example inputs in the order of the arguments; none if the file has none, or not only tensors.

    Raises:
        ValueError: What is there cannot be read.
    """
    with ZipFile(model) as archive:
        entry = next((entry for entry in archive.infolist() if entry.filename.partition("/")[2] == _NAME), None)
        if entry is None or entry.file_size > _MOST_BYTES:
            return ()
        content = archive.read(entry)
    try:
        found = _Examples(BytesIO(content)).load()
        examples = found["forward"]
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ValueError(f"its example inputs cannot be read: {error}") from error
    tensors = tuple(example for example in examples if isinstance(example, TracedInput))
    return tensors if len(tensors) == len(examples) else ()


class _Examples(pickle.Unpickler):
    """Knows the few names that occur in such a file, and refuses every other."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        match module, name:
            case "torch.jit._pickle", "restore_type_tag":
                return lambda value, _: value
            case "torch._utils", "_rebuild_tensor_v2":
                return _tensor
            case "torch", _ if name.endswith("Storage"):
                return lambda: name
            case "collections", "OrderedDict":
                return OrderedDict
        raise pickle.UnpicklingError(f"found {module}.{name}, which has no business there")

    def persistent_load(self, pid: Any) -> str:
        """The name of the storage type, of ``("storage", type, key, device, size)``."""
        name: str = pid[1]()
        return name


def _tensor(storage: str, offset: int, size: tuple[int, ...], *_: object) -> TracedInput:  # noqa: ARG001 - as it is called
    kind = _TYPE_OF_STORAGE.get(storage)
    return TracedInput(shape=tuple(size), dtype=None if kind is None else np.dtype(kind))
