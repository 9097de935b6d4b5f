"""The time stamp that power logs and LoadGen's ``power_begin``/``power_end`` share: ``02-25-2022 01:07:00.820``.

Month first, milliseconds, no zone. Since round v1.1 all of them are UTC. Source: mlcommons/power-dev,
``compliance/check.py`` (``get_time_from_line``) at f7b3b51, and mlcommons/inference, ``loadgen/loadgen.cc`` at v2.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["STAMP_BYTES", "STAMP_PATTERN", "format_power_time", "parse_power_time", "parse_power_times"]

STAMP_BYTES = 23
"""Length of a stamp as the tools write it."""
STAMP_PATTERN = rb"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}"
"""One as the tools write it, moment or not."""
YEARS = range(1970, 2200)
"""In nanoseconds, they and their differences fit into 64 bits."""
OTHER_SPELLING = re.compile(rb"(\d{1,2})-(\d{1,2})-(\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})")

# Of a stamp, letter by letter: the lowest and the highest that stands there, and what it adds to the time of the day
# and to a number that is the same for the same day.
_LOWEST = np.frombuffer(b"00-00-0000 00:00:00.000", dtype=np.uint8)
_ABOVE_LOWEST = np.frombuffer(b"99-99-9999 99:59:59.999", dtype=np.uint8) - _LOWEST
_DAY_NS = 24 * 3600 * NS_PER_S
_WORTH = np.zeros((STAMP_BYTES, 2))
_WORTH[[11, 12, 14, 15, 17, 18, 20, 21, 22], 0] = (
    np.array([36_000_000, 3_600_000, 600_000, 60_000, 10_000, 1000, 100, 10, 1], dtype=np.float64) * NS_PER_MS
)
_WORTH[[0, 1, 3, 4, 6, 7, 8, 9], 1] = 10.0 ** np.arange(8)


def parse_power_time(stamp: bytes | str) -> int:
    """Nanoseconds since the epoch, the stamp taken as UTC; years from 1970 to 2199.

    Short numbers and up to six decimals are taken too, as the official tools take them.

    Raises:
        ValueError: It is no such stamp, or no such moment.
    """
    text = stamp.encode(errors="replace") if isinstance(stamp, str) else stamp
    second, millisecond = text[17:19], text[20:]
    if (
        len(text) == STAMP_BYTES
        and text[16] == 58  # a colon
        and text[19] == 46  # a full stop
        and second.isdigit()
        and millisecond.isdigit()
        and second < b"60"
    ):
        return _minute_ns(text[:16]) + int(second) * NS_PER_S + int(millisecond) * NS_PER_MS
    found = OTHER_SPELLING.fullmatch(text)
    if found is None:
        raise _no_stamp(text)
    return _epoch_s(found.groups()[:6], text) * NS_PER_S + int(found[7].ljust(9, b"0"))


def parse_power_times(stamps: bytes) -> NDArray[np.int64] | None:
    """Many stamps at once, each as the tools write it; ``None`` where one is not (:func:`parse_power_time` says why).

    Args:
        stamps: One behind the other, 23 bytes each, nothing between them.

    Returns:
        (stamps,) nanoseconds since the epoch.
    """
    if len(stamps) % STAMP_BYTES:
        return None
    letters = np.frombuffer(stamps, dtype=np.uint8).reshape(-1, STAMP_BYTES)
    above = letters - _LOWEST  # wraps around where a letter is below the lowest, and is then above the highest
    if (above > _ABOVE_LOWEST).any():
        return None
    clock_ns, days = (above.astype(np.float64) @ _WORTH).T
    if (clock_ns >= _DAY_NS).any():
        return None
    try:
        times_ns: NDArray[np.int64] = clock_ns.astype(np.int64) + _midnights_ns(letters, days)
    except ValueError:
        return None
    return times_ns


def _midnights_ns(letters: NDArray[np.uint8], days: NDArray[np.float64]) -> NDArray[np.int64] | int:
    """Of each day, spelled in the first ten letters; one number where all are the same, as in most logs."""
    if not len(days) or (days == days[0]).all():
        return _minute_ns(letters[:1, :10].tobytes() + b" 00:00") if len(days) else 0
    _, first, place = np.unique(days, return_index=True, return_inverse=True)
    return np.array([_minute_ns(letters[at, :10].tobytes() + b" 00:00") for at in first.tolist()], dtype=np.int64)[
        place
    ]


def format_power_time(time_ns: int) -> str:
    """The stamp of a moment, cut to milliseconds.

    Args:
        time_ns: Since the epoch; from the year 1 to 9999.
    """
    seconds, rest = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%m-%d-%Y %H:%M:%S}.{rest // NS_PER_MS:03}"


@lru_cache(maxsize=4096)  # a session has some forty minutes, and thousands of lines in each
def _minute_ns(text: bytes) -> int:
    """Of ``02-25-2022 01:07``."""
    found = OTHER_SPELLING.fullmatch(text + b":00.0")
    if found is None:
        raise _no_stamp(text)
    return _epoch_s(found.groups()[:6], text) * NS_PER_S


def _epoch_s(parts: Sequence[bytes], text: bytes) -> int:
    """Seconds since the epoch of month, day, year, hour, minute, second, which the text spells."""
    month, day, year, hour, minute, second = (int(part) for part in parts)
    if year not in YEARS:
        raise _no_stamp(text)
    try:
        return (datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH) // _SECOND
    except ValueError as error:
        raise _no_stamp(text) from error


def _no_stamp(text: bytes) -> ValueError:
    shown = text[:40].decode("utf-8", "backslashreplace")
    return ValueError(f"time: found {shown!r}, expected one as 02-25-2022 01:07:00.820")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
