"""The network of the mini edition: DLRM as its paper has it, small. Needs torch; only tools and training import it.

M. Naumov and others, "Deep Learning Recommendation Model for Personalization and Recommendation Systems", 2019. Counts
go through the bottom layers to a vector as long as an embedding; it and the embeddings of the categories are
multiplied pair by pair; the products, beside the vector itself, go through the top layers to the logit of a click.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from levelfield.workloads.recommendation.generator import COUNTS, ROWS

__all__ = ["MINI", "Dlrm", "Probability", "Trainer", "Widths", "batches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """The sizes of a DLRM."""

    counts: int
    """Numeric features."""
    rows: tuple[int, ...]
    """Rows of each embedding table."""
    embedding: int
    bottom: tuple[int, ...]
    """Hidden layers between the counts and the vector."""
    top: tuple[int, ...]
    """Hidden layers between the interactions and the logit."""


MINI = Widths(counts=COUNTS, rows=ROWS, embedding=16, bottom=(32,), top=(64, 32))
"""The reference has 13 counts, 26 tables of up to 40 million rows, 128 wide, 512-256 below and 1024-1024-512-256
above."""


class Dlrm(nn.Module):
    """Counts and categories to the logit of a click."""

    each_pair_once: torch.Tensor
    """Of all products of two vectors, those below the diagonal."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        size, vectors = widths.embedding, len(widths.rows) + 1
        tables = [nn.Embedding(rows, size, sparse=True) for rows in widths.rows]
        for table, rows in zip(tables, widths.rows, strict=True):
            nn.init.uniform_(table.weight, -(rows**-0.5), rows**-0.5)
        self.embeddings = nn.ModuleList(tables)
        self.bottom = _layers((widths.counts, *widths.bottom, size), ends_in_relu=True)
        self.top = _layers((size + vectors * (vectors - 1) // 2, *widths.top, 1), ends_in_relu=False)
        one, other = torch.tril_indices(vectors, vectors, offset=-1)
        self.register_buffer("each_pair_once", one * vectors + other, persistent=False)

    def forward(self, counts: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        """The logits of some pairs.

        Args:
            counts: (pairs, counts) float32, logarithms.
            categories: (categories, pairs) int64, rows of the tables.

        Returns:
            (pairs, 1) float32.
        """
        vector = self.bottom(counts)
        found = [table(categories[feature]) for feature, table in enumerate(self.embeddings)]
        vectors = torch.stack([vector, *found], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2)).flatten(1)
        logits: torch.Tensor = self.top(torch.cat([vector, products[:, self.each_pair_once]], dim=1))
        return logits


class Probability(nn.Module):
    """A network with the sigmoid that training leaves to the loss: (pairs, 1), the probability of a click."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, counts: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        """As :meth:`Dlrm.forward`."""
        return torch.sigmoid(self.network(counts, categories))


def _layers(widths: tuple[int, ...], *, ends_in_relu: bool) -> nn.Sequential:
    made: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layer = nn.Linear(inputs, outputs)
        nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / (inputs + outputs)))
        nn.init.normal_(layer.bias, 0.0, math.sqrt(1 / outputs))
        made += [layer, nn.ReLU()]
    return nn.Sequential(*(made if ends_in_relu else made[:-1]))


class Trainer:
    """One step at a time: Adagrad for the tables, Adam for the layers.

    Both rates rise over the first steps and end at 0.

    A row of a table is seen in few batches, so its rate must not fade as that of a weight that every batch moves: with
    one rate of SGD for both, the products of embeddings were not learnt (half of what can be learnt, after two epochs).
    """

    TABLE_RATE = 0.1
    LAYER_RATE = 0.005
    WARM_UP = 100

    def __init__(self, model: Dlrm, *, steps: int) -> None:
        self.model = model
        self.step_count = 0
        self._steps = steps
        layers = [*model.bottom.parameters(), *model.top.parameters()]
        self._optimizers = (
            torch.optim.Adagrad(model.embeddings.parameters(), self.TABLE_RATE),
            torch.optim.Adam(layers, self.LAYER_RATE),
        )

    def step(self, counts: torch.Tensor, categories: torch.Tensor, clicked: torch.Tensor) -> float:
        """Learn from one batch.

        Args:
            counts: (pairs, counts) float32.
            categories: (categories, pairs) int64.
            clicked: (pairs,) float32, 0 or 1.

        Returns:
            The binary cross-entropy before the step.
        """
        share = self._share()
        for optimizer, rate in zip(self._optimizers, (self.TABLE_RATE, self.LAYER_RATE), strict=True):
            optimizer.param_groups[0]["lr"] = rate * share
            optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(self.model(counts, categories)[:, 0], clicked)
        torch.autograd.backward(loss)
        for optimizer in self._optimizers:
            optimizer.step()
        self.step_count += 1
        return loss.item()

    def _share(self) -> float:
        """Of the full rate: linear up, constant to half-way, then the square of what is left."""
        done = self.step_count / self._steps
        decay = 1.0 if done < 0.5 else (2 * (1 - done)) ** 2
        return min(1.0, (self.step_count + 1) / self.WARM_UP) * decay


def batches(pairs: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Positions of one epoch in random order, in whole batches; what does not fill the last one is left out."""
    order = torch.randperm(pairs, generator=generator)
    for at in range(0, pairs - size + 1, size):
        yield order[at : at + size]
