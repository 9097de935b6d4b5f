"""The highest valid Server rate: a search that is bounded, decided by whole runs, and can be taken up again.

A search is nothing but its probes. What to try next follows from them alone (:func:`next_step`), so a search that was
killed goes on from the file that holds them, and the path it took can be printed afterwards.

The way: from a rate to start with, up while probes are valid and down while they are not, until two rates enclose the
peak; then halve the ratio between them until it is within the tolerance. A probe above the peak is given up as soon as
no later query can save it (:mod:`levelfield.loadgen.abandon`). At last a run of the full length at the rate that was
found must be valid; if it is not, the next lower rate is tried.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from levelfield.errors import FormatError, UsageError
from levelfield.files import write_atomically
from levelfield.loadgen.run import TestRun
from levelfield.loadgen.settings import Server
from levelfield.loadgen.verdict import ConditionName
from levelfield.stats.percentile import NEVER_NS, PERCENTILES
from levelfield.units import NS_PER_S

__all__ = [
    "PEAK_SCHEMA",
    "Found",
    "NotFound",
    "Peak",
    "PeakSearch",
    "Probe",
    "Step",
    "Try",
    "check_bounds",
    "next_step",
    "only_late_generator",
    "probe_of",
    "read_peak",
    "search",
]

PEAK_SCHEMA = "levelfield.inference-peak/1"
UP = (1.25, 1.5, 2.0)
"""Factors of the first steps upwards; the last is used again."""
DOWN = (0.8, 0.65, 0.5)
BELOW_CAPACITY = 0.92
"""Of what a system completed in a second while it was overloaded."""
LOWEST_SHARE = 50
"""Below this part of the rate to start with the search is given up: the fault lies elsewhere."""
FULL_RUNS = 2
"""Probes that are kept for runs of the full length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One rate that was tried."""

    rate: float
    """Queries per second that were to arrive."""
    full: bool
    """Whether it was a run of the full length."""
    valid: bool
    abandoned: bool
    """Whether it was given up because nothing could save it."""
    disturbed: bool
    """Whether the system kept its limit and only the load generator was late: that says nothing about the rate."""
    why: str
    """The verdict in a sentence."""
    queries: int
    planned_queries: int
    over_limit: int
    completed_per_s: float
    """What the system completed in a second."""
    latency_percentiles_ns: dict[str, int]
    """By percentile: ``50.00`` …; of what was run before it was given up."""
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakSearch:
    """The bounds of a search."""

    start: float
    """The rate of the first probe."""
    tolerance: float = 0.01
    """The search ends when the lowest failing rate is at most this share above the highest valid one."""
    most_probes: int = 12
    probes_are_full: bool = False
    """Whether probes are as long as the full run: then none is needed after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Run at this rate."""

    rate: float
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The search is over: the highest rate that was valid in a run of the full length."""

    rate: float
    high: float | None
    """The lowest failing rate above it; ``None`` where none was tried."""
    within_tolerance: bool
    """``False`` where the probes were used up before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The search is over without a valid rate."""

    why: str


Step: TypeAlias = Try | Found | NotFound


def next_step(probes: Sequence[Probe], bounds: PeakSearch) -> Step:
    """What follows from the probes so far; pure, so that a search can be taken up again anywhere."""
    once = bool(probes) and probes[-1].disturbed and not any(probe.disturbed for probe in probes[-2:-1])
    if once and len(probes) < bounds.most_probes:
        return Try(rate=probes[-1].rate, full=probes[-1].full)
    left = 0 if probes and probes[-1].disturbed else bounds.most_probes - len(probes)
    told = [probe for probe in probes if not probe.disturbed]
    low = max((probe.rate for probe in told if probe.valid), default=None)
    high = min((probe.rate for probe in told if not probe.valid and (low is None or probe.rate > low)), default=None)
    enclosed = low is not None and high is not None and high / low <= 1 + bounds.tolerance
    if bounds.probes_are_full:
        if low is not None and (enclosed or left <= 0):
            return Found(rate=low, high=high, within_tolerance=enclosed)
    elif low is not None and (enclosed or left <= FULL_RUNS or any(probe.full for probe in probes)):
        return _full_run(probes, bounds, low, high, enclosed=enclosed)
    if probes and probes[-1].disturbed:
        return NotFound(
            why=f"at {probes[-1].rate:.4g} queries/s the load generator itself was late, twice: this machine is too "
            "busy to measure. Let nothing else run on it, or give the system fewer --threads or --workers."
        )
    lowest = min((probe.rate for probe in told), default=None)
    if left <= 0 or (low is None and lowest is not None and lowest < bounds.start / LOWEST_SHARE):
        return NotFound(
            why=f"none of {len(told)} rates was valid; the lowest was {lowest or 0:.4g} queries/s. "
            "Start lower with --qps."
        )
    return Try(rate=_next_rate(told, bounds, low, high), full=bounds.probes_are_full)


def _next_rate(probes: Sequence[Probe], bounds: PeakSearch, low: float | None, high: float | None) -> float:
    if low is not None and high is not None:
        return _rounded(math.sqrt(low * high))
    if low is not None:
        return _rounded(low * UP[min(len(probes), len(UP)) - 1])
    if high is not None:
        down = high * DOWN[min(len(probes), len(DOWN)) - 1]
        # A system that was given more than it can do shows what it can do.
        capacity = max(probe.completed_per_s for probe in probes)
        overloaded = capacity < 0.97 * high
        return _rounded(min(BELOW_CAPACITY * capacity, high / 1.05) if overloaded and len(probes) == 1 else down)
    return _rounded(bounds.start)


def _full_run(probes: Sequence[Probe], bounds: PeakSearch, low: float, high: float | None, *, enclosed: bool) -> Step:
    full = [probe for probe in probes if probe.full]
    valid = max((probe.rate for probe in full if probe.valid), default=None)
    if valid is not None:
        failed = min((probe.rate for probe in probes if not probe.valid and probe.rate > valid), default=high)
        within = failed is not None and failed / valid <= 1 + 2 * bounds.tolerance
        return Found(rate=valid, high=failed, within_tolerance=within or enclosed)
    lowest = min((probe.rate for probe in full), default=None)
    if len(probes) >= bounds.most_probes:
        return NotFound(
            why=f"{low:.4g} queries/s is valid in a short run, but no run of the full length was valid; the last was "
            f"at {lowest or low:.4g} queries/s. Give more --probes, or start lower with --qps."
        )
    return Try(rate=low if lowest is None else _rounded(lowest / (1 + bounds.tolerance)), full=True)


def _rounded(rate: float) -> float:
    """Four digits: what a person can type again."""
    return float(f"{rate:.4g}")


def only_late_generator(unmet: Collection[str]) -> bool:
    """Whether, of all conditions of a run, only the load generator's own was not met."""
    return set(unmet) == {ConditionName.LATENESS}


def probe_of(run: TestRun, *, full: bool) -> Probe | None:
    """What a finished Server run says about its rate; ``None`` where it was interrupted."""
    measured = run.performance
    if run.interrupted or measured is None:
        return None
    load = run.effective.requested.load
    assert isinstance(load, Server)
    statistics, measurement = measured.statistics, measured.measurement
    latencies = statistics.headline
    early = measurement.ended_early
    hopeless = early is not None and early.startswith("Ending early: ") and "No later query" in early
    return Probe(
        rate=load.target_qps,
        full=full,
        valid=run.validity.usable,
        abandoned=hopeless,
        disturbed=only_late_generator({c.name for c in measured.outcome.conditions if not c.met}),
        why=early.removeprefix("Ending early: ") if hopeless and early else measured.outcome.summary,
        queries=statistics.query_count,
        planned_queries=measurement.generated_query_count,
        over_limit=latencies.over_limit_count,
        completed_per_s=statistics.samples_per_s or 0.0,
        latency_percentiles_ns={
            f"{fraction * 100:.2f}": value
            for fraction, value in zip(PERCENTILES, latencies.percentiles_ns, strict=True)
            if value < NEVER_NS
        },
        took_s=statistics.active_ns / NS_PER_S,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A search, whole or as far as it got. It is what ``peak.json`` holds."""

    benchmark: str
    limit_ns: int
    """The latency limit."""
    percentile: float
    asked: dict[str, Any]
    """The request, to tell whether a file belongs to this search."""
    bounds: PeakSearch
    probes: tuple[Probe, ...] = ()
    expected: dict[str, float] = field(default_factory=dict)
    """Of the other scenarios: what their user.conf should expect, by ``Scenario.key`` (ms or samples/s)."""
    schema: str = PEAK_SCHEMA

    @property
    def step(self) -> Step:
        """What comes next, or the outcome."""
        return next_step(self.probes, self.bounds)

    def with_probe(self, probe: Probe) -> Peak:
        """The search after one more probe."""
        return replace(self, probes=(*self.probes, probe))

    def write(self, path: Path) -> None:
        """Write it so that a reader sees the old state or the new one.

        Raises:
            OutputError: The file cannot be written.
        """
        step = self.step
        data = {**asdict(self), "found": asdict(step) if isinstance(step, Found) else None}
        write_atomically(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_peak(path: Path) -> Peak:
    """Read what :meth:`Peak.write` wrote.

    Raises:
        FormatError: The file is no such search.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        data.pop("found")
        bounds, probes = PeakSearch(**data["bounds"]), tuple(Probe(**probe) for probe in data["probes"])
        peak = Peak(**{**data, "bounds": bounds, "probes": probes})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(path, "whole file", f"{type(error).__name__}: {error}", "a search for a peak") from error
    if peak.schema != PEAK_SCHEMA:
        raise FormatError(path, "schema", repr(peak.schema), repr(PEAK_SCHEMA))
    return peak


def search(peak: Peak, attempt: Callable[[Try], Probe | None], after: Callable[[Peak, Probe], None]) -> Peak:
    """Go on with a search until it is over or interrupted.

    Args:
        peak: The search so far.
        attempt: Runs at a rate; ``None`` where a person stopped it.
        after: Is called after each probe with the search as it stands, to keep it and to show it.
    """
    while isinstance(step := peak.step, Try):
        probe = attempt(step)
        if probe is None:
            break
        peak = peak.with_probe(probe)
        after(peak, probe)
    return peak


def check_bounds(bounds: PeakSearch) -> None:
    """Refuse bounds that no search can keep.

    Raises:
        UsageError: All of them at once.
    """
    problems = []
    if not 0.001 <= bounds.tolerance <= 0.5:
        problems.append(f"--tolerance: found {bounds.tolerance:g}, expected a share from 0.001 to 0.5.")
    if not 4 <= bounds.most_probes <= 1000:
        problems.append(f"--probes: found {bounds.most_probes}, expected 4 to 1000.")
    if problems:
        raise UsageError("This search cannot be made.", problems=problems)
