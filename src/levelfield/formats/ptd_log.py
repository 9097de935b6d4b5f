"""PTDaemon's own log, ``ptd_logs.txt``: what it did and what it complained of.

A banner, then lines ``02-25-2022 01:07:00.820: text``, times in UTC; replies of the analyzer may follow on lines of
their own. A complaint has ``WARNING:`` or ``ERROR:`` in it, and there are two for each sample of a ranging run; equal
ones are kept together. Some complaints have no line end, so that the next stamp follows on the same line. Source:
PTDaemon 1.9.2 in 53 published logs of round v2.0; which texts matter: mlcommons/power-dev, ``compliance/check.py`` at
f7b3b51.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.power_time import STAMP_BYTES, STAMP_PATTERN, parse_power_time, parse_power_times
from levelfield.formats.ptd_pairs import UNCERTAINTY, cut_out_pairs
from levelfield.frozen import frozen

__all__ = ["Complaint", "ComplaintKind", "PtdEvent", "PtdLog", "PtdRun", "read_ptd_log"]

BEHIND_STAMP = b": "
TEXT_AT = STAMP_BYTES + len(BEHIND_STAMP)
"""Where the text of a line begins."""
STAMP = re.compile(STAMP_PATTERN + BEHIND_STAMP)
GO = b"Go with mark '"
COMPLETED = b"Completed test"
SENT = b"Response to client sent: "
UNCERTAINTY_ON = re.compile(rb"Uncertainty checking for (\S+) is activated")
AVERAGE = b"Avg watts "
EVENTS = (SENT, GO, COMPLETED, AVERAGE)
AVERAGES = re.compile(
    rb"Avg watts (\S+), min watts \S+, max watts \S+, samples \d+, errors (\d{1,9}), valid (\d{1,9})\s*"
)
SIMULATED = b"SIMULATED"
SHOWN = 200
MOST_TEXTS = 200
"""Different complaints that are told apart; a log that was made to have more is read in bounded memory all the same."""
MOST_RUNS = 100
OTHER_TEXTS = "(any of many further texts)"


class ComplaintKind(StrEnum):
    """How the daemon names it."""

    WARNING = "WARNING"
    ERROR = "ERROR"


_LABELS = {kind: f"{kind}:".encode() for kind in ComplaintKind}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Complaint:
    """Lines with the same complaint."""

    kind: ComplaintKind
    text: str
    """Behind ``WARNING:`` or ``ERROR:``, its first 200 letters."""
    numbers: NDArray[np.int64]
    """(lines,) from 1."""
    times_ns: NDArray[np.int64] | None
    """(lines,) since the epoch; ``None`` where the lines have no time."""


@frozen
class PtdEvent:
    """A line that a check looks for."""

    number: int
    """From 1."""
    time_ns: int | None
    """Since the epoch; ``None`` where the line has no time."""
    text: str


@frozen
class PtdRun:
    """One measurement: from its ``Go`` to its ``Completed test``."""

    mark: str
    start: PtdEvent
    end: PtdEvent | None
    """``None`` where the log ends before."""
    mean_watts: float | None
    """The daemon's own mean over its valid samples; ``None`` where it did not say."""
    valid_count: int | None
    """Samples that it took without an error."""
    error_count: int | None
    """Samples with an error; the sample log says -1 or no number for them."""


@frozen
class PtdLog:
    """What a log says."""

    runs: tuple[PtdRun, ...]
    """The first hundred; a session has two."""
    uncertainty_on: tuple[PtdEvent, ...]
    """Where it says that it checks the uncertainty; the text is the analyzer."""
    replies: tuple[str, ...]
    """What it sent to the server, in order."""
    complaints: tuple[Complaint, ...]
    """By first line."""
    simulated: bool
    """Whether its banner says that nothing was measured."""


def read_ptd_log(data: bytes) -> PtdLog:
    """Read a log. There is no line that it refuses: what is neither event nor complaint is passed over."""
    text = data.replace(b"\r", b"")
    pairs, left = cut_out_pairs(text)
    complaints, events = _sorted_out(line for one in left for line in enumerate(one.text.split(b"\n"), one.number))
    complaints += [(np.arange(one.number, one.number + 2 * one.lines, 2), one.stamps, one.rest) for one in pairs]
    return PtdLog(
        runs=tuple(_runs(events)),
        uncertainty_on=tuple(
            _event(number, line, found[1])
            for number, line in events
            if (found := UNCERTAINTY_ON.search(line)) is not None
        ),
        replies=tuple(_text(line[TEXT_AT + len(SENT) :]) for _, line in events if line.startswith(SENT, TEXT_AT)),
        complaints=tuple(_complaints(complaints)),
        simulated=SIMULATED in text and _is_in_banner(text, events),
    )


def _is_in_banner(text: bytes, events: list[tuple[int, bytes]]) -> bool:
    """Whether it is said before the first event."""
    lines = text.split(b"\n")
    return any(SIMULATED in line for line in lines[: events[0][0] - 1 if events else len(lines)])


_Group: TypeAlias = tuple[NDArray[np.int64], bytes, bytes]
"""(lines,) numbers of lines; their stamps one behind the other, or nothing where they have none; and what all of them
have behind it."""


def _sorted_out(lines: Iterable[tuple[int, bytes]]) -> tuple[list[_Group], list[tuple[int, bytes]]]:
    """Complaints by equal text, and events line by line."""
    complaints: dict[bytes, list[tuple[int, bytes]]] = {}
    groups: list[_Group] = []
    events: list[tuple[int, bytes]] = []
    for number, line in lines:
        stamped = line.startswith(BEHIND_STAMP, STAMP_BYTES)
        rest = line[STAMP_BYTES:] if stamped else line
        if b"WARNING:" in rest or b"ERROR:" in rest:
            if stamped:
                complaints.setdefault(rest, []).append((number, line[:STAMP_BYTES]))
            else:
                groups.append((np.array([number]), b"", rest))
        if UNCERTAINTY in rest or (stamped and rest.startswith(EVENTS, len(BEHIND_STAMP))):
            events.append((number, line))
    for rest, found in complaints.items():
        numbers, stamps = zip(*found, strict=True)
        groups.append((np.array(numbers), b"".join(stamps), rest))
    return groups, events


def _runs(events: list[tuple[int, bytes]]) -> list[PtdRun]:
    found: list[PtdRun] = []
    starts = [place for place, (_, line) in enumerate(events) if line.startswith(GO, TEXT_AT)][: MOST_RUNS + 1]
    for place, following in pairwise([*starts, *([len(events)] if len(starts) <= MOST_RUNS else [])]):
        number, line = events[place]
        mark = _text(line[TEXT_AT + len(GO) :]).rstrip().removesuffix("'")
        inside = events[place + 1 : following]
        ends = [(at, text) for at, text in inside if text[TEXT_AT:].strip() == COMPLETED]
        said = next((match for _, text in inside if (match := AVERAGES.fullmatch(text, TEXT_AT))), None)
        found.append(
            PtdRun(
                mark=mark,
                start=_event(number, line, line[TEXT_AT:]),
                end=_event(*ends[0], COMPLETED) if ends else None,
                mean_watts=_number(said[1]) if said else None,
                valid_count=int(said[3]) if said else None,
                error_count=int(said[2]) if said else None,
            )
        )
    return found


def _complaints(groups: list[_Group]) -> list[Complaint]:
    found: dict[tuple[ComplaintKind, str], list[tuple[NDArray[np.int64], bytes]]] = {}
    for numbers, firsts, rest in sorted(groups, key=lambda group: int(group[0][0])):
        for kind, text, own_stamp in _records(rest):
            key = kind, text if (kind, text) in found or len(found) < MOST_TEXTS else OTHER_TEXTS
            found.setdefault(key, []).append((numbers, own_stamp * len(numbers) if own_stamp else firsts))
    complaints = [one for (kind, text), parts in found.items() for one in _dated(kind, text, parts)]
    return sorted(complaints, key=lambda one: int(one.numbers[0]))


def _records(rest: bytes) -> list[tuple[ComplaintKind, str, bytes]]:
    """The complaints behind the stamp of a line: usually one, more where a line end is missing.

    Each with its kind, its text, and its stamp where that is not the line's.
    """
    first, *further = _pieces(rest)
    found = []
    for piece, stamp in ((first, b""), *((piece[TEXT_AT:], piece[:STAMP_BYTES]) for piece in further)):
        for kind in ComplaintKind:
            _, label, said = piece.partition(_LABELS[kind])
            if label:
                found.append((kind, _text(said.strip()[:SHOWN]), stamp))
    return found


def _dated(kind: ComplaintKind, text: str, parts: list[tuple[NDArray[np.int64], bytes]]) -> list[Complaint]:
    """One complaint; two where some of its lines have no time."""
    places = np.concatenate([numbers for numbers, _ in parts])
    stamps = b"".join([stamps for _, stamps in parts])
    times_ns = parse_power_times(stamps) if len(stamps) == len(places) * STAMP_BYTES else None
    if times_ns is not None:
        if (places[1:] < places[:-1]).any():  # from several groups
            order = np.argsort(places, kind="stable")
            places, times_ns = places[order], times_ns[order]
        return [Complaint(kind=kind, text=text, numbers=places, times_ns=times_ns)]
    dated, undated = [], []
    for number, stamp in sorted(pair for part in parts for pair in _line_by_line(*part)):
        try:
            dated.append((number, parse_power_time(stamp)))
        except ValueError:
            undated.append(number)
    found = [Complaint(kind=kind, text=text, numbers=np.array(undated, dtype=np.int64), times_ns=None)]
    if dated:
        columns = np.array(dated, dtype=np.int64).T
        found.append(Complaint(kind=kind, text=text, numbers=columns[0], times_ns=columns[1]))
    return found if undated else found[1:]


def _line_by_line(numbers: NDArray[np.int64], stamps: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and stamp of each line; an empty stamp where it has none."""
    for place, number in enumerate(numbers.tolist()):
        yield number, stamps[place * STAMP_BYTES : (place + 1) * STAMP_BYTES]


def _pieces(rest: bytes) -> list[bytes]:
    starts = [found.start() for found in STAMP.finditer(rest)]
    return [rest[a:b] for a, b in pairwise([0, *starts, len(rest)])]


def _event(number: int, line: bytes, text: bytes) -> PtdEvent:
    try:
        time_ns = parse_power_time(line[:STAMP_BYTES])
    except ValueError:
        time_ns = None
    return PtdEvent(number=number, time_ns=time_ns, text=_text(text).strip())


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
