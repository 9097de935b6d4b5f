"""SSD-ResNet34 for pictures of 300 x 300; its tensors are named as the reference names them.

Source: mlcommons/training at 4a4d5a0, single_stage_detector/ssd (``base_model.py``, ``ssd300.py``): names, shapes,
initial distributions. The backbone is torchvision's ResNet-34 up to its third stage, whose first block keeps the
resolution here. The mini edition's network is that of ``workloads/object_detection``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ResNet34", "Ssd300", "backbone_names"]

BOXES = (4, 6, 6, 6, 4, 4)
"""Of a cell, for each map."""
CHANNELS = (256, 512, 512, 256, 256, 256)
"""Of each map."""
EXTRA = ((256, 2, 1), (256, 2, 1), (128, 2, 1), (128, 1, 0), (128, 1, 0))
"""Between two maps: channels between the two convolutions, stride and padding of the second."""
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 1))
"""Channels, blocks and stride; the third has stride 2 in ResNet-34."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


def _stage(channels_in: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        BasicBlock(channels_in, channels, stride), *(BasicBlock(channels, channels, 1) for _ in range(blocks - 1))
    )


class ResNet34(nn.Module):
    """(pictures, 3, 300, 300) to (pictures, 256, 38, 38)."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = STAGES
        self.layer1 = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            _stage(64, *first),
            _stage(64, *second),
        )
        self.layer2 = nn.Sequential(_stage(128, *third))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        return self.layer2(self.layer1(pictures))


class Ssd300(nn.Module):
    """Pictures (n, 3, 300, 300) to logits (n, 8732, 1 + classes) and moves (n, 8732, 4)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.model = ResNet34()
        self.additional_blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, middle, 1),
                nn.ReLU(),
                nn.Conv2d(middle, after, 3, stride, padding),
                nn.ReLU(),
            )
            for before, after, (middle, stride, padding) in zip(CHANNELS[:-1], CHANNELS[1:], EXTRA, strict=True)
        )
        heads = list(zip(CHANNELS, BOXES, strict=True))
        self.loc = nn.ModuleList(nn.Conv2d(channels, 4 * boxes, 3, 1, 1) for channels, boxes in heads)
        self.conf = nn.ModuleList(nn.Conv2d(channels, (1 + classes) * boxes, 3, 1, 1) for channels, boxes in heads)
        for part in (self.additional_blocks, self.loc, self.conf):
            for weights in part.parameters():
                if weights.dim() > 1:
                    nn.init.xavier_uniform_(weights)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        seen = self.model(pictures)
        maps = [seen]
        for block in self.additional_blocks:
            seen = block(seen)
            maps.append(seen)
        return _by_box(self.conf, maps), _by_box(self.loc, maps, 4)


def _by_box(heads: nn.ModuleList, maps: Sequence[Tensor], values: int | None = None) -> Tensor:
    """(pictures, boxes, values): a head's channels are value by value, and in each box by box."""
    found = []
    for head, boxes, seen in zip(heads, BOXES, maps, strict=True):
        answer = head(seen)
        found.append(answer.reshape(len(answer), values or answer.shape[1] // boxes, -1))
    return torch.cat(found, dim=2).transpose(1, 2)


def backbone_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of torchvision's ResNet-34 under the names of :class:`ResNet34`; those of later layers are left out."""
    places = {"conv1": "layer1.0", "bn1": "layer1.1", "layer1": "layer1.4", "layer2": "layer1.5", "layer3": "layer2.0"}
    found = {}
    for name, value in weights.items():
        first, _, rest = name.partition(".")
        if first in places:
            found[f"{places[first]}.{rest}"] = value
    return found
