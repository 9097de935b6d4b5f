"""Boxes: overlap, what anchors should say of them, and non-maximum suppression, which is timed like the network itself.

A box is four fractions of the picture's size: top, left, bottom, right, as the accuracy log has them. Overlap and what
anchors should say depend on nothing but the order of corners: the training suite's full detector has x before y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MATCH", "VARIANCES", "Boxes", "Suppression", "detections", "encoded", "overlaps"]

Boxes = NDArray[np.float32]
"""(boxes, 4): top, left, bottom, right."""

MATCH = 0.5
"""An anchor stands for an object that it overlaps by more; the best anchor of an object does in any case."""
VARIANCES = (0.1, 0.2)
"""Scale of the moves of centre and size, as in SSD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """When a box is left out."""

    least_score: float
    """Boxes of a class with less are never looked at."""
    most_candidates: int
    """The best so many boxes of all classes are looked at."""
    most_overlap: float
    """Intersection over union with a better box of the same class, from which on a box is dropped."""
    most_kept: int


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """(n, m): intersection over union of n boxes with m; 0 where either is empty."""
    top, left, bottom, right = (
        side.outer(first[:, column], second[:, column])
        for column, side in enumerate((np.maximum, np.maximum, np.minimum, np.minimum))
    )
    shared: NDArray[np.float32] = np.maximum(bottom - top, 0) * np.maximum(right - left, 0)
    union = np.add.outer(_areas(first), _areas(second)) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def encoded(
    anchors: Boxes, boxes: Boxes, classes: NDArray[np.int64], *, from_match: bool = False
) -> tuple[NDArray[np.int64], Boxes]:
    """What each anchor should say: classes (anchors,), 0 for background, and moves (anchors, 4), 0 for background.

    Args:
        anchors: (anchors, 4) by centre and size.
        boxes: (objects, 4) by corners.
        classes: (objects,), from 1.
        from_match: Whether an overlap of exactly :data:`MATCH` is enough. It is not in the training reference
            (``Encoder.encode`` of single_stage_detector/ssd/utils.py).
    """
    labels, moves = np.zeros(len(anchors), np.int64), np.zeros((len(anchors), 4), np.float32)
    if not len(boxes):
        return labels, moves
    cornered = np.concatenate([anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], axis=1)
    shared = overlaps(cornered, boxes)
    most, best = shared.max(axis=1), shared.argmax(axis=1)
    stands = most >= MATCH if from_match else most > MATCH
    for number, anchor in enumerate(shared.argmax(axis=0)):
        stands[anchor], best[anchor] = True, number
    start, wanted = anchors[stands], boxes[best[stands]]
    labels[stands] = classes[best[stands]]
    moves[stands, :2] = ((wanted[:, :2] + wanted[:, 2:]) / 2 - start[:, :2]) / start[:, 2:] / VARIANCES[0]
    size = np.maximum(wanted[:, 2:] - wanted[:, :2], np.finfo(np.float32).tiny)
    moves[stands, 2:] = np.log(size / start[:, 2:]) / VARIANCES[1]
    return labels, moves


def detections(
    boxes: Boxes, scores: NDArray[np.float32], rule: Suppression
) -> tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]:
    """Keep the best box of each object.

    Args:
        boxes: (anchors, 4), one for all classes.
        scores: (anchors, classes), background left out.
        rule: What to leave out.

    Returns:
        Boxes, scores and classes (from 0), the best first; of equal scores the earlier anchor.
    """
    anchors, classes = np.nonzero(scores > rule.least_score)
    found = scores[anchors, classes]
    order = np.argsort(-found, kind="stable")[: rule.most_candidates]
    anchors, classes, found = anchors[order], classes[order], found[order]
    candidates = boxes[anchors]
    rivals = (overlaps(candidates, candidates) >= rule.most_overlap) & (classes[:, None] == classes[None, :])
    left_over = np.ones(len(found), bool)
    kept: list[int] = []
    for best in range(len(found)):
        if left_over[best]:
            kept.append(best)
            if len(kept) == rule.most_kept:
                break
            left_over &= ~rivals[best]
    return candidates[kept], found[kept], classes[kept]


def _areas(boxes: Boxes) -> NDArray[np.float32]:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    areas: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return areas
