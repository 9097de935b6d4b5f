"""Loaded samples of equal shape as the rows of one contiguous array, so that a batch is one gather."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import RunError
from levelfield.workloads.task import IndexArray

__all__ = ["SampleRows"]

_ABSENT = np.iinfo(np.int64).max
"""Never a valid row, so that the gather itself refuses a sample that is not loaded, at no cost."""


class SampleRows:
    """The part of a dataset that is in memory.

    Args:
        total: Items in the dataset.
        read: Indices, distinct and ascending, to an array whose row i is the prepared item of index i.
    """

    def __init__(self, total: int, read: Callable[[IndexArray], NDArray[Any]]) -> None:
        self._total = total
        self._read = read
        self._row_of = np.full(total, _ABSENT, np.int64)
        self._loaded = np.empty(0, np.int64)
        self._rows: NDArray[Any] | None = None

    def load(self, indices: IndexArray) -> None:
        """Read the items that are not in memory yet; an index may occur twice.

        Raises:
            RunError: An index outside the dataset.
        """
        wanted = np.setdiff1d(indices, self._loaded)
        if wanted.size == 0:
            return
        if wanted[0] < 0 or wanted[-1] >= self._total:
            raise RunError(
                f"The load generator asked for samples {wanted[0]}..{wanted[-1]}; the dataset has 0..{self._total - 1}."
            )
        fresh = self._read(wanted)
        rows = fresh if self._rows is None else np.concatenate([self._rows, fresh])
        self._hold(np.concatenate([self._loaded, wanted]), rows)

    def unload(self, indices: IndexArray) -> None:
        """Let items go; those that are not loaded are no error."""
        if self._rows is None:
            return
        kept = ~np.isin(self._loaded, indices)
        self._hold(self._loaded[kept], self._rows[kept] if kept.any() else None)

    def batch(self, indices: IndexArray) -> NDArray[Any]:
        """The rows of loaded samples, in the order asked for, contiguous; to be read only, since one is not copied.

        Raises:
            RunError: A sample is not loaded.
        """
        if self._rows is None:
            raise RunError("A sample was asked for before any was loaded.")
        try:
            if len(indices) == 1:
                row = self._row_of.item(indices.item())
                if row != _ABSENT:
                    return self._rows[row : row + 1]
            return self._rows.take(self._row_of.take(indices), axis=0)
        except IndexError as error:
            absent = np.setdiff1d(indices, self._loaded)[:10]
            raise RunError(f"Samples that are not loaded were asked for: {', '.join(map(str, absent))}.") from error

    def _hold(self, loaded: IndexArray, rows: NDArray[Any] | None) -> None:
        self._row_of[self._loaded] = _ABSENT
        self._row_of[loaded] = np.arange(len(loaded))
        self._loaded, self._rows = loaded, rows
