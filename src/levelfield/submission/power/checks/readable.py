"""PWR012: can the files of the session be read at all."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.session import PowerSession
from levelfield.submission.report import CheckText

__all__ = ["READABLE"]


def _judge(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    for one in session.problems:
        yield finding(session, "PWR012", Severity.VOID, one.file, found=one.found, expected=one.expected)


READABLE = SessionCheck(
    text=CheckText(
        code="PWR012",
        title="Records can be read",
        why="What cannot be read cannot be checked.",
        clause="mlcommons/power-dev, compliance/check.py, SessionDescriptor: the required fields",
        example="server.json is cut off in the middle, or lacks `phases`.",
        fix="Hand in the files as the tool wrote them.",
        official=False,
    ),
    needs=(),
    judge=_judge,
)
