"""From a session to its report: metric, outcome of every check, findings."""

from __future__ import annotations

from levelfield.frozen import frozen
from levelfield.rules.model import RuleSet
from levelfield.rules.power_check import power_check_of_round
from levelfield.submission.finding import Finding, Skipped
from levelfield.submission.power.check import SessionCheck
from levelfield.submission.power.checks import SESSION_CHECKS
from levelfield.submission.power.checks.complaints import ComplaintCount, complaint_counts
from levelfield.submission.power.checks.timing import clock_difference_ns
from levelfield.submission.power.hashes import FileHash, file_hashes
from levelfield.submission.power.metric import MeasuredPower, PowerMetric, power_metric
from levelfield.submission.power.outcome import CheckOutcome, Outcome
from levelfield.submission.power.session import PowerSession

__all__ = ["SessionReport", "complaints_of", "hashes_of", "judge_session"]


@frozen
class SessionReport:
    """What is to be said of a session."""

    subject: str
    """The folder of the result."""
    round: str
    revision: str
    """Of the official check, which the round pins: the limits that were applied."""
    outcomes: tuple[CheckOutcome, ...]
    """Of every check, the eleven official ones first."""
    findings: tuple[Finding, ...]
    """In the order of the checks."""
    skipped: tuple[Skipped, ...]
    power: MeasuredPower | None
    """Under the load of testing; ``None`` where samples or the load's times are missing."""
    scenario: str
    """That the figure is for: the folder's."""
    metric: PowerMetric | None
    """``None`` where no figure can be given."""
    clock_difference_ns: int | None
    """The largest over all marks."""

    @property
    def holds(self) -> bool:
        """Whether no check fails, and every one could look."""
        return all(one.outcome in {Outcome.PASS, Outcome.WARNING} for one in self.outcomes)


def judge_session(
    session: PowerSession,
    *,
    rules: RuleSet,
    folder_scenario: str = "",
    checks: tuple[SessionCheck, ...] = SESSION_CHECKS,
) -> SessionReport:
    """Run checks on a session.

    Args:
        session: See :func:`~levelfield.submission.power.session.read_session`.
        rules: The round; its pinned revision of the official check gives the limits.
        folder_scenario: The scenario that the result claims; by default the one that ran.
        checks: All, or those that were selected.

    Raises:
        UsageError: The round pins no revision, or has no such scenario.
    """
    revision = power_check_of_round(rules.name)
    judged = [(check, *check.outcome(session, revision)) for check in checks]
    scenario = folder_scenario or session.testing.scenario
    power = session.testing.power
    return SessionReport(
        subject=session.subject,
        round=rules.name,
        revision=revision.name,
        outcomes=tuple(outcome for _, outcome, _ in judged),
        findings=tuple(one for _, _, findings in judged for one in findings),
        skipped=tuple(
            Skipped(code=check.text.code, subject=session.subject, reason=outcome.reason)
            for check, outcome, _ in judged
            if outcome.outcome is Outcome.SKIPPED
        ),
        power=power,
        scenario=scenario,
        metric=None
        if power is None or not scenario
        else power_metric(
            power,
            rules=rules,
            folder_scenario=scenario,
            log_scenario=session.testing.scenario,
            query_count=session.testing.query_count,
        ),
        clock_difference_ns=_clock_difference_ns(session),
    )


def hashes_of(session: PowerSession) -> tuple[FileHash, ...]:
    """How the files compare with the recorded hashes; empty where a record is missing."""
    return file_hashes(session) if session.client is not None and session.server is not None else ()


def complaints_of(session: PowerSession) -> tuple[ComplaintCount, ...]:
    """Every class of complaints of PTDaemon; empty where log or record is missing."""
    return complaint_counts(session) if session.ptd_log is not None and session.server is not None else ()


def _clock_difference_ns(session: PowerSession) -> int | None:
    client, server = session.client, session.server
    if client is None or server is None:
        return None
    return max(
        clock_difference_ns(client.ranging, server.ranging)[0], clock_difference_ns(client.testing, server.testing)[0]
    )
