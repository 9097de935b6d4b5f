"""Check a submission tree of an inference round: from a source to a report.

Work is cut by system, since nothing of one system says anything about another, and by session of measured power; what
needs the whole round (equal logs, draws of the same seeds, mixed variants) is judged afterwards from a few numbers of
each run. What only sessions and draws need, NumPy above all, is loaded by the processes that do them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from itertools import accumulate, takewhile
from typing import TypeAlias, TypeVar

from levelfield import __version__
from levelfield.frozen import frozen
from levelfield.results.model import Result
from levelfield.rules.model import RuleSet
from levelfield.submission.check import CannotLook, Check, look
from levelfield.submission.crew import Crew, Task
from levelfield.submission.engine import Selection, Tally
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks import INFERENCE, Registry, RoundSubject, TreeSubject
from levelfield.submission.inference.checks.draws import DRAW_CHECKS
from levelfield.submission.inference.claims import RunClaim, RunKind, claim_of
from levelfield.submission.inference.official import OfficialOutcome, official_outcome
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.redraw import (
    Draws,
    DrawUnit,
    draw,
    draw_units,
    draws_of,
    load_code_of_draws,
)
from levelfield.submission.inference.results import result_of
from levelfield.submission.inference.subjects import AuditSubject, Reader, ResultSubject, SystemSubject
from levelfield.submission.inference.tree import Layout, SystemPlace, Tree
from levelfield.submission.report import CheckText, Report
from levelfield.submission.sources.port import Source
from levelfield.terms import Division

__all__ = ["check_round"]

Subject = TypeVar("Subject")

EXACT_QUERIES = 800_000
MANY_DRAWS = 5_000_000
"""From which on it is worth loading NumPy in this process too: it takes about as long."""
BYTES_OF_A_PROCESS = 8 << 20
"""Below this another process costs more time than it saves."""
OFFICIAL_BYTES_OF_A_PROCESS = 128 << 20
"""The same where only what the official checker looks at is asked for: so much is read in a third of a second."""
BYTES_WHILE_DRAWING = 28 << 20
"""Of systems: they take about as long as the usual draws of a round."""


@frozen
class _SessionPlace:
    """A measured session."""

    performance: str
    """The folder of the performance run."""
    result: str
    scenario: str
    """That is claimed; empty where the folder is none."""
    bytes: int


@dataclass(slots=True)
class _Part:
    """What was found in some of the systems and sessions."""

    tally: Tally = field(default_factory=Tally)
    official: OfficialOutcome = field(default_factory=OfficialOutcome)
    results: list[Result] = field(default_factory=list)
    claims: list[RunClaim] = field(default_factory=list)
    draws: Draws = field(default_factory=Draws)
    bytes_read: int = 0

    def add(self, parts: Iterable[_Part]) -> None:
        """Take in what other processes found."""
        for part in parts:
            self.tally.merge(part.tally)
            self.official.add(part.official)
            self.results += part.results
            self.claims += part.claims
            self.draws.add(part.draws)
            self.bytes_read += part.bytes_read


_Unit: TypeAlias = SystemPlace | _SessionPlace | DrawUnit


def check_round(
    source: Source,
    rules: RuleSet,
    selection: Selection,
    *,
    jobs: int = 1,
    exact_queries: int = EXACT_QUERIES,
    crew: Crew | None = None,
) -> Report:
    """Check a tree.

    Args:
        source: The tree.
        rules: The round.
        selection: Which checks run.
        jobs: Processes at most.
        exact_queries: Server schedules of up to so many queries are drawn again one by one (about 20 ns each).
        crew: Does it, where one was made before there was anything to do; it is sent home.

    Raises:
        InputError: The source cannot be listed, or holds no submission.
    """
    desk = _Desk(source, rules, selection)
    with Crew(ahead=load_code_of_draws if desk.draws else None) if crew is None else nullcontext(crew) as everybody:
        systems = desk.layout.systems(desk.tree)
        everybody.instruct(desk.tasks, _tasks_of, source, rules, selection)
        each = OFFICIAL_BYTES_OF_A_PROCESS if selection.is_official_only else BYTES_OF_A_PROCESS
        everybody.staff(min(jobs, 1 + sum(place.bytes for place in systems) // each))
        whole = _work_together(everybody, desk, systems, exact_queries)
        texts = [check.text for check in desk.registry.every]
        for found in everybody.share(desk.session_texts, (), lambda _: 0, apart=(None,), joins=False):
            texts += found
        everybody.dismiss()
        tree = TreeSubject(source=source, tree=desk.tree, layout=desk.layout, rules=rules)
        _run(desk.registry.tree, tree, whole.tally, result="", closed=True)
        claims = tuple(sorted(whole.claims, key=lambda claim: claim.path))
        runs = RoundSubject(claims=claims, rules=rules, draws=whole.draws)
        _run(desk.registry.round, runs, whole.tally, result="", closed=True)
        return _report(desk.reader, selection, tuple(texts), whole)


class _Desk:
    """What a process works with: each has its own."""

    def __init__(self, source: Source, rules: RuleSet, selection: Selection) -> None:
        self.selection = selection
        self.registry = INFERENCE.only(selection)
        self.draws = bool(set(DRAW_CHECKS) & set(self.registry.round))
        if self.registry.audits:
            # Here once, what others that are made later would each do on their own.
            import_module("levelfield.formats.loadgen_summary")
        self.layout = Layout(rules)
        self.rules = rules
        self.tasks = (self.work, self.session_texts)
        self._source = source
        self._process = os.getpid()

    @cached_property
    def tree(self) -> Tree:
        """The files of the source, which is listed for it."""
        return Tree(self._source.files())

    @cached_property
    def reader(self) -> Reader:
        """Reads files, in a process that was forked through handles of its own."""
        source = self._source if os.getpid() == self._process else self._source.reopened()
        return Reader(source, self.tree, self.layout, self.rules)

    def work(self, units: Iterable[_Unit]) -> _Part:
        """Do what is asked for; what was read before counts with the part in which it was read."""
        part, read = _Part(), self.reader.bytes_read
        for unit in units:
            match unit:
                case SystemPlace():
                    _check_system(unit, self.reader, self.registry, part)
                case _SessionPlace():
                    _check_session(unit, self.reader, self.registry, part.tally)
                case _:
                    part.draws.add(draw([unit]))
        part.bytes_read = self.reader.bytes_read - read
        return part

    def session_texts(self, units: Iterable[None]) -> list[CheckText]:
        """Of the checks of measured power, whose code not every process loads."""
        return [check.text for _ in units for check in self.registry.sessions]


def _tasks_of(source: Source, rules: RuleSet, selection: Selection) -> Sequence[Task]:
    """Of a process that was made before there was anything to do."""
    return _Desk(source, rules, selection).tasks


def _work_together(crew: Crew, desk: _Desk, systems: list[SystemPlace], exact_queries: int) -> _Part:
    """Look at systems and sessions, and draw again what they claim, schedules of up to so many queries."""
    whole = _Part()

    def to_draw() -> list[DrawUnit]:
        return draw_units(whole.claims, desk.rules.draw_variant, exact_queries) if desk.draws else []

    sessions: list[_Unit] = [] if desk.selection.is_official_only else list(_sessions(desk.reader, systems))
    early, late = _split(systems)
    whole.add(crew.share(desk.work, early, _weight, apart=sessions))
    whole.add(crew.share(desk.work, late, _weight, apart=[*to_draw()], joins=False))
    units = to_draw()
    rest: list[_Unit] = [*whole.draws.missing(units)]
    whole.add(crew.share(desk.work, (), _weight, apart=rest, joins=sum(map(_weight, rest)) > MANY_DRAWS))
    whole.draws = whole.draws.only(units)
    return whole


def _sessions(reader: Reader, places: Iterable[SystemPlace]) -> Iterator[_SessionPlace]:
    for place in places:
        for benchmark in SystemSubject(reader, place).benchmarks:
            for result in benchmark.results:
                if result.has_power:
                    yield _SessionPlace(
                        performance=result.performance_path,
                        result=result.path,
                        scenario=result.scenario or "",
                        bytes=reader.tree.bytes_below(result.performance_path),
                    )


def _split(systems: list[SystemPlace]) -> tuple[list[SystemPlace], list[SystemPlace]]:
    """The larger systems, and the smaller ones that are looked at while what the larger ones claim is drawn.

    Open systems are among the last to be left for then: they load what no other does, which is drawn after all.
    """
    left = min(BYTES_WHILE_DRAWING, sum(place.bytes for place in systems) * 3 // 8)
    ordered = sorted(systems, key=lambda place: (place.division != Division.CLOSED, place.bytes))
    small = list(takewhile(lambda size: size <= left, accumulate(place.bytes for place in ordered)))
    return ordered[len(small) :], ordered[: len(small)]


def _weight(unit: _Unit) -> float:
    return unit.bytes if isinstance(unit, SystemPlace | _SessionPlace) else draws_of(unit)


def _check_system(place: SystemPlace, reader: Reader, registry: Registry, part: _Part) -> None:
    system = SystemSubject(reader, place)
    official = official_outcome(system)
    part.official.add(official)
    _run(registry.official, official, part.tally, result=system.path, closed=system.is_closed)
    _run(registry.systems, system, part.tally, result=system.path, closed=system.is_closed)
    for benchmark in system.benchmarks:
        _run(registry.benchmarks, benchmark, part.tally, result=benchmark.path, closed=system.is_closed)
        for result in benchmark.results:
            _check_result(result, registry, part)
            result.release()
    system.release()


def _check_result(result: ResultSubject, registry: Registry, part: _Part) -> None:
    closed, tally = result.is_closed, part.tally
    _run(registry.results, result, tally, result=result.path, closed=closed)
    compliant = None
    if closed and registry.audits:
        try:
            audits = result.audits
        except CannotLook:
            audits = ()
        for audit in audits:
            _run(registry.audits, audit, tally, result=result.path, closed=closed)
        codes = {check.code for check in registry.audits}
        found = tally.by_subject.get(result.path, {})
        compliant = not any(found.get(code) is Severity.VOID for code in codes) if audits else None
    record = result_of(
        result, compliant=compliant, source=result.reader.source.name, commit=result.reader.source.revision
    )
    if record is not None:
        part.results.append(record)
    if registry.round:
        part.claims += _claims(result)


def _check_session(place: _SessionPlace, reader: Reader, registry: Registry, tally: Tally) -> None:
    """Judge the measured session of a result."""
    if not registry.sessions:
        return
    from levelfield.submission.power.judge import judge_session  # noqa: PLC0415 - few trees have measured power
    from levelfield.submission.power.session import read_session  # noqa: PLC0415

    folder = place.performance.rpartition("/")[0]

    def read(name: str) -> bytes | None:
        try:
            return reader.bytes(f"{folder}/{name}")
        except CannotLook:
            return None

    session = read_session(read, folder=folder, subject=place.result)
    judged = judge_session(session, rules=reader.rules, folder_scenario=place.scenario, checks=registry.sessions)
    tally.add(judged.findings)
    tally.skipped += judged.skipped


def _claims(result: ResultSubject) -> Iterator[RunClaim]:
    runs: list[tuple[RunKind, str, ResultSubject | AuditSubject]] = [
        (RunKind.PERFORMANCE, "", result),
        (RunKind.ACCURACY, "", result),
    ]
    with suppress(CannotLook):
        runs += [(RunKind.AUDIT, audit.audit.name, audit) for audit in result.audits]
    for kind, name, subject in runs:
        with suppress(CannotLook):
            claim = claim_of(_log_of(subject, kind), result, kind, audit=name)
            if claim is not None:
                yield claim


def _log_of(subject: ResultSubject | AuditSubject, kind: RunKind) -> RunLog:
    if isinstance(subject, AuditSubject):
        return subject.run
    return subject.performance if kind is RunKind.PERFORMANCE else subject.accuracy_run


def _run(checks: Iterable[Check[Subject]], subject: Subject, tally: Tally, *, result: str, closed: bool) -> None:
    for check in checks:
        findings, skipped = look(check, subject, result=result, closed=closed)
        if findings:
            tally.add(findings)
        tally.skipped += skipped


def _report(reader: Reader, selection: Selection, texts: tuple[CheckText, ...], whole: _Part) -> Report:
    source, rules = reader.source, reader.rules
    results = []
    for result in sorted(whole.results, key=lambda result: result.provenance.path):
        codes = _codes_of(result.provenance.path, whole.tally)
        ordered = sorted(codes, key=lambda code: (codes[code].rank, code))
        void = Severity.VOID in codes.values()
        results.append(replace(result, void=void, findings=tuple(ordered)))
    listed = whole.official.listed
    accepted = sum(listed.values())
    return Report(
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
        results=tuple(results),
        official_columns=rules.csv.columns,
        official_rows=tuple(sorted(whole.official.rows, key=lambda row: row.cells[17:18] + row.cells)),
        official_results=accepted,
        official_no_results=len(listed) - accepted,
        files=reader.tree.file_count,
        bytes_read=whole.bytes_read,
    )


def _codes_of(path: str, tally: Tally) -> dict[str, Severity]:
    """What was found at a result or in a folder above it, each code with the most that it weighs."""
    codes: dict[str, Severity] = {}
    while path:
        for code, severity in tally.by_subject.get(path, {}).items():
            codes[code] = min(codes.get(code, severity), severity, key=lambda one: one.rank)
        path = path.rpartition("/")[0]
    return codes
