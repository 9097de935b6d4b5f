"""One run of training: from its log to its minutes, or to why it does not count.

Source: mlcommons/training_policies, ``training_rules.adoc`` at 8c7f5e70; mlcommons/logging, ``result_summarizer`` and
``compliance_checker/training_1.1.0`` at beaf26d. What the checker asks beyond time, target and a readable log
(occurrence of keys, hyperparameters, reference convergence) belongs to the checks of the suite.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from levelfield.formats.mllog import MAX_EVENTS, Event, Json, MlLog, read_mllog
from levelfield.rules.round import Target
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["KEYS", "Run", "failed_run", "read_run"]

KEYS = frozenset(
    {"submission_benchmark", "submission_division", "init_start", "init_stop", "run_start", "run_stop", "eval_accuracy"}
)
"""All that a score needs of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one log says."""

    path: str
    sha256: str
    benchmark: str
    """As the log says; empty where it does not."""
    division: str
    """As the log says."""
    minutes: float | None
    """``None`` where the run does not count."""
    quality: tuple[float, ...] | None
    """At the last evaluation, in the order of the benchmark's targets."""
    failure: str
    """Why the run does not count; empty where it does."""
    line: int
    """Of the log, where the failure shows; 0 for the whole file."""


def read_run(path: str, data: bytes, *, benchmark: TrainingBenchmark, rules: TrainingRules, division: str) -> Run:
    """Read a log.

    Args:
        path: Where it lies in the source.
        data: Its content.
        benchmark: What its folder says.
        rules: Of the round.
        division: What the system description says; asked only where the log does not.
    """
    log = read_mllog(data, keys=KEYS, prove=True)  # one damaged line, whatever its key, and the run does not count
    division = _said(log, "submission_division") or division
    minutes = _minutes(log)
    failure, line = _failure(log, benchmark, rules, closed=division == "closed")
    return Run(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        benchmark=_said(log, "submission_benchmark"),
        division=division,
        minutes=None if failure else minutes,
        quality=_last_quality(log, benchmark),
        failure=failure,
        line=line,
    )


def failed_run(path: str, failure: str, *, division: str) -> Run:
    """A run whose log cannot be read."""
    return Run(
        path=path, sha256="", benchmark="", division=division, minutes=None, quality=None, failure=failure, line=0
    )


def _said(log: MlLog, key: str) -> str:
    event = log.first(key)
    return event.value if event is not None and isinstance(event.value, str) else ""


def _minutes(log: MlLog) -> float | None:
    """From the first ``run_start`` to the first ``run_stop``, divided in the order of the official tool."""
    start, stop = log.first("run_start"), log.first("run_stop")
    return None if start is None or stop is None else (stop.time_ms - start.time_ms) / 60 / 1000


def _failure(log: MlLog, benchmark: TrainingBenchmark, rules: TrainingRules, *, closed: bool) -> tuple[str, int]:
    """The first reason why a run does not count, and its line."""
    if not log.tokens:
        return "no line of a training log", 0
    if log.damaged:
        first = log.damaged[0]
        others = f" (and {len(log.damaged) - 1} lines more)" if len(log.damaged) > 1 else ""
        return f"a line that is no event: {first.problem}{others}", first.line
    if log.cut:
        return f"more than {MAX_EVENTS:,} events of a score", 0
    missing = [key for key in ("init_start", "init_stop", "run_start", "run_stop") if log.first(key) is None]
    if missing:
        return f"no {', '.join(missing)}", 0
    minutes, stop = _minutes(log), log.first("run_stop")
    assert minutes is not None
    assert stop is not None
    if not (math.isfinite(minutes) and minutes > 0):
        return f"run_stop {minutes:g} minutes after run_start", stop.line
    if too_long := _init_failure(log, rules):
        return too_long
    if closed and not any(_reached(event, benchmark.targets) for event in log.all("eval_accuracy")):
        return _missed(log, benchmark), 0
    return "", 0


def _init_failure(log: MlLog, rules: TrainingRules) -> tuple[str, int] | None:
    start, stop = log.first("init_start"), log.first("init_stop")
    assert start is not None
    assert stop is not None
    took_ms = stop.time_ms - start.time_ms
    if took_ms * NS_PER_MS < rules.init_limit_ns:
        return None
    limit_min = rules.init_limit_ns / NS_PER_S / 60
    return f"initialised for {took_ms / 60_000:.2f} minutes, expected less than {limit_min:g}", stop.line


def _missed(log: MlLog, benchmark: TrainingBenchmark) -> str:
    quality = _last_quality(log, benchmark)
    last = "no evaluation" if quality is None else f"the last is {', '.join(f'{value:.6g}' for value in quality)}"
    return f"no evaluation that reaches {' and '.join(map(str, benchmark.targets))}; {last}"


def _reached(event: Event, targets: tuple[Target, ...]) -> bool:
    values = _quality(event.value, targets)
    return values is not None and all(target.holds(value) for target, value in zip(targets, values, strict=True))


def _last_quality(log: MlLog, benchmark: TrainingBenchmark) -> tuple[float, ...] | None:
    event = log.last("eval_accuracy")
    return None if event is None else _quality(event.value, benchmark.targets)


def _quality(value: Json, targets: tuple[Target, ...]) -> tuple[float, ...] | None:
    """The numbers of an evaluation; where a benchmark has several targets, they stand in an object by their keys."""
    if len(targets) > 1:
        found = [_number(value.get(target.key)) for target in targets] if isinstance(value, dict) else [None]
    else:
        found = [_number(value)]
    numbers = [number for number in found if number is not None]
    return tuple(numbers) if len(numbers) == len(targets) else None


def _number(value: Json) -> float | None:
    """A finite number; ``None`` for anything else, so that no infinity gets into a table."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
