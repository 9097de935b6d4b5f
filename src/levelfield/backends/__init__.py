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
    OPENVINO = "openvino"
    TORCH = "torch"
    LITERT = "litert"

    @property
    def distribution(self) -> str:
        """What is installed to have it."""
        return "ai-edge-litert" if self is Backend.LITERT else self.value

    @property
    def extra(self) -> str | None:
        """The extra of levelfield that brings it; ``None`` = part of every installation."""
        return None if self is Backend.ONNXRUNTIME else self.value

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The model files that it reads."""
        match self:
            case Backend.ONNXRUNTIME:
                return (".onnx", ".ort")
            case Backend.OPENVINO:
                return (".onnx", ".xml", ".tflite")
            case Backend.TORCH:
                return (".pt2", ".pt", ".pth", ".ts", ".ptc")
            case Backend.LITERT:
                return (".tflite",)


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
        SettingsError: An option that the runtime does not have.
        MissingError: The runtime is not installed, or has no such provider or arithmetic.
        ModelError: The file is missing or cannot be read, with the runtime's reason.
    """
    match backend:
        case Backend.ONNXRUNTIME:
            from levelfield.backends import onnxruntime

            return onnxruntime.load(model, options)
        case Backend.OPENVINO:
            from levelfield.backends import openvino

            return openvino.load(model, options)
        case Backend.TORCH:
            from levelfield.backends import torch

            return torch.load(model, options)
        case Backend.LITERT:
            from levelfield.backends import litert

            return litert.load(model, options)
