"""Mask R-CNN with a ResNet and a feature pyramid; its tensors are named as the reference names them.

Source: mlcommons/training at 4a4d5a0, object_detection/pytorch/maskrcnn_benchmark/modeling (``backbone/resnet.py``,
``backbone/fpn.py``, ``rpn/rpn.py``, ``rpn/anchor_generator.py``, ``roi_heads``): names, shapes, initial distributions.
What the heads are trained on is in ``loss.py``, what is made of their answers in ``evaluate.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from levelfield.training.benchmarks.maskrcnn.align import levels_of, region_features
from levelfield.training.benchmarks.maskrcnn.settings import RESNET50_FPN, Architecture, Norm, Stage

__all__ = ["FrozenBatchNorm", "MaskRcnnNetwork", "ResNet", "backbone_names", "cell_anchors", "grid_anchors"]

T = TypeVar("T")

GROUP = 8
"""Channels of a group, in the normalisation of backbones that start from random weights."""


class FrozenBatchNorm(nn.Module):
    """Batch normalisation whose four numbers of each channel are not trained."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift each channel."""
        scale = self.weight * self.running_var.rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None].to(x.dtype) + shift[:, None, None].to(x.dtype)


def _norm(kind: Norm, channels: int) -> nn.Module:
    match kind:
        case Norm.FROZEN:
            return FrozenBatchNorm(channels)
        case Norm.GROUP:
            return nn.GroupNorm(max(1, channels // GROUP), channels)


def _with_norm(layer: nn.Module, kind: Norm, channels: int) -> nn.Module:
    """A layer outside the backbone, which has a normalisation where the backbone is not pretrained."""
    return layer if kind is Norm.FROZEN else nn.Sequential(layer, _norm(kind, channels))


def _convolution(channels_in: int, channels: int, side: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    """Weights as Caffe2's XavierFill draws them."""
    layer = nn.Conv2d(channels_in, channels, side, stride, side // 2, bias=bias)
    nn.init.kaiming_uniform_(layer.weight, a=1)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 around a shortcut; the stride is in the first of them."""

    def __init__(self, channels_in: int, stage: Stage, stride: int, norm: Norm) -> None:
        super().__init__()
        self.downsample = None
        if channels_in != stage.channels:
            self.downsample = nn.Sequential(
                _convolution(channels_in, stage.channels, 1, stride), _norm(norm, stage.channels)
            )
        self.conv1, self.bn1 = _convolution(channels_in, stage.width, 1, stride), _norm(norm, stage.width)
        self.conv2, self.bn2 = _convolution(stage.width, stage.width, 3), _norm(norm, stage.width)
        self.conv3, self.bn3 = _convolution(stage.width, stage.channels, 1), _norm(norm, stage.channels)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Stem(nn.Module):
    """The first convolution."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.conv1, self.bn1 = _convolution(3, design.stem, design.stem_side, 2), _norm(design.norm, design.stem)
        self.pool = design.stem_pool

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.max_pool2d(x, 3, 2, 1) if self.pool else x


class ResNet(nn.Module):
    """Pictures to a map for each stage."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.stem = Stem(design)
        self.count = len(design.stages)
        channels = design.stem
        for number, stage in enumerate(design.stages, 1):
            blocks = [Bottleneck(channels, stage, stage.stride, design.norm)]
            blocks += [Bottleneck(stage.channels, stage, 1, design.norm) for _ in range(stage.blocks - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            channels = stage.channels
        for part in [self.stem, *(self.get_submodule(f"layer{n}") for n in range(1, self.count + 1))][
            : design.frozen_stages
        ]:
            part.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """See the class."""
        x = self.stem(x)
        found = []
        for number in range(1, self.count + 1):
            x = self.get_submodule(f"layer{number}")(x)
            found.append(x)
        return found


class Pyramid(nn.Module):
    """Maps of all stages brought to the same channels, each with what the coarser ones know."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.count = len(design.stages)
        for number, stage in enumerate(design.stages, 1):
            inner = _convolution(stage.channels, design.pyramid, 1, bias=True)
            layer = _convolution(design.pyramid, design.pyramid, 3, bias=True)
            self.add_module(f"fpn_inner{number}", _with_norm(inner, design.norm, design.pyramid))
            self.add_module(f"fpn_layer{number}", _with_norm(layer, design.norm, design.pyramid))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        found: list[Tensor] = []
        inner = None
        for number in range(self.count, 0, -1):
            lateral = self.get_submodule(f"fpn_inner{number}")(maps[number - 1])
            inner = lateral if inner is None else lateral + functional.interpolate(inner, scale_factor=2)
            found.insert(0, self.get_submodule(f"fpn_layer{number}")(inner))
        return [*found, found[-1][:, :, ::2, ::2]]


class Backbone(nn.Module):
    """ResNet and pyramid."""

    def __init__(self, design: Architecture) -> None:
        super().__init__()
        self.body, self.fpn = ResNet(design), Pyramid(design)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        return self.fpn(self.body(pictures))


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
        self.fc6 = _with_norm(first, design.norm, design.box_features)
        self.fc7 = _with_norm(second, design.norm, design.box_features)

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
            self.add_module(f"mask_fcn{number}", _with_norm(layer, design.norm, channels))

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


def backbone_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of ResNet-50 under the names of :class:`ResNet`.

    Args:
        weights: With the reference's names, as ``backbone.body.layer1.0.conv1.weight``; or with Caffe2's, as
            ``res2_0_branch2a_w``, where batch normalisation is two numbers and the others are 0 and 1.
    """
    found = {}
    for name, value in weights.items():
        if (own := _caffe_name(name)) is None:
            found[name.removeprefix("module.").removeprefix("backbone.body.")] = value
            continue
        found[own] = value
        part, _, kind = own.rpartition(".")
        if kind == "bias":
            found[f"{part}.running_mean"], found[f"{part}.running_var"] = (
                torch.zeros_like(value),
                torch.ones_like(value),
            )
    return found


def _caffe_name(name: str) -> str | None:
    kinds = {"w": "weight", "bn_s": "weight", "bn_b": "bias"}
    if match := re.fullmatch(r"(res_)?conv1_(w|bn_s|bn_b)", name):
        return f"stem.{'conv1' if match[2] == 'w' else 'bn1'}.{kinds[match[2]]}"
    if match := re.fullmatch(r"res([2-5])_(\d+)_branch(1|2[abc])_(w|bn_s|bn_b)", name):
        place, norm = "abc".find(match[3][-1]) + 1, match[4] != "w"
        part = f"{'bn' if norm else 'conv'}{place}" if place else f"downsample.{int(norm)}"
        return f"layer{int(match[1]) - 1}.{match[2]}.{part}.{kinds[match[4]]}"
    return None
