"""Power of a result: what the analyzer read while the load ran, and the figure that the round publishes for it.

Rule: mlcommons/inference, ``tools/submission/submission-checker.py``, ``check_power_dir`` at v2.0. Samples count whose
time lies strictly between LoadGen's ``power_begin`` and ``power_end``; the mean of all of them is the power, also where
one is negative. The newest checker (b66003e) leaves out what is not positive, so both means are given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.spl_log import SplLog, read_spl
from levelfield.frozen import frozen
from levelfield.rules.model import RuleSet
from levelfield.units import NS_PER_S

__all__ = ["MeasuredPower", "PowerMetric", "measured_power", "power_in_window", "power_metric"]

WATTS = "Watts"
"""The unit of scenarios whose figure is the mean itself; of the others it is energy per query."""


@frozen
class MeasuredPower:
    """What the samples between two moments say."""

    begin_ns: int
    """Since the epoch: LoadGen's ``power_begin``."""
    end_ns: int
    sample_count: int
    """Strictly inside."""
    mean_watts: float | None
    """Of all samples inside, as round v2.0 takes it: one ``nan`` makes it ``nan``. ``None`` without samples."""
    positive_mean_watts: float | None
    """Of the positive ones, as the newest checker takes it."""
    trapezoid_joules: float | None
    """Energy between begin and end from the finite samples joined by straight lines: a cross-check that takes uneven
    sampling into account. ``None`` without a finite sample."""
    largest_gap_ns: int
    """The longest time without a sample inside, begin and end counted as samples."""
    largest_gap_at_ns: int
    """Where it starts, since the epoch."""
    non_positive_count: int
    """Finite samples inside that are zero or negative."""
    non_finite_count: int
    """Samples inside that are no number: the analyzer changed its range, or was overdriven."""
    backward_count: int
    """Samples of the whole log that are not later than the one before."""
    damaged_count: int
    """Lines of the whole log that are no samples."""

    @property
    def duration_s(self) -> float:
        """From begin to end."""
        return (self.end_ns - self.begin_ns) / NS_PER_S

    @property
    def joules(self) -> float | None:
        """Mean power times duration, from which energy per query is made."""
        return None if self.mean_watts is None else self.mean_watts * self.duration_s

    @property
    def trapezoid_fraction(self) -> float | None:
        """By how much the cross-check differs from mean power times duration, as a share of the latter."""
        joules = self.joules
        if self.trapezoid_joules is None or not joules:
            return None
        return self.trapezoid_joules / joules - 1


@frozen
class PowerMetric:
    """The figure of a result."""

    value: float
    unit: str
    """As the round's summary spells it: ``Watts``, or ``Joules`` for the energy of a query."""
    per_query: bool
    """Whether it is energy per query; then one of MultiStream has eight samples."""
    factor: int
    """What an inferred result was multiplied with; 1 for others."""


def measured_power(spl: bytes, *, begin_ns: int, end_ns: int) -> MeasuredPower:
    """What the samples of a log say about the time between two moments.

    Args:
        spl: The bytes of ``run_1/spl.txt``; lines that cannot be read are counted and left out.
        begin_ns: LoadGen's ``power_begin``, since the epoch (``formats.power_time.parse_power_time``).
        end_ns: LoadGen's ``power_end``.
    """
    return power_in_window(read_spl(spl), begin_ns, end_ns)


def power_in_window(log: SplLog, begin_ns: int, end_ns: int) -> MeasuredPower:
    """:func:`measured_power` of a log that was read already."""
    inside = (log.times_ns > begin_ns) & (log.times_ns < end_ns)
    watts, times_ns = log.watts[inside], log.times_ns[inside]
    finite = np.isfinite(watts)
    gap_at_ns, gap_ns = _largest_gap(times_ns, begin_ns, end_ns)
    return MeasuredPower(
        begin_ns=begin_ns,
        end_ns=end_ns,
        sample_count=len(watts),
        mean_watts=_mean(watts),
        positive_mean_watts=_mean(watts[watts > 0]),
        trapezoid_joules=_trapezoid_joules(times_ns[finite], watts[finite], begin_ns, end_ns),
        largest_gap_ns=gap_ns,
        largest_gap_at_ns=gap_at_ns,
        non_positive_count=int(np.count_nonzero(watts[finite] <= 0)),
        non_finite_count=int(np.count_nonzero(~finite)),
        backward_count=int(np.count_nonzero(np.diff(log.times_ns) <= 0)),
        damaged_count=log.damaged_count,
    )


def power_metric(
    measured: MeasuredPower, *, rules: RuleSet, folder_scenario: str, log_scenario: str, query_count: int | None
) -> PowerMetric | None:
    """The figure that the round publishes for a result.

    Args:
        measured: Of the performance run.
        rules: The round.
        folder_scenario: The scenario that is claimed (``Offline``, in any case); it decides over unit and formula.
        log_scenario: The scenario that ran (``effective_scenario`` of the detail log).
        query_count: ``result_query_count`` of the detail log; needed where the figure is energy per query.

    Returns:
        ``None`` where there is no sample inside, or no query to divide by.

    Raises:
        UsageError: The round has no scenario of that name.
    """
    claimed = rules.benchmarks[0].rule(folder_scenario)  # the unit is the scenario's, the same for every benchmark
    unit = claimed.result.power_unit
    mean_watts = measured.mean_watts
    if mean_watts is None:
        return None
    if unit == WATTS:
        return PowerMetric(value=mean_watts, unit=unit, per_query=False, factor=1)
    if not query_count or query_count < 0:
        return None
    factor = next(
        (one.power_factor for one in rules.inferred if (one.source, one.target) == (log_scenario, claimed.scenario)), 1
    )
    value = mean_watts * measured.duration_s * factor / query_count  # in the order of the official checker
    return PowerMetric(value=value, unit=unit, per_query=True, factor=factor)


def _mean(watts: NDArray[np.float64]) -> float | None:
    """The sum from left to right, as the official checker adds, so that the last digit is the same."""
    if not len(watts):
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.add.accumulate(watts)[-1]) / len(watts)


def _largest_gap(times_ns: NDArray[np.int64], begin_ns: int, end_ns: int) -> tuple[int, int]:
    """Where the longest time without a sample starts, and its length, in ns."""
    edges = np.concatenate(([begin_ns], np.sort(times_ns), [max(begin_ns, end_ns)]))
    gaps = np.diff(edges)
    longest = int(np.argmax(gaps))
    return int(edges[longest]), int(gaps[longest])


def _trapezoid_joules(
    times_ns: NDArray[np.int64], watts: NDArray[np.float64], begin_ns: int, end_ns: int
) -> float | None:
    """Energy in J; before the first and after the last sample the power is taken as theirs."""
    if not len(watts) or end_ns <= begin_ns:
        return None
    order = np.argsort(times_ns, kind="stable")
    seconds = np.concatenate(([0.0], (times_ns[order] - begin_ns) / NS_PER_S, [(end_ns - begin_ns) / NS_PER_S]))
    levels = np.concatenate((watts[order][:1], watts[order], watts[order][-1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(np.diff(seconds) * (levels[1:] + levels[:-1]) / 2))
