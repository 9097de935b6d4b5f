"""Default boxes: where they are, what each should say of a picture, and the box that its answer means.

A box is given by its corners, or by centre and size, in fractions of the picture; x first or y first, as the edition's
network has it (nothing here depends on which).

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd (``utils.py``: ``DefaultBoxes``, ``Encoder``;
``train.py``: ``dboxes300_coco``; ``base_model.py``: ``Loss._loc_vec``).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Floats", "boxes_300", "decoded", "encoded", "shared"]

Floats = NDArray[np.float32]

SIZE = 300
CELLS = (38, 19, 10, 5, 3, 1)
STEPS = (8, 16, 32, 64, 100, 300)
SIDES = (21, 45, 99, 153, 207, 261, 315)
ASPECTS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
MATCH = 0.5
"""A default box stands for the object that it overlaps by more; the best one of an object does in any case."""
VARIANCES = (0.1, 0.2)
"""Scale of the moves of centre and size."""


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


def shared(first: Floats, second: Floats) -> Floats:
    """(n, m): intersection over union of boxes (n, 4) and (m, 4) given by corners."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=-1)
    areas = [(one[:, 2:] - one[:, :2]).prod(axis=-1) for one in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - both
    overlap: Floats = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    return overlap


def encoded(centred: Floats, boxes: Floats, classes: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """What each default box should say: classes (defaults,), 0 for background, and moves (defaults, 4).

    Args:
        centred: (defaults, 4), the default boxes by centre and size.
        boxes: (objects, 4), by corners.
        classes: (objects,), from 1.
    """
    labels, moves = np.zeros(len(centred), np.int64), np.zeros((len(centred), 4), np.float32)
    if not len(boxes):
        return labels, moves
    cornered = np.concatenate([centred[:, :2] - centred[:, 2:] / 2, centred[:, :2] + centred[:, 2:] / 2], axis=1)
    overlap = shared(cornered, boxes)
    stands, best = overlap.max(axis=1) > MATCH, overlap.argmax(axis=1)
    for number, place in enumerate(overlap.argmax(axis=0)):
        stands[place], best[place] = True, number
    start, wanted = centred[stands], boxes[best[stands]]
    labels[stands] = classes[best[stands]]
    moves[stands, :2] = ((wanted[:, :2] + wanted[:, 2:]) / 2 - start[:, :2]) / start[:, 2:] / VARIANCES[0]
    extent = np.maximum(wanted[:, 2:] - wanted[:, :2], np.finfo(np.float32).tiny)
    moves[stands, 2:] = np.log(extent / start[:, 2:]) / VARIANCES[1]
    return labels, moves


def decoded(centred: Tensor, moves: Tensor) -> Tensor:
    """(pictures, defaults, 4): the boxes that moves mean, by corners."""
    centre = centred[:, :2] + VARIANCES[0] * moves[..., :2] * centred[:, 2:]
    half = centred[:, 2:] * torch.exp(VARIANCES[1] * moves[..., 2:]) / 2
    return torch.cat([centre - half, centre + half], dim=-1)
