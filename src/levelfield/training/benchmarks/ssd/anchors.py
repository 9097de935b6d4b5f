"""Where the default boxes of the full edition are, in fractions of the picture, x first.

What each should say of a picture, the box that its answer means, and the loss are in ``workloads/object_detection``,
for both editions: nothing there depends on whether x or y comes first.

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd (``utils.py``: ``DefaultBoxes``; ``train.py``:
``dboxes300_coco``).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "boxes_300"]

Floats = NDArray[np.float32]

SIZE = 300
CELLS = (38, 19, 10, 5, 3, 1)
STEPS = (8, 16, 32, 64, 100, 300)
SIDES = (21, 45, 99, 153, 207, 261, 315)
ASPECTS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))


def boxes_300() -> Floats:
    """(8732, 4): centre x, centre y, width, height; map by map, kind by kind, row by row."""
    found = []
    for number, (cells, step) in enumerate(zip(CELLS, STEPS, strict=True)):
        side, between = SIDES[number] / SIZE, math.sqrt(SIDES[number] * SIDES[number + 1]) / SIZE
        sizes = [(side, side), (between, between)]
        for aspect in ASPECTS[number]:
            longer, shorter = side * math.sqrt(aspect), side / math.sqrt(aspect)
            sizes += [(longer, shorter), (shorter, longer)]
        middles = (np.arange(cells) + 0.5) * step / SIZE
        y, x = (axis.ravel() for axis in np.meshgrid(middles, middles, indexing="ij"))
        found += [np.column_stack([x, y, np.full(len(x), width), np.full(len(x), height)]) for width, height in sizes]
    return np.concatenate(found).clip(0, 1).astype(np.float32)
