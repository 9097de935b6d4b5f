"""PWR009: what PTDaemon complained of, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.power_session import FileName
from levelfield.formats.power_time import format_power_time
from levelfield.formats.ptd_log import Complaint, ComplaintKind, PtdRun
from levelfield.frozen import frozen
from levelfield.rules.power_check import PowerCheck, power_checks
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.power.check import SessionCheck, finding
from levelfield.submission.power.outcome import POWER_CHECKER
from levelfield.submission.power.session import Load, Part, PowerSession
from levelfield.submission.report import CheckText

__all__ = ["COMPLAINTS", "ComplaintCount", "When", "complaint_counts"]

CODE = "PWR009"
TOO_UNCERTAIN = re.compile(r"Uncertainty \d+\.\d+%.* above 1\.00% limit")
"""Fits both what daemon 1.9.2 writes and what the official check looks for."""
FIGURES = re.compile(r"\d+(?:\.\d+)?")
ANALYZER = "Yokogawa"


class When(StrEnum):
    """In which part of the session a line lies."""

    LOAD = "under load"
    RANGING = "while ranging"
    BETWEEN = "outside ranging and load"
    UNKNOWN = "without a time"


@frozen
class ComplaintCount:
    """A class of complaints in one part of the session: equal texts, figures apart."""

    kind: ComplaintKind
    when: When
    text: str
    """The first one."""
    count: int
    line: int
    """Of the first one."""
    first_ns: int | None
    """When the first one was, since the epoch."""


def complaint_counts(session: PowerSession) -> tuple[ComplaintCount, ...]:
    """Every class of complaints in the daemon's log, by first line. Times are UTC, as the daemon writes them."""
    assert session.ptd_log is not None
    ranging = _ranging_run(session)
    found: dict[tuple[ComplaintKind, When, str], ComplaintCount] = {}
    for complaint in session.ptd_log.complaints:
        for when, chosen in _parts(complaint, ranging, session.testing.load):
            if not chosen.any():
                continue
            first = int(np.argmax(chosen))
            count = int(np.count_nonzero(chosen))
            key = (complaint.kind, when, FIGURES.sub("N", complaint.text))
            known = found.get(key)
            if known is None or int(complaint.numbers[first]) < known.line:
                known = ComplaintCount(
                    kind=complaint.kind,
                    when=when,
                    text=complaint.text,
                    count=count + (known.count if known else 0),
                    line=int(complaint.numbers[first]),
                    first_ns=None if complaint.times_ns is None else int(complaint.times_ns[first]),
                )
            else:
                known = ComplaintCount(
                    kind=known.kind,
                    when=when,
                    text=known.text,
                    count=known.count + count,
                    line=known.line,
                    first_ns=known.first_ns,
                )
            found[key] = known
    return tuple(sorted(found.values(), key=lambda one: one.line))


def _parts(complaint: Complaint, ranging: PtdRun | None, load: Load | None) -> Iterator[tuple[When, NDArray[np.bool_]]]:
    times_ns = complaint.times_ns
    if times_ns is None:
        yield When.UNKNOWN, np.ones(len(complaint.numbers), dtype=np.bool_)
        return
    nowhere = np.zeros(len(times_ns), dtype=np.bool_)
    under_load = (times_ns > load.begin_ns) & (times_ns < load.end_ns) if load else nowhere
    while_ranging = nowhere
    if ranging and ranging.end and ranging.start.time_ns is not None and ranging.end.time_ns is not None:
        while_ranging = (times_ns > ranging.start.time_ns) & (times_ns < ranging.end.time_ns) & ~under_load
    yield When.LOAD, under_load
    yield When.RANGING, while_ranging
    yield When.BETWEEN, ~(under_load | while_ranging)


def _ranging_run(session: PowerSession) -> PtdRun | None:
    assert session.server is not None
    assert session.ptd_log is not None
    mark = f"{session.server.session_name}_ranging"
    return next((run for run in session.ptd_log.runs if run.mark == mark), None)


def _judge(session: PowerSession, revision: PowerCheck) -> Iterator[Finding]:
    yield from _frame(session)
    ranging = _ranging_run(session)
    expected_ones = []
    for one in complaint_counts(session):
        if one.when is When.BETWEEN and (ranging is None or ranging.end is None):
            continue  # it may lie in the ranging run that could not be found
        severity, expected = _weight(one, revision)
        if severity is Severity.NOTE:
            expected_ones.append(one)
            continue
        yield _finding(session, severity, one.line, _shown(one), expected)
    if expected_ones:
        shown = ", ".join(f"{one.kind} {one.text!r} ({one.count})" for one in expected_ones[:6])
        more = f" and {len(expected_ones) - 6} more kinds" if len(expected_ones) > 6 else ""
        found = f"outside the load, as expected with automatic ranges: {shown}{more}"
        yield _finding(session, Severity.NOTE, expected_ones[0].line, found, "nothing is asked for")


def _frame(session: PowerSession) -> Iterator[Finding]:
    """Ranging was done, and the uncertainty was checked from before it."""
    assert session.server is not None
    assert session.ptd_log is not None
    ranging = _ranging_run(session)
    mark = f"{session.server.session_name}_ranging"
    if ranging is None or ranging.end is None:
        found = f"no Go with mark {mark!r}" if ranging is None else "no Completed test after the ranging run's Go"
        yield _finding(session, Severity.VOID, 0, found, "a whole ranging run")
    switched_on = [event for event in session.ptd_log.uncertainty_on if event.text.startswith(ANALYZER)]
    if not switched_on:
        expected = f"a line: Uncertainty checking for {ANALYZER}.. is activated"
        yield _finding(session, Severity.VOID, 0, "no line that the uncertainty is checked", expected)
    elif ranging is not None:
        first, start_ns = switched_on[0], ranging.start.time_ns
        if first.time_ns is None or start_ns is None or first.time_ns >= start_ns:
            found = "the uncertainty checked only after ranging began"
            yield _finding(session, Severity.VOID, first.number, found, "before the ranging run")


def _weight(one: ComplaintCount, revision: PowerCheck) -> tuple[Severity, str]:
    """How much a class of complaints weighs, and what was expected in its place."""
    known_ranging = power_checks()[-1].ranging_errors
    match one.kind, one.when:
        case ComplaintKind.WARNING, When.LOAD if TOO_UNCERTAIN.search(one.text):
            if revision.uncertainty_voids:
                return Severity.VOID, "at most 1 % uncertainty of every sample under load"
            return Severity.WARNING, "at most 1 % uncertainty of every sample under load (later rounds void it)"
        case ComplaintKind.WARNING, When.LOAD:
            return Severity.WARNING, "no warning under load"
        case ComplaintKind.WARNING, _:
            return Severity.NOTE, ""
        case ComplaintKind.ERROR, _ if one.text in revision.accepted_errors:
            return Severity.WARNING, "no error (this one is accepted)"
        case ComplaintKind.ERROR, When.RANGING if one.text.startswith(known_ranging):
            return Severity.NOTE, ""
        case ComplaintKind.ERROR, When.RANGING:
            return Severity.WARNING, "no other errors than those of automatic ranges"
        case ComplaintKind.ERROR, When.LOAD:
            return Severity.VOID, "no error under load"
        case _:
            return Severity.ERROR, "no error outside ranging"


def _shown(one: ComplaintCount) -> str:
    since = "" if one.first_ns is None else f", first at {format_power_time(one.first_ns)}"
    times = "once" if one.count == 1 else f"{one.count} times"
    return f"{one.kind} {one.text!r} {times} {one.when}{since}"


def _finding(session: PowerSession, severity: Severity, line: int, found: str, expected: str) -> Finding:
    return finding(session, CODE, severity, FileName.PTD_LOGS, line=line, found=found, expected=expected)


COMPLAINTS = SessionCheck(
    text=CheckText(
        code=CODE,
        title="Check errors and warnings from PTD logs",
        why="The daemon knows which samples it could not take or trust; under load there must be none.",
        clause="mlcommons/power-dev, compliance/check.py, check_ptd_logs; all lines are looked at, not the first only",
        example="`ERROR: Bad watts reading nan from WT310` between power_begin and power_end.",
        fix="Fix the cause (range, cable, USB) and measure again.",
        official=False,
        also=POWER_CHECKER,
    ),
    needs=(Part.SERVER, Part.PTD_LOG),
    judge=_judge,
)
