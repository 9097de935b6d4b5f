"""The rate that a system can be asked for, from when it completed samples while it was never without work.

A system that pauses, or slows down for a while, may complete as much as another on average, but queues grow meanwhile.
So the average says little about latency. Here a queue is led past the very times that were measured: the system
completes as much as it did then, from moment to moment and over and over, and samples arrive as a Poisson process.
"""

from __future__ import annotations

import numpy as np

from levelfield.stats.randomness import FloatArray, IntArray
from levelfield.units import NS_PER_S

__all__ = ["latencies_at", "sustainable_rate"]

ARRIVALS = 8_192
SEED = 20_22
STEP = 0.85
"""From one rate that is tried to the next."""
TRIED = 14
"""Down to a tenth of the highest: at less than that, a run takes long and says little of the system."""


def latencies_at(per_s: float, finished_ns: IntArray) -> FloatArray:
    """Latencies of arrivals at a rate, each served by itself after the one before.

    Args:
        per_s: Arrivals a second.
        finished_ns: (samples,) ascending: when each was complete, from the start of a time without any rest.

    Returns:
        (ARRIVALS,) ns.
    """
    samples, lasting_ns = len(finished_ns), float(finished_ns[-1])
    at_ns = np.cumsum(np.random.default_rng(SEED).exponential(NS_PER_S / per_s, ARRIVALS))
    times = np.concatenate(([0.0], finished_ns.astype(np.float64)))
    counts = np.arange(samples + 1, dtype=np.float64)
    turns, within = np.divmod(at_ns, lasting_ns)
    # What a system without rest would have done by then; an arrival that finds none before it begins there.
    begun = turns * samples + np.interp(within, times, counts)
    places = np.arange(ARRIVALS)
    done = np.maximum.accumulate(begun - places) + places + 1
    turns, rest = np.divmod(done, samples)
    latencies: FloatArray = turns * lasting_ns + np.interp(rest, counts, times) - at_ns
    return latencies


def sustainable_rate(finished_ns: IntArray, *, limit_ns: float, percentile: float, most_per_s: float) -> float:
    """The highest of the rates that are tried at which a share of the arrivals is answered within a limit.

    Args:
        finished_ns: See :func:`latencies_at`; of fewer than two samples nothing is known.
        limit_ns: The limit.
        percentile: The share, as a fraction.
        most_per_s: The highest rate; the others are lower by the same factor each.

    Returns:
        Arrivals a second; the lowest rate that is tried where none will do.
    """
    if len(finished_ns) < 2 or finished_ns[-1] <= 0:
        return most_per_s
    rates = [most_per_s * STEP**step for step in range(TRIED)]
    for rate in rates:
        if np.quantile(latencies_at(rate, finished_ns), percentile) <= limit_ns:
            return rate
    return rates[-1]
