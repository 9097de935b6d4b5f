"""PWR001, PWR002: was the measuring tool a released one."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.power_session import FileName, SessionFile
from levelfield.rules.power_check import PowerCheck, ToolSources, power_checks
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["CLIENT_SOURCES", "SERVER_SOURCES"]


def _judge_client(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    assert session.client is not None
    yield from _judge(session, "PWR001", session.client, FileName.CLIENT_JSON, revision)


def _judge_server(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    assert session.server is not None
    yield from _judge(session, "PWR002", session.server, FileName.SERVER_JSON, revision)


def _judge(
    session: PowerSession, code: str, record: SessionFile, file: FileName, revision: PowerCheck
) -> Iterator[Finding]:
    recorded = record.sha1_by_source
    if any(recorded == known.sha1_by_file for known in revision.sources):
        return
    accepted = ", ".join(known.name for known in revision.sources)
    for check in power_checks():
        for known in check.sources:
            if recorded == known.sha1_by_file:
                found = f"the tool of power-dev {known.name} ({known.date}), which check@{check.name} accepts"
                yield finding(session, code, Severity.ERROR, file, found=found, expected=f"the tool of {accepted}")
                return
    nearest = min(revision.sources, key=lambda known: len(_different(recorded, known)))
    names = _different(recorded, nearest)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    found = f"sources that are no released tool; against {nearest.name} these differ: {shown}"
    yield finding(session, code, Severity.ERROR, file, found=found, expected=f"the tool of {accepted}")


def _different(recorded: dict[str, str], known: ToolSources) -> list[str]:
    return sorted(
        name
        for name in recorded.keys() | known.sha1_by_file.keys()
        if recorded.get(name) != known.sha1_by_file.get(name)
    )


def _text(code: str, side: str) -> CheckText:
    return CheckText(
        code=code,
        title=f"Check {side} sources checksum",
        why="A changed tool may measure, or write down, something else than the rules ask for.",
        clause="mlcommons/power-dev, compliance/check.py, sources_check",
        example=f"`sources` of power/{side}.json holds a client.py with another SHA-1.",
        fix="Measure with an unchanged release of mlcommons/power-dev that the round accepts.",
        official=False,
        also=POWER_CHECKER,
    )


CLIENT_SOURCES = SessionCheck(text=_text("PWR001", "client"), needs=(Part.CLIENT,), judge=_judge_client)
SERVER_SOURCES = SessionCheck(text=_text("PWR002", "server"), needs=(Part.SERVER,), judge=_judge_server)
