"""What a check of a session is: its text, what it needs, and a function from session to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from levelfield.frozen import frozen
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.outcome import CheckOutcome, Outcome
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["Judge", "SessionCheck", "finding"]

Judge = Callable[[PowerSession, PowerCheck], Iterator[Finding]]
"""Looks at a session under the revision of the official check that its round pins."""


@frozen
class SessionCheck:
    """One check."""

    text: CheckText
    needs: tuple[Part, ...]
    """Without one of them it is skipped."""
    judge: Judge

    def outcome(self, session: PowerSession, revision: PowerCheck) -> tuple[CheckOutcome, tuple[Finding, ...]]:
        """Look at a session."""
        if missing := [part.value for part in self.needs if not session.has(part)]:
            reason = f"{', '.join(missing)} could not be read"
            return CheckOutcome(name=self.text.title, outcome=Outcome.SKIPPED, reason=reason), ()
        findings = tuple(self.judge(session, revision))
        heaviest = min(findings, key=lambda one: one.severity.rank, default=None)
        match heaviest.severity if heaviest else Severity.NOTE:
            case Severity.VOID | Severity.ERROR:
                outcome = Outcome.FAIL
            case Severity.WARNING:
                outcome = Outcome.WARNING
            case Severity.NOTE:
                outcome = Outcome.PASS
        reason = heaviest.found if heaviest and outcome is not Outcome.PASS else ""
        return CheckOutcome(name=self.text.title, outcome=outcome, reason=reason), findings


def finding(
    session: PowerSession,
    code: str,
    severity: Severity,
    file: str,
    *,
    found: str,
    expected: str,
    line: int = 0,
    hint: str = "",
) -> Finding:
    """A finding about a file of a session."""
    return Finding(
        code=code,
        severity=severity,
        path=session.path(file),
        line=line,
        found=found,
        expected=expected,
        hint=hint,
        subject=session.subject,
    )
