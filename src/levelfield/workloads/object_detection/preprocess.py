"""Pixels into what a detector reads.

The official steps (mlcommons/inference, tag v2.0, vision/classification_and_detection/python/dataset.py:
``maybe_resize``, ``pre_process_coco_mobilenet``, ``pre_process_coco_pt_mobilenet``, ``pre_process_coco_resnet34``).
Generated scenes have the size of the mini models already and go through the same steps but for the resize.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.pictures import Layout, Pixels, Tensor, opencv

__all__ = ["Values", "picture_input", "resized"]

_MEAN_RGB = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION_RGB = np.array([0.229, 0.224, 0.225], np.float32)


class Values(Enum):
    """Which numbers stand for the pixels."""

    BYTES = "0..255 as uint8"
    """SSD-MobileNet in TensorFlow and ONNX."""
    CENTRED = "(x - 127.5) / 127.5 as float32"
    """SSD-MobileNet in PyTorch."""
    NORMALISED = "x / 255 by ImageNet's mean and deviation, as float32"
    """SSD-ResNet34."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The number type."""
        return np.dtype(np.uint8 if self is Values.BYTES else np.float32)


def resized(photograph: Pixels, size: int) -> Tensor:
    """The official start for a decoded photograph: red first, bilinear, the aspect is not kept.

    Args:
        photograph: (height, width, 3) uint8, blue first, as OpenCV decodes it.
        size: Height and width of the result.

    Returns:
        (size, size, 3) float32 0..255, not rounded: the resize itself is in float32.
    """
    cv2 = opencv()
    rgb = cv2.cvtColor(photograph.astype(np.float32), cv2.COLOR_BGR2RGB)
    picture: Tensor = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_LINEAR)
    return picture


def picture_input(pictures: Tensor | Pixels, values: Values, layout: Layout) -> NDArray[np.generic]:
    """What the model reads.

    Args:
        pictures: (..., size, size, 3), 0..255, red first.
        values: Which numbers.
        layout: Which order of axes.

    Returns:
        (..., size, size, 3) or (..., 3, size, size), contiguous, of the type of ``values``.
    """
    prepared: NDArray[np.generic]
    match values:
        case Values.BYTES:
            prepared = pictures.astype(np.uint8)  # cuts the fraction off, as the source does
        case Values.CENTRED:
            prepared = (pictures.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
        case Values.NORMALISED:
            prepared = (pictures.astype(np.float32) / np.float32(255) - _MEAN_RGB) / _DEVIATION_RGB
    return np.ascontiguousarray(np.moveaxis(prepared, -1, -3) if layout is Layout.NCHW else prepared)
