"""One log of a training run, judged: whether it complies, what is wrong with it, and what a score needs of it.

Everything that checks and scores a training round starts from :class:`JudgedLog`; a log is read once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.formats.mllog import MINI_PLATFORM, TOKEN, Event, Json
from levelfield.rules.round import Target
from levelfield.rules.training import TrainingRules
from levelfield.rules.training_log import ProgressUnit
from levelfield.submission.check import look
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.training.compliance import LOG_CHECKS
from levelfield.submission.training.compliance.record import SEED, LogRecord, Quality, read_record, shown
from levelfield.submission.training.compliance.seeds import SEED_CHECKS, RunSeeds, Seed, SeedSubject
from levelfield.terms import Edition

__all__ = ["Evaluation", "JudgedLog", "ProgressFigures", "Seed", "judge_log", "judge_seeds"]

_TOKEN = TOKEN.encode()


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
    the official option ``--rcp_bert_train_samples``. ``None`` for benchmarks that count in something else."""


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
    platform: str
    """``submission_platform``, which in the log of a mini edition says so; empty where the log does not say it."""
    compliant: bool
    """The verdict of the round's official checker."""
    findings: tuple[Finding, ...]
    """By line and code. ``ERROR`` is what makes the log not compliant (or its time unusable); whether the folder
    tolerates a run that fails is for the folder's check to say."""
    skipped: tuple[Skipped, ...]
    """Checks that could not look."""
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
    readable: bool
    """Whether every line with the token is an event."""

    @property
    def edition(self) -> Edition:
        """Whether it is of a mini edition of ours, by what it says of its platform."""
        return Edition.MINI if self.platform.startswith(MINI_PLATFORM) else Edition.FULL

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


def judge_log(path: str, data: bytes, *, rules: TrainingRules, benchmark_folder: str, division: str) -> JudgedLog:
    """Read a log once and judge it. No bytes make this raise.

    Args:
        path: Where it lies in the source; findings count for its folder.
        data: Its bytes.
        rules: Of the round.
        benchmark_folder: The name of the benchmark's folder; asked only where the log does not say.
        division: What the system's description says, in small letters; likewise.
    """
    record = read_record(path, data, rules=rules, folder=rules.map_folder(benchmark_folder), division=division)
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    compliant = True
    for check in LOG_CHECKS:
        told, passed_over = look(check, record, result=path.rpartition("/")[0], closed=record.is_closed)
        findings += told
        skipped += passed_over
        compliant &= not (check.text.official and any(one.severity is Severity.ERROR for one in told))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    start, stop, launched = record.first("run_start"), record.first("run_stop"), record.first("init_start")
    initialised = record.first("init_stop")
    status = stop.metadata.get("status") if stop is not None else None
    return JudgedLog(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes_read=len(data),
        benchmark=_stated(record, "submission_benchmark"),
        division=record.division,
        platform=_stated(record, "submission_platform"),
        compliant=compliant,
        findings=tuple(sorted(findings, key=lambda finding: (finding.line, finding.code))),
        skipped=tuple(skipped),
        failure=_failure(errors),
        failure_line=errors[0].line if errors else 0,
        minutes=_minutes(start, stop, positive=True),
        status=status if isinstance(status, str) else "",
        stops_unsuccessful=sum(event.metadata.get("status") != "success" for event in record.all("run_stop")),
        launched_ms=launched.time_ms if launched is not None and math.isfinite(launched.time_ms) else None,
        init_minutes=_minutes(launched, initialised, positive=False),
        batch_size=_last_number(record, "global_batch_size"),
        evaluations=_evaluations(record),
        figures=_figures(record, data),
        seeds=tuple(_seed(event) for event in record.all(SEED)),
        readable=not (record.log.damaged or record.log.incomplete or record.log.cut),
    )


def judge_seeds(path: str, logs: Iterable[JudgedLog], *, mentions: Iterable[str] = ()) -> tuple[Finding, ...]:
    """What is wrong with the seeds of the runs of one closed folder; open ones are not asked.

    Args:
        path: The folder, which findings count for.
        logs: Of all its runs.
        mentions: Source files of the benchmark that say "seed" (:func:`.compliance.seeds.says_seed`).
    """
    runs = (RunSeeds(path=log.path, seeds=log.seeds, readable=log.readable) for log in logs)
    subject = SeedSubject(
        path=path, runs=tuple(sorted(runs, key=lambda run: run.path)), mentions=tuple(sorted(mentions))
    )
    return tuple(finding for check in SEED_CHECKS for finding in look(check, subject, result=path, closed=True)[0])


def _failure(errors: list[Finding]) -> str:
    if not errors:
        return ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0].found}, expected {errors[0].expected}{more}"


def _stated(record: LogRecord, key: str) -> str:
    event = record.first(key)
    return event.value if event is not None and isinstance(event.value, str) else ""


def _minutes(start: Event | None, stop: Event | None, *, positive: bool) -> float | None:
    """Divided in the order of the official summariser, so that scores are equal to the last bit."""
    if start is None or stop is None:
        return None
    minutes = (stop.time_ms - start.time_ms) / 60 / 1000
    return minutes if math.isfinite(minutes) and (minutes > 0 or not positive) else None


def _number(value: object) -> float | None:
    """A finite number; that of a list which holds one alone; ``None`` for anything else."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _last_number(record: LogRecord, key: str) -> float | None:
    events = record.all(key)
    return _number(events[-1].value) if events else None


def _evaluations(record: LogRecord) -> tuple[Evaluation, ...]:
    targets = record.benchmark.targets if record.benchmark is not None else ()
    return tuple(
        Evaluation(
            progress=_number(event.metadata.get("epoch_num")),
            quality=_numbers(event.value, targets),
            reached=bool(targets) and Quality.of(event.value, targets).reached,
            time_ms=event.time_ms,
            line=event.line,
        )
        for event in record.all("eval_accuracy")
    )


def _numbers(value: Json, targets: tuple[Target, ...]) -> tuple[float, ...] | None:
    """The numbers of an evaluation; where a benchmark has several targets, they stand in an object by their keys."""
    if len(targets) > 1:
        found = [_number(value.get(target.key)) for target in targets] if isinstance(value, dict) else []
    else:
        found = [None if isinstance(value, list) else _number(value)]
    numbers = [number for number in found if number is not None]
    return tuple(numbers) if targets and len(numbers) == len(targets) else None


def _figures(record: LogRecord, data: bytes) -> ProgressFigures:
    stop = record.first("run_stop")
    in_samples = record.benchmark is not None and record.benchmark.log.cadence.unit is ProgressUnit.SAMPLES
    evaluations = [event for event in record.all("eval_accuracy") if stop is None or event.position < stop.position]
    return ProgressFigures(
        epoch_num=_number(evaluations[-1].metadata.get("epoch_num")) if evaluations else None,
        train_samples=_last_number(record, "train_samples"),
        train_samples_as_text=_last_with_text(data, b"train_samples") if in_samples else None,
    )


def _last_with_text(data: bytes, text: bytes) -> float | None:
    """The value of the last event up to the first ``run_stop`` whose line holds a text. Looks at each line once."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    limit = len(data)
    at = data.find(b"run_stop")
    while at >= 0:
        mark, end = _event_in_line(data, at)
        if data.find(b"run_stop", mark, end) >= 0:
            limit = end
            break
        at = data.find(b"run_stop", end)
    at = data.rfind(text, 0, limit)
    while at >= 0:
        mark, end = _event_in_line(data, at)
        if data.find(text, mark, end) >= 0:
            try:
                found = json.loads(data[mark:end].decode("latin-1"))
            except (ValueError, RecursionError):
                return None
            return _number(found.get("value")) if isinstance(found, dict) else None
        at = data.rfind(text, 0, data.rfind(b"\n", 0, at) + 1)
    return None


def _event_in_line(data: bytes, at: int) -> tuple[int, int]:
    """Where the event in the line of a byte begins, after the last token, and where it ends; empty without a token."""
    end = data.find(b"\n", at)
    end = len(data) if end < 0 else end
    mark = data.rfind(_TOKEN, data.rfind(b"\n", 0, at) + 1, end)
    return (end if mark < 0 else mark + len(_TOKEN)), end


def _seed(event: Event) -> Seed:
    file, lineno = event.metadata.get("file"), event.metadata.get("lineno")
    placed = "file" in event.metadata and "lineno" in event.metadata
    try:
        value = int(event.value) if placed else None  # type: ignore[arg-type] # as the official checker converts
    except (TypeError, ValueError, OverflowError):
        value = None
    return Seed(
        value=value, shown=shown(event.value), place=f"{shown(file)}:{shown(lineno)}" if placed else "", line=event.line
    )
