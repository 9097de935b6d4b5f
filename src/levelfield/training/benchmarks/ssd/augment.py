"""What is done to a photograph before training: a random crop, a mirror, other colours.

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd/utils.py (``SSDCropping``, ``SSDTransformer``), whose
colours are torchvision's ``ColorJitter``. Boxes are left, top, right, bottom in fractions of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.ssd.anchors import Floats
from levelfield.workloads.object_detection.boxes import overlaps
from levelfield.workloads.pictures import Pixels, opencv

__all__ = ["cropped", "jittered", "mirrored"]

Ints = NDArray[np.int64]

CROPS: tuple[float | None, ...] = (None, 0.1, 0.3, 0.5, 0.7, 0.9, -np.inf)
"""Overlap that every box must have with the crop; ``None`` keeps the picture."""
SIDES = (0.3, 1.0)
BRIGHTNESS, CONTRAST, SATURATION, HUE = 0.125, 0.5, 0.5, 0.05
GREY = np.array([0.299, 0.587, 0.114], np.float32)


def cropped(
    pixels: Pixels, boxes: Floats, classes: Ints, draw: np.random.Generator, *, tries: int
) -> tuple[Pixels, Floats, Ints]:
    """A random part of the picture, with the boxes whose centres lie in it.

    A kind of crop is drawn, and parts for it; when no part of so many does, another kind. One kind keeps the picture,
    so this ends.

    Args:
        pixels: (height, width, 3).
        boxes: (objects, 4), at least one.
        classes: (objects,).
        draw: Of this sample.
        tries: Parts for each kind: 1 or 50 by the rules (``max_samples``).
    """
    while True:
        least = CROPS[int(draw.integers(len(CROPS)))]
        if least is None:
            return pixels, boxes, classes
        for _ in range(tries):
            width, height = draw.uniform(*SIDES, 2)
            if not 0.5 <= width / height <= 2:
                continue
            left, top = draw.uniform(0, 1 - width), draw.uniform(0, 1 - height)
            part = np.array([left, top, left + width, top + height], np.float32)
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2
            inside = ((centres > part[:2]) & (centres < part[2:])).all(axis=1)
            if (overlaps(boxes, part[None]) > least).all() and inside.any():
                return _part(pixels, part), _moved(boxes[inside], part), classes[inside]


def _part(pixels: Pixels, part: Floats) -> Pixels:
    height, width = pixels.shape[:2]
    left, top, right, bottom = (part * (width, height, width, height)).astype(int)
    return pixels[top : max(bottom, top + 1), left : max(right, left + 1)]


def _moved(boxes: Floats, part: Floats) -> Floats:
    corner, extent = np.tile(part[:2], 2), np.tile(part[2:] - part[:2], 2)
    moved: Floats = ((boxes - corner) / extent).clip(0, 1).astype(np.float32)
    return moved


def mirrored(pixels: Pixels, boxes: Floats) -> tuple[Pixels, Floats]:
    """Left becomes right."""
    return pixels[:, ::-1], np.column_stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]])


def jittered(pixels: Floats, draw: np.random.Generator) -> Floats:
    """Other brightness, contrast, saturation and hue, one after another in a random order.

    Args:
        pixels: (height, width, 3) float32 0..255, red first.
        draw: Of this sample.
    """
    for kind in draw.permutation(4):
        match int(kind):
            case 0:
                pixels = (pixels * draw.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS)).astype(np.float32)
            case 1:
                mean = float(np.round((pixels @ GREY).mean()))
                pixels = (mean + (pixels - mean) * draw.uniform(1 - CONTRAST, 1 + CONTRAST)).astype(np.float32)
            case 2:
                grey = (pixels @ GREY)[:, :, None]
                pixels = (grey + (pixels - grey) * draw.uniform(1 - SATURATION, 1 + SATURATION)).astype(np.float32)
            case _:
                pixels = _other_hue(pixels, draw.uniform(-HUE, HUE))
        pixels = pixels.clip(0, 255)
    return pixels.astype(np.float32)


def _other_hue(pixels: Floats, turn: float) -> Floats:
    cv2 = opencv()
    values = cv2.cvtColor(np.ascontiguousarray(pixels / 255, np.float32), cv2.COLOR_RGB2HSV)
    values[:, :, 0] = (values[:, :, 0] + 360 * turn) % 360
    found: Floats = cv2.cvtColor(values, cv2.COLOR_HSV2RGB) * 255
    return found
