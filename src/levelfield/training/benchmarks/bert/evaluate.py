"""The metric of BERT: how many of the hidden tokens of all evaluation examples are guessed right."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from levelfield.training.benchmarks.bert.data import Batch
from levelfield.training.benchmarks.bert.examples import Examples
from levelfield.training.benchmarks.bert.network import Pretraining
from levelfield.training.distributed import summed
from levelfield.training.port import World
from levelfield.training.precision import Arithmetic

__all__ = ["masked_accuracy"]


@torch.no_grad()
def masked_accuracy(model: Pretraining, batches: Iterable[Examples], arithmetic: Arithmetic, world: World) -> float:
    """The share, over all processes, each of which gives its own examples and gets the same answer.

    Raises:
        ZeroDivisionError: No example hides a token; data that are read are held to it.
    """
    training = model.training
    model.eval()
    counts = torch.zeros(2, dtype=torch.float64, device=world.device)
    for examples in batches:
        batch = Batch.of(examples, world.device)
        with arithmetic.forward():
            tokens, _ = model(batch.input_ids, batch.input_mask, batch.segment_ids, batch.masked_lm_positions)
        right = (tokens.argmax(dim=-1) == batch.masked_lm_ids) * batch.masked_lm_weights
        counts += torch.stack([right.sum(), batch.masked_lm_weights.sum()]).double()
    model.train(training)
    right_count, total = summed(counts, world).tolist()
    return float(right_count / total)
