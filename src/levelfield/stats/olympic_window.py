"""More runs than the rules ask for: which of them are the submission.

A submitter may plan M runs instead of N, and runs them all. They are ordered by an objective key, the launch. Each N
that follow each other are a window with its own olympic score; the submission is the window with the median score. A
window with too many failed runs is the slowest; where it is the median, there is no score.

Source: mlcommons/training_policies, ``training_rules.adoc``, "Benchmark Results" at 8c7f5e70. For an even number of
windows the text names no median. The lower one is the default here, and since it favours the submitter, both are told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from levelfield.stats.olympic import olympic

__all__ = ["Median", "OlympicWindow", "WindowChoice", "choose_window"]


class Median(StrEnum):
    """Which of two middle windows is the median."""

    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True, slots=True, kw_only=True)
class OlympicWindow:
    """N runs that follow each other."""

    first: int
    """The index of its first run in the order of launch, from 0."""
    score: float | None
    """``None`` where too many of its runs failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChoice:
    """The windows of all runs, and the one that is the submission."""

    windows: tuple[OlympicWindow, ...]
    """In the order of launch."""
    lower: OlympicWindow
    upper: OlympicWindow
    """The same as :attr:`lower` for an odd number of windows."""
    median: Median

    @property
    def chosen(self) -> OlympicWindow:
        """The submission."""
        return self.lower if self.median is Median.LOWER else self.upper

    @property
    def is_ambiguous(self) -> bool:
        """Whether the rules leave open which window it is, and it matters."""
        return self.lower.score != self.upper.score


def choose_window(
    times: Sequence[float | None], *, runs: int, dropped: int, median: Median = Median.LOWER
) -> WindowChoice:
    """The window that is the submission.

    Args:
        times: Of each run in the order of launch; ``None`` for one that does not count.
        runs: N, which a submission has.
        dropped: How many are dropped at each end of it.
        median: Which of two middle windows.

    Raises:
        ValueError: There are fewer runs than N.
    """
    if len(times) < runs:
        raise ValueError(f"times: found {len(times)} runs, expected {runs} or more.")
    windows = tuple(
        OlympicWindow(first=first, score=_score(times[first : first + runs], dropped=dropped))
        for first in range(len(times) - runs + 1)
    )
    # Of equal scores the earlier window; one without a score is slower than all others.
    ascending = sorted(windows, key=lambda one: (math.inf if one.score is None else one.score, one.first))
    return WindowChoice(
        windows=windows,
        lower=ascending[(len(windows) - 1) // 2],
        upper=ascending[len(windows) // 2],
        median=median,
    )


def _score(times: Sequence[float | None], *, dropped: int) -> float | None:
    good = [time for time in times if time is not None]
    found = olympic(good, failed=len(times) - len(good), dropped=dropped)
    return None if found is None else found.score
