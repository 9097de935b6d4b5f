"""The outcome of checking a source: what every output format is written from."""

from __future__ import annotations

from levelfield.frozen import frozen
from levelfield.results.model import Result
from levelfield.submission.finding import Finding, Severity, Skipped

__all__ = ["CheckText", "OfficialRow", "Report"]


@frozen
class CheckText:
    """What is said of a check, wherever it is shown."""

    code: str
    title: str
    """What it looks at, in one line."""
    why: str
    clause: str
    """The rule that it comes from; for our own checks, what makes it true."""
    example: str
    """What a finding looks like."""
    fix: str
    official: bool
    """Whether the round's official submission checker looks at this too."""
    also: str = ""
    """Another official tool that does, as ``check.py of mlcommons/power-dev``."""


@frozen
class OfficialRow:
    """One line of the official checker's summary, text by text in the order of the round's columns, unquoted."""

    cells: tuple[str, ...]


@frozen
class Report:
    """Everything that checking a source gave."""

    source: str
    round: str
    rules_sha256: str
    version: str
    """Of levelfield."""
    official: bool
    """Whether the run was an official one, which refuses ignored codes."""
    selected: tuple[str, ...]
    """Codes that were asked for; empty for all."""
    ignored: tuple[str, ...]
    checks: tuple[CheckText, ...]
    """The checks that ran."""
    findings: tuple[Finding, ...]
    """By path, line and code."""
    findings_left_out: int
    """Findings beyond the bound, counted and not kept."""
    skipped: tuple[Skipped, ...]
    results: tuple[Result, ...]
    """By path; void ones included and marked."""
    official_columns: tuple[str, ...]
    official_rows: tuple[OfficialRow, ...]
    """What the official checker of the round would list, by our reading of it."""
    official_results: int
    official_no_results: int
    """What the official checker would print as Results and NoResults."""
    files: int
    """Files in the source."""
    bytes_read: int

    def count(self, severity: Severity) -> int:
        """How many findings weigh so much."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def fails(self) -> bool:
        """Whether anything was found that voids a result or must be mended."""
        return any(finding.severity in {Severity.VOID, Severity.ERROR} for finding in self.findings)
