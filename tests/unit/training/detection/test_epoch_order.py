"""The order of an epoch: every sample once, the same for any number of processes, another one each time."""

from __future__ import annotations

import numpy as np

from levelfield.training.detection.order import batches, dealt, draws, grouped_batches, share
from levelfield.training.port import World


def test_each_sample_comes_once_and_the_last_batch_is_filled_up() -> None:
    found = batches(3, 1, 10, 4)
    assert [len(batch) for batch in found] == [4, 4, 4]
    every = np.concatenate(found)
    assert sorted(every[:10].tolist()) == list(range(10))
    np.testing.assert_array_equal(every[10:], every[:2])


def test_order_follows_from_seed_and_epoch() -> None:
    first = np.concatenate(batches(3, 1, 100, 10))
    np.testing.assert_array_equal(first, np.concatenate(batches(3, 1, 100, 10)))
    assert not np.array_equal(first, np.concatenate(batches(3, 2, 100, 10)))
    assert not np.array_equal(first, np.concatenate(batches(4, 1, 100, 10)))


def test_processes_share_a_batch() -> None:
    batch = np.array([7, 3, 9, 1])
    parts = [share(batch, World(rank=rank, size=2)) for rank in (0, 1)]
    assert parts == [[(0, 7), (1, 3)], [(2, 9), (3, 1)]]


def test_grouped_batches_do_not_mix_groups() -> None:
    groups = np.array([0, 1, 1, 0, 1, 1, 0, 1, 1])
    found = grouped_batches(5, 0, groups, 4)
    assert len(found) == 3
    assert all(len(set(groups[batch].tolist())) == 1 for batch in found)
    assert set(np.concatenate(found).tolist()) == set(range(9))


def test_draws_of_a_sample_are_its_own() -> None:
    assert draws(1, 2, 3).random() == draws(1, 2, 3).random()
    assert len({draws(1, 2, place).random() for place in range(50)}) == 50


def test_labels_are_dealt_among_themselves() -> None:
    labels = np.repeat([1, 2, 3], 50)
    found = dealt(9, labels)
    assert sorted(found.tolist()) == labels.tolist()
    assert (found == labels).mean() < 0.6
