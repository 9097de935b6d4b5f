"""The network of MiniGo: residual blocks, and two heads for the next move and for who will win.

Shapes, names and constants are the reference's (mlcommons/training at 4a4d5a0, ``minigo/dual_net.py``,
``model_inference_fn`` and the flags in ``ml_perf/flags/19``): 3x3 convolutions without bias, batch normalisation with
momentum .95 (torch counts it from the other side: .05), heads whose normalisation has neither scale nor shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from levelfield.training.benchmarks.minigo.planes import PLANES

__all__ = ["Architecture", "DualNetwork"]

POLICY_WIDTH, VALUE_WIDTH = 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of a network."""

    size: int
    """Lines of the board."""
    width: int
    """Channels of the trunk."""
    blocks: int
    """Residual blocks of the trunk."""
    hidden: int
    """Width of the hidden layer of the value head."""


def _normalisation(channels: int, *, affine: bool = True) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.05, affine=affine)


def _convolution(channels_in: int, channels: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels, kernel, padding=kernel // 2, bias=False)


class Block(nn.Module):
    """Two convolutions, whose result is added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = _convolution(width, width), _normalisation(width)
        self.conv2, self.norm2 = _convolution(width, width), _normalisation(width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(positions, width, size, size) to the same."""
        inner = functional.relu(self.norm1(self.conv1(features)))
        return functional.relu(features + self.norm2(self.conv2(inner)))


class DualNetwork(nn.Module):
    """Planes of positions to logits of moves and expected results."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width, points = architecture.width, architecture.size**2
        self.conv, self.norm = _convolution(PLANES, width), _normalisation(width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(architecture.blocks))
        self.policy_conv = _convolution(width, POLICY_WIDTH, 1)
        self.policy_norm = _normalisation(POLICY_WIDTH, affine=False)
        self.policy = nn.Linear(POLICY_WIDTH * points, points + 1)
        self.value_conv = _convolution(width, VALUE_WIDTH, 1)
        self.value_norm = _normalisation(VALUE_WIDTH, affine=False)
        self.value_hidden = nn.Linear(VALUE_WIDTH * points, architecture.hidden)
        self.value = nn.Linear(architecture.hidden, 1)

    def initialise(self, generator: torch.Generator) -> None:
        """Weights as TensorFlow's layers start: uniform after Glorot and Bengio, biases at zero."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, planes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Judge some positions.

        Args:
            planes: (positions, 13, size, size) float32, zeros and ones.

        Returns:
            (positions, points + 1) logits of the moves, and (positions,) the expected result between -1 and 1, from
            Black's side.
        """
        features = functional.relu(self.norm(self.conv(planes)))
        for block in self.blocks:
            features = block(features)
        policy = functional.relu(self.policy_norm(self.policy_conv(features)))
        value = functional.relu(self.value_norm(self.value_conv(features)))
        hidden = functional.relu(self.value_hidden(value.flatten(1)))
        return self.policy(policy.flatten(1)), torch.tanh(self.value(hidden)).flatten()

    def flops_per_position(self) -> float:
        """Multiplications and additions of one forward pass, in convolutions and dense layers."""
        points = self.architecture.size**2
        convolutions = sum(
            math.prod(module.weight.shape) * points for module in self.modules() if isinstance(module, nn.Conv2d)
        )
        dense = sum(math.prod(module.weight.shape) for module in self.modules() if isinstance(module, nn.Linear))
        return 2.0 * (convolutions + dense)
