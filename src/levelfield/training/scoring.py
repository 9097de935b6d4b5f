"""What several runs of one benchmark come to: the olympic mean, and how sure it is.

A submission has exactly N runs; the fastest and the slowest are dropped, a run that failed counts as slowest
(training_rules.adoc, "Benchmark Results").
"""

from __future__ import annotations

from collections.abc import Sequence

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
    known = {"runs": len(scored), "needed": needed, "failed": failed}
    if len(scored) != needed:
        said = (
            f"{len(scored)} of the {needed} runs of a submission" if len(scored) < needed else _too_many(scored, needed)
        )
        return Score(minutes=None, explanation=said, **known)
    found = olympic(good, failed=failed, dropped=benchmark.dropped)
    if found is None:
        said = f"{failed} runs failed, at most {benchmark.dropped} may"
        return Score(minutes=None, explanation=said, **known)
    low, high = _interval(found.kept)
    return Score(minutes=found.score, low=low, high=high, kept=found.kept, **known)


def _too_many(runs: Sequence[RunResult], needed: int) -> str:
    return f"{len(runs)} runs where a submission has {needed}: a window of them is chosen by its median score"


def _interval(kept: Sequence[float]) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - a list of commands must not wait for it

    from levelfield.stats.bootstrap import mean_interval  # noqa: PLC0415

    return mean_interval(np.array(kept))
