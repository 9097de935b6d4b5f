"""Boxes: overlap, and non-maximum suppression, which is timed like the network itself.

A box is four fractions of the picture's size: top, left, bottom, right, as the accuracy log has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Suppression", "detections", "overlaps"]

Boxes = NDArray[np.float32]
"""(boxes, 4): top, left, bottom, right."""


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
