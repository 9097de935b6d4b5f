"""PWR003, PWR019: what the server and PTDaemon said to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from levelfield.formats.power_session import FileName, PtdMessage
from levelfield.rules.power_check import PowerCheck
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.protocol import EXPECTED_REPLIES, MEASUREMENTS, NOTHING_TO_STOP, RESTORING_VOLTS
from levelfield.submission.power.session import Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["DAEMON_MESSAGES", "DAEMON_REPLIES"]

CODE = "PWR003"


def _judge(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    assert session.server is not None
    messages = session.server.ptd_messages
    for severity, found, expected in (
        *_identity(messages, revision),
        *_replies(messages),
        *_restored_ranges(messages, revision),
    ):
        yield finding(session, CODE, severity, FileName.SERVER_JSON, found=found, expected=expected)


def _identity(messages: tuple[PtdMessage, ...], revision: PowerCheck) -> Iterator[tuple[Severity, str, str]]:
    identity = next((one.reply for one in messages if one.command == "Identify"), "")
    if not identity:
        yield Severity.VOID, "no reply to Identify", "the model of the analyzer and the version of PTDaemon"
        return
    model = identity.partition(",")[0]
    version = found[1] if (found := re.search(r"version=([^-,]*)", identity)) else ""
    if version not in revision.daemon_versions:
        yield Severity.VOID, f"PTDaemon {version or 'of no version'}", f"{' or '.join(revision.daemon_versions)}"
    if model not in revision.device_types:
        yield Severity.VOID, f"analyzer {model[:60]}", f"one of {', '.join(revision.device_types)}"


def _replies(messages: tuple[PtdMessage, ...]) -> Iterator[tuple[Severity, str, str]]:
    stops = 0
    for number, one in enumerate(messages, start=1):
        expected = next((reply for start, reply in EXPECTED_REPLIES if one.command.startswith(start)), None)
        if one.command == "Stop":
            stops += 1
            expected = NOTHING_TO_STOP if stops > MEASUREMENTS else expected
        if expected is not None and one.reply != expected:
            found = f"message {number}, {one.command[:60]}: reply {one.reply[:100]!r}"
            yield Severity.ERROR, found, f"reply {expected!r}"
    if stops < MEASUREMENTS:
        yield Severity.ERROR, f"{stops} times Stop", "one for ranging, one for testing"


def _restored_ranges(messages: tuple[PtdMessage, ...], revision: PowerCheck) -> Iterator[tuple[Severity, str, str]]:
    ranges = next((one.reply for one in messages if one.command == "RR"), None)
    if ranges is None:
        yield Severity.ERROR, "no command RR", "the ranges asked for before they are changed"
        return
    parts = ranges.split(",")
    for name, place, counts in (("A", 1, revision.restoring_amps), ("V", 3, (RESTORING_VOLTS,))):
        try:
            fixed = parts[place] == "0" and float(parts[place + 1]) > 0
            wanted = f"SR,{name},{parts[place + 1] if fixed else 'Auto'}"
        except (IndexError, ValueError):
            yield Severity.ERROR, f"reply {ranges[:60]!r} to RR", "Ranges,<a auto>,<a range>,<v auto>,<v range>"
            return
        commands = [one.command for one in messages if one.command.startswith(f"SR,{name}")]
        restoring = [commands[count - 1] for count in counts if count <= len(commands)]
        if wanted not in restoring:
            sent = " and ".join(restoring) or f"only {len(commands)} commands SR,{name}"
            yield Severity.ERROR, f"{sent} at the end", f"{wanted}, the range that the analyzer had before"


def _judge_replies(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:  # noqa: ARG001
    """server.json is covered by no hash, but PTDaemon wrote its replies down too."""
    assert session.server is not None
    assert session.ptd_log is not None
    recorded = [one.reply for one in session.server.ptd_messages]
    sent = list(session.ptd_log.replies)
    if recorded == sent:
        return
    place = next((at for at, (a, b) in enumerate(zip(recorded, sent, strict=False)) if a != b), None)
    if place is None:
        found, expected = f"{len(recorded)} replies of PTDaemon", f"the {len(sent)} of its log"
    else:
        found = f"reply {place + 1} of PTDaemon: {recorded[place][:100]!r}"
        expected = f"{sent[place][:100]!r}, as its log says"
    yield finding(session, "PWR019", Severity.ERROR, FileName.SERVER_JSON, found=found, expected=expected)


DAEMON_MESSAGES = SessionCheck(
    text=CheckText(
        code=CODE,
        title="Check PTD commands and replies",
        why="Only known analyzers and versions of PTDaemon give comparable numbers, and each command must have worked.",
        clause="mlcommons/power-dev, compliance/check.py, ptd_messages_check",
        example="Identify is answered by version=1.8.0, or `SR,A,5` by `Error: ..`.",
        fix="Measure again with a supported PTDaemon and analyzer, without touching the analyzer in between.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.SERVER,),
    judge=_judge,
)
DAEMON_REPLIES = SessionCheck(
    text=CheckText(
        code="PWR019",
        title="Replies agree with PTDaemon's log",
        why="The server's record is covered by no hash; the daemon's log tells whether its replies were changed.",
        clause="our own: `Response to client sent` in ptd_logs.txt",
        example="server.json says version=1.9.2, the daemon's log that it answered version=1.8.0.",
        fix="Hand in the files as the tool wrote them.",
        official=False,
    ),
    needs=(Part.SERVER, Part.PTD_LOG),
    judge=_judge_replies,
)
