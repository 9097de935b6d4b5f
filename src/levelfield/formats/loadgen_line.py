"""One line of LoadGen's detail log: ``:::MLLOG`` and a JSON object.

Members come in a fixed order: ``key``, ``value``, ``time_ms`` (six decimals), ``namespace``, ``event_type``, and
``metadata`` with ``is_error``, ``is_warning``, ``file``, ``line_no``, ``pid``, ``tid``. Doubles have six significant
digits, integers are in full. Source: mlcommons/inference, ``loadgen/logging.h``, ``AsyncLog::LogDetail``, at v2.0 and
b66003e1.

Where our writer differs, deliberately: strings are escaped (the reference pastes them, so that a quote breaks the
line; plain text is the same), and what is not a number is written ``null`` (the reference prints ``-nan`` or ``inf``,
which is not JSON). The reader takes both.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from levelfield.frozen import frozen

if TYPE_CHECKING:  # arrays are only written; the checker reads logs without loading numpy
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MARKER",
    "DamagedLine",
    "DetailLine",
    "Value",
    "Writable",
    "detail_line",
    "format_double",
    "format_value",
    "parse_line",
    "parse_value",
]

MARKER = ":::MLLOG"
NAMESPACE = "mlperf::logging"
POINT_IN_TIME = "POINT_IN_TIME"

Value: TypeAlias = "bool | int | float | str | tuple[int, ...] | dict[str, str] | None"
"""What an event may carry."""

Writable: TypeAlias = "Value | Sequence[int] | NDArray[np.int64] | Mapping[str, str]"
"""What a writer takes: also arrays, and any mapping of text."""

NOT_FINITE = {
    "inf": math.inf,
    "-inf": -math.inf,
    "nan": math.nan,
    "-nan": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "NaN": math.nan,
}

# The members before and after the value are fixed, so a value with stray quotes is still found between them.
HEAD = r'\s*\{"key": "(?P<key>.*?)", "value": '
TAIL = (
    r', "time_ms": (?P<ms>\d+)\.(?P<ns>\d{1,6}), '
    r'"namespace": "(?P<namespace>[^"]*)", "event_type": "(?P<event_type>[^"]*)", '
    r'"metadata": \{"is_error": (?P<is_error>true|false), "is_warning": (?P<is_warning>true|false), '
    r'"file": "(?P<file>.*)", "line_no": (?P<line_no>\d+), "pid": (?P<pid>\d+), "tid": (?P<tid>\d+)\}\}\s*'
)
_decode = json.JSONDecoder(strict=False).decode  # json.loads makes a decoder each time
BEFORE_VALUE, BEHIND_VALUE = '", "value": ', ', "time_ms": '
FIRST = re.compile(HEAD, re.DOTALL)
LAST = re.compile(TAIL, re.DOTALL)
LINE = re.compile(f"{HEAD}(?P<value>.*){TAIL}", re.DOTALL)

# Nearly all lines: nothing in them is escaped, so that no letter is looked at twice.
PLAIN_LINE = re.compile(
    r':::MLLOG \{"key": "(?P<key>[^"\\]*)", "value": (?P<value>"[^"\\]*"|[^" ]*), '
    r'"time_ms": (?P<ms>[0-9]+)\.(?P<ns>[0-9]{1,6}), '
    r'"namespace": "(?P<namespace>[^"\\]*)", "event_type": "(?P<event_type>[^"\\]*)", '
    r'"metadata": \{"is_error": (?P<is_error>true|false), "is_warning": (?P<is_warning>true|false), '
    r'"file": "(?P<file>[^"\\]*)", "line_no": (?P<line_no>[0-9]+), "pid": (?P<pid>[0-9]+), "tid": (?P<tid>[0-9]+)\}\}'
)


@frozen
class DetailLine:
    """One event. The value is kept as it is spelled and parsed when asked for: loaded sets have 100,000 numbers."""

    key: str
    value_text: str
    """The value as spelled in the file."""
    time_ns: int
    """Since the start of logging."""
    is_error: bool = False
    is_warning: bool = False
    event_type: str = POINT_IN_TIME
    namespace: str = NAMESPACE
    file: str
    """The source file that logged it."""
    line_no: int
    """The line of that file."""
    pid: int
    tid: int
    number: int = 0
    """The line of the log, from 1; 0 where it was not read from one."""

    @property
    def value(self) -> Value:
        """The value.

        Raises:
            ValueError: It is spelled in no way that is known.
        """
        return parse_value(self.value_text)

    def text(self) -> str:
        """The line as it stands in the file, without its end."""
        milliseconds, nanoseconds = divmod(self.time_ns, 1_000_000)
        return (
            f'{MARKER} {{"key": {_quote(self.key)}, "value": {self.value_text}, '
            f'"time_ms": {milliseconds}.{nanoseconds:06}, "namespace": {_quote(self.namespace)}, '
            f'"event_type": {_quote(self.event_type)}, "metadata": {{"is_error": {_flag(self.is_error)}, '
            f'"is_warning": {_flag(self.is_warning)}, "file": {_quote(self.file)}, "line_no": {self.line_no}, '
            f'"pid": {self.pid}, "tid": {self.tid}}}}}'
        )


@frozen
class DamagedLine:
    """A line that starts as an event and cannot be read as one."""

    number: int
    text: str
    problem: str


def detail_line(
    key: str,
    value: Writable,
    *,
    time_ns: int,
    file: str,
    line_no: int,
    pid: int,
    tid: int,
    is_error: bool = False,
    is_warning: bool = False,
) -> DetailLine:
    """An event to be written."""
    return DetailLine(
        key=key,
        value_text=format_value(value),
        time_ns=time_ns,
        is_error=is_error,
        is_warning=is_warning,
        file=file,
        line_no=line_no,
        pid=pid,
        tid=tid,
    )


def format_double(value: float) -> str:
    """A double as the log spells it: six significant digits, ``null`` for what is not finite."""
    return f"{value:g}" if math.isfinite(value) else "null"


def format_value(value: Writable) -> str:
    """A value as the log spells it."""
    match value:
        case None:
            return "null"
        case bool():
            return _flag(value)
        case str():
            return _quote(value)
        case int():
            return str(value)
        case float():
            return format_double(value)
        case Mapping():
            return "{" + ",".join(f"{_quote(name)}:{_quote(text)}" for name, text in value.items()) + "}"
        case Sequence():
            return _list(cast("Sequence[int]", value))  # text was above
        case _:
            return _list(value.tolist())


def parse_value(text: str) -> Value:
    """A value from its spelling.

    Text that its own quotes break (the reference does not escape) is taken as it stands between the outer ones.

    Raises:
        ValueError: It is neither a scalar, a list of integers, nor an object of strings.
    """
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    try:
        found = _decode(text)
    except ValueError:
        if len(text) >= 2 and text[0] == text[-1] == '"':
            return text[1:-1]
        raise
    except RecursionError as error:
        raise ValueError(f"value: found {text[:60]}, nested too deep") from error
    match found:
        case None | bool() | int() | float() | str():
            return found
        case list() if all(type(item) is int for item in found):
            return tuple(found)
        case dict() if all(isinstance(item, str) for item in found.values()):
            return found
        case _:
            raise ValueError(f"value: found {text[:60]}, expected a scalar, integers, or an object of strings")


def parse_line(text: str, *, number: int = 0) -> DetailLine | None:
    """An event from a line; ``None`` for a line without the marker, which readers pass over.

    Raises:
        ValueError: The line has the marker and cannot be read.
    """
    if not text.startswith(MARKER):
        return None
    found = PLAIN_LINE.fullmatch(text) or _members(text)
    if found is None:
        return _parse_other_layout(text, number)
    return DetailLine(
        key=_unquote(found["key"]),
        value_text=found["value"],
        time_ns=int(found["ms"]) * 1_000_000 + int(found["ns"].ljust(6, "0")),
        is_error=found["is_error"] == "true",
        is_warning=found["is_warning"] == "true",
        event_type=found["event_type"],
        namespace=found["namespace"],
        file=_unquote(found["file"]),
        line_no=int(found["line_no"]),
        pid=int(found["pid"]),
        tid=int(found["tid"]),
        number=number,
    )


def _members(text: str) -> re.Match[str] | dict[str, str] | None:
    """Of a line in the layout of the reference, by name."""
    once = text.count(BEFORE_VALUE) <= 1 and text.count(BEHIND_VALUE) <= 1
    return LINE.fullmatch(text, len(MARKER)) if once else _first_and_last(text)


def _first_and_last(text: str) -> dict[str, str] | None:
    """The members of a line that holds the marks around its value more than once.

    The expression for the whole line takes the cube of their number in time, so that fifty kilobytes take a minute.
    """
    first = FIRST.match(text, len(MARKER))
    end = text.rfind(BEHIND_VALUE)
    last = LAST.fullmatch(text, end)
    if first is None or last is None or first.end() > end:
        return None
    return first.groupdict() | last.groupdict() | {"value": text[first.end() : end]}


def _parse_other_layout(text: str, number: int) -> DetailLine:
    """A line whose members are spaced or ordered in another way."""
    try:
        found = json.loads(text[len(MARKER) :], strict=False)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    try:
        metadata = found["metadata"]
        return DetailLine(
            key=str(found["key"]),
            value_text=json.dumps(found["value"], ensure_ascii=False, separators=(",", ":")),
            time_ns=round(float(found["time_ms"]) * 1_000_000),
            is_error=bool(metadata["is_error"]),
            is_warning=bool(metadata["is_warning"]),
            event_type=str(found.get("event_type", POINT_IN_TIME)),
            namespace=str(found.get("namespace", NAMESPACE)),
            file=str(metadata.get("file", "")),
            line_no=int(metadata.get("line_no", 0)),
            pid=int(metadata.get("pid", 0)),
            tid=int(metadata.get("tid", 0)),
            number=number,
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"member {error} is missing or of another type") from error


def _list(values: Iterable[int]) -> str:
    return "[" + ",".join(map(str, values)) + "]"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquote(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
