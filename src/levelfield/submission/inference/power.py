"""The seam to measured power: the watts of a result while its load ran, from the files of its session."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from contextlib import suppress
from datetime import datetime
from io import BytesIO

from levelfield.frozen import frozen

__all__ = ["Window", "mean_watts", "power_figure"]

TIME = re.compile("[0-9]{2}-[0-9]{2}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}")
TIME_WIDTH = len("02-07-2022 11:10:18.325")
LINE_START = b"Time,%s,Watts,"
START_WIDTH = len(LINE_START % bytes(TIME_WIDTH))
SAME_IN_ALL = (*range(5), 7, *range(10, 15), 24, *range(28, START_WIDTH))
"""Of the letters of a line's start: the labels, and of the time its year and the marks before and behind."""


@frozen
class Window:
    """The time between the load generator's ``power_begin`` and ``power_end``, as the logs spell it."""

    begin: str
    """``02-07-2022 11:10:18.325``, UTC."""
    end: str

    @property
    def duration_s(self) -> float:
        """From begin to end.

        Raises:
            ValueError: A time is spelled otherwise.
        """
        begin, end = _moment(self.begin), _moment(self.end)
        return (end - begin).total_seconds()


def _moment(time: str) -> datetime:
    """Without a zone; both are UTC."""
    if TIME.fullmatch(time):
        with suppress(ValueError):
            return datetime.fromisoformat(f"{time[6:10]}-{time[:5]} {time[11:]}")
    return datetime.strptime(time, "%m-%d-%Y %H:%M:%S.%f")  # noqa: DTZ007 - takes other spellings, and says what is wrong


def mean_watts(spl: bytes, window: Window) -> float | None:
    """The mean of the samples strictly between begin and end, as the official checker of round v2.0 takes it.

    Source: mlcommons/inference, ``submission-checker.py``, ``check_power_dir`` at v2.0.

    Returns:
        ``None`` where no sample lies inside.

    Raises:
        ValueError: A line is no sample; the official checker gives the result up there.
    """
    begin, end = window.begin.encode(), window.end.encode()
    watts = _watts_in_order(spl, begin, end)
    if watts is None:
        watts = _watts_line_by_line(spl, _sortable(begin), _sortable(end))
    return sum(watts) / len(watts) if watts else None


def _watts_in_order(spl: bytes, begin: bytes, end: bytes) -> list[float] | None:
    """Of a log of one year and rising times, as nearly all are: the beginnings of lines are in the order of time."""
    lines = BytesIO(spl).readlines()
    starts = [line[:START_WIDTH] for line in lines]
    first, last = (LINE_START % time for time in (begin, end))
    joined = b"".join((first, last, *starts))
    count = 2 + len(lines)
    if not lines or len(joined) != START_WIDTH * count or set(map(len, starts)) != {START_WIDTH}:
        return None
    for place in SAME_IN_ALL:
        if joined[place::START_WIDTH] != first[place : place + 1] * count:
            return None
    if (first[7:8], first[10:11], first[24:25], joined.count(b",")) != (b"-", b"-", b".", 3 * count):
        return None
    if sorted(starts) != starts:
        return None
    inside = lines[bisect_right(starts, first) : bisect_left(starts, last)]
    return [float(line[START_WIDTH:].partition(b",")[0]) for line in inside]


def _watts_line_by_line(spl: bytes, begin: bytes, end: bytes) -> list[float]:
    watts = []
    for line in spl.removesuffix(b"\n").split(b"\n"):
        fields = line.split(b",", 4)
        if len(fields) < 4:
            raise ValueError(f"{line[:60]!r} is no sample")
        if begin < _sortable(fields[1]) < end:
            watts.append(float(fields[3]))
    return watts


def power_figure(watts: float, *, unit: str, duration_s: float, queries: int, factor: int) -> float:
    """What the round publishes: the mean itself, or the energy of a query in J.

    Args:
        watts: The mean while the load ran.
        unit: ``Watts`` or ``Joules``, by the scenario that is claimed.
        duration_s: From ``power_begin`` to ``power_end``.
        queries: As many were issued.
        factor: What an inferred result is multiplied with; 1 for others.
    """
    if unit == "Watts":
        return watts
    return watts * duration_s * factor / queries  # in the order of the official checker


def _sortable(time: bytes) -> bytes:
    """``02-07-2022 11:10:18.325`` with the year first, so that texts are in the order of time."""
    if len(time) != TIME_WIDTH or time[2:3] != b"-" or time[19:20] != b".":
        raise ValueError(f"{time!r} is no time of the form MM-DD-YYYY HH:MM:SS.mmm")
    return time[6:10] + time[:5] + time[10:]
