"""One log of a training run, judged: whether it complies, what is wrong with it, and what a score needs of it.

Everything that checks and scores a training round starts from :class:`JudgedLog`; a log is read once.
"""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.submission.finding import Finding

__all__ = ["Evaluation", "JudgedLog", "ProgressFigures", "Seed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One ``seed`` line."""

    value: int | None
    """``None`` where it is no whole number, or the line does not say where it was written."""
    shown: str
    """The value as the log has it, shortened."""
    place: str
    """``file:lineno`` of the program that drew it, as its metadata say; empty where they do not."""
    line: int
    """Of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One ``eval_accuracy`` line."""

    progress: float | None
    """``epoch_num`` of its metadata: epochs, for some BERT logs samples; ``None`` where it is no number."""
    quality: tuple[float, ...] | None
    """In the order of the benchmark's targets; ``None`` where the value is something else than these numbers."""
    reached: bool
    """Whether it meets every target of the round, whatever the division."""
    time_ms: float
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressFigures:
    """What a log offers as the figure of convergence; which one counts is for the convergence test to say."""

    epoch_num: float | None
    """Of the last evaluation before ``run_stop``, unrounded; ``None`` where there is none, or it is no number."""
    train_samples: float | None
    """The value of the last line whose key is ``train_samples``; a list of one element counts as its element."""
    train_samples_as_text: float | None
    """The value of the last line before ``run_stop`` that contains the text ``train_samples`` anywhere: the reading of
    the official option ``--rcp_bert_train_samples``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLog:
    """What one log says, and what is to be said about it."""

    path: str
    """In the source."""
    sha256: str
    bytes_read: int
    benchmark: str
    """As the log says; empty where it does not."""
    division: str
    """As the log says, else what the caller knows of it."""
    compliant: bool
    """The verdict of the round's official checker."""
    findings: tuple[Finding, ...]
    """By line and code. ``ERROR`` is what makes the log not compliant (or its time unusable); whether the folder
    tolerates a run that fails is for the folder's check to say."""
    failure: str
    """Why the run does not count, in one line; empty where it does."""
    failure_line: int
    """Where that shows; 0 for the whole file."""
    minutes: float | None
    """From the first ``run_start`` to the first ``run_stop``, also of runs that do not count; ``None`` where that is no
    positive finite time."""
    status: str
    """Of the first ``run_stop``: ``success``, ``aborted``; empty where it says none."""
    stops_unsuccessful: int
    """``run_stop`` lines with another status than ``success``: what the official convergence test counts."""
    launched_ms: float | None
    """The first ``init_start``: what orders the runs of a submission."""
    init_minutes: float | None
    """From the first ``init_start`` to the first ``init_stop``."""
    batch_size: float | None
    """The value of the last line with ``global_batch_size``, where it is a number."""
    evaluations: tuple[Evaluation, ...]
    figures: ProgressFigures
    seeds: tuple[Seed, ...]

    @property
    def counts(self) -> bool:
        """Whether its time goes into the score."""
        return not self.failure

    @property
    def quality(self) -> tuple[float, ...] | None:
        """At the last evaluation, in the order of the benchmark's targets."""
        return self.evaluations[-1].quality if self.evaluations else None

    @property
    def reached(self) -> bool:
        """Whether any evaluation meets every target of the round."""
        return any(evaluation.reached for evaluation in self.evaluations)
