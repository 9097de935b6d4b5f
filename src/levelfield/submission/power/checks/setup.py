"""PWR010, PWR011, PWR017: how the analyzer was set up, and whether there was one."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.power_session import AnalyzerSetup, FileName
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.protocol import TWO_CHANNELS
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["ANALYZER_SETUP", "DEBUG", "SIMULATED"]


def _judge_setup(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    assert session.server is not None
    known = revision.device_types
    if not session.server.analyzers:
        yield _setup_finding(session, "no analyzer", "one")
    for one in session.server.analyzers:
        if one.device_type not in known.values():
            names = ", ".join(f"{number} ({model})" for model, number in known.items())
            yield _setup_finding(session, f"device type {one.device_type}", f"one of {names}")
        elif one.device_type == TWO_CHANNELS and not _has_two_channels(one):
            found = f"device type {one.device_type} with channels {list(one.channels)}, started by {one.command[:12]}"
            yield _setup_finding(session, found, "-c with the first channel and their number in both")
    identity = next((m.reply for m in session.server.ptd_messages if m.command == "Identify"), "").partition(",")[0]
    types = [one.device_type for one in session.server.analyzers]
    if identity in known and types and known[identity] not in types:
        yield _setup_finding(session, f"device type {types[0]}", f"{known[identity]}, that of {identity}")


def _has_two_channels(one: AnalyzerSetup) -> bool:
    """Whether command and record both name two numbers."""
    given = dict(zip(one.command, one.command[1:], strict=False)).get("-c", "")
    return len(given.split(",")) == 2 and len(one.channels) == 2


def _setup_finding(session: PowerSession, found: str, expected: str) -> Finding:
    return finding(session, "PWR010", Severity.ERROR, FileName.SERVER_JSON, found=found, expected=expected)


def _judge_debug(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    assert session.server is not None
    if session.server.debug:
        found, expected = "debug: waiting times cut short", "debug absent or false"
        yield finding(session, "PWR011", Severity.VOID, FileName.SERVER_JSON, found=found, expected=expected)


def _judge_simulated(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    assert session.ptd_log is not None
    if session.ptd_log.simulated:
        found = "SIMULATED in the daemon's banner"
        yield finding(
            session, "PWR017", Severity.VOID, FileName.PTD_LOGS, found=found, expected="a measurement of an analyzer"
        )


ANALYZER_SETUP = SessionCheck(
    text=CheckText(
        code="PWR010",
        title="Check PTD configuration",
        why="Only known analyzers are compared, and one with several channels must be told which to add up.",
        clause="mlcommons/power-dev, compliance/check.py, check_ptd_config",
        example="`ptd_config.device_type` is 1.",
        fix="Start PTDaemon with a supported analyzer and its channels.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.SERVER,),
    judge=_judge_setup,
)
DEBUG = SessionCheck(
    text=CheckText(
        code="PWR011",
        title="Check debug is disabled on server-side",
        why="In debug mode the analyzer gets no time to settle.",
        clause="mlcommons/power-dev, compliance/check.py, debug_check",
        example="`debug: true` in server.json.",
        fix="Unset MLPP_DEBUG on the director and measure again.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.SERVER,),
    judge=_judge_debug,
)
SIMULATED = SessionCheck(
    text=CheckText(
        code="PWR017",
        title="An analyzer was there",
        why="A simulated analyzer may answer under the name of a real one; its log says so.",
        clause="our own: our simulator writes SIMULATED into its banner",
        example="ptd_logs.txt begins with a banner that has SIMULATED in it.",
        fix="Measure with an analyzer.",
        official=False,
    ),
    needs=(Part.PTD_LOG,),
    judge=_judge_simulated,
)
