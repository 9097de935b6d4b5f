"""From logits and moves to detections, and to COCO's average precision of boxes.

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd (``utils.py``: ``Encoder.decode_single``; ``train.py``:
``coco_eval``). Suppression is by class, with the best candidates of each class; all classes together keep the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levelfield.metrics.coco_map import Detections, average_precision, matching
from levelfield.training.benchmarks.ssd.anchors import Floats
from levelfield.training.benchmarks.ssd.data import Scored
from levelfield.training.benchmarks.ssd.settings import Suppression
from levelfield.workloads.object_detection.boxes import overlaps

__all__ = ["Found", "detections", "precision"]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in one picture."""

    row: int
    """Of the picture."""
    boxes: Floats
    """(detections, 4): corners, in fractions of the picture."""
    scores: Floats
    classes: NDArray[np.int64]
    """From 1."""


def detections(row: int, boxes: Floats, scores: Floats, rule: Suppression) -> Found:
    """The detections of one picture.

    Args:
        row: Of the picture.
        boxes: (defaults, 4), by corners.
        scores: (defaults, 1 + classes), the background first.
        rule: What to leave out.
    """
    kept: list[tuple[Floats, Floats, int]] = []
    for kind in 1 + np.flatnonzero((scores[:, 1:] > rule.least_score).any(axis=0)):
        rows = np.flatnonzero(scores[:, kind] > rule.least_score)
        rows = rows[np.argsort(-scores[rows, kind], kind="stable")[: rule.most_candidates]]
        rivals = overlaps(boxes[rows], boxes[rows]) >= rule.most_overlap
        alive, best = np.ones(len(rows), bool), []
        for place in range(len(rows)):
            if alive[place]:
                best.append(rows[place])
                alive &= ~rivals[place]
        kept.append((boxes[best], scores[best, kind], int(kind)))
    if not kept:
        return Found(row, boxes[:0], scores[:0, 0], np.zeros(0, np.int64))
    every_score = np.concatenate([one[1] for one in kept])
    order = np.argsort(-every_score, kind="stable")[: rule.most_kept]
    classes = np.repeat([one[2] for one in kept], [len(one[1]) for one in kept])
    return Found(row, np.concatenate([one[0] for one in kept])[order], every_score[order], classes[order])


def precision(found: Sequence[Found], scored: Scored, columns: tuple[int, int, int, int]) -> float:
    """COCO's average precision over overlaps of .50 to .95; 0 where nothing was found.

    Args:
        found: Of the pictures that were looked at.
        scored: The evaluation part.
        columns: Where left, top, right and bottom stand in a box.
    """
    rows = np.repeat([one.row for one in found], [len(one.scores) for one in found]).astype(np.int64)
    boxes = np.concatenate([np.zeros((0, 4)), *(one.boxes for one in found)])[:, columns]
    left_top, right_bottom = boxes[:, :2], boxes[:, 2:]
    extent = np.column_stack([scored.widths[rows], scored.heights[rows]])
    classes = np.concatenate([np.zeros(0, np.int64), *(one.classes for one in found)])
    seen = Detections(
        pictures=scored.numbers[rows],
        classes=scored.categories[classes - 1],
        boxes=np.concatenate([left_top * extent, (right_bottom - left_top) * extent], axis=1),
        scores=np.concatenate([np.zeros(0), *(one.scores for one in found)]),
    )
    matched = matching(scored.truth, seen, pictures=scored.every, classes=scored.categories, areas=("all",))
    return average_precision(matched).ap
