"""The mini detectors, from anchors to the training step: one reading, top to bottom.

Both are single-shot detectors (SSD): a backbone, feature maps of falling resolution, and on each cell of each map a few
anchors, for which one convolution predicts scores of classes and another the way from the anchor to the box. They
differ in the backbone: depthwise-separable convolutions as in MobileNet-v1, residual blocks as in ResNet-34.

Whoever trains imports this: ``tools/mini_ssd.py``, which makes the shipped models, and the training suite's ``ssd``,
whose full edition has the same loss and reads boxes alike. Running a shipped model does not: the exported graph ends
with decoded boxes. torch is imported inside the functions, so that the package does not need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.object_detection.boxes import VARIANCES, Boxes, encoded
from levelfield.workloads.object_detection.generator import LARGE, SMALL, SceneKind, SceneSet

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = [
    "MOBILENET",
    "RESNET",
    "Backbone",
    "Design",
    "Map",
    "Targets",
    "anchors",
    "decoded",
    "detection_loss",
    "detector",
    "network",
    "targets",
    "train_step",
]

NEGATIVES = 3
"""Anchors without object that count in the loss, for each one with: the hardest."""


class Backbone(Enum):
    """What the feature maps are made by."""

    DEPTHWISE = auto()
    RESIDUAL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """One feature map and its anchors."""

    cells: int
    """On each side."""
    channels: int
    blocks: int
    """Of the backbone, from the map before to this one."""
    side: float
    """Of the square anchor, in pixels."""
    next_side: float
    """Of the next map's; a second square anchor lies between."""
    aspect: float
    """Width by height of two more anchors, and its inverse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One detector."""

    name: str
    backbone: Backbone
    scenes: SceneKind
    stem: tuple[int, ...]
    """Channels before the first map; the first of them and each after the first halve the resolution."""
    maps: tuple[Map, ...]

    @property
    def classes(self) -> int:
        """Without background."""
        return len(self.scenes.classes)


MOBILENET = Design(
    name="ssd-mobilenet",
    backbone=Backbone.DEPTHWISE,
    scenes=SMALL,
    stem=(16, 24),
    maps=(
        Map(cells=16, channels=56, blocks=2, side=12, next_side=18, aspect=1.4),
        Map(cells=8, channels=80, blocks=2, side=18, next_side=26, aspect=1.4),
        Map(cells=4, channels=96, blocks=2, side=26, next_side=36, aspect=1.4),
    ),
)
RESNET = Design(
    name="ssd-resnet34",
    backbone=Backbone.RESIDUAL,
    scenes=LARGE,
    stem=(16, 24),
    maps=(
        Map(cells=12, channels=40, blocks=2, side=19, next_side=30, aspect=1.4),
        Map(cells=6, channels=48, blocks=2, side=30, next_side=44, aspect=1.4),
        Map(cells=3, channels=56, blocks=2, side=44, next_side=60, aspect=1.4),
    ),
)


def anchors(design: Design) -> Boxes:
    """(anchors, 4) as centre y, centre x, height, width, fractions of the picture; map by map, row by row."""
    rows = []
    for level in design.maps:
        middle = np.sqrt(level.side * level.next_side)
        longer, shorter = level.side * np.sqrt(level.aspect), level.side / np.sqrt(level.aspect)
        sizes = [(level.side, level.side), (middle, middle), (shorter, longer), (longer, shorter)]
        steps = (np.arange(level.cells) + 0.5) / level.cells
        y, x, which = np.meshgrid(steps, steps, np.arange(len(sizes)), indexing="ij")
        height_width = np.array(sizes)[which.ravel()] / design.scenes.size
        rows.append(np.column_stack([y.ravel(), x.ravel(), height_width]))
    return np.concatenate(rows).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What each anchor should say."""

    classes: NDArray[np.int64]
    """(scenes, anchors): 0 for background."""
    moves: NDArray[np.float32]
    """(scenes, anchors, 4): from the anchor to the box; 0 for background."""


def targets(design: Design, truth: SceneSet) -> Targets:
    """Match the anchors with the objects of each scene; an overlap of exactly a half is enough."""
    every = anchors(design)
    left_top, width_height = truth.boxes[:, :2], truth.boxes[:, 2:]
    pixels = np.concatenate([left_top[:, ::-1], (left_top + width_height)[:, ::-1]], axis=1)
    boxes = (pixels / design.scenes.size).astype(np.float32)
    said = []
    for number in range(len(truth.pixels)):
        here = np.flatnonzero(truth.scene_of == number)
        said.append(encoded(every, boxes[here], truth.classes[here], from_match=True))
    return Targets(np.stack([classes for classes, _ in said]), np.stack([moves for _, moves in said]))


def network(design: Design) -> nn.Module:
    """The detector with random weights.

    It maps (batch, 3, size, size) to logits (batch, anchors, 1 + classes) and moves (batch, anchors, 4).
    """
    import torch
    from torch import nn
    from torch.nn import functional

    def normed(channels_in: int, channels: int, side: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
        convolution = nn.Conv2d(channels_in, channels, side, stride, side // 2, groups=groups, bias=False)
        return [convolution, nn.BatchNorm2d(channels)]

    def separable(channels_in: int, channels: int, stride: int) -> nn.Module:
        """3x3 for each channel alone, then 1x1 across them: a block of MobileNet-v1."""
        depthwise = normed(channels_in, channels_in, 3, stride, groups=channels_in)
        return nn.Sequential(*depthwise, nn.ReLU(), *normed(channels_in, channels, 1), nn.ReLU())

    class Residual(nn.Module):
        """Two 3x3 convolutions around a shortcut: a block of ResNet-34."""

        def __init__(self, channels_in: int, channels: int, stride: int) -> None:
            super().__init__()
            first, second = normed(channels_in, channels, 3, stride), normed(channels, channels, 3)
            self.body = nn.Sequential(*first, nn.ReLU(), *second)
            plain = stride == 1 and channels_in == channels
            self.shortcut = nn.Identity() if plain else nn.Sequential(*normed(channels_in, channels, 1, stride))

        def forward(self, x: Tensor) -> Tensor:
            return functional.relu(self.body(x) + self.shortcut(x))

    # Heads of 3x3 for both. SSD-MobileNet-v1 has 1x1; on so small a backbone they learnt more slowly: in trials mAP .30
    # after two epochs, against .47.
    block = separable if design.backbone is Backbone.DEPTHWISE else Residual

    class Ssd(nn.Module):
        """Backbone, maps and heads."""

        def __init__(self) -> None:
            super().__init__()
            first, *rest = design.stem
            self.stem = nn.Sequential(*normed(3, first, 3, 2), nn.ReLU())
            channels = first
            for wider in rest:
                self.stem.append(block(channels, wider, 2))
                channels = wider
            side = design.scenes.size // 2 ** len(design.stem)
            self.stages, self.heads = nn.ModuleList(), nn.ModuleList()
            for level in design.maps:
                stride, side = side // level.cells, level.cells
                more = [block(level.channels, level.channels, 1) for _ in range(level.blocks - 1)]
                self.stages.append(nn.Sequential(block(channels, level.channels, stride), *more))
                channels = level.channels
                self.heads.append(nn.Conv2d(channels, 4 * (5 + design.classes), 3, 1, 1))

        def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
            x = self.stem(pictures)
            found = []
            for level, stage, predict in zip(design.maps, self.stages, self.heads, strict=True):
                x = stage(x)
                found.append(predict(x).permute(0, 2, 3, 1).reshape(-1, 4 * level.cells**2, 5 + design.classes))
            every = torch.cat(found, dim=1)
            return every[..., 4:], every[..., :4]

    return Ssd()


def decoded(anchors: Tensor, moves: Tensor) -> Tensor:
    """(pictures, anchors, 4): the boxes that moves (pictures, anchors, 4) mean, by corners.

    Args:
        anchors: (anchors, 4) by centre and size.
        moves: As a network says them.
    """
    import torch

    centre = anchors[:, :2] + VARIANCES[0] * moves[..., :2] * anchors[:, 2:]
    half = anchors[:, 2:] * torch.exp(VARIANCES[1] * moves[..., 2:]) / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def detector(network: nn.Module, anchors: Tensor, order: Sequence[int] = (0, 1, 2, 3)) -> nn.Module:
    """What is exported: pictures to boxes (batch, anchors, 4) and scores (batch, anchors, 1 + classes).

    Args:
        network: To logits and moves.
        anchors: (anchors, 4) by centre and size.
        order: Where top, left, bottom and right stand in a box of the network.
    """
    import torch
    from torch import nn

    class Detector(nn.Module):
        """Network and anchors."""

        anchors: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.register_buffer("anchors", anchors)

        def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
            logits, moves = self.network(pictures)
            boxes = decoded(self.anchors, moves)
            if tuple(order) != (0, 1, 2, 3):
                boxes = boxes[..., list(order)]
            return boxes, torch.softmax(logits, dim=-1)

    return Detector()


def detection_loss(
    logits: Tensor, moves: Tensor, classes: Tensor, wanted: Tensor, *, by_picture: bool = False
) -> torch.Tensor:
    """() the loss of SSD: cross-entropy with hard negatives, and smooth L1 of the moves, for each matched anchor.

    Args:
        logits: (pictures, anchors, 1 + classes), predicted.
        moves: (pictures, anchors, 4), predicted.
        classes: (pictures, anchors) int64, wanted; 0 for background.
        wanted: (pictures, anchors, 4).
        by_picture: The mean over pictures of each one's loss, 0 for one without objects, as the training reference has
            it (``Loss`` of single_stage_detector/ssd/base_model.py). Else over the anchors of the whole batch, so that
            a picture with few objects does not count as much as one with many.
    """
    import torch
    from torch.nn import functional

    matched = classes > 0
    count = matched.sum(dim=1)
    entropy = functional.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="none").view_as(classes)
    with torch.no_grad():  # the rank of an anchor among those of its picture, the hardest without object first
        rank = entropy.masked_fill(matched, 0).argsort(dim=1, descending=True).argsort(dim=1)
        hard = rank < (NEGATIVES * count).clamp(max=matched.shape[1])[:, None]
    if by_picture:
        way = functional.smooth_l1_loss(moves, wanted, reduction="none").sum(dim=2)
        total = (way * matched).sum(dim=1) + (entropy * (matched.float() + hard.float())).sum(dim=1)
        return (total * (count > 0) / count.clamp(min=1)).mean()
    ways = functional.smooth_l1_loss(moves[matched], wanted[matched], reduction="sum")
    return (entropy[matched | hard].sum() + ways) / matched.sum().clamp(min=1)


def train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, pictures: Tensor, classes: Tensor, moves: Tensor
) -> float:
    """One step of the optimiser; returns the loss before it.

    Args:
        model: The network.
        optimizer: Of its parameters.
        pictures: (batch, 3, size, size) float32.
        classes: (batch, anchors) int64, as :func:`targets` has them.
        moves: (batch, anchors, 4) float32.
    """
    import torch

    logits, found = model(pictures)
    loss = detection_loss(logits, found, classes, moves)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return float(loss.detach())
