"""Packaging: runs in, a submission tree out, written whole or not at all.

Below the output folder::

    {closed,open}/<org>/...     the tree of the round
    TODO.md                     what only the submitter can write
    PACKAGE.json                every file of the tree with its SHA-256, and the runs that it was made from
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError, UsageError
from levelfield.formats.loadgen_log import read_detail_log
from levelfield.rules.layout import PlaceName
from levelfield.rules.load import load as load_rules
from levelfield.rules.model import RuleSet
from levelfield.submission.package.audit_folder import AuditFolder, AuditKey, audits_below
from levelfield.submission.package.entry import DescribedSystem, Entry, PackagedResult, inferred_results
from levelfield.submission.package.refusal import reasons_against
from levelfield.submission.package.rehearsal import REHEARSAL_FILE, rehearsal_text
from levelfield.submission.package.request import PackageRequest
from levelfield.submission.package.run_folder import MeasuredRun, RunFolder, read_run_folder
from levelfield.submission.package.system import described, read_system_statements, two_under_one_name
from levelfield.submission.package.todo import ToDo, to_do, to_do_text
from levelfield.submission.package.tree import TreePlan, files_of
from levelfield.submission.package.writing import Origin, PlannedFile, text_file, write_package
from levelfield.terms import Suite

__all__ = ["Package", "package"]

PLACES = (
    PlaceName.SYSTEM,
    PlaceName.CODE,
    PlaceName.MEASUREMENTS,
    PlaceName.PERFORMANCE,
    PlaceName.RANGING,
    PlaceName.POWER,
    PlaceName.ACCURACY,
    PlaceName.AUDIT,
    PlaceName.AUDIT_PERFORMANCE,
    PlaceName.AUDIT_ACCURACY,
)
"""Without these a tree is of another shape than the one that is written here (from round v6.0 on)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A tree that was written."""

    out: Path
    root: Path
    """The submitter's folder in it."""
    results: tuple[PackagedResult, ...]
    files: int
    to_do: tuple[ToDo, ...]
    reasons: tuple[str, ...]
    """Of a rehearsal: why it would be refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    folders: tuple[RunFolder, ...]
    audits: dict[AuditKey, AuditFolder]

    @property
    def runs(self) -> tuple[MeasuredRun, ...]:
        return tuple(run for folder in self.folders for run in folder.runs)


def package(request: PackageRequest) -> Package:
    """Package runs.

    Raises:
        UsageError: The request cannot be, or the runs are no results of the round; every reason is listed.
        InputError: A folder is damaged, incomplete, or of another round; nothing was written.
        OutputError: The output folder is not empty, or cannot be written.
    """
    rules = load_rules(request.round)
    problems = request.problems(rules)
    problems += [f"{rules.name} has no place for {name} in its layout." for name in PLACES if rules.place(name) is None]
    if problems:
        raise UsageError("This cannot be packaged.", problems=problems)
    inputs = _read(request.folders)
    _require_one_round(inputs, rules)
    plan = _plan(request, rules, inputs)
    reasons = reasons_against(plan.results, plan.audits, rules, request.division)
    request.require_results(rules, reasons)
    items = to_do(plan.systems, plan.results, rules, {"division": plan.division, "submitter": plan.organisation})
    extra = [(f"{plan.root}/{REHEARSAL_FILE}", rehearsal_text(rules.name, reasons))] if request.rehearsal else []
    extra.append(("TODO.md", to_do_text(items, round_name=rules.name)))
    files = [*files_of(plan), *(text_file(path, text) for path, text in extra)]
    _require_sources(files, rules)
    origin = Origin(
        round=rules.name,
        rules_sha256=rules.sha256,
        rehearsal=plan.rehearsal,
        records=tuple((run.folder, run.sha256) for run in inputs.folders),
    )
    count = write_package(request.out, files, origin)
    return Package(
        out=request.out,
        root=request.out / plan.root,
        results=plan.results,
        files=count,
        to_do=items,
        reasons=reasons if request.rehearsal else (),
    )


def _read(folders: Iterable[Path]) -> _Inputs:
    """Every folder, with all that is wrong in any of them."""
    runs: list[RunFolder] = []
    audits: dict[AuditKey, AuditFolder] = {}
    problems: list[str] = []
    for folder in folders:
        try:
            run, found = read_run_folder(folder), audits_below(folder)
        except InputError as error:
            problems += [error.message, *error.problems]
            continue
        except OSError as error:
            problems.append(f"{error.filename or folder} cannot be read: {error.strerror or error}.")
            continue
        if run is None and not found:
            problems.append(f"{folder}: holds no result.json of a run, and no compliance/ with audits.")
        if run is not None:
            runs.append(run)
            problems += _problems_of_folder(run)
        for audit in found:
            if audit.key in audits:
                problems.append(f"{audit.folder}: the same audit is in {audits[audit.key].folder}.")
            audits[audit.key] = audit
    inputs = _Inputs(folders=tuple(runs), audits=audits)
    problems += _problems_among(inputs.runs)
    if not problems and not inputs.runs:
        problems.append("No folder holds a run, only audits.")
    if problems:
        raise InputError(
            "The folders cannot be packaged.",
            problems=dict.fromkeys(problems),
            hint="Give folders that levelfield inference run or audit wrote, as they were left.",
        )
    return inputs


def _problems_of_folder(run: RunFolder) -> Iterable[str]:
    if run.interrupted:
        yield f"{run.folder}: the run was interrupted; run it again."
    for failure in run.failures:
        yield f"{run.folder}: the run broke: {failure.splitlines()[0]}"
    if not run.runs:
        yield f"{run.folder}: its result.json holds no result."


def _problems_among(runs: tuple[MeasuredRun, ...]) -> Iterable[str]:
    """Two runs of the same thing, and one system that is described in two ways."""
    seen: dict[tuple[str, str, str], MeasuredRun] = {}
    systems: dict[str, MeasuredRun] = {}
    for run in runs:
        key = (run.system, run.benchmark, run.scenario)
        if key in seen:
            yield f"{run.name}: measured in {seen[key].folder} too; give one of them."
        seen.setdefault(key, run)
        first = systems.setdefault(run.system, run)
        for name, value in dict(run.description).items():
            other = dict(first.description).get(name)
            if value != other:
                yield two_under_one_name(run.system, name, (value, run.folder), (other, first.folder))


def _require_one_round(inputs: _Inputs, rules: RuleSet) -> None:
    """Refuse runs under other rules, and benchmarks and scenarios that the round lacks."""
    problems = [
        f"{run.name}: run under {run.rules}, not {rules.name}." for run in inputs.runs if run.rules != rules.name
    ]
    known = {(rule.benchmark, rule.scenario) for benchmark in rules for rule in benchmark.rules}
    problems += [
        f"{run.name}: {rules.name} has no such benchmark and scenario."
        for run in inputs.runs
        if run.rules == rules.name and (run.benchmark, run.scenario) not in known
    ]
    measured = {(run.system, run.benchmark, run.scenario) for run in inputs.runs}
    problems += [
        f"{audit.folder}: an audit of {key.system}/{key.benchmark}/{key.scenario}, of which no run was given."
        for key, audit in inputs.audits.items()
        if (key.system, key.benchmark, key.scenario) not in measured
    ]
    if problems:
        raise InputError(
            f"The folders are not all of {rules.name}.", problems=problems, hint="Name the round: --round."
        )


def _plan(request: PackageRequest, rules: RuleSet, inputs: _Inputs) -> TreePlan:
    names = dict.fromkeys(run.system for run in inputs.runs)
    statements: dict[str, str] = {}
    request.require_one_system(names)
    if request.system_json is not None:
        statements = read_system_statements(
            request.system_json, rules, organisation=request.organisation, division=request.division
        )
    systems: dict[str, DescribedSystem] = {}
    for name in names:
        runs = [run for run in inputs.runs if run.system == name]
        systems[name] = described(
            runs[0],
            statements,
            organisation=request.organisation,
            division=request.division,
            rehearsed=_suites_tried(runs, rules) if request.rehearsal else None,
        )
    results = tuple(
        PackagedResult(
            entry=Entry(run=run, log=read_detail_log(run.file("detail")), rule=rules.rule(run.benchmark, run.scenario)),
            system=systems[run.system],
            scenario=run.scenario,
        )
        for run in inputs.runs
    )
    if request.infer:
        results = _with_inferred(results, rules)
    return TreePlan(
        rules=rules,
        division=request.division.value,
        organisation=request.organisation,
        systems=tuple(systems.values()),
        results=results,
        audits=inputs.audits,
        rehearsal=request.rehearsal,
    )


def _suites_tried(runs: Iterable[MeasuredRun], rules: RuleSet) -> frozenset[Suite]:
    """The suites of which the runs have any scenario; what a rehearsal is for, where nobody says it."""
    return frozenset(
        suite
        for run in runs
        for suite, scenarios in rules.benchmark(run.benchmark).suites
        if run.scenario in scenarios.names
    )


def _with_inferred(results: tuple[PackagedResult, ...], rules: RuleSet) -> tuple[PackagedResult, ...]:
    found = inferred_results(results, rules)
    if found:
        return (*results, *found)
    edge = any(Suite.EDGE in result.system.suites for result in results)
    raise UsageError(
        "--infer finds nothing to infer.",
        problems=[
            "every scenario that the system needs was measured, or none was measured that it could be inferred from."
            if edge
            else "only edge systems may infer, and no system is said to be one (system_type in --system-json)."
        ],
        hint="Leave --infer out.",
    )


def _require_sources(files: Iterable[PlannedFile], rules: RuleSet) -> None:
    """Refuse to go on without a file that the round's layout has, as of an incomplete power session."""
    missing = [file.content for file in files if isinstance(file.content, Path) and not file.content.is_file()]
    if missing:
        raise InputError(
            f"Files that a tree of {rules.name} must hold are missing.",
            problems=[str(path) for path in missing],
            hint="Bring them back, or run again what should have left them.",
        )
