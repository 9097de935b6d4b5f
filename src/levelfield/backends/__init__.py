"""Runtimes that execute a model file, behind one small port; each is imported only where it is used."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from levelfield.backends.port import BackendOptions, Session
from levelfield.errors import nearest

__all__ = ["Backend", "backend_named", "load"]


class Backend(StrEnum):
    """The runtimes that levelfield knows, by the name on the command line."""

    ONNXRUNTIME = "onnxruntime"


def backend_named(name: str) -> Backend:
    """The backend of that name.

    Raises:
        UsageError: There is none; the error names the nearest.
    """
    try:
        return Backend(name.lower())
    except ValueError:
        raise nearest(name, [backend.value for backend in Backend], what="backend") from None


def load(backend: Backend, model: Path, options: BackendOptions) -> Session:
    """Load a model file with a runtime.

    Raises:
        MissingError: The runtime is not installed, or has no such provider.
        ModelError: The file is missing or cannot be read, with the runtime's reason.
    """
    match backend:
        case Backend.ONNXRUNTIME:
            from levelfield.backends import onnxruntime

            return onnxruntime.load(model, options)
