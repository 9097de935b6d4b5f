"""A check: its text, its weight, and a function that looks at one kind of subject.

A check sees records, never the disk. It yields what is wrong, raises :class:`CannotLook` where a record that it needs
is not there, and says nothing else. What its findings weigh is decided here: void in the closed division, and in the
open one what the check says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from levelfield.errors import FormatError
from levelfield.frozen import frozen
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.report import CheckText

__all__ = ["CannotLook", "Check", "PassedOver", "Remark", "look"]

Subject = TypeVar("Subject")


class CannotLook(Exception):  # noqa: N818 - no error: an answer
    """A check cannot look, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@frozen
class Remark:
    """One thing that is wrong, before it is known what it weighs."""

    path: str
    line: int = 0
    """From 1; 0 for the whole file."""
    found: str
    expected: str
    hint: str = ""
    lighter: Severity | None = None
    """Takes the place of the check's own severity where this case is known to weigh less."""
    result: str = ""
    """The result that it counts for, where the check looks at more than one."""
    closed: bool | None = None
    """Whether that result is in the closed division."""


@frozen
class PassedOver:
    """A result that a check of many could not, or not fully, look at."""

    result: str
    reason: str


@frozen
class Check(Generic[Subject]):
    """One rule, and how it is looked at."""

    text: CheckText
    severity: Severity
    in_open: Severity | None = None
    """In the open division; ``None`` for the same."""
    look: Callable[[Subject], Iterable[Remark | PassedOver]]

    @property
    def code(self) -> str:
        """``INF012``."""
        return self.text.code

    @property
    def weights(self) -> str:
        """What a finding weighs, in words."""
        if self.in_open in {None, self.severity}:
            return str(self.severity)
        return f"{self.severity}; in open {self.in_open}"

    def weight(self, *, closed: bool) -> Severity:
        """What a finding weighs."""
        return self.severity if closed or self.in_open is None else self.in_open


def look(check: Check[Subject], subject: Subject, *, result: str, closed: bool) -> tuple[list[Finding], list[Skipped]]:
    """Run one check on one subject. What it said before it met a problem is kept.

    Args:
        check: What to look for.
        subject: Where.
        result: The folder of the result that findings count for; empty where they count for no single one.
        closed: Whether the subject is in the closed division.
    """
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    try:
        for said in check.look(subject):
            if isinstance(said, Remark):
                findings.append(_finding(check, said, result=result, closed=closed))
            else:
                skipped.append(Skipped(code=check.code, subject=said.result, reason=said.reason))
    except CannotLook as problem:
        skipped.append(Skipped(code=check.code, subject=result, reason=problem.reason))
    except FormatError as problem:
        skipped.append(Skipped(code=check.code, subject=result, reason=problem.message))
    return findings, skipped


def _finding(check: Check[Subject], remark: Remark, *, result: str, closed: bool) -> Finding:
    closed = closed if remark.closed is None else remark.closed
    return Finding(
        code=check.code,
        severity=remark.lighter or check.weight(closed=closed),
        path=remark.path,
        line=remark.line,
        found=remark.found,
        expected=remark.expected,
        hint=remark.hint,
        subject=remark.result or result,
    )
