"""Packaging runs of training: folders in, a submission tree out, written whole or not at all.

Below the output folder::

    <org>/...       the tree of the round (:mod:`levelfield.submission.package.training.tree`)
    TODO.md         what only the submitter can write, or what is left to be trained
    PACKAGE.json    every file of the tree with its SHA-256, and the runs that it was made from
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError, UsageError
from levelfield.rules.load import load_training
from levelfield.rules.training import TrainingRules
from levelfield.submission.package.rehearsal import REHEARSAL_FILE, rehearsal_text
from levelfield.submission.package.request import PackageRequest
from levelfield.submission.package.system import two_under_one_name
from levelfield.submission.package.todo import ToDo, to_do_text
from levelfield.submission.package.training.entry import entries_of
from levelfield.submission.package.training.refusal import never, reasons_against
from levelfield.submission.package.training.run_folder import TrainingFolder, read_training_folder
from levelfield.submission.package.training.system import TrainedSystem, described, read_training_statements
from levelfield.submission.package.training.tree import TrainingPlan, files_of, to_do
from levelfield.submission.package.writing import Origin, text_file, write_package

__all__ = ["TrainingPackage", "package_training"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPackage:
    """A tree that was written."""

    out: Path
    root: Path
    """The submitter's folder in it."""
    plan: TrainingPlan
    files: int
    to_do: tuple[ToDo, ...]
    reasons: tuple[str, ...]
    """Of a rehearsal: why it would be refused."""


def package_training(request: PackageRequest) -> TrainingPackage:
    """Package runs of training.

    Raises:
        UsageError: The request cannot be, or the runs are no results of the round; every reason is listed.
        InputError: A folder is damaged, incomplete, or of another round; nothing was written.
        OutputError: The output folder is not empty, or cannot be written.
    """
    rules = load_training(request.round)
    _require_possible(request, rules)
    folders = _read(request.folders, rules)
    try:
        entries = entries_of(folders, rules, request.division)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror or error}.") from error
    systems = _systems(request, rules, folders)
    reasons = reasons_against(entries, systems, rules, request.division)
    hard = (problem for entry in entries for problem in never(entry, request.division))
    request.require_results(rules, reasons, never=hard)
    plan = TrainingPlan(
        rules=rules,
        organisation=request.organisation,
        entries=entries,
        systems=systems,
        rehearsal=request.rehearsal,
    )
    items = to_do(plan)
    files = [*files_of(plan), text_file("TODO.md", to_do_text(items, round_name=rules.name))]
    if request.rehearsal:
        files.append(text_file(f"{request.organisation}/{REHEARSAL_FILE}", rehearsal_text(rules.name, reasons)))
    origin = Origin(
        round=rules.name,
        rules_sha256=rules.sha256,
        rehearsal=request.rehearsal,
        records=tuple((folder.folder, folder.sha256) for folder in folders),
    )
    return TrainingPackage(
        out=request.out,
        root=request.out / request.organisation,
        plan=plan,
        files=write_package(request.out, files, origin),
        to_do=items,
        reasons=reasons if request.rehearsal else (),
    )


def _require_possible(request: PackageRequest, rules: TrainingRules) -> None:
    problems = request.problems(rules)
    if request.infer:
        problems.append("--infer: runs of training have no scenarios to infer; leave it out.")
    if problems:
        raise UsageError("This cannot be packaged.", problems=problems)


def _read(paths: Iterable[Path], rules: TrainingRules) -> tuple[TrainingFolder, ...]:
    """Every folder, with all that is wrong in any of them."""
    folders: list[TrainingFolder] = []
    problems: list[str] = []
    for path in paths:
        try:
            folders.append(read_training_folder(path))
        except InputError as error:
            problems += [error.message, *error.problems]
        except OSError as error:
            problems.append(f"{error.filename or path} cannot be read: {error.strerror or error}.")
    for folder in folders:
        if folder.round != rules.name:
            problems.append(f"{folder.folder}: trained under {folder.round}, not {rules.name}.")
        elif folder.benchmark not in {one.name for one in rules}:
            problems.append(f"{folder.folder}: {rules.name} has no benchmark {folder.benchmark}.")
    problems += [*_trained_twice(folders), *_described_twice(folders)]
    if problems:
        raise InputError(
            "The folders cannot be packaged.",
            problems=dict.fromkeys(problems),
            hint="Give folders that levelfield training run wrote, as they were left.",
        )
    return tuple(folders)


def _trained_twice(folders: Iterable[TrainingFolder]) -> Iterable[str]:
    """A log that lies in two folders, as after a copy."""
    first: dict[str, Path] = {}
    for run in (run for folder in folders for run in folder.runs):
        if run.sha256 in first:
            yield f"{run.path}: the same log as {first[run.sha256]}; give one of them."
        first.setdefault(run.sha256, run.path)


def _described_twice(folders: Iterable[TrainingFolder]) -> Iterable[str]:
    """One system that is described in two ways."""
    systems: dict[str, TrainingFolder] = {}
    for folder in folders:
        first = systems.setdefault(folder.system, folder)
        found, before = dict(folder.machine), dict(first.machine)
        for name in dict.fromkeys([*before, *found]):
            # What was said on the command line may differ: it is in the logs, whose differences are told.
            if name not in {"division", "submitter", "status"} and found.get(name) != before.get(name):
                described_here, described_first = (found.get(name), folder.folder), (before.get(name), first.folder)
                yield two_under_one_name(folder.system, name, described_here, described_first)


def _systems(
    request: PackageRequest, rules: TrainingRules, folders: tuple[TrainingFolder, ...]
) -> dict[str, TrainedSystem]:
    names = dict.fromkeys(folder.system for folder in folders)
    statements: dict[str, str] = {}
    request.require_one_system(names)
    if request.system_json is not None:
        statements = read_training_statements(
            request.system_json, rules, organisation=request.organisation, division=request.division
        )
    return {
        name: described(
            name,
            next(folder for folder in folders if folder.system == name),
            statements,
            rules,
            organisation=request.organisation,
            division=request.division,
            rehearsal=request.rehearsal,
        )
        for name in names
    }
