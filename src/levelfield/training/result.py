"""Runs as they are recorded, and the file that holds them: ``run.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError
from levelfield.training.events import Status
from levelfield.training.meter import Point
from levelfield.training.port import LogValue

__all__ = ["SCHEMA", "Header", "Report", "RunResult", "Score", "read_report", "runs_of"]

SCHEMA = "levelfield.training-run/1"
"""History: 1 (0.1.0) the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the runs of one command share."""

    round: str
    benchmark: str
    edition: str
    title: str
    """What the round calls the task."""
    targets: tuple[str, ...]
    """For people: ``top-1 accuracy ≥ 0.98``."""
    system: str
    division: str
    device: str
    """As torch names it, with what the driver calls it."""
    processes: int
    number_format: str
    request: Mapping[str, Any]
    machine: Mapping[str, str]
    """Fields of the system description."""
    software: Mapping[str, str]
    """Versions by name."""
    command: tuple[str, ...] = ()
    """What makes these runs, word by word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run, as far as it got."""

    number: int
    """As in ``result_<number>.txt``, from 0."""
    log: str
    """Path of the log, relative to the output folder."""
    log_sha256: str = ""
    """Of the log when it was closed; empty before."""
    seed: int
    seed_given: bool
    """Whether the user chose it, which no scored run of the closed division may."""
    resumed_after: int | None = None
    """The step that it went on from; such a run is never scored."""
    status: Status = Status.UNFINISHED
    reason: str = ""
    started: str = ""
    """When, in UTC; empty before ``run_start``."""
    minutes: float | None = None
    """From ``run_start`` to ``run_stop`` by the log's own clock; ``None`` where the run did not end."""
    drift_ms: float = 0.0
    """How much longer that is than by the monotonic clock."""
    init_s: float = 0.0
    init_too_long: bool = False
    """Whether the limit passed, so that the clock started by itself."""
    caches_cleared: bool = False
    step: int = 0
    """Steps that were made, over all processes together."""
    progress: float = 0.0
    batch_size: int | None = None
    parameters: int = 0
    hyperparameters: Mapping[str, LogValue] | None = None
    samples_per_s: float | None = None
    """In training, evaluations left out."""
    training_s: float = 0.0
    evaluation_s: float = 0.0
    utilisation: float | None = None
    """Share of the devices' peak that the model's own arithmetic takes."""
    joules: float | None = None
    """Of the processors of the first host, over the run."""
    quality: tuple[Point, ...] = ()
    losses: tuple[tuple[int, float], ...] = ()
    """By step; long curves are thinned."""

    @property
    def is_scored(self) -> bool:
        """Whether the run may enter a score: it was made in one piece."""
        return self.resumed_after is None

    @property
    def succeeded(self) -> bool:
        """Whether it reached the target, in one piece."""
        return self.is_scored and self.status is Status.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the runs come to together."""

    minutes: float | None
    """The olympic mean; ``None`` where there is none."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval of the mean of the runs that were kept."""
    kept: tuple[float, ...] = ()
    """Minutes, ascending."""
    runs: int = 0
    needed: int = 0
    """How many a submission has, exactly."""
    failed: int = 0
    window_first: int | None = None
    """Where there are more runs than needed: the first of those that are the submission, from 0."""
    explanation: str = ""
    """Why there is no score, or how the runs of a submission were chosen from more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole file."""

    header: Header
    runs: tuple[RunResult, ...] = ()
    score: Score | None = None

    def with_run(self, run: RunResult) -> Report:
        """With a run in the place of what was known of it, or as the last one."""
        if not any(other.log == run.log for other in self.runs):
            return replace(self, runs=(*self.runs, run))
        return replace(self, runs=tuple(run if other.log == run.log else other for other in self.runs))

    def to_json(self) -> str:
        """The text of the file, one line a run; it is written during runs, and so made without detours."""
        runs = ",\n".join(_line(run) for run in self.runs)
        score = "null" if self.score is None else _line(self.score)
        return f'{{"schema": "{SCHEMA}",\n"header": {_line(self.header)},\n"runs": [\n{runs}\n],\n"score": {score}}}\n'


def _line(record: Header | RunResult | Score | Point) -> str:
    try:
        return json.dumps(record, default=_plain, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a loss that broke a run must not break its record: what is no number stands as a text
        finite = _finite(json.loads(json.dumps(record, default=_plain)))
        return json.dumps(finite, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """A record by its fields, shallow: the encoder asks again for what is in it."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"A record cannot hold {type(value).__name__}.")


def _finite(value: Any) -> Any:
    """NaN and infinities as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value


def read_report(path: Path) -> Mapping[str, Any]:
    """Read a record, for going on with it.

    Raises:
        FormatError: It is missing or is no such record.
    """
    expected = "a record of levelfield training run"
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise FormatError(path, "file", error.strerror or str(error), expected) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "content", str(error)[:80], expected) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormatError(path, "schema", repr(document.get("schema") if isinstance(document, dict) else None), SCHEMA)
    return document


def runs_of(document: Mapping[str, Any], path: Path) -> tuple[RunResult, ...]:
    """The runs of a record that was read.

    Args:
        document: As :func:`read_report` gives it.
        path: Where it was read, for the error.

    Raises:
        FormatError: They are no runs.
    """
    try:
        return tuple(_run(fields) for fields in document["runs"])
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(path, "runs", str(error), "a record of levelfield training run") from error


def _run(fields: Mapping[str, Any]) -> RunResult:
    points = tuple(Point(**point) for point in fields["quality"])
    losses = tuple((int(step), float(loss)) for step, loss in fields["losses"])
    return replace(RunResult(**{**fields, "quality": points, "losses": losses}), status=Status(fields["status"]))
