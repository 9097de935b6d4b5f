"""Top-1: the share of the evaluation set whose class has the highest score."""

from __future__ import annotations

import numpy as np
import torch

from levelfield.training.benchmarks.resnet.data import Pictures
from levelfield.training.distributed import share_buffers, summed
from levelfield.training.port import World
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import read_ahead

__all__ = ["top1"]

_BATCH = 250


@torch.no_grad()
def top1(
    network: torch.nn.Module, pictures: Pictures, count: int, arithmetic: Arithmetic, world: World, *, readers: int = 0
) -> float:
    """The accuracy over the whole set; each process looks at its share of it, all with the first one's statistics.

    Args:
        network: Without a wrapper; left in training mode.
        pictures: The data.
        count: Pictures of the evaluation set.
        arithmetic: The number format.
        world: Which process this is.
        readers: Processes that decode pictures.
    """
    share_buffers(network, world)
    network.eval()
    right = torch.zeros((), dtype=torch.int64, device=world.device)
    mine = np.arange(world.rank, count, world.size)
    batches = np.array_split(mine, max(1, -(-len(mine) // _BATCH)))
    for images, labels in read_ahead(pictures.evaluation, batches, readers=readers, device=world.device):
        with arithmetic.forward():
            scores = network(images.to(world.device))
        right += (scores.argmax(dim=1) == labels.to(world.device)).sum()
    network.train()
    return int(summed(right, world).item()) / count
