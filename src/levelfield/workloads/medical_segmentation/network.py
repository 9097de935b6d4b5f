"""The mini 3-D U-Net, its loss and one training step; needs torch, so only tools and the training suite import it.

The shape is that of the full network (mlcommons/training, ``image_segmentation/pytorch/model``): two convolutions with
instance normalisation and ReLU at each level, a stride of two in the first one on the way down, a transposed
convolution on the way up, the level's own features joined to it, and a convolution of one voxel to three classes. The
full one has levels of 32, 64, 128, 256, 320 and 320 filters, this one those that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["FULL_FILTERS", "MINI_FILTERS", "UNet3D", "segmentation_loss", "train_step"]

CLASSES = 3
MINI_FILTERS = (8, 16, 32)
FULL_FILTERS = (32, 64, 128, 256, 320, 320)
SMOOTH = 1e-6


class Level(nn.Sequential):
    """Two convolutions of 3x3x3, each with instance normalisation and ReLU."""

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(channels_in, channels, 3, stride, 1, bias=False),
            nn.InstanceNorm3d(channels, affine=True),
            nn.ReLU(),
            nn.Conv3d(channels, channels, 3, 1, 1, bias=False),
            nn.InstanceNorm3d(channels, affine=True),
            nn.ReLU(),
        )


class UNet3D(nn.Module):
    """(batch, 1, D, H, W) to (batch, 3, D, H, W) scores; each edge divisible by two for every level but the first."""

    def __init__(self, filters: Sequence[int] = MINI_FILTERS) -> None:
        super().__init__()
        self.first = Level(1, filters[0])
        pairs = list(pairwise(filters))
        self.down = nn.ModuleList(Level(above, below, stride=2) for above, below in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose3d(below, above, 2, 2) for above, below in reversed(pairs))
        self.joined = nn.ModuleList(Level(2 * above, above) for above, _ in reversed(pairs))
        self.classes = nn.Conv3d(filters[0], CLASSES, 1)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Scores of the three classes for each voxel."""
        skips = [self.first(volume)]
        for down in self.down:
            skips.append(down(skips[-1]))
        features = skips.pop()
        for up, joined in zip(self.up, self.joined, strict=True):
            features = joined(torch.cat([up(features), skips.pop()], dim=1))
        scores: torch.Tensor = self.classes(features)
        return scores


def segmentation_loss(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Half soft Dice without the background, half cross-entropy.

    Dice is over the voxels of the whole batch: a patch without any tumour would otherwise count as wrong however little
    is found in it.

    Args:
        scores: (batch, 3, D, H, W).
        labels: (batch, D, H, W) int64.
    """
    shares = scores.softmax(dim=1)[:, 1:]
    truth = functional.one_hot(labels, CLASSES).movedim(-1, 1)[:, 1:].to(shares.dtype)
    over = (0, 2, 3, 4)
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
