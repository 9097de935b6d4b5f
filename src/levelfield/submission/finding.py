"""What a check says: findings with a place, what was found and what was expected, or why it could not look."""

from __future__ import annotations

from enum import StrEnum

from levelfield.frozen import frozen

__all__ = ["Finding", "Severity", "Skipped"]


class Severity(StrEnum):
    """How much a finding weighs; listed from the heaviest."""

    VOID = "void"
    """The result does not count."""
    ERROR = "error"
    """The submission is wrong there and must be mended, though no result is lost by it."""
    WARNING = "warning"
    """A person should look."""
    NOTE = "note"
    """Worth knowing; nothing is asked for."""

    @property
    def rank(self) -> int:
        """0 for the heaviest."""
        return list(Severity).index(self)


@frozen
class Finding:
    """One thing that one check found."""

    code: str
    """The check's code: ``INF012``."""
    severity: Severity
    path: str
    """The file or folder in the source, POSIX, relative to its root."""
    line: int = 0
    """From 1; 0 for the whole file."""
    found: str
    expected: str
    hint: str = ""
    """The next step, where it is more than the check's own advice."""
    subject: str = ""
    """The result (its folder) that the finding counts for, or a folder above it for all results in there; empty for
    none in particular."""


@frozen
class Skipped:
    """A check that could not look, and why."""

    code: str
    subject: str
    reason: str
