"""Reading what ``levelfield inference run`` left: its ``result.json``, parsed once, and the files that belong to it.

``submission`` does not import the suites, so the record here holds what packaging needs of a result and no more. Both
sides keep to the schema; a test packages a real run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.files import sha256_of
from levelfield.rules.table import Table
from levelfield.submission.package.record import inside, open_record, said, texts_of
from levelfield.terms import Edition, Validity

__all__ = ["MeasuredRun", "RecordedFile", "RunFolder", "Statements", "UnmetCondition", "read_run_folder"]

RESULT_FILE = "result.json"
RUN_SCHEMA = "levelfield.inference-run/1"
RESULT_SCHEMA = "levelfield.inference-result/1"
NEEDED = ("summary", "detail", "accuracy_log", "accuracy")
"""Roles without which there is nothing to hand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFile:
    """A file of a run, as its result names it."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetCondition:
    """A condition of validity that a run did not meet."""

    name: str
    required: str
    measured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What a submission states of an implementation; empty where only the submitter can know."""

    name: str
    input_data_types: str
    weight_data_types: str
    starting_weights_filename: str
    weight_transformations: str
    retraining: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """One benchmark in one scenario, measured."""

    folder: Path
    """Of the whole run."""
    system: str
    """The name of its folders."""
    benchmark: str
    scenario: str
    edition: Edition
    official: bool
    rules: str
    """``inference-v2.0``."""
    rules_sha256: str
    validity: Validity
    summary: str
    """The verdict in one sentence."""
    unmet: tuple[UnmetCondition, ...]
    metric: str
    """``5.455 ms, early-stopping p99 latency per query``."""
    accuracy: str
    """The line of ``accuracy.txt``; empty where accuracy was not run."""
    description: tuple[tuple[str, str], ...]
    """The system description that was found, by published field name."""
    software: tuple[tuple[str, str], ...]
    backend: tuple[tuple[str, str], ...]
    statements: Statements
    files: tuple[tuple[str, RecordedFile], ...]
    """By role."""
    started: str

    @property
    def name(self) -> str:
        """For messages: which run, in which folder."""
        return f"{self.folder}: {self.system}/{self.benchmark}/{self.scenario}"

    @property
    def measurements(self) -> Path:
        """Where its configuration files lie."""
        return self.folder / "measurements" / self.system / self.benchmark / self.scenario

    @property
    def results(self) -> Path:
        """Where its logs lie."""
        return self.folder / "results" / self.system / self.benchmark / self.scenario

    def file(self, role: str) -> Path:
        """The file of a role that every run has.

        Raises:
            KeyError: The role is not among those that reading requires.
        """
        return dict(self.files)[role].path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A folder with runs."""

    folder: Path
    sha256: str
    """Of its ``result.json``."""
    runs: tuple[MeasuredRun, ...]
    interrupted: bool
    failures: tuple[str, ...]


def read_run_folder(folder: Path) -> RunFolder | None:
    """Read a run; ``None`` where the folder holds no ``result.json``.

    Raises:
        InputError: It is damaged, or files of it are missing or no longer those that were measured; all are listed.
        OSError: A file of it is there and cannot be read.
    """
    path = folder / RESULT_FILE
    if not path.exists():
        return None
    table = open_record(path, RUN_SCHEMA, hint=_AGAIN)
    found = RunFolder(
        folder=folder,
        sha256=sha256_of(path),
        runs=tuple(_run(entry, folder) for entry in table.array("results")),
        interrupted=table.flag("interrupted"),
        failures=table.texts("failures"),
    )
    told = [*table.problems.found, *(problem for run in found.runs for problem in _problems_of_files(run))]
    if told:
        raise InputError(f"{path} and what belongs to it is not whole.", problems=told, hint=_AGAIN)
    return found


_AGAIN = "Nothing can be packaged from it; run it again, or bring back the folder as the run left it."


def _run(table: Table, folder: Path) -> MeasuredRun:
    table.known("schema", (RESULT_SCHEMA,), "schema")
    rules, verdict, metric = table.table("rules"), table.table("verdict"), table.table("metric")
    accuracy = table.table("accuracy").text("line") if table.values.get("accuracy") is not None else ""
    value = metric.number("value") if metric.values.get("value") is not None else None
    shown = "no value" if value is None else f"{value:.6g} {metric.text('unit')}"
    return MeasuredRun(
        folder=folder,
        system=_name(table, "system_id"),
        benchmark=_name(table, "benchmark"),
        scenario=_name(table, "scenario"),
        edition=table.choice("edition", Edition),
        official=table.flag("official"),
        rules=rules.text("name"),
        rules_sha256=rules.text("sha256"),
        validity=verdict.choice("validity", Validity),
        summary=verdict.text("summary"),
        unmet=tuple(
            UnmetCondition(
                name=condition.text("name"), required=condition.text("required"), measured=condition.text("measured")
            )
            for condition in verdict.array("conditions")
            if not condition.flag("met")
        ),
        metric=f"{shown}, {metric.text('name')}",
        accuracy=accuracy,
        description=texts_of(table.table("system")),
        software=texts_of(table.table("software")),
        backend=texts_of(table.table("backend")),
        statements=_statements(table),
        files=tuple((role, _file(entry, folder)) for role, entry in table.table("files").tables()),
        started=table.text("started"),
    )


def _statements(table: Table) -> Statements:
    if table.values.get("implementation") is None:
        table.wrong("implementation", "what the run states of its implementation")
        return Statements(
            name="",
            input_data_types="",
            weight_data_types="",
            starting_weights_filename="",
            weight_transformations="",
            retraining="",
            command=(),
        )
    found = table.table("implementation")

    command = found.values.get("command")
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        found.wrong("command", "a list of texts")
        command = []
    return Statements(
        name=_name(found, "name"),
        input_data_types=said(found, "input_data_types"),
        weight_data_types=said(found, "weight_data_types"),
        starting_weights_filename=said(found, "starting_weights_filename"),
        weight_transformations=said(found, "weight_transformations"),
        retraining=said(found, "retraining"),
        command=tuple(str(word) for word in command),
    )


def _name(table: Table, key: str) -> str:
    """A text that becomes part of a path."""
    text = table.text(key)
    if not text or "/" in text or "\\" in text or "\0" in text or text.startswith("."):
        table.wrong(key, "a name for a folder: not empty, no dot first, no slash")
    return text


def _file(table: Table, folder: Path) -> RecordedFile:
    return RecordedFile(path=inside(table, "path", folder), sha256=table.text("sha256"), bytes=table.integer("bytes"))


def _problems_of_files(run: MeasuredRun) -> Iterable[str]:
    """Files that are missing, or are no longer what was measured."""
    roles = dict(run.files)
    if not run.accuracy:
        yield f"{run.scenario}: accuracy was not run, and a submission needs it."
    elif missing := [role for role in NEEDED if role not in roles]:
        yield f"{run.scenario}, files: found none for {', '.join(missing)}, expected all of {', '.join(NEEDED)}."
    for role, file in run.files:
        if not file.path.is_file():
            yield f"{file.path}: missing ({role} of {run.scenario})."
        elif (size := file.path.stat().st_size) != file.bytes:
            yield f"{file.path}: found {size:,} bytes, measured were {file.bytes:,}."
        elif (found := sha256_of(file.path)) != file.sha256:
            yield f"{file.path}: found SHA-256 {found[:16]}..., measured was {file.sha256[:16]}...: changed since."
    for name in ("mlperf.conf", "user.conf"):
        if not (run.measurements / name).is_file():
            yield f"{run.measurements / name}: missing."
    for name in ("mlperf_log_summary.txt", "mlperf_log_detail.txt"):
        if run.accuracy and not (run.results / "accuracy" / name).is_file():
            yield f"{run.results / 'accuracy' / name}: missing."
