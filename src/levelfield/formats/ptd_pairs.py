"""Pairs of complaints in PTDaemon's log: for each sample of a ranging run a warning and an error, nine tenths of a log.

Of a stretch of such pairs only the stamps differ. It is compared with its first pair as one table of letters, at a
fraction of what it takes to look at each line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from levelfield.formats.power_time import STAMP_BYTES, STAMP_PATTERN

__all__ = ["UNCERTAINTY", "Pairs", "Stretch", "cut_out_pairs"]

UNCERTAINTY = b"Uncertainty checking"
"""Of an event, not of a complaint."""
WARNING = b"WARNING:"
PLAIN_WARNING, PLAIN_ERROR = (
    re.compile(rb"%s: %s (?!.*%s)" % (STAMP_PATTERN, label, UNCERTAINTY)) for label in (WARNING, b"ERROR:")
)
"""Nothing stands between stamp and label, and the line does not say as well that uncertainty is checked."""
ZEROS = b"00-00-0000 00:00:00.000"
ABOVE_ZEROS = np.array([9 if letter == ord("0") else 0 for letter in ZEROS], dtype=np.uint8)
FEWEST = 8
"""Pairs that are worth a table."""
FIRST_LOOKED_AT = 64
"""Pairs that are compared before all that follow are, so that many short stretches are cheap."""
MOST_TRIED = 100
"""Warnings from which a stretch may start; a log has one or two stretches."""
LONGEST_PAIR = 2000


class Stretch(NamedTuple):
    """Lines as they stand in the log."""

    number: int
    """Of the first, from 1."""
    text: bytes
    """Without the end of the last one."""


class Pairs(NamedTuple):
    """Equal complaints in every other line."""

    number: int
    """Of the first, from 1."""
    lines: int
    stamps: bytes
    """One behind the other."""
    rest: bytes
    """What all lines have behind the stamp."""


def cut_out_pairs(text: bytes) -> tuple[list[Pairs], list[Stretch]]:
    """Take stretches of pairs out of a log.

    Args:
        text: The log, its lines ended by LF.

    Returns:
        Two for each stretch of pairs, and what is left, both in order.
    """
    pairs: list[Pairs] = []
    left: list[Stretch] = []
    begin, number, at = 0, 1, 0
    for _ in range(MOST_TRIED):
        found = text.find(WARNING, at)
        middle = text.find(b"\n", found) + 1
        end = text.find(b"\n", middle) + 1
        if found < 0 or not middle or not end:
            break
        start = text.rfind(b"\n", begin, found) + 1 or begin
        first, second = text[start:middle], text[middle:end]
        count = _count(text, start, first, second)
        if count < FEWEST:
            at = middle
            continue
        if start > begin:
            left.append(Stretch(number, text[begin : start - 1]))
        number += text.count(b"\n", begin, start)
        pairs += _pairs(text, start, (first, second), number, count)
        number += 2 * count
        begin = at = start + count * (end - start)
    left.append(Stretch(number, text[begin:]))
    return pairs, left


def _count(text: bytes, start: int, first: bytes, second: bytes) -> int:
    """How many times a pair stands there, stamps apart; 0 where it is none, or too few are."""
    width = len(first) + len(second)
    last = start + (FEWEST - 1) * width
    if not text.startswith(first[STAMP_BYTES:], last + STAMP_BYTES) or width > LONGEST_PAIR:
        return 0
    if not (PLAIN_WARNING.match(first) and PLAIN_ERROR.match(second)):
        return 0
    lowest = np.frombuffer(ZEROS + first[STAMP_BYTES:] + ZEROS + second[STAMP_BYTES:], dtype=np.uint8)
    above_lowest = np.zeros(width, dtype=np.uint8)
    above_lowest[:STAMP_BYTES] = above_lowest[len(first) : len(first) + STAMP_BYTES] = ABOVE_ZEROS
    whole = (len(text) - start) // width
    for most in (min(whole, FIRST_LOOKED_AT), whole):
        table = np.frombuffer(text, np.uint8, most * width, start).reshape(most, width)
        other = (table - lowest > above_lowest).ravel()  # where a letter is below the lowest, it wraps around
        if other[place := int(other.argmax())]:
            return place // width
    return whole


def _pairs(text: bytes, start: int, lines: tuple[bytes, bytes], number: int, count: int) -> list[Pairs]:
    width = sum(map(len, lines))
    table = np.frombuffer(text, np.uint8, count * width, start).reshape(count, width)
    return [
        Pairs(number + place, count, table[:, begin : begin + STAMP_BYTES].tobytes(), line[STAMP_BYTES:-1])
        for place, (begin, line) in enumerate(zip((0, len(lines[0])), lines, strict=True))
    ]
