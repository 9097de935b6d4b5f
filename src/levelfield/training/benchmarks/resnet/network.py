"""ResNet v1.5: bottleneck blocks whose 3x3 convolution has the stride; ResNet-50 at full size.

K. He and others, "Deep Residual Learning for Image Recognition", arXiv 1512.03385; the stride's place, initial values
and batch normalisation are those of the reference (mlcommons/training at 4a4d5a0, ``image_classification``). Tensors
are named as the compliance rules name them in the log, with a dot where a module ends: ``stage1_unit1.conv1.weight``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

from levelfield.training.benchmarks.resnet.settings import Sizes

__all__ = ["Bottleneck", "ResNet", "forward_flops", "log_names"]

_EXPANSION = 4
_BN = {"eps": 1e-5, "momentum": 0.1}
"""The reference's decay of 0.9, as torch counts it."""


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut; the first block of a stage projects it."""

    def __init__(self, channels_in: int, width: int, stride: int, *, projects: bool) -> None:
        super().__init__()
        channels = width * _EXPANSION
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width, **_BN)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, **_BN)
        self.conv3 = nn.Conv2d(width, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels, **_BN)
        self.projects = projects
        if projects:
            self.conv1sc = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.bnsc = nn.BatchNorm2d(channels, **_BN)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels_in, side, side) to (batch, 4 * width, side / stride, side / stride)."""
        shortcut = self.bnsc(self.conv1sc(x)) if self.projects else x
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + shortcut)


class ResNet(nn.Module):
    """The network of a size."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        kernel, stride = sizes.stem_kernel, sizes.stem_stride
        self.conv0 = nn.Conv2d(sizes.channels, sizes.stem, kernel, stride, padding=kernel // 2, bias=False)
        self.bn0 = nn.BatchNorm2d(sizes.stem, **_BN)
        self.pool = nn.MaxPool2d(3, 2, padding=1) if sizes.stem_pool else nn.Identity()
        self.unit_names: list[str] = []
        channels = sizes.stem
        for stage, (width, units) in enumerate(zip(sizes.widths, sizes.units, strict=True), 1):
            for unit in range(1, units + 1):
                first = unit == 1
                block = Bottleneck(channels, width, 2 if first and stage > 1 else 1, projects=first)
                self.unit_names.append(f"stage{stage}_unit{unit}")
                self.add_module(self.unit_names[-1], block)
                channels = width * _EXPANSION
        self.fc1 = nn.Linear(channels, sizes.classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        nn.init.normal_(self.fc1.weight, std=0.01)
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, side, side) float32 to (batch, classes) logits."""
        y = self.pool(functional.relu(self.bn0(self.conv0(x))))
        for name in self.unit_names:
            y = self.get_submodule(name)(y)
        logits: torch.Tensor = self.fc1(y.mean(dim=(2, 3)))
        return logits


def log_names(network: ResNet) -> Iterator[str]:
    """Its tensors as ``weights_initialization`` names them: ``stage1_unit1_bn1_gamma``."""
    for name, _ in network.named_parameters():
        module, _, kind = name.rpartition(".")
        if ".bn" in f".{module}":
            kind = {"weight": "gamma", "bias": "beta"}[kind]
        yield f"{module.replace('.', '_')}_{kind}"


def forward_flops(sizes: Sizes) -> float:
    """Floating-point operations of one picture forward, a multiplication and an addition counted as two."""
    flops, side = 0.0, sizes.side
    shapes: OrderedDict[int, tuple[int, int]] = OrderedDict()

    def note(module: nn.Module, _: object, output: torch.Tensor) -> None:
        shapes[id(module)] = (output.shape[-2], output.shape[-1]) if output.ndim == 4 else (1, 1)

    with torch.device("meta"):
        network = ResNet(sizes)
        layers = [one for one in network.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
        for layer in layers:
            layer.register_forward_hook(note)
        network.eval()(torch.empty(1, sizes.channels, side, side))
    for layer in layers:
        height, width = shapes[id(layer)]
        flops += 2.0 * layer.weight.numel() * height * width
    return flops
