"""What several runs of one benchmark come to: the olympic mean, and how sure it is.

A submission has exactly N runs; the fastest and the slowest are dropped, a run that failed counts as slowest
(training_rules.adoc, "Benchmark Results").
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
    scored = [run for run in runs if run.is_scored]
    good = [run.minutes for run in scored if run.succeeded and run.minutes is not None]
    failed = len(scored) - len(good)
    needed = benchmark.runs
    known = Score(minutes=None, runs=len(scored), needed=needed, failed=failed)
    if len(scored) != needed:
        return replace(known, explanation=_other_number(len(scored), needed))
    found = olympic(good, failed=failed, dropped=benchmark.dropped)
    if found is None:
        return replace(known, explanation=f"{failed} runs failed, at most {benchmark.dropped} may")
    low, high = _interval(found.kept)
    return replace(known, minutes=found.score, low=low, high=high, kept=found.kept)


def _other_number(runs: int, needed: int) -> str:
    if runs < needed:
        return f"{runs} of the {needed} runs of a submission"
    return f"{runs} runs where a submission has {needed}: a window of them is chosen by its median score"


def _interval(kept: Sequence[float]) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - a list of commands must not wait for it

    from levelfield.stats.bootstrap import mean_interval  # noqa: PLC0415

    return mean_interval(np.array(kept))
