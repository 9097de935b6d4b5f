"""How long a batch takes, learnt from those that were run: what dynamic batching plans with."""

from __future__ import annotations

__all__ = ["ServiceTimes"]

WEIGHT = 1 / 8
"""Of the newest call in the mean and the deviation."""
DEVIATIONS = 2
"""How many mean deviations above the mean a batch is expected to take at most."""


class ServiceTimes:
    """Running means by size of batch, in steps of powers of two; mean and deviation as TCP smooths round trips."""

    def __init__(self) -> None:
        self._mean_ns: dict[int, float] = {}
        self._deviation_ns: dict[int, float] = {}

    def note(self, samples: int, took_ns: int) -> None:
        """A batch of so many samples took so long."""
        step = (samples - 1).bit_length()
        mean = self._mean_ns.get(step)
        if mean is None:
            self._mean_ns[step], self._deviation_ns[step] = float(took_ns), 0.0
            return
        off = took_ns - mean
        self._mean_ns[step] = mean + off * WEIGHT
        self._deviation_ns[step] += (abs(off) - self._deviation_ns[step]) * WEIGHT

    def expected_ns(self, samples: int) -> float:
        """How long a batch of so many samples will take, rather too long than too short; 0 while nothing is known.

        A size that was never run is taken for the next larger one that was, or in proportion to the largest.
        """
        if not self._mean_ns:
            return 0.0
        step = (samples - 1).bit_length()
        known = min((other for other in self._mean_ns if other >= step), default=None)
        if known is not None:
            return self._mean_ns[known] + DEVIATIONS * self._deviation_ns[known]
        largest = max(self._mean_ns)
        scale = float(1 << (step - largest))
        return scale * (self._mean_ns[largest] + DEVIATIONS * self._deviation_ns[largest])
