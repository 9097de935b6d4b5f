"""From the network's answers to boxes and masks of a picture, and to COCO's average precision of both.

Source: mlcommons/training at 4a4d5a0, maskrcnn_benchmark (``modeling/roi_heads/box_head/inference.py``,
``modeling/roi_heads/mask_head/inference.py``, ``data/datasets/evaluation/coco/coco_eval.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from levelfield.metrics.coco_map import Detections, average_precision, matching
from levelfield.metrics.masks import Masks, pasted_edges
from levelfield.training.benchmarks.maskrcnn.boxes import HEAD_WEIGHTS, clipped, moved, survivors
from levelfield.training.benchmarks.maskrcnn.data import Scored
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork
from levelfield.training.benchmarks.maskrcnn.proposals import proposed
from levelfield.training.benchmarks.maskrcnn.settings import Picking

__all__ = ["Found", "detected", "in_picture", "pasted", "precision"]

LEAST_SCORE = 0.05
MOST_OVERLAP = 0.5
LEAST_MASK = 0.5
BORDER = 1
"""Cells of nothing around a mask before it is brought to the size of its box."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in one picture."""

    row: int
    """Of the picture."""
    boxes: NDArray[np.float64]
    """(detections, 4): left, top, width, height in its own pixels."""
    scores: NDArray[np.float64]
    classes: Ints
    """From 1."""
    masks: list[Ints]
    """Their edges (``metrics/masks.py``)."""


@torch.no_grad()
def detected(
    network: MaskRcnnNetwork, maps: Sequence[Tensor], sizes: Tensor, picking: Picking
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """For each picture boxes (n, 4), scores (n,), classes (n,) and masks (n, side, side) of 0..1."""
    regions = proposed(network.anchors(maps), *network.rpn.head(maps), sizes, picking, train=False)
    picture, place = torch.nonzero(regions.real, as_tuple=True)
    start = regions.boxes[picture, place]
    logits, ways = network.roi_heads.box(network.regions(maps, start, picture, network.design.box_pool))
    scores = logits.softmax(dim=1)
    boxes = clipped(moved(start[:, None].expand_as(ways), ways, HEAD_WEIGHTS), sizes[picture])
    kept = [_best(boxes[rows], scores[rows], picking.detections) for rows in _rows(picture, len(sizes))]
    every = torch.cat([one[0] for one in kept])
    kinds = torch.cat([one[2] for one in kept])
    counts = [len(one[0]) for one in kept]
    where = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(counts)).to(every.device)
    seen = network.regions(maps, every, where, network.design.mask_pool)
    masks = network.roi_heads.mask(seen)[torch.arange(len(kinds), device=kinds.device), kinds].sigmoid()
    return [(*one, part) for one, part in zip(kept, masks.split(counts), strict=True)]


def _rows(picture: Tensor, count: int) -> list[Tensor]:
    return [torch.nonzero(picture == number).squeeze(1) for number in range(count)]


def _best(boxes: Tensor, scores: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The detections of one picture: suppression within each class, then the best of all of them.

    Args:
        boxes: (regions, classes, 4).
        scores: (regions, classes), the background first.
        most: Detections.
    """
    good = scores > LEAST_SCORE
    found = []
    for kind in (torch.nonzero(good[:, 1:].any(dim=0)).squeeze(1) + 1).tolist():
        order = scores[:, kind].argsort(descending=True, stable=True)
        order = order[good[order, kind]]
        order = order[survivors(boxes[order, kind], MOST_OVERLAP)]
        found.append((boxes[order, kind], scores[order, kind], torch.full_like(order, kind)))
    if not found:
        return boxes.new_zeros((0, 4)), scores.new_zeros(0), torch.zeros(0, dtype=torch.int64, device=boxes.device)
    columns = [torch.cat(parts) for parts in zip(*found, strict=True)]
    best = columns[1].argsort(descending=True, stable=True)[:most]
    return columns[0][best], columns[1][best], columns[2][best]


def in_picture(
    row: int, found: tuple[Tensor, Tensor, Tensor, Tensor], size: tuple[float, float], height: int, width: int
) -> Found:
    """Bring what was found in a resized picture (height and width ``size``) to the picture's own size."""
    boxes, scores, classes, masks = (one.cpu() for one in found)
    own = boxes * boxes.new_tensor([width / size[1], height / size[0]]).repeat(2)
    extent = torch.cat([own[:, :2], own[:, 2:] - own[:, :2] + 1], dim=1)
    return Found(
        row,
        extent.double().numpy(),
        scores.double().numpy(),
        classes.numpy(),
        [pasted(mask, box, height, width) for mask, box in zip(masks, own, strict=True)],
    )


def pasted(mask: Tensor, box: Tensor, height: int, width: int) -> Ints:
    """The edges of a mask (side, side) of 0..1 in its picture, where its box is (``paste_mask_in_image``)."""
    side = mask.shape[0]
    padded = functional.pad(mask, (BORDER,) * 4)
    half, middle = (box[2:] - box[:2]) / 2 * (side + 2 * BORDER) / side, (box[2:] + box[:2]) / 2
    left, top, right, bottom = torch.cat([middle - half, middle + half]).int().tolist()
    shape = (max(bottom - top + 1, 1), max(right - left + 1, 1))
    seen = functional.interpolate(padded[None, None], shape, mode="bilinear", align_corners=False)[0, 0] > LEAST_MASK
    inside = seen[max(-top, 0) : height - top, max(-left, 0) : width - left].numpy()
    return pasted_edges(inside, left=max(left, 0), top=max(top, 0), height=height)


def precision(found: Sequence[Found], scored: Scored) -> dict[str, float]:
    """COCO's average precision: ``BBOX`` of the boxes, ``SEGM`` of the masks."""
    rows = np.repeat([one.row for one in found], [len(one.scores) for one in found]).astype(np.int64)
    masks = [mask for one in found for mask in one.masks]
    detections = Detections(
        pictures=scored.numbers[rows],
        classes=scored.categories[np.concatenate([np.zeros(0, np.int64), *(one.classes for one in found)]) - 1],
        boxes=np.concatenate([np.zeros((0, 4)), *(one.boxes for one in found)]),
        scores=np.concatenate([np.zeros(0), *(one.scores for one in found)]),
        masks=Masks.of(masks, scored.heights[rows]),
    )
    answers: dict[str, float] = {}
    for name, with_masks in (("BBOX", False), ("SEGM", True)):
        truth = scored.truth if with_masks else replace(scored.truth, masks=None)
        seen = detections if with_masks else replace(detections, masks=None)
        matched = matching(truth, seen, pictures=scored.numbers, classes=scored.categories, areas=("all",))
        answers[name] = average_precision(matched).ap
    return answers
