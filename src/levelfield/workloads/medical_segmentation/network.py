"""The 3-D U-Net, its loss and one training step; needs torch, so only tools and the training suite import it.

Layers and the names of their weights are those of the reference (mlcommons/training at 4a4d5a0,
``image_segmentation/pytorch/model``): two convolutions with instance normalisation and ReLU at each level, a stride of
two in the first one on the way down, a transposed convolution on the way up, the level's own features joined to it, and
a convolution of one voxel to three classes. How many filters each level has is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from levelfield.workloads.medical_segmentation.filters import FULL_FILTERS, MINI_FILTERS

__all__ = ["FULL_FILTERS", "MINI_FILTERS", "UNet3D", "segmentation_loss", "train_step"]

CLASSES = 3
SMOOTH = 1e-6


class Convolution(nn.Sequential):
    """A convolution of 3x3x3 with instance normalisation and ReLU."""

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(channels_in, channels, 3, stride, 1, bias=False),
            nn.InstanceNorm3d(channels, affine=True),
            nn.ReLU(),
        )


class Level(nn.Module):
    """Two convolutions; a stride of two in the first one halves every edge."""

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = Convolution(channels_in, channels, stride=stride)
        self.conv2 = Convolution(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, D, H, W)."""
        features: torch.Tensor = self.conv2(self.conv1(x))
        return features


class Up(nn.Module):
    """Twice the edges by a transposed convolution, the features of the way down beside it, two convolutions."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.upsample_conv = nn.Sequential(nn.ConvTranspose3d(channels_in, channels, 2, 2))
        self.conv1 = Convolution(2 * channels, channels)
        self.conv2 = Convolution(channels, channels)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """(batch, channels, D, H, W) of both; ``skip`` has twice the edges."""
        features: torch.Tensor = self.conv2(self.conv1(torch.cat([self.upsample_conv(x), skip], dim=1)))
        return features


class Output(nn.Module):
    """Scores of the classes, voxel by voxel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels, CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, channels, D, H, W) to (batch, 3, D, H, W)."""
        scores: torch.Tensor = self.conv(x)
        return scores


class UNet3D(nn.Module):
    """(batch, 1, D, H, W) to (batch, 3, D, H, W) scores; each edge divisible by two for every level but the first."""

    def __init__(self, filters: Sequence[int] = MINI_FILTERS) -> None:
        super().__init__()
        self.input_block = Level(1, filters[0])
        pairs = list(pairwise(filters))
        self.downsample = nn.ModuleList(Level(above, below, stride=2) for above, below in pairs[:-1])
        self.bottleneck = Level(*pairs[-1], stride=2)
        self.upsample = nn.ModuleList(Up(below, above) for above, below in reversed(pairs))
        self.output = Output(filters[0])

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Scores of the three classes for each voxel."""
        skips = [self.input_block(volume)]
        for down in self.downsample:
            skips.append(down(skips[-1]))
        features = self.bottleneck(skips[-1])
        for up, skip in zip(self.upsample, reversed(skips), strict=True):
            features = up(features, skip)
        scores: torch.Tensor = self.output(features)
        return scores


def segmentation_loss(scores: torch.Tensor, labels: torch.Tensor, *, by_patch: bool = False) -> torch.Tensor:
    """Half soft Dice without the background, half cross-entropy.

    Args:
        scores: (batch, 3, D, H, W).
        labels: (batch, D, H, W) int64.
        by_patch: Dice of each patch and class, then their mean, as the reference has it (``model/losses.py``). Else
            over the voxels of the whole batch: a patch without any tumour would otherwise count as wrong however little
            is found in it.
    """
    shares = scores.softmax(dim=1)[:, 1:]
    truth = functional.one_hot(labels, CLASSES).movedim(-1, 1)[:, 1:].to(shares.dtype)
    over = (2, 3, 4) if by_patch else (0, 2, 3, 4)
    inside = (shares * truth).sum(over)
    dice = (2 * inside + SMOOTH) / (shares.sum(over) + truth.sum(over) + SMOOTH)
    loss: torch.Tensor = (1 - dice.mean() + functional.cross_entropy(scores, labels)) / 2
    return loss


def train_step(model: UNet3D, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor) -> float:
    """One step of the optimiser on a batch of patches; returns the loss before it.

    Args:
        model: The network.
        optimizer: Of its parameters.
        images: (batch, 1, D, H, W) float32.
        labels: (batch, D, H, W) int64.
    """
    loss = segmentation_loss(model(images), labels)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return float(loss.detach())
