"""What a check says of one folder, as a record: the score, the runs that make it, and its convergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from levelfield.stats.olympic_window import OlympicWindow
from levelfield.stats.rcp import Convergence
from levelfield.submission.training.subjects import FolderSubject
from levelfield.terms import Edition

__all__ = ["FailedRun", "FolderScore", "score_of", "with_interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run that does not count."""

    path: str
    line: int
    """Of the log; 0 for the whole file."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderScore:
    """One system on one benchmark."""

    path: str
    organisation: str
    system: str
    """Its folder."""
    system_name: str
    """As its description says."""
    division: str
    benchmark: str
    edition: Edition
    """``mini`` for runs of our own small editions, which are never results of a round."""
    runs: int
    """Logs in the folder."""
    runs_required: int
    run_minutes: tuple[float, ...]
    """Of the runs that count, by number of the log."""
    failed: tuple[FailedRun, ...]
    score: float | None
    """Minutes; of the median window where there are more runs than required."""
    official_score: float | None
    """As the official summary has it: of all runs, however many there are."""
    low: float | None = None
    """Of the bootstrap interval of 95 %."""
    high: float | None = None
    """Infinite where so few runs cannot bound it."""
    variation: float | None
    """Of the runs that count: standard deviation over mean, ours."""
    batch_size: float | None
    unit: str
    """Of the figures of convergence."""
    figures: tuple[float | None, ...]
    """What each run needed, by number of the log."""
    figure_source: str
    """Where the figures stand in the logs: ``epoch_num``, ``train_samples``."""
    points: str
    """The set of reference points."""
    convergence: Convergence
    windows: tuple[OlympicWindow, ...] = ()
    """In the order of launch; empty unless there are more runs than required."""
    ambiguous: bool = False
    """Whether two windows with different scores are in the middle."""


def score_of(subject: FolderSubject) -> FolderScore | None:
    """The record of a folder; ``None`` where it is no benchmark of the round."""
    if subject.benchmark is None or subject.tested is None:
        return None
    window, tested = subject.window, subject.tested
    minutes = tuple(log.minutes for log in subject.good if log.minutes is not None)
    name = subject.description.fields.text("system_name")
    return FolderScore(
        path=subject.path,
        organisation=subject.place.organisation,
        system=subject.place.system,
        system_name=name or subject.place.system,
        division=subject.division,
        benchmark=subject.benchmark.name,
        edition=subject.edition,
        runs=len(subject.logs),
        runs_required=subject.benchmark.runs,
        run_minutes=minutes,
        failed=tuple(
            FailedRun(path=log.path, line=log.failure_line, reason=log.failure or "no time from run_start to run_stop")
            for log in subject.failed
        ),
        score=subject.score,
        official_score=None if subject.olympic is None else subject.olympic.score,
        variation=_variation(minutes),
        batch_size=tested.batch_sizes[-1] if len(tested.batch_sizes) == 1 else None,
        unit=tested.unit,
        figures=tuple(one.figure.value for one in tested.figures),
        figure_source=" and ".join(tested.sources),
        points=tested.points,
        convergence=tested.convergence,
        windows=() if window is None else window.windows,
        ambiguous=window is not None and window.is_ambiguous,
    )


def _variation(minutes: Sequence[float]) -> float | None:
    if len(minutes) < 2:
        return None
    mean = sum(minutes) / len(minutes)
    return sqrt(sum((one - mean) ** 2 for one in minutes) / (len(minutes) - 1)) / mean


def with_interval(score: FolderScore, *, dropped: int) -> FolderScore:
    """The record with the interval of its score, where it has one and no more runs than required."""
    if score.score is None or score.windows:
        return score
    import numpy as np  # noqa: PLC0415 - a check that writes no score needs none

    from levelfield.stats.bootstrap import olympic_interval  # noqa: PLC0415

    found = olympic_interval(np.asarray(score.run_minutes), failed=len(score.failed), dropped=dropped)
    return score if found is None else replace(score, low=found[0], high=found[1])
