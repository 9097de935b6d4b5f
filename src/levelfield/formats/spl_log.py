"""PTDaemon's sample log, ``spl.txt``: one reading of the power analyzer per line, about one a second.

``Time,02-25-2022 01:07:00.820,Watts,130.970000,Volts,121.590000,Amps,1.102500,PF,0.976900,Mark,<session>_testing``, and
for several channels ``,Ch1,Watts,..,Volts,..,Amps,..,PF,..`` and so on behind it, where the totals of volts, amps and
PF are -1. Values may be ``nan``, ``inf`` or negative. Source: mlcommons/power-dev, ``ptd_client_server/lib/server.py``
at f7b3b51, and 106 published logs of round v2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from levelfield.formats.power_time import STAMP_BYTES, format_power_time, parse_power_time, parse_power_times
from levelfield.frozen import frozen

__all__ = ["DamagedSample", "Reading", "SplLog", "SplSample", "parse_sample", "read_spl", "spl_text"]

TOTAL_FIELDS = 12
CHANNEL_FIELDS = 9
LABELS = [b"Time", b"Watts", b"Volts", b"Amps", b"PF", b"Mark"]
VALUES = (3, 5, 7, 9)
"""The fields of watts, volts, amps and power factor."""
STAMP = slice(5, 5 + STAMP_BYTES)
"""Where the time is in a line."""
DECIMAL = re.compile(rb"(-?)[0-9]{1,9}\.([0-9]{1,6})")
"""A value whose digits, as a whole number, a double holds exactly."""
NO_NUMBERS = frozenset({b"nan", b"-nan", b"inf", b"-inf"})
ALL_ZEROS = bytes.maketrans(b"0123456789", b"0" * 10)
MOST_SHAPES = 32
LONGEST_LINE = 1000
CHANNEL_LABELS = [b"Watts", b"Volts", b"Amps", b"PF"]
MOST_CHANNELS = 64
MOST_DAMAGED = 100
SHOWN = 60


@frozen
class Reading:
    """Four values of one moment: of the whole, or of a channel. -1 stands for a total that has no meaning."""

    watts: float
    volts: float
    amps: float
    power_factor: float

    def text(self) -> str:
        """As it stands in a line."""
        return f"Watts,{self.watts:.6f},Volts,{self.volts:.6f},Amps,{self.amps:.6f},PF,{self.power_factor:.6f}"


@frozen
class SplSample:
    """One line."""

    time_ns: int
    """Since the epoch, UTC; the file has milliseconds."""
    total: Reading
    mark: str
    """``<session>_ranging`` or ``<session>_testing``; without a comma or the end of a line."""
    channels: tuple[Reading, ...] = ()
    """``Ch1`` first; empty for an analyzer with one channel."""

    def text(self) -> str:
        """The line, without its end."""
        channels = "".join(f",Ch{number},{reading.text()}" for number, reading in enumerate(self.channels, start=1))
        return f"Time,{format_power_time(self.time_ns)},{self.total.text()},Mark,{self.mark}{channels}"


@frozen
class DamagedSample:
    """A line that is not empty and cannot be read as a sample."""

    number: int
    """From 1."""
    text: str
    """Its beginning."""
    problem: str


@frozen
class SplLog:
    """The samples of a log by column, in the order of the file; totals of all channels."""

    times_ns: NDArray[np.int64]
    """(samples,) since the epoch."""
    watts: NDArray[np.float64]
    """(samples,)"""
    volts: NDArray[np.float64]
    """(samples,) V; -1 where there are several channels."""
    amps: NDArray[np.float64]
    """(samples,) A; -1 where there are several channels."""
    power_factors: NDArray[np.float64]
    """(samples,) from 0 to 1; -1 where there are several channels."""
    marks: tuple[str, ...]
    """Every mark once, in order of its first line."""
    damaged: tuple[DamagedSample, ...]
    """The first hundred; never dropped in silence."""
    damaged_count: int
    """All of them."""

    def __len__(self) -> int:
        return len(self.times_ns)


def read_spl(data: bytes) -> SplLog:
    """Read a log; what cannot be read is kept as damaged lines. Line ends may be LF or CRLF."""
    return _read_regular(data) or _read_line_by_line(data)


def _read_regular(data: bytes) -> SplLog | None:
    """A log of one channel in which every line is as the tools write it: all lines of a shape at once.

    Lines have the same shape if they differ in digits of the time and the values alone; most logs have one, since
    values have six decimals.
    """
    text = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    left = _rows_by_width(text if text.endswith(b"\n") else text + b"\n")
    count = sum(len(places) for places, _ in left)
    stamps = np.empty((count, STAMP_BYTES), dtype=np.uint8)
    columns = np.empty((count, len(VALUES)))
    marks: dict[bytes, int] = {}
    for _ in range(MOST_SHAPES):
        if not left:
            break
        places, rows = left.pop()
        if rows.shape[1] > LONGEST_LINE:
            return None
        numbers, label, mark = rows[0].tobytes().rpartition(b",Mark,")
        shape = _shape_of(numbers.translate(ALL_ZEROS))
        if shape is None or b"," in mark or b"\n" in mark[:-1]:
            return None
        same = np.frombuffer(label + mark, dtype=np.uint8)
        above = rows[:, : len(numbers)] - shape.lowest  # where a letter is below the lowest, it wraps around
        if (above > shape.above_lowest).any() or (rows[:, len(numbers) :] != same).any():
            alike = (above <= shape.above_lowest).all(axis=1) & (rows[:, len(numbers) :] == same).all(axis=1)
            left.append((places[~alike], rows[~alike]))
            places, rows, above = places[alike], rows[alike], above[alike]
        marks[mark] = min(int(places[0]), marks.get(mark, count))
        stamps[places] = rows[:, STAMP]
        columns[places] = above[:, STAMP.stop :].astype(np.float64) @ shape.worth / shape.divisors + shape.constants
    times_ns = None if left else parse_power_times(stamps.tobytes())
    if times_ns is None:
        return None
    watts, volts, amps, power_factors = columns.T
    return SplLog(
        times_ns=times_ns,
        watts=watts,
        volts=volts,
        amps=amps,
        power_factors=power_factors,
        marks=tuple(dict.fromkeys(_text(mark[:-1]) for mark in sorted(marks, key=marks.__getitem__))),
        damaged=(),
        damaged_count=0,
    )


def _rows_by_width(text: bytes) -> list[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Of all lines with the same number of letters: which they are, and (lines, letters) with their ends."""
    letters = np.frombuffer(text, dtype=np.uint8)
    width = text.index(b"\n") + 1
    if len(letters) % width == 0 and (letters[width - 1 :: width] == ord("\n")).all():
        return [(np.arange(len(letters) // width), letters.reshape(-1, width))]
    ends = np.flatnonzero(letters == ord("\n")) + 1
    starts = np.concatenate(([0], ends[:-1]))
    widths = ends - starts
    different = sorted(set(widths.tolist()))[: MOST_SHAPES + 1]  # np.unique would load numpy.ma, which takes 10 ms
    groups = [(np.flatnonzero(widths == width), width) for width in different]
    return [(places, sliding_window_view(letters, width)[starts[places]]) for places, width in groups]


@frozen
class _Shape:
    """What the lines of a shape share before their mark."""

    lowest: NDArray[np.uint8]
    """(letters,) the line with zeros for the digits that may differ."""
    above_lowest: NDArray[np.uint8]
    """(letters,) nine where a digit may differ, else zero."""
    worth: NDArray[np.float64]
    """(letters behind the time, values) what a digit adds to a value without its decimal point: whole numbers, so that
    sums are exact."""
    divisors: NDArray[np.float64]
    """(values,) one with as many zeros as there are decimals; negative for a value with a sign."""
    constants: NDArray[np.float64]
    """(values,) those that have no digits: nan and inf."""


@lru_cache(maxsize=256)
def _shape_of(line: bytes) -> _Shape | None:
    """The shape of a line up to its mark, whose digits are all zeros.

    Returns:
        ``None`` where it is no line of one channel, or has a value that is spelled otherwise.
    """
    fields = line.split(b",")
    if fields[::2] != LABELS[:-1] or len(fields) != VALUES[-1] + 1 or len(fields[1]) != STAMP_BYTES:
        return None
    lowest = np.frombuffer(line, dtype=np.uint8)
    worth, divisors, constants = np.zeros((len(line), len(VALUES))), np.ones(len(VALUES)), np.zeros(len(VALUES))
    for column, field in enumerate(VALUES):
        end = len(b",".join(fields[: field + 1]))
        if found := DECIMAL.fullmatch(fields[field]):
            divisors[column] = (-1.0 if found[1] else 1.0) * 10.0 ** len(found[2])
            digits = [at for at in range(end - 1, end - len(found[0]) - 1, -1) if line[at] == ord("0")]
            worth[digits, column] = 10.0 ** np.arange(len(digits))
        elif fields[field] in NO_NUMBERS:
            constants[column] = float(fields[field])
        else:
            return None
    return _Shape(
        lowest=lowest,
        above_lowest=np.where(lowest == ord("0"), 9, 0).astype(np.uint8),
        worth=worth[STAMP.stop :],
        divisors=divisors,
        constants=constants,
    )


def _read_line_by_line(data: bytes) -> SplLog:
    times_ns: list[int] = []
    rows: list[tuple[float, float, float, float]] = []
    marks: dict[bytes, None] = {}
    damaged: list[DamagedSample] = []
    damaged_count = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        fields = line.split(b",", TOTAL_FIELDS)
        try:
            if fields[0:TOTAL_FIELDS:2] != LABELS:
                raise _wrong_labels(fields)
            row = float(fields[3]), float(fields[5]), float(fields[7]), float(fields[9])
            times_ns.append(parse_power_time(fields[1]))  # the last that can fail
        except (ValueError, IndexError) as error:
            if not line.strip():
                continue
            damaged_count += 1
            if len(damaged) < MOST_DAMAGED:
                shown = line[:SHOWN].decode("utf-8", "backslashreplace").rstrip()
                damaged.append(DamagedSample(number=number, text=shown, problem=str(error)))
            continue
        rows.append(row)
        marks[fields[11]] = None
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return SplLog(
        times_ns=np.array(times_ns, dtype=np.int64),
        watts=columns[0],
        volts=columns[1],
        amps=columns[2],
        power_factors=columns[3],
        marks=tuple(dict.fromkeys(_text(mark) for mark in marks)),
        damaged=tuple(damaged),
        damaged_count=damaged_count,
    )


def parse_sample(line: bytes) -> SplSample:
    """One line whole, channels and all; its end may be there.

    Raises:
        ValueError: It is no sample.
    """
    fields = line.rstrip(b"\r\n").split(b",", TOTAL_FIELDS + MOST_CHANNELS * CHANNEL_FIELDS)
    rest = fields[TOTAL_FIELDS:]
    if fields[0:TOTAL_FIELDS:2] != LABELS or len(fields) < TOTAL_FIELDS or len(rest) % CHANNEL_FIELDS:
        raise _wrong_labels(fields)
    return SplSample(
        time_ns=parse_power_time(fields[1]),
        total=_reading(fields[2:10]),
        mark=_text(fields[11]),
        channels=tuple(
            _channel(rest[first : first + CHANNEL_FIELDS], number)
            for number, first in enumerate(range(0, len(rest), CHANNEL_FIELDS), start=1)
        ),
    )


def spl_text(samples: Iterable[SplSample]) -> str:
    """The text of a log."""
    return "".join(f"{sample.text()}\n" for sample in samples)


def _channel(fields: list[bytes], number: int) -> Reading:
    if fields[0] != b"Ch%d" % number:
        raise ValueError(f"channel {number}: found {_text(fields[0])[:SHOWN]!r}, expected 'Ch{number}'")
    return _reading(fields[1:])


def _reading(fields: list[bytes]) -> Reading:
    if fields[::2] != CHANNEL_LABELS:
        raise _wrong_labels(fields)
    watts, volts, amps, power_factor = (float(field) for field in fields[1::2])
    return Reading(watts=watts, volts=volts, amps=amps, power_factor=power_factor)


def _wrong_labels(fields: list[bytes]) -> ValueError:
    shown = _text(b",".join(fields))[:SHOWN]
    return ValueError(f"fields: found {shown!r}, expected Time,..,Watts,..,Volts,..,Amps,..,PF,..,Mark,..")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").rstrip("\r")
