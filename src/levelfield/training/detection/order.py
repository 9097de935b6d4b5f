"""The order of an epoch: drawn from seed and epoch alone, so that any number of processes has the same one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from levelfield.training.port import World

__all__ = ["Ints", "batches", "dealt", "draws", "grouped_batches", "share"]

Ints = NDArray[np.int64]

_ORDER, _SAMPLE, _LABELS = range(3)
"""What a generator is for: each has a stream of its own under the run's seed."""


def draws(seed: int, *place: int) -> np.random.Generator:
    """The generator of one sample of a run, whichever process prepares it."""
    return np.random.default_rng([seed, _SAMPLE, *place])


def dealt(seed: int, labels: Ints) -> Ints:
    """Labels dealt anew: the control that learns nothing."""
    return np.random.default_rng([seed, _LABELS]).permutation(labels)


def batches(seed: int, epoch: int, count: int, size: int) -> list[Ints]:
    """The global batches of an epoch, each sample once; the last is filled up from the beginning of the order.

    The rules allow an uneven last batch to be padded (training_rules.adoc, "Equivalence exceptions").
    """
    return _cut(np.random.default_rng([seed, _ORDER, epoch]).permutation(count), size)


def grouped_batches(seed: int, turn: int, groups: Ints, size: int) -> list[Ints]:
    """The global batches of one turn through the data, each of one group (pictures that are higher than wide, or not).

    Batches follow the order of their first samples, as in the reference (``GroupedBatchSampler``).
    """
    order = np.random.default_rng([seed, _ORDER, turn]).permutation(len(groups))
    place = np.argsort(order)
    every = [batch for group in np.unique(groups) for batch in _cut(order[groups[order] == group], size)]
    return sorted(every, key=lambda batch: int(place[batch[0]]))


def _cut(order: Ints, size: int) -> list[Ints]:
    steps = -(-len(order) // size)
    return np.split(np.resize(order, steps * size), steps) if steps else []


def share(batch: Sequence[int] | Ints, world: World) -> list[tuple[int, int]]:
    """(place in the batch, sample) of what one process prepares of a global batch."""
    each = len(batch) // world.size
    return [(place, int(batch[place])) for place in range(world.rank * each, (world.rank + 1) * each)]
