"""From anchors to the regions that the heads look at.

Source: mlcommons/training at 4a4d5a0, maskrcnn_benchmark/modeling/rpn/inference.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from levelfield.training.benchmarks.maskrcnn.boxes import PROPOSAL_WEIGHTS, clipped, moved, survivors
from levelfield.training.benchmarks.maskrcnn.settings import Picking

__all__ = ["Regions", "proposed"]

MOST_OVERLAP = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Boxes of several pictures, filled up to the same number."""

    boxes: Tensor
    """(pictures, n, 4)."""
    real: Tensor
    """(pictures, n) bool: false for what only fills up."""


@torch.no_grad()
def proposed(
    anchors: Sequence[Tensor],
    scores: Sequence[Tensor],
    ways: Sequence[Tensor],
    sizes: Tensor,
    picking: Picking,
    *,
    train: bool,
) -> Regions:
    """Pick regions.

    Args:
        anchors: (n, 4) for each level.
        scores: (pictures, n), whether there is an object, for each level.
        ways: (pictures, n, 4), for each level.
        sizes: (pictures, 2): height and width without padding.
        picking: How many.
        train: In training the best of all pictures together are taken, as in the reference; in evaluation of each.
    """
    levels = [
        _level(*level, sizes, picking.per_level[0 if train else 1]) for level in zip(anchors, scores, ways, strict=True)
    ]
    boxes = torch.cat([found for found, _ in levels], dim=1)
    merit = torch.cat([found for _, found in levels], dim=1)
    if train:
        alive = merit > -torch.inf
        if merit.numel() > picking.train_candidates:
            least = merit.flatten().topk(picking.train_candidates).values[-1]
            alive &= merit >= least
        return Regions(boxes, alive)
    best = merit.topk(min(picking.eval_candidates, merit.shape[1]), dim=1)
    return Regions(boxes.gather(1, best.indices[..., None].expand(-1, -1, 4)), best.values > -torch.inf)


def _level(anchors: Tensor, scores: Tensor, ways: Tensor, sizes: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The best boxes of a level (pictures, k, 4) and their scores; minus infinity for suppressed ones."""
    best = scores.topk(min(most, scores.shape[1]), dim=1)
    way = ways.gather(1, best.indices[..., None].expand(-1, -1, 4))
    boxes = clipped(moved(anchors[best.indices], way, PROPOSAL_WEIGHTS), sizes)
    return boxes, best.values.masked_fill(~survivors(boxes, MOST_OVERLAP), -torch.inf)
