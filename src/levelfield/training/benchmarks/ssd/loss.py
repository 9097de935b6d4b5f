"""The loss of SSD: cross-entropy with hard negatives, and smooth L1 of the moves, picture by picture.

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd/base_model.py (``Loss``).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["ssd_loss"]

NEGATIVES = 3
"""Boxes without object that count, for each one with: the hardest of the picture."""


def ssd_loss(logits: Tensor, moves: Tensor, classes: Tensor, wanted: Tensor) -> Tensor:
    """() the mean over pictures of the loss for each matched box; a picture without any counts as 0.

    Args:
        logits: (pictures, boxes, 1 + classes), predicted.
        moves: (pictures, boxes, 4), predicted.
        classes: (pictures, boxes) int64, wanted; 0 for background.
        wanted: (pictures, boxes, 4).
    """
    matched = classes > 0
    count = matched.sum(dim=1)
    way = functional.smooth_l1_loss(moves, wanted, reduction="none").sum(dim=2)
    entropy = functional.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="none").view_as(way)
    with torch.no_grad():
        hardness = entropy.masked_fill(matched, 0)
        rank = hardness.argsort(dim=1, descending=True).argsort(dim=1)
        hard = rank < (NEGATIVES * count).clamp(max=matched.shape[1])[:, None]
    total = (way * matched).sum(dim=1) + (entropy * (matched.float() + hard.float())).sum(dim=1)
    return (total * (count > 0) / count.clamp(min=1)).mean()
