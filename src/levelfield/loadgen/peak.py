"""Finding the highest Server rate: widen until a rate fails, then bisect (``loadgen.cc``, FindPeakPerformance)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from levelfield.loadgen.settings import EffectiveSettings, Server

if TYPE_CHECKING:
    from levelfield.loadgen.run import PhaseOutcome

__all__ = ["search_peak"]

Attempt = Callable[[EffectiveSettings], "PhaseOutcome | None"]
MOST_DOUBLINGS = 64


def search_peak(
    base: EffectiveSettings,
    attempt: Attempt,
    passes: Callable[[PhaseOutcome], bool],
    message: Callable[[str], None],
    error: Callable[[str], None],
) -> PhaseOutcome | None:
    """The last passing run, at the highest rate found to the asked precision.

    Args:
        base: Settings whose rate is the lower bound; it must pass.
        attempt: Runs one phase; ``None`` when the run broke or was interrupted.
        passes: Whether a run meets what is asked.
        message: Takes a line for the log.
        error: Takes an error for the log.

    Returns:
        The best passing run; the run at the lower bound, with an error, if that one does not pass; ``None`` if the
        run broke.
    """
    load = base.requested.load
    assert isinstance(load, Server)
    message(f"FindPeakPerformance: Check validity of the base settings field: target_qps: {base.target_qps:g}")
    low = attempt(base)
    if low is None:
        return None
    if not passes(low):
        # LoadGen's sentence, and then what it was.
        error(
            "FindPeakPerformance: Initial lower bound does not satisfy performance constraints. "
            f"target_qps {base.target_qps:g}: {low.outcome.summary}"
        )
        return low
    low_qps, high_qps = base.target_qps, base.target_qps
    for _ in range(MOST_DOUBLINGS):
        high_qps = low_qps * (1 + load.find_peak_qps_boundary_step_size)
        message(f"FindBoundaries: Checking fields [target_qps: {low_qps:g}, target_qps: {high_qps:g})")
        run = attempt(_at(base, high_qps))
        if run is None:
            return None
        if not passes(run):
            break
        low, low_qps = run, high_qps
    message(f"FindPeakPerformance: Found boundaries: [target_qps: {low_qps:g}, target_qps: {high_qps:g})")
    scale = 10**load.find_peak_qps_decimals_of_precision
    while math.floor(low_qps * scale) + 1 < math.floor(high_qps * scale):
        middle = low_qps + (high_qps - low_qps) / 2
        message(f"FindPeakPerformanceBinarySearch: Checking fields [target_qps: {low_qps:g}, target_qps: {middle:g})")
        run = attempt(_at(base, middle))
        if run is None:
            return None
        if passes(run):
            low, low_qps = run, middle
        else:
            high_qps = middle
    message(f"FindPeakPerformance: Found peak performance field: target_qps: {low_qps:g}")
    return low


def _at(base: EffectiveSettings, qps: float) -> EffectiveSettings:
    """The same settings at another rate; what was requested stays as it was, as in LoadGen."""
    return replace(base, target_qps=qps)
