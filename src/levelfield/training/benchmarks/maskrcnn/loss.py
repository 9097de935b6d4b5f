"""What the network is trained on: five losses, and how anchors and regions are chosen for them.

Source: mlcommons/training at 4a4d5a0, maskrcnn_benchmark/modeling (``matcher.py``,
``balanced_positive_negative_sampler.py``, ``rpn/loss.py``, ``roi_heads/box_head/loss.py``,
``roi_heads/mask_head/loss.py``). Each sum is divided by the number of what was chosen over all processes, so that any
number of them learns the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from levelfield.training.benchmarks.maskrcnn.boxes import HEAD_WEIGHTS, PROPOSAL_WEIGHTS, overlaps, ways
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork
from levelfield.training.benchmarks.maskrcnn.proposals import Regions, proposed
from levelfield.training.benchmarks.maskrcnn.settings import Picking
from levelfield.training.distributed import summed
from levelfield.training.port import World

__all__ = ["Losses", "Shape", "Targets", "assigned", "chosen", "losses"]

PROPOSAL_MATCH, PROPOSAL_BACKGROUND = 0.7, 0.3
REGION_MATCH = 0.5
ANCHORS_WITH_OBJECT, REGIONS_WITH_OBJECT = 0.5, 0.25
BACKGROUND, BETWEEN = -1, -2
"""In place of an object's number: no object, and too near to one to be called background."""
MOST_PAIRS = 2**24
"""Anchors times objects that are compared at a time."""


class Shape(Protocol):
    """Where an object is, precisely."""

    def crop(self, box: NDArray[np.float32], side: int) -> NDArray[np.bool_]:
        """(side, side): the part in a box (left, top, right, bottom in pixels), brought to this size."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What is in the pictures of a batch; filled up to the same number of objects."""

    sizes: Tensor
    """(pictures, 2): height and width without padding."""
    boxes: Tensor
    """(pictures, objects, 4)."""
    classes: Tensor
    """(pictures, objects) int64, from 1; 0 for what only fills up."""
    shapes: Sequence[Sequence[Shape]]
    generators: Sequence[torch.Generator]
    """One for each picture, on the CPU: the choice does not depend on which process makes it, nor on the device."""


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The five parts; the network learns from their sum."""

    objectness: Tensor
    proposal_boxes: Tensor
    classes: Tensor
    boxes: Tensor
    masks: Tensor

    @property
    def total(self) -> Tensor:
        """() what is minimised."""
        return self.objectness + self.proposal_boxes + self.classes + self.boxes + self.masks


def losses(
    network: MaskRcnnNetwork, maps: Sequence[Tensor], targets: Targets, picking: Picking, world: World
) -> Losses:
    """The losses of one batch (of this process's share of it)."""
    anchors = network.anchors(maps)
    scores, predicted = network.rpn.head(maps)
    regions = proposed(anchors, scores, predicted, targets.sizes, picking, train=True)
    every_score, every_way = torch.cat(scores, dim=1), torch.cat(predicted, dim=1)
    with torch.no_grad():
        anchor = _anchor_targets(torch.cat(anchors), targets, picking)
        region = _region_targets(regions, targets, picking)
        side = 2 * network.design.mask_pool
        masks = _cropped(region, targets, side)
        own = torch.stack([anchor.count, region.count, torch.tensor(len(masks), device=anchor.count.device)])
        # At least 1 in all; divided among the processes, since gradients are averaged over them.
        counts = summed(own.float(), world).clamp(min=1.0) / world.size
    picked = anchor.positive | anchor.negative
    objectness = functional.binary_cross_entropy_with_logits(
        every_score[picked], anchor.positive[picked].to(every_score.dtype), reduction="sum"
    )
    proposal_boxes = functional.smooth_l1_loss(every_way[anchor.positive], anchor.ways, reduction="sum", beta=1 / 9)
    logits, region_ways = network.roi_heads.box(
        network.regions(maps, region.boxes, region.pictures, network.design.box_pool)
    )
    with_object = torch.nonzero(region.classes).squeeze(1)
    kind = region.classes[with_object]
    classes = functional.cross_entropy(logits, region.classes, reduction="sum")
    boxes = functional.smooth_l1_loss(region_ways[with_object, kind], region.ways[with_object], reduction="sum")
    seen = network.regions(maps, region.boxes[with_object], region.pictures[with_object], network.design.mask_pool)
    mask_logits = network.roi_heads.mask(seen)[torch.arange(len(kind), device=kind.device), kind]
    mask_loss = functional.binary_cross_entropy_with_logits(mask_logits, masks, reduction="sum")
    return Losses(
        objectness / counts[0],
        proposal_boxes / counts[0],
        classes / counts[1],
        boxes / counts[1],
        mask_loss / (counts[2] * side * side),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _AnchorTargets:
    positive: Tensor
    """(pictures, anchors) bool: chosen, and to be told that there is an object."""
    negative: Tensor
    ways: Tensor
    """(positive ones, 4)."""
    count: Tensor
    """() how many were chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class _RegionTargets:
    boxes: Tensor
    """(n, 4)."""
    pictures: Tensor
    """(n,)."""
    classes: Tensor
    """(n,): 0 for background."""
    objects: Tensor
    """(n,): the object's place in its picture, where there is one."""
    ways: Tensor
    """(n, 4)."""
    count: Tensor


def _anchor_targets(anchors: Tensor, targets: Targets, picking: Picking) -> _AnchorTargets:
    objects = _assigned_in_parts(anchors, targets)
    bottom, right = targets.sizes[:, 0, None], targets.sizes[:, 1, None]
    inside = (anchors[:, 0] >= 0) & (anchors[:, 1] >= 0) & (anchors[:, 2] < right) & (anchors[:, 3] < bottom)
    keys = _keys(targets, len(anchors))
    positive, negative = chosen(
        (objects >= 0) & inside, (objects == BACKGROUND) & inside, keys, picking.anchors, ANCHORS_WITH_OBJECT
    )
    picture, anchor = torch.nonzero(positive, as_tuple=True)
    wanted = targets.boxes[picture, objects[positive]]
    count = positive.sum() + negative.sum()
    return _AnchorTargets(positive, negative, ways(anchors[anchor], wanted, PROPOSAL_WEIGHTS), count)


def _region_targets(regions: Regions, targets: Targets, picking: Picking) -> _RegionTargets:
    """The objects themselves are regions, too, so that there is something to learn from at first."""
    boxes = torch.cat([regions.boxes, targets.boxes], dim=1)
    real = torch.cat([regions.real, targets.classes > 0], dim=1)
    objects = assigned(boxes, targets.boxes, targets.classes > 0, match=REGION_MATCH, background=REGION_MATCH)
    positive, negative = chosen(
        (objects >= 0) & real,
        (objects == BACKGROUND) & real,
        _keys(targets, boxes.shape[1]),
        picking.regions,
        REGIONS_WITH_OBJECT,
    )
    picture, place = torch.nonzero(positive | negative, as_tuple=True)
    number = objects[picture, place].clamp(min=0)
    picked = boxes[picture, place]
    if targets.classes.shape[1] == 0:
        classes, way = torch.zeros_like(picture), torch.zeros_like(picked)
    else:
        classes = targets.classes[picture, number] * positive[picture, place]
        way = ways(picked, targets.boxes[picture, number], HEAD_WEIGHTS)
    count = torch.tensor(len(picture), device=picked.device)
    return _RegionTargets(picked, picture, classes, number, way, count)


def _cropped(region: _RegionTargets, targets: Targets, side: int) -> Tensor:
    """(regions with object, side, side) of 0 and 1."""
    rows = torch.nonzero(region.classes).squeeze(1)
    where = zip(
        region.pictures[rows].tolist(), region.objects[rows].tolist(), region.boxes[rows].cpu().numpy(), strict=True
    )
    masks = [targets.shapes[picture][number].crop(box, side) for picture, number, box in where]
    stacked = np.array(masks, np.float32).reshape(-1, side, side)
    return torch.from_numpy(stacked).to(region.boxes.device)


def _assigned_in_parts(anchors: Tensor, targets: Targets) -> Tensor:
    pairs = max(1, targets.boxes.shape[1]) * len(anchors)
    at_a_time = max(1, MOST_PAIRS // pairs)
    parts = zip(targets.boxes.split(at_a_time), targets.classes.split(at_a_time), strict=True)
    return torch.cat(
        [
            assigned(
                anchors.expand(len(boxes), -1, -1),
                boxes,
                classes > 0,
                match=PROPOSAL_MATCH,
                background=PROPOSAL_BACKGROUND,
                best_in_any_case=True,
            )
            for boxes, classes in parts
        ]
    )


def assigned(
    boxes: Tensor, objects: Tensor, real: Tensor, *, match: float, background: float, best_in_any_case: bool = False
) -> Tensor:
    """(pictures, n): the object that each box stands for, or BACKGROUND, or BETWEEN.

    Args:
        boxes: (pictures, n, 4).
        objects: (pictures, m, 4).
        real: (pictures, m) bool: which of them are there.
        match: Least overlap with an object.
        background: A box that overlaps every object by less is background.
        best_in_any_case: Boxes that overlap an object as much as the best does stand for the object that they
            themselves overlap most.
    """
    if objects.shape[1] == 0:
        return torch.full(boxes.shape[:2], BACKGROUND, device=boxes.device)
    shared = overlaps(objects, boxes).masked_fill(~real[..., None], -1.0)
    most, own = shared.max(dim=1)
    found = own.masked_fill(most < match, BETWEEN).masked_fill(most < background, BACKGROUND)
    if best_in_any_case:
        best = shared.amax(dim=2, keepdim=True)
        found = torch.where(((shared == best) & (best > 0)).any(dim=1), own, found)
    return found


def chosen(positive: Tensor, negative: Tensor, keys: Tensor, count: int, fraction: float) -> tuple[Tensor, Tensor]:
    """Choose ``count`` of each row by random keys, at most a fraction of them positive.

    Args:
        positive: (rows, n) bool.
        negative: (rows, n) bool.
        keys: (rows, n), of 0 to 1.
        count: Of each row.
        fraction: Of them.
    """
    with_object = positive.sum(dim=1).clamp(max=int(count * fraction))
    return _lowest(positive, keys, with_object, count), _lowest(negative, keys, count - with_object, count)


def _lowest(candidates: Tensor, keys: Tensor, counts: Tensor, most: int) -> Tensor:
    lowest = keys.masked_fill(~candidates, 2.0).topk(min(most, keys.shape[1]), dim=1, largest=False).values
    bound = lowest.gather(1, (counts - 1).clamp(0, lowest.shape[1] - 1)[:, None])
    return candidates & (keys <= bound) & (counts > 0)[:, None]


def _keys(targets: Targets, count: int) -> Tensor:
    keys = [torch.rand(count, generator=generator, dtype=torch.float64) for generator in targets.generators]
    return torch.stack(keys).to(targets.boxes.device)
