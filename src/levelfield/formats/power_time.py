"""The time stamp that power logs and LoadGen's ``power_begin``/``power_end`` share: ``02-25-2022 01:07:00.820``.

Month first, milliseconds, no zone. Since round v1.1 all of them are UTC. Source: mlcommons/power-dev,
``compliance/check.py`` (``get_time_from_line``) at f7b3b51, and mlcommons/inference, ``loadgen/loadgen.cc`` at v2.0.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["STAMP_BYTES", "format_power_time", "parse_power_time"]

STAMP_BYTES = 23
"""Length of a stamp as the tools write it."""
OTHER_SPELLING = re.compile(rb"(\d{1,2})-(\d{1,2})-(\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})")


def parse_power_time(stamp: bytes | str) -> int:
    """Nanoseconds since the epoch, the stamp taken as UTC.

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
    month, day, year, hour, minute, seconds = (int(part) for part in found.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, seconds, tzinfo=UTC)
    except ValueError as error:
        raise _no_stamp(text) from error
    return _epoch_s(moment) * NS_PER_S + int(found[7].ljust(9, b"0"))


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
    month, day, year, hour, minute = (int(part) for part in found.groups()[:5])
    try:
        return _epoch_s(datetime(year, month, day, hour, minute, tzinfo=UTC)) * NS_PER_S
    except ValueError as error:
        raise _no_stamp(text) from error


def _epoch_s(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _SECOND


def _no_stamp(text: bytes) -> ValueError:
    shown = text[:40].decode("utf-8", "backslashreplace")
    return ValueError(f"time: found {shown!r}, expected one as 02-25-2022 01:07:00.820")


_SECOND = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
