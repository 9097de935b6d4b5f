"""Reading what ``levelfield training run`` left: its ``run.json``, parsed once, and the logs that belong to it.

``submission`` does not import the suites, so the record here holds what packaging needs of a run and no more. Both
sides keep to the schema; a test packages real runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.files import sha256_of
from levelfield.rules.table import Table
from levelfield.submission.package.record import inside, open_record, said, texts_of
from levelfield.terms import Edition

__all__ = ["RECORD", "TrainedRun", "TrainingFolder", "read_training_folder"]

RECORD = "run.json"
SCHEMA = "levelfield.training-run/1"
UNFINISHED = "unfinished"
_AGAIN = "Nothing can be packaged from it; train again, or bring back the folder as the run left it."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """One run: its log, and what only the record says of it."""

    path: Path
    """Of its log."""
    sha256: str
    """Of the log when it was closed."""
    seed_given: bool
    """Whether the user chose the seed."""
    resumed: bool
    """Whether it went on from a kept state, for development."""
    status: str
    """As the record has it: ``success``, ``aborted``, ``interrupted``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFolder:
    """The runs of one command."""

    folder: Path
    sha256: str
    """Of its ``run.json``."""
    round: str
    """``training-v1.1``."""
    benchmark: str
    edition: Edition
    targets: tuple[str, ...]
    """For people: ``ROC AUC ≥ 0.8025``."""
    system: str
    """The name of its folders."""
    device: str
    processes: int
    number_format: str
    machine: tuple[tuple[str, str], ...]
    """The system description that was found, by published field name; what is not known is left out."""
    software: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    asked: int
    """How many runs the command was to make."""
    shuffled_labels: bool
    own_code: str
    """``package.module:OBJECT`` where the benchmark is code of the submitter's own; else empty."""
    data: str
    """The folder of the dataset, as the user gave it; empty for a mini."""
    start: str
    """Weights to start from; empty where there were none."""
    runs: tuple[TrainedRun, ...]


def read_training_folder(folder: Path) -> TrainingFolder:
    """Read the runs of a folder.

    Raises:
        InputError: It is damaged, or logs of it are missing or no longer those that were written; all are listed.
        OSError: A file of it is there and cannot be read.
    """
    path = folder / RECORD
    table = open_record(path, SCHEMA, hint=_AGAIN)
    found = _folder(table, folder, sha256_of(path))
    told = [*table.problems.found, *(problem for run in found.runs for problem in _problems_of(run))]
    if not found.runs:
        told.append("runs: found none, expected one or more.")
    if told:
        raise InputError(f"{path} and the logs that belong to it are not whole.", problems=told, hint=_AGAIN)
    return found


def _folder(top: Table, folder: Path, sha256: str) -> TrainingFolder:
    header = top.table("header")
    request = header.table("request")
    benchmark = request.text("benchmark")
    return TrainingFolder(
        folder=folder,
        sha256=sha256,
        round=header.text("round"),
        benchmark=header.text("benchmark"),
        edition=header.choice("edition", Edition),
        targets=header.texts("targets"),
        system=_name(header, "system"),
        device=header.text("device"),
        processes=header.integer("processes", at_least=1),
        number_format=header.text("number_format"),
        machine=texts_of(header.table("machine")),
        software=texts_of(header.table("software")),
        command=_words(header, "command"),
        asked=request.integer("runs", at_least=1),
        shuffled_labels=request.flag("shuffled_labels"),
        own_code=benchmark if ":" in benchmark else "",
        data=said(request, "data"),
        start=said(request, "start"),
        runs=tuple(_run(run, folder) for run in top.array("runs")),
    )


def _run(table: Table, folder: Path) -> TrainedRun:
    return TrainedRun(
        path=inside(table, "log", folder),
        sha256=table.text("log_sha256", ""),
        seed_given=table.flag("seed_given"),
        resumed=table.values.get("resumed_after") is not None,
        status=table.text("status"),
    )


def _problems_of(run: TrainedRun) -> Iterable[str]:
    """A log that is missing, or is no longer what the run wrote."""
    if run.status == UNFINISHED:
        yield f"{run.path}: the run is unfinished: it was killed, or it is still running."
    elif not run.path.is_file():
        yield f"{run.path}: missing."
    elif not run.sha256:
        yield f"{run.path}: its hash was never recorded, so nothing tells whether the log is whole."
    elif (found := sha256_of(run.path)) != run.sha256:
        yield f"{run.path}: found SHA-256 {found[:16]}..., the run wrote {run.sha256[:16]}...: changed since."


def _name(table: Table, key: str) -> str:
    """A text that becomes part of a path."""
    text = table.text(key)
    if not text.strip() or not text.isprintable() or not {"/", "\\"}.isdisjoint(text) or text.startswith("."):
        table.wrong(key, "a name for a folder: not empty, no dot first, no slash")
    return text


def _words(table: Table, key: str) -> tuple[str, ...]:
    """A command: words may repeat."""
    words = table.values.get(key)
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        table.wrong(key, "the words of the command")
        return ()
    return tuple(str(word) for word in words)
