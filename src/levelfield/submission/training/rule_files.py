"""Official rule files, imported and applied to a log: what their checker would say of it, without ``eval``.

Our own checks hold the same rules as data of the round. These files are for rounds that we have no data for, for
drafts of rules, and for comparison. A file is applied whole: its state, every line in the order of the log, how often
keys occur, its end. It may name files that follow. A later file that has a record for a key withdraws what was found
for that key before. Source: mlcommons/logging, ``compliance_checker/mlp_compliance.py`` at beaf26d.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from levelfield.errors import InputError
from levelfield.formats.compliance_rules import RuleField, RuleRecord, read_compliance_rules
from levelfield.formats.mllog import Event
from levelfield.rules.expression import Expression
from levelfield.submission.training.expressions import Line, RunState, Statement, read_check, read_statements

__all__ = [
    "Complaint",
    "FileVerdict",
    "KeyRecord",
    "Repeated",
    "RuleFile",
    "apply_rule_files",
    "import_rule_file",
    "rule_files_in",
]

MAX_FILES = 100
"""Rule files that one log may bring along; the official ones make four."""
WARNED = "weights_initialization"
"""Its absence, and a difference of names, are warnings in round 1.1."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){0,5}")
_OR = re.compile(r"AT_LEAST_ONE_OR\(([^()]*)\)")
_AT_LEAST = re.compile(r"AT_LEAST\((\d{1,6})\)")
_FIELDS = {
    "BEGIN": {"CODE"},
    "KEY": {"NAME", "REQ", "PRE", "POST", "CHECK", "ATLEAST_ONE_CHECK", "FIRST_CHECK"},
    "END": {"PRE", "CHECK"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """The rules of one key."""

    key: str
    required: str
    """``EXACTLY_ONE``, ``AT_LEAST_ONE`` and so on, as written; empty for nothing."""
    least: int
    """How many lines there are at least."""
    alternatives: tuple[str, ...]
    """Of these and the key itself at least one occurs."""
    before: tuple[Statement, ...]
    checks: tuple[Expression, ...]
    after: tuple[Statement, ...]
    at_least_one: Expression | None
    first: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A field that stands twice in a record. A reader of YAML sees the last one alone."""

    record: str
    field: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """One rule file, ready to be applied."""

    name: str
    begin: tuple[Statement, ...]
    keys: tuple[KeyRecord, ...]
    """By key, the last record of a key alone."""
    end_before: tuple[Statement, ...]
    end: tuple[Expression, ...]
    repeated: tuple[Repeated, ...]
    """What a reader of YAML leaves out."""


def import_rule_file(text: str, *, name: str, every: bool = False) -> RuleFile:
    """Read a rule file.

    Args:
        text: Its content.
        name: As other files name it: ``training_1.1.0/closed_ssd.yaml``.
        every: Whether all repeated fields of a record hold; else the last one does, as in the official checker.

    Raises:
        FormatError: It is not in the part of YAML that rule files are written in.
        InputError: It holds what no rule may use; all of it is listed, with line, record and column.
    """
    importer = _Importer(name=name, every=every)
    records = read_compliance_rules(text, source=name)
    keys: dict[str, KeyRecord] = {}
    begins, ends = [], []
    for record in records:
        importer.look_at(record)
        match record.kind:
            case "BEGIN":
                begins.append(importer.statements(record, "CODE"))
            case "END":
                ends.append((importer.statements(record, "PRE"), importer.checks(record, "CHECK")))
            case "KEY":
                found = importer.key(record)
                keys[found.key] = found
    for kind, several in (("BEGIN", begins), ("END", ends)):
        if len(several) > 1:
            importer.problems.append((0, f"found {len(several)} records {kind}, expected one at most."))
    if importer.problems:
        raise InputError(
            f"{name} holds rules that cannot be imported.", problems=[text for _, text in sorted(importer.problems)]
        )
    return RuleFile(
        name=name,
        begin=begins[0] if begins else (),
        keys=tuple(keys.values()),
        end_before=ends[0][0] if ends else (),
        end=ends[0][1] if ends else (),
        repeated=tuple(importer.repeated),
    )


def rule_files_in(folder: Path) -> Callable[[str], RuleFile | None]:
    """What gives the rule files of a folder by name, each read once; ``None`` for names that lead nowhere or out of it.

    The function raises what :func:`import_rule_file` does, and ``InputError`` for a file that cannot be read.
    """
    read: dict[str, RuleFile | None] = {}

    def load(name: str) -> RuleFile | None:
        if name not in read:
            read[name] = _load(folder, name)
        return read[name]

    return load


def _load(folder: Path, name: str) -> RuleFile | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"The rule file {folder / name} cannot be read: {problem}.") from problem
    return import_rule_file(text, name=name)


@dataclass(slots=True, kw_only=True)
class _Importer:
    name: str
    every: bool
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Each with its line."""
    repeated: list[Repeated] = field(default_factory=list)

    def look_at(self, record: RuleRecord) -> None:
        """Note fields that are unknown or repeated."""
        known = _FIELDS.get(record.kind)
        if known is None:
            self.problem(record, record.line, f"found a record {record.kind}, expected one of {', '.join(_FIELDS)}")
            return
        for one in record.fields:
            if one.name not in known:
                self.problem(
                    record, one.line, f"found the field {one.name}, expected one of {', '.join(sorted(known))}"
                )
        for one in record.repeated:
            self.repeated.append(Repeated(record=_title(record), field=one.name, line=one.line))

    def problem(self, record: RuleRecord, line: int, text: str) -> None:
        self.problems.append((line, f"line {line}, {_title(record)}: {text}."))

    def fields(self, record: RuleRecord, name: str) -> Iterator[RuleField]:
        """Those that hold."""
        found = [one for one in record.fields if one.name == name]
        yield from found if self.every else found[-1:]

    def text(self, record: RuleRecord, name: str) -> str:
        one = record.last(name)
        return one.texts[0].text.strip() if one is not None and one.texts else ""

    def checks(self, record: RuleRecord, name: str) -> tuple[Expression, ...]:
        found = []
        for one in self.fields(record, name):
            for text in one.texts:
                try:
                    found.append(read_check(text.text))
                except ValueError as problem:
                    self.problem(record, text.line, f"{name}, {problem}")
        return tuple(found)

    def statements(self, record: RuleRecord, name: str) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for one in self.fields(record, name):
            for text in one.texts:
                try:
                    found += read_statements(text.text)
                except ValueError as problem:
                    self.problem(record, text.line, f"{name}, {problem}")
        return tuple(found)

    def key(self, record: RuleRecord) -> KeyRecord:
        key, required = self.text(record, "NAME"), self.text(record, "REQ")
        if not key:
            self.problem(record, record.line, "found no NAME, expected the key that it is about")
        at_least_one = self.checks(record, "ATLEAST_ONE_CHECK")
        if len(at_least_one) > 1:
            self.problem(record, record.line, "found several ATLEAST_ONE_CHECK, expected one at most")
        least, alternatives = self.occurrence(record, required)
        return KeyRecord(
            key=key,
            required=required,
            least=least,
            alternatives=alternatives,
            before=self.statements(record, "PRE"),
            checks=self.checks(record, "CHECK"),
            after=self.statements(record, "POST"),
            at_least_one=at_least_one[0] if at_least_one else None,
            first=self.checks(record, "FIRST_CHECK"),
            line=record.line,
        )

    def occurrence(self, record: RuleRecord, required: str) -> tuple[int, tuple[str, ...]]:
        """How many lines there are at least, and which keys may take this one's place."""
        if required in {"", "OPTIONAL"}:
            return 0, ()
        if required in {"EXACTLY_ONE", "AT_LEAST_ONE"}:
            return 1, ()
        if found := _AT_LEAST.fullmatch(required):
            return int(found[1]), ()
        if found := _OR.fullmatch(required):
            return 0, tuple(word.strip() for word in found[1].split(","))
        self.problem(record, record.line, f"found REQ {required!r}, expected EXACTLY_ONE, AT_LEAST_ONE or a like word")
        return 0, ()


def _title(record: RuleRecord) -> str:
    name = record.last("NAME")
    return f"{record.kind} {name.texts[0].text.strip()}" if name is not None and name.texts else record.kind


# ------------------------------------------------------------------------------------------------------ applying


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that a rule file has against a log."""

    file: str
    """The rule file."""
    key: str
    """Empty where it is about none."""
    line: int
    """Of the log, from 1; 0 for the whole."""
    rule: str
    """The expression, or what is asked of the occurrence."""
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """What rule files say of a log."""

    complaints: tuple[Complaint, ...]
    """That make it not compliant."""
    warnings: tuple[Complaint, ...]
    files: tuple[str, ...]
    """Those that were applied, in their order."""

    @property
    def compliant(self) -> bool:
        """Whether nothing was found that counts."""
        return not self.complaints


def apply_rule_files(events: Sequence[Event], load: Callable[[str], RuleFile | None], *, start: str) -> FileVerdict:
    """Hold a log against a rule file and those that it brings along, each once.

    Args:
        events: All lines of the log, in their order.
        load: Gives a rule file by the name that others call it; ``None`` where there is none.
        start: The first one: ``training_1.1.0/common.yaml``.
    """
    by_key: dict[str, list[Complaint]] = {}
    lasting: list[Complaint] = []
    warnings: list[Complaint] = []
    lines = [(event, _line(event)) for event in events]
    waiting, applied = deque([start]), list[str]()
    while waiting and len(applied) < MAX_FILES:
        name = waiting.popleft()
        if name in applied:
            continue
        applied.append(name)
        rules = load(name)
        if rules is None:
            lasting.append(Complaint(file=name, key="", line=0, rule="", found="no rule file of this name"))
            continue
        for record in rules.keys:
            by_key.pop(record.key, None)
        found = _Application(rules=rules)
        found.run(lines)
        for complaint in found.withdrawable:
            by_key.setdefault(complaint.key, []).append(complaint)
        lasting += found.lasting
        warnings += found.warnings
        waiting += found.state.enqueued
    return FileVerdict(
        complaints=(*(one for kept in by_key.values() for one in kept), *lasting),
        warnings=tuple(warnings),
        files=tuple(applied),
    )


def _line(event: Event) -> Line:
    value: Mapping[str, object] = {"value": event.value, "metadata": event.metadata}
    return Line(key=event.key, value=value, timestamp=event.time_ms, lineno=event.position)


@dataclass(slots=True, kw_only=True)
class _Application:
    """One rule file on one log."""

    rules: RuleFile
    state: RunState = field(default_factory=RunState)
    withdrawable: list[Complaint] = field(default_factory=list)
    lasting: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)

    def run(self, lines: Sequence[tuple[Event, Line]]) -> None:
        self.change(self.rules.begin, "", None, 0, self.lasting)
        records = {record.key: record for record in self.rules.keys}
        seen: dict[str, list[Event]] = {key: [] for key in records}
        met: dict[str, bool] = {}
        for event, line in lines:
            record = records.get(event.key)
            if record is not None:
                seen[event.key].append(event)
                self.look_at(record, event, line, first=len(seen[event.key]) == 1, met=met)
        for key, holds in met.items():
            at_least_one = records[key].at_least_one
            if not holds and at_least_one is not None:
                self.lasting.append(self.complaint(key, 0, at_least_one.text, "no line for which it holds"))
        for record in self.rules.keys:
            self.count(record, seen)
        self.change(self.rules.end_before, "", None, 0, self.lasting)
        for check in self.rules.end:
            self.at_the_end(check)

    def complaint(self, key: str, line: int, rule: str, found: str) -> Complaint:
        return Complaint(file=self.rules.name, key=key, line=line, rule=rule, found=found)

    def look_at(self, record: KeyRecord, event: Event, line: Line, *, first: bool, met: dict[str, bool]) -> None:
        self.change(record.before, record.key, line, event.line, self.withdrawable)
        self.check(record.checks, record, event, line)
        self.change(record.after, record.key, line, event.line, self.withdrawable)
        if first:
            self.check(record.first, record, event, line)
        if record.at_least_one is not None:
            met.setdefault(record.key, False)
            try:
                met[record.key] |= bool(record.at_least_one.value(self.state.names(line)))
            except ValueError as problem:
                # The official program ends here.
                self.lasting.append(self.complaint(record.key, event.line, record.at_least_one.text, str(problem)))

    def check(self, checks: Sequence[Expression], record: KeyRecord, event: Event, line: Line) -> None:
        for check in checks:
            try:
                holds, found = bool(check.value(self.state.names(line))), f"{event.value!r}"[:80]
            except ValueError as problem:
                holds, found = False, str(problem)
            if not holds:
                self.withdrawable.append(self.complaint(record.key, event.line, check.text, found))

    def change(
        self, statements: Sequence[Statement], key: str, line: Line | None, number: int, complaints: list[Complaint]
    ) -> None:
        for statement in statements:
            try:
                statement.apply(self.state, line)
            except ValueError as problem:
                complaints.append(self.complaint(key, number, statement.text, str(problem)))
                return  # what follows in the same text is not done either

    def count(self, record: KeyRecord, seen: Mapping[str, list[Event]]) -> None:
        events = seen[record.key]
        values = [event.value for event in events]
        told = self.complaint(record.key, 0, record.required, f"{len(events):,} lines")
        if record.required == "EXACTLY_ONE" and len(values) > 1:
            alike = values.count(values[0]) == len(values)
            (self.warnings if alike else self.withdrawable).append(told)
        elif len(events) < record.least:
            absent = record.key == WARNED and record.required == "AT_LEAST_ONE"
            (self.warnings if absent else self.withdrawable).append(told)
        if record.alternatives and not events and not any(seen.get(other) for other in record.alternatives):
            self.lasting.append(self.complaint("", 0, record.required, f"no line of {record.key} or of the others"))

    def at_the_end(self, check: Expression) -> None:
        try:
            if check.value(self.state.names(None)):
                return
        except ValueError as problem:
            self.lasting.append(self.complaint("", 0, check.text, str(problem)))
            return
        about_weights = check.text.startswith("sorted(s['initialized_tensors'])")
        complaint = self.complaint(WARNED if about_weights else "", 0, check.text[:200], "it does not hold")
        (self.warnings if about_weights else self.lasting).append(complaint)
