"""Pixels into what the network reads.

Full: the official steps of ``pre_process_vgg`` (mlcommons/inference, tag v2.0,
vision/classification_and_detection/python/dataset.py). Mini: the 8x8 grey values of a digit to 32x32, in arithmetic
that is exact in float32 and so equal on every machine.
"""

from __future__ import annotations

import numpy as np

from levelfield.workloads.pictures import Layout, Pixels, Tensor, opencv

__all__ = ["FULL_SIZE", "MINI_SIZE", "digits_input", "photograph_input"]

FULL_SIZE = 224
MINI_SIZE = 32

_SHORT_SIDE = 256
"""``int(100 * 224 / 87.5)``: the centre crop keeps 87.5 % of the short side."""
_MEANS_RGB = np.array([123.68, 116.78, 103.94], dtype=np.float32)

_DIGIT_SIDE = 8
_DIGIT_LEVELS = 16
_SCALE = MINI_SIZE // _DIGIT_SIDE


def photograph_input(picture: Pixels, layout: Layout) -> Tensor:
    """The official input for one decoded photograph.

    Args:
        picture: (height, width, 3) uint8 in the channel order of OpenCV, blue first.
        layout: Of the result.

    Returns:
        (3, 224, 224) or (224, 224, 3) float32, red first, means subtracted, not scaled.
    """
    cv2 = opencv()
    height, width = picture.shape[:2]
    # Truncation, not rounding, as in the source: one pixel decides which part of the picture is seen.
    if height > width:
        size = (_SHORT_SIDE, int(_SHORT_SIDE * height / width))
    else:
        size = (int(_SHORT_SIDE * width / height), _SHORT_SIDE)
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    left, top = int((size[0] - FULL_SIZE) / 2), int((size[1] - FULL_SIZE) / 2)
    centred = resized[top : top + FULL_SIZE, left : left + FULL_SIZE].astype(np.float32) - _MEANS_RGB
    return np.ascontiguousarray(centred.transpose(2, 0, 1)) if layout is Layout.NCHW else centred


def digits_input(digits: Pixels, layout: Layout) -> Tensor:
    """The mini model's input: bilinear to 32x32, black -1, white +1.

    The weights are multiples of 1/64 and the grey values 0..16, so every value is exact in float32.

    Args:
        digits: (samples, 8, 8) uint8, 0..16.
        layout: Of the result.

    Returns:
        (samples, 1, 32, 32) or (samples, 32, 32, 1) float32.
    """
    spread = _bilinear_weights()
    pictures = np.einsum("ij,njk,lk->nil", spread, digits.astype(np.float32), spread)
    scaled = pictures / np.float32(_DIGIT_LEVELS / 2) - np.float32(1)
    return np.ascontiguousarray(scaled[:, None] if layout is Layout.NCHW else scaled[..., None])


def _bilinear_weights() -> Tensor:
    """(32, 8): how much of each grey value a pixel takes; pixel centres at half steps, edges repeated."""
    centres = (np.arange(MINI_SIZE) + 0.5) / _SCALE - 0.5
    below = np.floor(centres).astype(int)
    fraction = centres - below
    weights = np.zeros((MINI_SIZE, _DIGIT_SIDE), np.float32)
    rows = np.arange(MINI_SIZE)
    last = _DIGIT_SIDE - 1
    np.add.at(weights, (rows, below.clip(0, last)), 1 - fraction)
    np.add.at(weights, (rows, (below + 1).clip(0, last)), fraction)
    return weights
