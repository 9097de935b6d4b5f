"""Percentiles and means of latencies as LoadGen defines them, for hundreds of millions of values.

A percentile is the value at index ``trunc(n * p)`` of the ascending values: no interpolation. Source:
mlcommons/inference, ``loadgen/results.cc``, ``ProcessLatencies``, at v2.0 (there in ``loadgen.cc``) and b66003e1.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NEVER_NS",
    "PERCENTILES",
    "SortedLatencies",
    "integer_mean",
    "percentile_index",
    "sort_latencies",
]

PERCENTILES = (0.50, 0.90, 0.95, 0.97, 0.99, 0.999)
"""The percentiles that every log reports."""

NEVER_NS = (1 << 63) - 1
"""The latency of what never completed: slower than anything that did, so that it can only make a result worse."""

SUM_BLOCK = 1 << 16
"""Values summed at a time: 2**16 halves below 2**32 stay far below 2**63, and the copies stay at 512 KiB."""

IntArray: TypeAlias = NDArray[np.int64]


def percentile_index(count: int, fraction: float) -> int:
    """The index of a percentile among ``count`` ascending values: ``trunc(count * fraction)`` in double precision.

    Raises:
        ValueError: There are no values, or the fraction is not in 0 <= fraction < 1.
    """
    if count < 1:
        raise ValueError(f"count: found {count}, expected 1 or more values.")
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction: found {fraction!r}, expected 0 <= fraction < 1.")
    # The product can round up to count when the fraction is within half a unit of 1.
    return min(int(count * fraction), count - 1)


class SortedLatencies:
    """Latencies in ascending order, what never completed last; one copy of each value, as wide as it came."""

    __slots__ = ("_values", "count", "never_count")

    def __init__(self, ascending: NDArray[np.unsignedinteger], never_count: int) -> None:
        self._values = ascending
        self.count = len(ascending)
        self.never_count = never_count
        """How many never completed."""

    def __getitem__(self, index: int) -> int:
        """The latency at an index, ns; :data:`NEVER_NS` for what never completed."""
        if not 0 <= index < self.count:
            raise IndexError(f"index: found {index}, expected 0 to {self.count - 1}.")
        return NEVER_NS if index >= self.count - self.never_count else int(self._values[index])

    def percentile(self, fraction: float) -> int:
        """The latency at a percentile, ns."""
        return self[percentile_index(self.count, fraction)]

    def count_above(self, limit_ns: int) -> int:
        """How many are strictly slower than a limit; what never completed is."""
        # Beyond half of the unsigned range lies only what never completed.
        limit = min(max(limit_ns, 0), int(np.iinfo(self._values.dtype).max) >> 1)
        return self.count - int(np.searchsorted(self._values, self._values.dtype.type(limit), side="right"))

    def mean(self) -> int:
        """The mean, rounded down, ns; :data:`NEVER_NS` if one never completed."""
        return NEVER_NS if self.never_count else integer_mean(self._values.view(np.dtype(f"i{self._values.itemsize}")))


def sort_latencies(latencies_ns: IntArray) -> SortedLatencies:
    """Sort a copy of latencies.

    Args:
        latencies_ns: (n,) signed integers of any width; negative = never completed.
    """
    # Seen as unsigned numbers, the negative values are the greatest, so one sort in place puts them last.
    copied = np.array(latencies_ns)
    values: NDArray[np.unsignedinteger] = copied.view(np.dtype(f"u{copied.itemsize}"))
    values.sort()
    never_from = min(int(np.iinfo(values.dtype).max >> 1) + 1, NEVER_NS)
    completed = int(np.searchsorted(values, values.dtype.type(never_from), side="left"))
    return SortedLatencies(values, len(values) - completed)


def integer_mean(values: IntArray) -> int:
    """The exact sum divided by the count, rounded down.

    The reference sums in 64 bits and overflows from about 2**63 ns of accumulated latency: results-2.0 publishes a mean
    of 40.4 s where the median is 325.5 s. Here each value is split into halves that are summed apart.

    Args:
        values: (n,) signed integers, n >= 1.
    """
    total = 0
    for start in range(0, len(values), SUM_BLOCK):
        block = np.asarray(values[start : start + SUM_BLOCK], np.int64)
        total += (int((block >> 32).sum()) << 32) + int((block & 0xFFFF_FFFF).sum())
    return total // len(values)
