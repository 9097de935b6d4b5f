"""What several runs of one benchmark come to: the olympic mean, and how sure it is.

A submission has exactly N runs; the fastest and the slowest are dropped, a run that failed counts as slowest. Of more
runs a window of N that follow each other is the submission, chosen by its median score (training_rules.adoc,
"Benchmark Results").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from levelfield.rules.training import TrainingBenchmark
from levelfield.stats.olympic import olympic
from levelfield.training.result import RunResult, Score

__all__ = ["score_of"]


def score_of(runs: Sequence[RunResult], benchmark: TrainingBenchmark) -> Score:
    """The score of runs in the order in which they were started; resumed ones are left out."""
    times = [run.minutes if run.succeeded else None for run in runs if run.is_scored]
    needed = benchmark.runs
    known = Score(minutes=None, runs=len(times), needed=needed, failed=times.count(None))
    if len(times) < needed:
        return replace(known, explanation=f"{len(times)} of the {needed} runs of a submission")
    if len(times) > needed:
        return _of_window(known, times, benchmark)
    return _of_exactly(known, times, benchmark)


def _of_window(known: Score, times: Sequence[float | None], benchmark: TrainingBenchmark) -> Score:
    """More runs than a submission has: one window of them, the lower of two middle ones."""
    from levelfield.stats.olympic_window import choose_window  # noqa: PLC0415 - most commands have no use for it

    needed = benchmark.runs
    choice = choose_window(times, runs=needed, dropped=benchmark.dropped)
    first = choice.chosen.first
    said = f"runs {first + 1} to {first + needed} of {len(times)}, the window with the median score"
    if choice.is_ambiguous:
        upper = choice.upper
        other = "no score" if upper.score is None else f"{upper.score:.6g} minutes"
        said += f"; of two middle ones the lower: the upper, from run {upper.first + 1}, has {other}"
    within = _of_exactly(replace(known, failed=0), times[first : first + needed], benchmark)
    return replace(within, failed=known.failed, window_first=first, explanation=within.explanation or said)


def _of_exactly(known: Score, times: Sequence[float | None], benchmark: TrainingBenchmark) -> Score:
    good = [time for time in times if time is not None]
    failed = len(times) - len(good)
    found = olympic(good, failed=failed, dropped=benchmark.dropped)
    if found is None:
        return replace(known, explanation=f"{failed} runs failed, at most {benchmark.dropped} may")
    low, high = _interval(found.kept)
    return replace(known, minutes=found.score, low=low, high=high, kept=found.kept)


def _interval(kept: Sequence[float]) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - a list of commands must not wait for it

    from levelfield.stats.bootstrap import mean_interval  # noqa: PLC0415

    return mean_interval(np.array(kept))
