"""What workloads that look at photographs share: types, the order of axes, and OpenCV."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import MissingError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Layout", "Pixels", "Tensor", "decoded", "opencv"]

Pixels: TypeAlias = NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.float32]


class Layout(StrEnum):
    """The order of a picture's axes in the model's input: batch, channels, height, width, or channels last."""

    NCHW = "NCHW"
    NHWC = "NHWC"


def opencv() -> ModuleType:
    """OpenCV, the library of the official pre-processing.

    Raises:
        MissingError: It is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingError(
            "Photographs are decoded and resized by OpenCV, as the official pre-processing does; it is not installed.",
            hint="pip install 'levelfield[vision]'",
        ) from error
    module: ModuleType = cv2
    return module


def decoded(encoded: bytes) -> Pixels:
    """(height, width, 3) uint8, blue first, as OpenCV reads a file.

    Through memory rather than ``imread``: the same decoder, but the reason of a failure reaches us, not the terminal.

    Raises:
        ValueError: It is not a picture.
    """
    cv2 = opencv()
    values = np.frombuffer(encoded, np.uint8)
    picture: Pixels | None = cv2.imdecode(values, cv2.IMREAD_COLOR) if values.size else None
    if picture is None:
        raise ValueError(f"not a picture that OpenCV can decode ({values.size} bytes)")
    return picture
