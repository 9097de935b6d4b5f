"""From up to tens of millions of values to what a plot can show: counts and quantiles of bins, nothing left out.

Quantiles are LoadGen's percentiles: a value of the record, without interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levelfield.loadgen.ports import FloatArray, IntArray
from levelfield.stats.percentile import percentile_index

__all__ = ["Bands", "Histogram", "Rates", "Tail", "bands_of", "histogram_of", "quantile", "rates_of", "tail_of"]

MOST_BINS = 100
VALUES_PER_BAND = 200
"""With fewer the 99th percentile of a stretch would be its maximum."""
VALUES_PER_RATE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many values lie between edges that are evenly spaced on a logarithmic axis."""

    edges_ns: FloatArray
    """(bins + 1,)."""
    counts: IntArray
    """(bins,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The latency that a share of queries stays within, evenly spaced in nines; the last is the maximum."""

    fractions: FloatArray
    """(points,)."""
    latencies_ns: IntArray
    """(points,)."""
    most_nines: float
    """log10 of the number of values: how far the record can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Quantiles of the values of each stretch of time; stretches without a value are left out."""

    times_ns: FloatArray
    """(stretches,) their middles."""
    counts: IntArray
    p10_ns: IntArray
    p50_ns: IntArray
    p90_ns: IntArray
    p99_ns: IntArray
    max_ns: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Events per second in each stretch of time."""

    width_ns: float
    times_ns: FloatArray
    """(stretches,) their middles."""
    per_s: FloatArray
    """(stretches,)."""


def quantile(ascending: IntArray, fraction: float) -> int:
    """The value at LoadGen's index of an ascending, non-empty array."""
    return int(ascending[percentile_index(len(ascending), fraction)])


def histogram_of(ascending: IntArray) -> Histogram:
    """Counts of an ascending, non-empty array of nanoseconds; values below 1 ns count as 1 ns."""
    low, high = max(1.0, float(ascending[0])), max(1.0, float(ascending[-1]))
    if high / low < 1.02:
        low, high = low / 1.05, high * 1.05
    bins = int(np.clip(2 * len(ascending) ** (1 / 3), 8, 80))
    edges = np.geomspace(low, high, bins + 1)
    below = np.searchsorted(ascending, edges[1:-1], side="left")
    counts = np.diff(below, prepend=0, append=len(ascending))
    return Histogram(edges_ns=edges, counts=counts.astype(np.int64))


def tail_of(ascending: IntArray, points: int = 120) -> Tail:
    """The upper quantiles of an ascending, non-empty array."""
    count = len(ascending)
    nines = np.linspace(0, np.log10(count), points) if count > 1 else np.zeros(1)
    positions = np.unique(np.minimum((count * (1 - 10**-nines)).astype(np.int64), count - 1))
    return Tail(fractions=positions / count, latencies_ns=ascending[positions], most_nines=float(nines[-1]))


def bands_of(times_ns: IntArray, values_ns: IntArray, *, per_band: int = VALUES_PER_BAND) -> Bands:
    """Quantiles over time.

    Args:
        times_ns: (values,) int64, ascending.
        values_ns: (values,) int64.
        per_band: How many values a stretch holds on average, unless that would make too many stretches.
    """
    bins = max(1, min(MOST_BINS, len(values_ns) // per_band))
    end = float(times_ns[-1]) + 1 if len(times_ns) else 1.0
    edges = np.linspace(0, end, bins + 1)
    bounds = np.searchsorted(times_ns, edges[1:-1], side="left")
    rows, times = [], []
    for number, part in enumerate(np.split(values_ns, bounds)):
        if len(part):
            ascending = np.sort(part)
            rows.append([len(part), *(quantile(ascending, p) for p in (0.1, 0.5, 0.9, 0.99)), int(ascending[-1])])
            times.append((edges[number] + edges[number + 1]) / 2)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    counts, p10, p50, p90, p99, highest = columns
    return Bands(
        times_ns=np.array(times), counts=counts, p10_ns=p10, p50_ns=p50, p90_ns=p90, p99_ns=p99, max_ns=highest
    )


def rates_of(times_ns: IntArray, *, end_ns: int, most: int = MOST_BINS) -> Rates:
    """Events per second from 0 until ``end_ns``.

    Args:
        times_ns: (events,) int64, in any order; those after the end count into the last stretch.
        end_ns: The end of the last stretch.
        most: How many stretches at most; fewer where there are few events.
    """
    bins = max(1, min(most, len(times_ns) // VALUES_PER_RATE))
    width = max(1, end_ns) / bins
    places = np.minimum((times_ns / width).astype(np.int64), bins - 1)
    counts = np.bincount(places, minlength=bins) if len(times_ns) else np.zeros(bins)
    return Rates(width_ns=width, times_ns=(np.arange(bins, dtype=np.float64) + 0.5) * width, per_s=counts / width * 1e9)
