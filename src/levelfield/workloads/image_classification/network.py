"""The network of the mini edition in torch, how its pictures are varied, and one step of training.

Imported by ``tools/mini_resnet50.py``, which makes the shipped files; never at run time. The training suite's
``resnet`` has the same digits, prepared alike, but a small ResNet v1.5: docs/design/0005-workloads.md says why.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["Block", "ResNet8", "train_step", "varied"]

LABEL_SMOOTHING = 0.05
MOST_TURN = math.radians(12)
MOST_GROWTH = 0.12
MOST_MOVE = 2.5 / 16
"""Pixels of half a side."""


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut, as in ResNet v1."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(channels_in, channels, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels_in, side, side) to (batch, channels, side / stride, side / stride)."""
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class ResNet8(nn.Module):
    """The ResNet of MLPerf Tiny's image classification, for one channel: 77k parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.classes = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, 1, 32, 32) float32 to (batch, 10) logits."""
        y = self.blocks(functional.relu(self.stem_norm(self.stem(x))))
        logits: torch.Tensor = self.classes(y.mean(dim=(2, 3)))
        return logits


def varied(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture turned by up to 12 degrees, scaled by up to 12 %, moved by up to 2.5 pixels."""
    count = len(pictures)

    def uniform(limit: float) -> torch.Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle, scale = uniform(MOST_TURN), 1 + uniform(MOST_GROWTH)
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [torch.stack([cosine, -sine, uniform(MOST_MOVE)], 1), torch.stack([sine, cosine, uniform(MOST_MOVE)], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def train_step(
    model: ResNet8, optimizer: torch.optim.Optimizer, pictures: torch.Tensor, labels: torch.Tensor
) -> tuple[float, int]:
    """One step of the optimiser; returns the mean loss before it, and how many pictures the model had right.

    Args:
        model: The network.
        optimizer: Of its parameters.
        pictures: (batch, 1, 32, 32) float32.
        labels: (batch,) int64.
    """
    logits = model(pictures)
    loss = functional.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return float(loss.detach()), int((logits.argmax(1) == labels).sum())
