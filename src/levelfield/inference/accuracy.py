"""Accuracy of a run: computed from its accuracy log, so that anyone can compute it again, and held against the gate."""

from __future__ import annotations

from pathlib import Path

from levelfield.errors import InputError
from levelfield.files import write_atomically
from levelfield.formats.accuracy_log import AccuracyReader
from levelfield.inference.result import Accuracy
from levelfield.rules.model import AccuracyMetric
from levelfield.stats.intervals import wilson_interval
from levelfield.workloads.task import InferenceTask, Score

__all__ = ["gate", "score_log"]


def score_log(log: Path, task: InferenceTask) -> Score:
    """The accuracy of ``mlperf_log_accuracy.json``; writes ``accuracy.txt`` beside it.

    The log is read as a stream: of segmented volumes it has gigabytes.

    Raises:
        InputError: The log cannot be read, or does not cover the dataset.
        OutputError: ``accuracy.txt`` cannot be written.
    """
    try:
        with log.open(encoding="utf-8", errors="backslashreplace") as stream:
            score = task.score((entry.sample_index, entry.data) for entry in AccuracyReader(stream))
    except OSError as error:
        raise InputError(f"{log} cannot be read: {error.strerror or error}.") from error
    write_atomically(log.with_name("accuracy.txt"), score.line + "\n")
    return score


def gate(score: Score, metric: AccuracyMetric, *, reference: float | None) -> Accuracy:
    """Hold a score against the round's gate.

    Args:
        score: What was reached.
        metric: The round's metric, with reference and fraction of the full edition.
        reference: The mini edition's own reference; ``None`` = the round's.

    The comparison is with the unrounded value, as the official checker makes it.
    """
    fraction = metric.fraction if metric.fraction is not None else 1.0
    if reference is None:
        reference = metric.reference if metric.reference is not None else metric.lower
        target = metric.lower
    else:
        target = fraction * reference
    low, high = score.interval if score.interval is not None else (score.value, score.value)
    if score.good is not None:
        low, high = (100 * bound for bound in wilson_interval(score.good, score.total))
    return Accuracy(
        metric=score.metric,
        value=score.value,
        unit=score.unit,
        target=target,
        reference=reference,
        fraction=fraction,
        passed=score.value >= target and (metric.upper is None or score.value <= metric.upper),
        good=score.good,
        total=score.total,
        confidence_low=low,
        confidence_high=high,
        line=score.line,
    )
