"""The part of a picture that a step of training sees: a box drawn at random around some of an object.

As the reference asks of ``sample_distorted_bounding_box`` (mlcommons/training at 4a4d5a0,
``imagenet_preprocessing.py``): 5 to 100 % of the area, width to height 3/4 to 1.33, a tenth of an object at least, a
hundred tries, else the whole picture. Where a picture has no boxes, the whole of it is the object.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Box", "sampled_crop"]

_AREA = (0.05, 1.0)
_ASPECT = (0.75, 1.33)
_LEAST_COVERED = 0.1
_TRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def sampled_crop(
    height: int, width: int, boxes: Sequence[Box], draws: np.random.Generator
) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of a crop.

    Args:
        height: Of the picture.
        width: Of the picture.
        boxes: Around its objects.
        draws: Where chance comes from.
    """
    objects = boxes or (Box(left=0, top=0, right=width, bottom=height),)
    for _ in range(_TRIES):
        size = _size(height, width, draws)
        if size is None:
            continue
        top = int(draws.integers(0, height - size[0] + 1))
        left = int(draws.integers(0, width - size[1] + 1))
        crop = Box(left=left, top=top, right=left + size[1], bottom=top + size[0])
        if any(_covered(crop, box) >= _LEAST_COVERED for box in objects):
            return crop.top, crop.left, crop.bottom, crop.right
    return 0, 0, height, width


def _size(height: int, width: int, draws: np.random.Generator) -> tuple[int, int] | None:
    """Height and width with an aspect and an area in range, each height as likely as another."""
    aspect = draws.uniform(*_ASPECT)
    least, most = (share * height * width for share in _AREA)
    shortest = round(math.sqrt(least / aspect))
    tallest = min(round(math.sqrt(most / aspect)), height, math.floor((width + 0.5) / aspect))
    if tallest < 1:
        return None
    rows = int(draws.integers(min(shortest, tallest), tallest + 1))
    columns = round(rows * aspect)
    if not (rows >= 1 and 1 <= columns <= width and least <= rows * columns <= most):
        return None
    return rows, columns


def _covered(crop: Box, box: Box) -> float:
    """How much of a box lies in the crop; 0 for a box without area."""
    area = (box.right - box.left) * (box.bottom - box.top)
    across = min(crop.right, box.right) - max(crop.left, box.left)
    down = min(crop.bottom, box.bottom) - max(crop.top, box.top)
    return max(0, across) * max(0, down) / area if area > 0 else 0.0
