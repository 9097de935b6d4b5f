"""Loaded samples as rows: what is in memory, what a batch holds, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.errors import RunError
from levelfield.workloads.sample_rows import SampleRows


class Reader:
    """Item i is the row (i, 10 i); remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        self.asked.append(indices.tolist())
        return np.stack([indices, 10 * indices], axis=1)


def test_batch_is_in_the_order_asked_for_with_repeats() -> None:
    rows = SampleRows(100, Reader())
    rows.load(np.array([40, 7, 99]))
    assert rows.batch(np.array([99, 7, 7, 40])).tolist() == [[99, 990], [7, 70], [7, 70], [40, 400]]
    assert rows.batch(np.array([7])).flags.c_contiguous


def test_index_that_occurs_twice_is_read_once() -> None:
    reader = Reader()
    SampleRows(10, reader).load(np.array([3, 1, 3, 1, 2]))
    assert reader.asked == [[1, 2, 3]]


def test_second_load_reads_only_what_is_not_there() -> None:
    reader = Reader()
    rows = SampleRows(10, reader)
    rows.load(np.array([1, 2]))
    rows.load(np.array([2, 3]))
    rows.load(np.array([1]))
    assert reader.asked == [[1, 2], [3]]
    assert rows.batch(np.array([3, 1])).tolist() == [[3, 30], [1, 10]]


def test_unload_of_a_part_keeps_the_rest() -> None:
    rows = SampleRows(10, Reader())
    rows.load(np.array([1, 2, 3]))
    rows.unload(np.array([2]))
    assert rows.batch(np.array([3, 1])).tolist() == [[3, 30], [1, 10]]
    with pytest.raises(RunError, match="not loaded were asked for: 2"):
        rows.batch(np.array([1, 2]))


def test_after_unload_nothing_is_held() -> None:
    rows = SampleRows(10, Reader())
    rows.load(np.array([1, 2]))
    rows.unload(np.array([1, 2, 2, 5]))
    rows.unload(np.array([1]))
    with pytest.raises(RunError, match="before any was loaded"):
        rows.batch(np.array([1]))


def test_sample_that_was_never_loaded_is_named() -> None:
    rows = SampleRows(10, Reader())
    rows.load(np.array([0]))
    with pytest.raises(RunError, match="not loaded were asked for: 4, 9"):
        rows.batch(np.array([9, 0, 4]))


@pytest.mark.parametrize("indices", [[0, 10], [-1, 3]])
def test_index_outside_the_dataset_is_refused_at_load(indices: list[int]) -> None:
    with pytest.raises(RunError, match=r"the dataset has 0\.\.9"):
        SampleRows(10, Reader()).load(np.array(indices))
