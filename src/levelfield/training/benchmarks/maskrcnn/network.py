"""Mask R-CNN: what looks at the backbone's maps; its tensors are named as the reference names them.

Source: mlcommons/training at 4a4d5a0, object_detection/pytorch/maskrcnn_benchmark/modeling (``rpn/rpn.py``,
``rpn/anchor_generator.py``, ``roi_heads``): names, shapes, initial distributions. What the heads are trained on is in
``loss.py``, what is made of their answers in ``evaluate.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from levelfield.training.benchmarks.maskrcnn.align import levels_of, region_features
from levelfield.training.benchmarks.maskrcnn.backbone import Backbone, with_norm
from levelfield.training.benchmarks.maskrcnn.settings import RESNET50_FPN, Architecture

__all__ = ["MaskRcnnNetwork", "cell_anchors", "grid_anchors"]

T = TypeVar("T")


class AnchorCells(nn.Module):
    """Holds the anchors of one cell, for each level (the reference keeps them with the weights)."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        for number, anchors in enumerate(cell_anchors(design)):
            self.register_buffer(str(number), anchors)

    def all(self) -> list[Tensor]:
        """(anchors of a cell, 4) for each level."""
        return list(self.buffers())


class AnchorGenerator(nn.Module):
    """The anchors."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.cell_anchors = AnchorCells(design)


class ProposalHead(nn.Module):
    """For each anchor, whether there is an object, and the way to its box.

    A narrower head starts from larger weights, so that its first answers are as large as the reference's.
    """

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        anchors = len(design.anchor_aspects)
        self.conv = nn.Conv2d(design.pyramid, design.pyramid, 3, 1, 1)
        self.cls_logits = nn.Conv2d(design.pyramid, anchors, 1)
        self.bbox_pred = nn.Conv2d(design.pyramid, 4 * anchors, 1)
        for layer in (self.conv, self.cls_logits, self.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01 * math.sqrt(RESNET50_FPN.pyramid / design.pyramid))
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """For each level (pictures, anchors) and (pictures, anchors, 4), in the order of :func:`grid_anchors`."""
        scores, ways = [], []
        for one in maps:
            seen = functional.relu(self.conv(one))
            scores.append(self.cls_logits(seen).permute(0, 2, 3, 1).flatten(1).float())
            way = self.bbox_pred(seen).permute(0, 2, 3, 1)
            ways.append(way.reshape(len(way), -1, 4).float())
        return scores, ways


class Proposals(nn.Module):
    """Anchors and their head."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.anchor_generator, self.head = AnchorGenerator(design), ProposalHead(design)


class BoxFeatures(nn.Module):
    """Two dense layers on a region."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        first = nn.Linear(design.pyramid * design.box_pool**2, design.box_features)
        second = nn.Linear(design.box_features, design.box_features)
        for layer in (first, second):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)
        self.fc6 = with_norm(first, design.norm, design.box_features)
        self.fc7 = with_norm(second, design.norm, design.box_features)

    def forward(self, regions: Tensor) -> Tensor:
        return functional.relu(self.fc7(functional.relu(self.fc6(regions.flatten(1)))))


class BoxPredictor(nn.Module):
    """Class, and the way to the box for each class; a narrower head starts from larger weights."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.cls_score = nn.Linear(design.box_features, design.classes)
        self.bbox_pred = nn.Linear(design.box_features, 4 * design.classes)
        narrower = math.sqrt(RESNET50_FPN.box_features / design.box_features)
        for layer, deviation in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=deviation * narrower)
            nn.init.zeros_(layer.bias)


class BoxHead(nn.Module):
    """Regions to logits (n, classes) and ways (n, classes, 4)."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.classes = design.classes
        self.feature_extractor, self.predictor = BoxFeatures(design), BoxPredictor(design)

    def forward(self, regions: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.feature_extractor(regions)
        ways = self.predictor.bbox_pred(seen).float()
        return self.predictor.cls_score(seen).float(), ways.reshape(len(ways), self.classes, 4)


class MaskFeatures(nn.Module):
    """Convolutions on a region."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.count = len(design.mask_channels)
        for number, (before, channels) in enumerate(pairwise((design.pyramid, *design.mask_channels)), 1):
            layer = nn.Conv2d(before, channels, 3, 1, 1)
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            self.add_module(f"mask_fcn{number}", with_norm(layer, design.norm, channels))

    def forward(self, x: Tensor) -> Tensor:
        for number in range(1, self.count + 1):
            x = functional.relu(self.get_submodule(f"mask_fcn{number}")(x))
        return x


class MaskPredictor(nn.Module):
    """Twice the resolution, and a mask for each class."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        channels = design.mask_channels[-1]
        self.conv5_mask = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.mask_fcn_logits = nn.Conv2d(channels, design.classes, 1)
        for layer in (self.conv5_mask, self.mask_fcn_logits):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.mask_fcn_logits(functional.relu(self.conv5_mask(x)))


class MaskHead(nn.Module):
    """Regions (n, channels, cells, cells) to logits (n, classes, 2 cells, 2 cells)."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.feature_extractor, self.predictor = MaskFeatures(design), MaskPredictor(design)

    def forward(self, regions: Tensor) -> Tensor:
        return self.predictor(self.feature_extractor(regions)).float()


class Heads(nn.Module):
    """What looks at regions."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.box, self.mask = BoxHead(design), MaskHead(design)


class MaskRcnnNetwork(nn.Module):
    """The parts; :mod:`loss` and :mod:`evaluate` put them together in their two ways."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.design = design
        self.backbone, self.rpn, self.roi_heads = Backbone(design), Proposals(design), Heads(design)

    def forward(self, pictures: Tensor, use: Callable[[MaskRcnnNetwork, list[Tensor]], T]) -> T:
        """Do something with the network and its maps of pictures (pictures, 3, height, width).

        All that is trained is then used within one call, which is what a wrapper for several processes looks at.
        """
        return use(self, self.backbone(pictures))

    def anchors(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """(anchors, 4) in pixels for each level."""
        cells = self.rpn.anchor_generator.cell_anchors.all()
        return [
            grid_anchors(one, stride, seen.shape[2], seen.shape[3])
            for one, stride, seen in zip(cells, self.design.strides, maps, strict=True)
        ]

    def regions(self, maps: Sequence[Tensor], boxes: Tensor, pictures: Tensor, cells: int) -> Tensor:
        """(n, channels, cells, cells): features of boxes (n, 4), which lie in pictures (n,)."""
        maps, strides = maps[:-1], self.design.strides[:-1]  # the coarsest is for proposals alone
        levels = levels_of(boxes, self.design.canonical, strides)
        return region_features(maps, strides, boxes, (pictures, levels), cells=cells, samples=self.design.samples)


def cell_anchors(design: Architecture) -> list[Tensor]:
    """(aspects, 4) for each level: the anchors of the cell at the corner.

    Widths and heights are rounded to whole cells' parts before they are scaled, as in the reference
    (``_ratio_enum``, then ``_scale_enum``).
    """
    found = []
    for stride, side in zip(design.strides, design.anchor_sides, strict=True):
        middle = (stride - 1) / 2
        rows = []
        for aspect in design.anchor_aspects:
            width = round((stride * stride / aspect) ** 0.5)
            height = round(width * aspect)
            x, y = (width * side / stride - 1) / 2, (height * side / stride - 1) / 2
            rows.append([middle - x, middle - y, middle + x, middle + y])
        found.append(torch.tensor(rows))
    return found


def grid_anchors(cell: Tensor, stride: int, height: int, width: int) -> Tensor:
    """(height * width * aspects, 4): row by row, cell by cell."""
    y, x = torch.meshgrid(
        torch.arange(height, device=cell.device) * stride,
        torch.arange(width, device=cell.device) * stride,
        indexing="ij",
    )
    return (torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4) + cell).reshape(-1, 4)
