"""The backbone of Mask R-CNN, a ResNet and a feature pyramid; its tensors are named as the reference names them.

Source: mlcommons/training at 4a4d5a0, object_detection/pytorch/maskrcnn_benchmark/modeling (``backbone/resnet.py``,
``backbone/fpn.py``) and ``utils/c2_model_loading.py``: names, shapes, initial distributions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from levelfield.training.benchmarks.maskrcnn.settings import Architecture, Norm, Stage

__all__ = ["Backbone", "FrozenBatchNorm", "ResNet", "backbone_names", "with_norm"]

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


def with_norm(layer: nn.Module, kind: Norm, channels: int) -> nn.Module:
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
            self.add_module(f"fpn_inner{number}", with_norm(inner, design.norm, design.pyramid))
            self.add_module(f"fpn_layer{number}", with_norm(layer, design.norm, design.pyramid))

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
        """(pictures, channels, height, width) for each level, the finest first."""
        return self.fpn(self.body(pictures))


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
