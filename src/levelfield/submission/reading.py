"""Reading the results of a round whose checks are not built yet: what comes out, and what can be wrong on the way.

A suite's ``reading`` module turns a source into a :class:`Reading`. A file that cannot be read is a finding and no
exception; what can be read beside it is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from levelfield.errors import InputError
from levelfield.formats.system_fields import NO_FIELDS, SystemFields, parse_system_fields
from levelfield.results.model import Result
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.report import CheckText
from levelfield.submission.sources.port import Entry, Source

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_FINDINGS",
    "MAX_STATED_BYTES",
    "Findings",
    "Reading",
    "ReadingCheck",
    "SystemFile",
    "find_description",
    "read_file",
    "read_system",
]

MAX_FILE_BYTES = 64 << 20
"""Larger logs are not read. The largest one of the published rounds has 4 MB."""
MAX_STATED_BYTES = 4 << 20
"""Larger descriptions and result files are not read. Published ones have some KB."""
MAX_FINDINGS = 20_000
"""Further findings are counted; void ones are always kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCheck:
    """One thing that can be wrong with what is read."""

    severity: Severity
    text: CheckText


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a source holds."""

    results: tuple[Result, ...]
    """By path, benchmark and metric."""
    findings: tuple[Finding, ...]
    """By path, line and code."""
    findings_left_out: int
    """Findings beyond :data:`MAX_FINDINGS`, counted and not kept."""


@dataclass(slots=True)
class Findings:
    """What was found wrong, while it is read."""

    left_out: int = 0
    """Beyond :data:`MAX_FINDINGS`."""
    _found: list[Finding] = field(default_factory=list)
    _by_subject: dict[str, list[Finding]] = field(default_factory=dict)

    def add(
        self,
        check: ReadingCheck,
        path: str,
        *,
        found: str,
        expected: str,
        subject: str = "",
        hint: str = "",
        line: int = 0,
        severity: Severity | None = None,
    ) -> None:
        """Note one finding; its severity is the check's own unless another is given."""
        finding = Finding(
            code=check.text.code,
            severity=severity or check.severity,
            path=path,
            line=line,
            found=found,
            expected=expected,
            hint=hint,
            subject=subject,
        )
        if len(self._found) >= MAX_FINDINGS and finding.severity is not Severity.VOID:
            self.left_out += 1
            return
        self._found.append(finding)
        if subject:
            self._by_subject.setdefault(subject, []).append(finding)

    def codes(self, subject: str) -> tuple[str, ...]:
        """The codes that count for a result, void first."""
        own = self._by_subject.get(subject, [])
        return tuple(dict.fromkeys(one.code for one in sorted(own, key=lambda one: (one.severity.rank, one.code))))

    def is_void(self, subject: str) -> bool:
        """Whether a result does not count."""
        return any(one.severity is Severity.VOID for one in self._by_subject.get(subject, []))

    def sorted(self) -> tuple[Finding, ...]:
        """By path, line and code."""
        return tuple(sorted(self._found, key=lambda one: (one.path, one.line, one.code, one.found)))


def read_file(source: Source, entry: Entry, *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: It is larger than the limit, or cannot be read.
    """
    if entry.size > limit:
        raise InputError(f"{entry.path} has {entry.size:,} bytes, expected {limit:,} at most.")
    return source.read(entry.path, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFile:
    """The description of a system; without fields where there is none to be read."""

    path: str
    """Empty where there is none."""
    fields: SystemFields


def read_system(
    source: Source, folder: str, system: str, entries: Iterable[Entry], *, check: ReadingCheck, findings: Findings
) -> SystemFile:
    """Find and read a system's description, whatever its submitter called the file.

    Args:
        source: Where to read.
        folder: The folder ``systems`` of the submitter.
        system: The name of the system's folder under ``results``.
        entries: The files under ``folder``.
        check: What is reported where there is none, or it cannot be read.
        findings: Where it is reported.
    """
    entry = find_description(folder, system, entries)
    expected = f"{folder}/{system}.json" if folder else f"{system}.json"
    if entry is None:
        findings.add(check, folder or ".", found=f"no description of {system}", expected=expected)
        return SystemFile(path="", fields=NO_FIELDS)
    try:
        fields = parse_system_fields(read_file(source, entry, limit=MAX_STATED_BYTES), source="the file")
    except InputError as error:
        findings.add(check, entry.path, found=error.message, expected="a JSON object that describes the system")
        return SystemFile(path=entry.path, fields=NO_FIELDS)
    if fields.repeated:
        found = f"{', '.join(fields.repeated)} more than once"
        findings.add(check, entry.path, found=found, expected="every field once", severity=Severity.NOTE)
    named = entry.path.rpartition("/")[2].removesuffix(".json")
    if named != system and named.lower() == system.lower():
        findings.add(check, entry.path, found=named, expected=system, severity=Severity.WARNING)
    return SystemFile(path=entry.path, fields=fields)


def find_description(folder: str, system: str, entries: Iterable[Entry]) -> Entry | None:
    """The best fitting file: by its own name, else the one that lies in a folder of the system's name."""
    wanted = system.lower()
    ranked: list[tuple[int, str, Entry]] = []
    for entry in entries:
        *folders, name = entry.path[len(folder) :].strip("/").lower().split("/")
        stem = name.removesuffix(".json")
        if name == f"{wanted}.json":
            rank = 0
        elif stem in {wanted, f"{wanted}_system_description"}:
            rank = 1
        elif wanted in folders and name.endswith(".json"):
            rank = 2
        else:
            continue
        # Among files that differ in case only, the exact name comes first.
        ranked.append((rank, "" if entry.path.rpartition("/")[2] == f"{system}.json" else entry.path, entry))
    return min(ranked, key=lambda one: one[:2])[2] if ranked else None
