"""Check and score a submission tree of a training round: from a source to a report.

Work is cut by result folder, since a folder is judged on its own; what needs the whole source (equal logs, the official
summary) is made afterwards from the records.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from levelfield import __version__
from levelfield.results.model import Result
from levelfield.rules.training import TrainingRules
from levelfield.submission.check import Check, look
from levelfield.submission.crew import Crew
from levelfield.submission.engine import Selection, Tally
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.report import CheckText, OfficialRow
from levelfield.submission.sources.port import Source
from levelfield.submission.training.checks import TRAINING, Registry
from levelfield.submission.training.folder import FolderReader
from levelfield.submission.training.judging import Judging
from levelfield.submission.training.official import (
    OfficialFolder,
    SummaryRow,
    official_folder,
    official_packages,
    summary_columns,
    summary_row,
)
from levelfield.submission.training.report import TrainingReport
from levelfield.submission.training.results import result_of
from levelfield.submission.training.score import FolderScore, score_of, with_interval
from levelfield.submission.training.subjects import (
    NO_DESCRIPTION,
    FolderSubject,
    OrganisationSubject,
    RoundSubject,
    SystemSubject,
    TreeSubject,
    read_descriptions,
    systems_of,
)
from levelfield.submission.training.tree import Organisation, ResultFolder, TrainingTree, training_tree

__all__ = ["check_training"]

Subject = TypeVar("Subject")

BYTES_OF_A_PROCESS = 8 << 20
"""Below this another process costs more time than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """One folder to judge, with what stands around it."""

    organisation: Organisation
    place: ResultFolder
    system: SystemSubject | None
    """``None`` for logs without a system."""


@dataclass(slots=True)
class _Part:
    """What was found in some of the folders."""

    tally: Tally = field(default_factory=Tally)
    scores: list[FolderScore] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    official: list[tuple[str, OfficialFolder]] = field(default_factory=list)
    sha256_by_path: dict[str, str] = field(default_factory=dict)
    bytes_read: int = 0


def check_training(
    source: Source,
    rules: TrainingRules,
    selection: Selection | None = None,
    *,
    judging: Judging | None = None,
    jobs: int = 1,
) -> TrainingReport:
    """Check a tree.

    Args:
        source: The tree: a round, a submitter's folder, or a folder of logs.
        rules: The round.
        selection: Which checks run; by default all.
        judging: How it is judged where there is a choice; by default as the round was in the end.
        jobs: Processes at most.

    Raises:
        InputError: The source cannot be listed.
    """
    selection, judging = selection or Selection(), judging or Judging.of_round(rules)
    registry = TRAINING.only(selection)
    tree = training_tree(source.files())
    descriptions = read_descriptions(source, tree)
    systems = {one.root: systems_of(one, descriptions, rules) for one in tree.organisations}
    units = _units(tree, systems)
    first = os.getpid()

    def work(share: Iterable[int]) -> _Part:  # numbers of units: these hold the rules, which no pipe takes
        own = source if os.getpid() == first else source.reopened()
        reader = FolderReader(source=own, rules=rules, judging=judging)
        return _check_folders((units[number] for number in share), reader, registry)

    whole = _Part()
    with Crew((work,), min(jobs, 1 + sum(unit.place.bytes for unit in units) // BYTES_OF_A_PROCESS)) as crew:
        for part in crew.share(work, range(len(units)), weight=lambda number: units[number].place.bytes):
            _merge(whole, part)
    _run(registry.tree, TreeSubject(source=source, tree=tree), whole.tally)
    for one in tree.organisations:
        _run(registry.organisations, OrganisationSubject(organisation=one, rules=rules), whole.tally)
        for system in systems[one.root]:
            result = system.path if system.has_results else ""
            _run(registry.systems, system, whole.tally, result=result)
    _run(registry.round, RoundSubject(paths_by_sha256=_repeated(whole.sha256_by_path)), whole.tally)
    rows = tuple(row for one in tree.organisations for row in _summary(systems[one.root], whole.scores, rules))
    return _report(whole, source=source, rules=rules, selection=selection, texts=registry.texts, rows=rows)


def _units(tree: TrainingTree, systems: Mapping[str, tuple[SystemSubject, ...]]) -> list[_Unit]:
    units = []
    for one in tree.organisations:
        by_name = {system.name: system for system in systems[one.root] if system.has_results}
        units += [_Unit(organisation=one, place=place, system=by_name.get(place.system)) for place in one.folders]
    return units


def _check_folders(units: Iterable[_Unit], reader: FolderReader, registry: Registry) -> _Part:
    part = _Part()
    codes = {check.code for check in registry.logs}
    for unit in units:
        description = NO_DESCRIPTION if unit.system is None else unit.system.description
        subject = reader.read(unit.place, description, unit.organisation.code)
        part.tally.add(_of_logs(subject, codes))
        part.tally.skipped += [one for log in subject.logs for one in log.skipped if one.code in codes]
        _run(registry.folders, subject, part.tally, result=subject.path, closed=subject.is_closed)
        if subject.is_closed:
            _run(registry.seeds, subject.seeds, part.tally, result=subject.path)
        official = official_folder(subject)
        if official is not None:
            part.official.append((unit.organisation.path, official))
        score, result = score_of(subject), result_of(subject, reader.source)
        part.scores += [score] if score is not None else []
        part.results += [result] if result is not None else []
        part.sha256_by_path |= {log.path: log.sha256 for log in subject.logs if log.sha256}
        part.bytes_read += sum(log.bytes_read for log in subject.logs)
    return part


def _of_logs(subject: FolderSubject, codes: set[str]) -> Iterable[Finding]:
    """What was found in single logs, of the checks that run.

    Where the rules tolerate as many failed runs as there are, what makes them fail asks for nothing.
    """
    tolerated = subject.benchmark is not None and len(subject.failed) <= subject.benchmark.dropped
    failed = {log.path for log in subject.failed}
    for log in subject.logs:
        for finding in log.findings:
            if finding.code in codes:
                lighter = tolerated and log.path in failed and finding.severity is Severity.ERROR
                severity = Severity.WARNING if lighter else finding.severity
                yield replace(finding, subject=subject.path, severity=severity)


def _merge(whole: _Part, part: _Part) -> None:
    whole.tally.merge(part.tally)
    whole.scores += part.scores
    whole.results += part.results
    whole.official += part.official
    whole.sha256_by_path |= part.sha256_by_path
    whole.bytes_read += part.bytes_read


def _repeated(sha256_by_path: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Contents that lie in more than one folder."""
    found: dict[str, list[str]] = {}
    for path, sha256 in sorted(sha256_by_path.items()):
        found.setdefault(sha256, []).append(path)
    return {
        sha256: tuple(paths) for sha256, paths in found.items() if len({path.rpartition("/")[0] for path in paths}) > 1
    }


def _run(
    checks: Iterable[Check[Subject]], subject: Subject, tally: Tally, *, result: str = "", closed: bool = True
) -> None:
    for check in checks:
        findings, skipped = look(check, subject, result=result, closed=closed)
        if findings:
            tally.add(findings)
        tally.skipped += skipped


def _report(
    whole: _Part,
    *,
    source: Source,
    rules: TrainingRules,
    selection: Selection,
    texts: tuple[CheckText, ...],
    rows: tuple[OfficialRow, ...],
) -> TrainingReport:
    scores = sorted(whole.scores, key=lambda score: score.path)
    dropped = {one.name: one.dropped for one in rules}
    counted = sum(score.official_score is not None for score in scores)
    return TrainingReport(
        source=source.name,
        round=rules.name,
        rules_sha256=rules.sha256,
        version=__version__,
        official=selection.official,
        selected=selection.selected,
        ignored=selection.ignored,
        checks=texts,
        findings=whole.tally.findings(),
        findings_left_out=whole.tally.left_out,
        skipped=tuple(sorted(whole.tally.skipped, key=lambda one: (one.subject, one.code, one.reason))),
        results=tuple(
            _with_findings(result, whole.tally)
            for result in sorted(whole.results, key=lambda result: result.provenance.path)
        ),
        official_columns=summary_columns(rules),
        official_rows=rows,
        official_results=counted,
        official_no_results=len(scores) - counted,
        files=len(source.files()),
        bytes_read=whole.bytes_read,
        scores=tuple(with_interval(score, dropped=dropped[score.benchmark]) for score in scores),
        official_folders=tuple(sorted((one for _, one in whole.official), key=lambda one: one.path)),
        official_packages=official_packages(sorted(whole.official, key=lambda pair: pair[1].path)),
    )


def _summary(
    systems: Iterable[SystemSubject], scores: Iterable[FolderScore], rules: TrainingRules
) -> list[OfficialRow]:
    """The rows of one submitter, in the official order."""
    found: list[SummaryRow] = []
    for system in systems:
        own = {
            score.benchmark: score.official_score
            for score in scores
            if score.path.rpartition("/")[0] == system.path and score.official_score is not None
        }
        row = summary_row(system, own, rules) if system.has_results else None
        found += [row] if row is not None else []
    return [one.row for one in sorted(found, key=lambda one: one.order)]


def _with_findings(result: Result, tally: Tally) -> Result:
    """The result with what was found at its folder or above it, void first."""
    codes: dict[str, Severity] = {}
    path = result.provenance.path
    while path:
        for code, severity in tally.by_subject.get(path, {}).items():
            codes[code] = min(codes.get(code, severity), severity, key=lambda one: one.rank)
        path = path.rpartition("/")[0]
    ordered = sorted(codes, key=lambda code: (codes[code].rank, code))
    return replace(result, void=Severity.VOID in codes.values(), findings=tuple(ordered))
