"""PWR006: are the clocks together, is each load inside its phase, and are ranging and testing the same work."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from levelfield.formats.power_session import FileName, Mark
from levelfield.rules.power_check import PowerCheck, power_checks
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.protocol import DAYLIGHT_SAVING_S
from levelfield.submission.power.session import Load, Part, Phase, PowerSession
from levelfield.submission.report import CheckText
from levelfield.units import NS_PER_MS, NS_PER_S, format_number

__all__ = ["TIMING", "clock_difference_ns"]

CODE = "PWR006"
MARKS = 4
DAYLIGHT_SAVING_NS = DAYLIGHT_SAVING_S * NS_PER_S


def clock_difference_ns(client: tuple[Mark, ...], server: tuple[Mark, ...]) -> tuple[int, int]:
    """The largest difference of two clocks at the same marks, and at which mark it is, from 1 (0 without marks)."""
    apart = [
        (round(abs(a.epoch_s - b.epoch_s) * NS_PER_S), place)
        for place, (a, b) in enumerate(zip(client, server, strict=False), start=1)
    ]
    return max(apart, default=(0, 0), key=lambda one: one[0])


def _judge(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    client, server = session.client, session.server
    assert client is not None
    assert server is not None
    phases = (
        (session.ranging, client.ranging, server.ranging),
        (session.testing, client.testing, server.testing),
    )
    for phase, ours, theirs in phases:
        if len(ours) != MARKS or len(theirs) != MARKS:
            found = f"{phase.name}: {len(ours)} marks of the client and {len(theirs)} of the server"
            yield _finding(session, Severity.ERROR, FileName.CLIENT_JSON, found, f"{MARKS} of each")
            continue
        yield from _clocks(session, phase, ours, theirs, revision)
        yield from _inside(session, phase, ours)
    yield from _same_work(session, revision)


def _clocks(
    session: PowerSession, phase: Phase, client: tuple[Mark, ...], server: tuple[Mark, ...], revision: PowerCheck
) -> Iterator[Finding]:
    apart_ns, place = clock_difference_ns(client, server)
    if not revision.clocks_agree(apart_ns):
        newest = power_checks()[-1]
        tolerated = newest.clocks_agree(apart_ns)
        expected = f"less than {revision.clock_tolerance_ns // NS_PER_MS} ms"
        if tolerated:
            expected += f" (check@{newest.name} takes up to {newest.clock_tolerance_ns // NS_PER_MS} ms)"
        found = f"{phase.name}: clocks of client and server {apart_ns / NS_PER_MS:.1f} ms apart at mark {place}"
        severity = Severity.WARNING if tolerated else Severity.VOID
        hint = "Keep both clocks on the same NTP server."
        yield _finding(session, severity, FileName.CLIENT_JSON, found, expected, hint=hint)
    for name, marks, file in (("client", client, FileName.CLIENT_JSON), ("server", server, FileName.SERVER_JSON)):
        if any(b.epoch_s < a.epoch_s or b.monotonic_s < a.monotonic_s for a, b in pairwise(marks)):
            found = f"{phase.name}: a mark of the {name} that is earlier than the one before"
            yield _finding(session, Severity.ERROR, file, found, "marks in order of time")


def _inside(session: PowerSession, phase: Phase, marks: tuple[Mark, ...]) -> Iterator[Finding]:
    if phase.load is None:
        return
    start_ns, end_ns = (round(mark.epoch_s * NS_PER_S) for mark in marks[1:3])
    if _within(phase.load, start_ns, end_ns):
        return
    file = FileName.RANGING_DETAIL if phase.name == "ranging" else FileName.TESTING_DETAIL
    begin_s = (phase.load.begin_ns - start_ns) / NS_PER_S
    late_s = (phase.load.end_ns - end_ns) / NS_PER_S
    found = f"{phase.name}: a load that begins {begin_s:+,.1f} s from mark 2 and ends {late_s:+,.1f} s from mark 3"
    if _within(phase.load, start_ns + DAYLIGHT_SAVING_NS, end_ns + DAYLIGHT_SAVING_NS):
        yield _finding(
            session,
            Severity.WARNING,
            file,
            f"{found}: one hour, as by daylight-saving time",
            "between the marks of the client (the official check lets an hour pass)",
        )
    else:
        yield _finding(session, Severity.VOID, file, found, "between marks 2 and 3 of the client")


def _within(load: Load, start_ns: int, end_ns: int) -> bool:
    return start_ns < load.begin_ns and load.end_ns < end_ns


def _same_work(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    ranging, testing = session.ranging, session.testing
    if ranging.load is None or testing.load is None:
        return
    a_s, b_s = (load.duration_ns / NS_PER_S for load in (ranging.load, testing.load))
    share = abs(a_s - b_s) / max(a_s, b_s)
    allowed = revision.duration_difference
    if allowed is not None and share >= allowed:
        found = f"a testing load of {format_number(b_s)} s after a ranging load of {format_number(a_s)} s"
        expected = f"less than {allowed:.0%} apart"
        yield _finding(session, Severity.ERROR, FileName.TESTING_DETAIL, found, expected)
    warned = revision.shorter_testing_warns
    if warned is not None and (a_s - b_s) / a_s > warned:
        found = f"a testing load of {format_number(b_s)} s after a ranging load of {format_number(a_s)} s"
        expected = f"at most {warned:.0%} shorter"
        yield _finding(session, Severity.WARNING, FileName.TESTING_DETAIL, found, expected)
    yield from _same_power(session, revision)


def _same_power(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    """A rule of later rounds: a warning where the round's own check does not have it."""
    newest = power_checks()[-1]
    allowed = newest.power_drop
    ranging, testing = (
        None if phase.power is None else phase.power.positive_mean_watts for phase in (session.ranging, session.testing)
    )
    if allowed is None or ranging is None or testing is None:
        return
    drop = 1 - testing / ranging
    if drop >= allowed:
        found = f"{format_number(testing)} W while testing, {drop:.2%} below the {format_number(ranging)} W of ranging"
        severity = Severity.VOID if revision.power_drop is not None else Severity.WARNING
        expected = f"less than {allowed:.0%} below" + (
            "" if revision.power_drop is not None else f" (a rule of check@{newest.name}, later than this round)"
        )
        yield _finding(session, severity, FileName.TESTING_SPL, found, expected)


def _finding(
    session: PowerSession, severity: Severity, file: FileName, found: str, expected: str, *, hint: str = ""
) -> Finding:
    return finding(session, CODE, severity, file, found=found, expected=expected, hint=hint)


TIMING = SessionCheck(
    text=CheckText(
        code=CODE,
        title="Check time difference",
        why="Power and load are matched by time alone: clocks that differ attribute the wrong watts.",
        clause="mlcommons/power-dev, compliance/check.py, phases_check",
        example="The clocks are 350 ms apart, or the load of testing ended after the client's third mark.",
        fix="Synchronise both clocks with the same NTP server and measure again.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.CLIENT, Part.SERVER),
    judge=_judge,
)
