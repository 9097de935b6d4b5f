"""LoadGen's detail log from its bytes, fast: for the checker, which reads hundreds of them and needs some keys of each.

:mod:`levelfield.formats.loadgen_line` describes the format and takes every line apart. Here a log in which every line
is one that LoadGen writes is cut at the members that are the same in all lines. What stands between them, a key with
its value and a place in LoadGen's source, occurs in log after log and is looked into once; a value is kept as bytes
until it is asked for. Any other log is read by that reader, line by line. Both find the same keys, values, errors and
damaged lines (tests/conformance/test_scan_equals_reader.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from io import BytesIO
from sys import intern
from typing import Generic, TypeAlias, TypeVar

from levelfield.errors import FormatError
from levelfield.formats.loadgen_line import DamagedLine, DetailLine, parse_line, parse_value

__all__ = ["JsonValue", "ScannedLog", "scan_detail_log"]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
Meaning = TypeVar("Meaning")

MARKER = b":::MLLOG"
# A line: key and value, a space, the time, what is the same in all lines, a brace, the place, process and thread.
KEY_AND_VALUE = re.compile(
    rb':::MLLOG \{"key": "([^"\\\x00-\x1f]*)", "value": '
    rb'(?:(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|"[^"\\\x00-\x1f]*"|true|false|null|\[\])'
    rb'|(\[[0-9,]*\]|"[^"]*"|\{[^}]*\})), "time_ms":'
)
SAME = b', "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": '
PROCESS = b', "pid": '
PLACE = re.compile(
    rb'"is_error": (true|false), "is_warning": (true|false), "file": "[^"\\\x00-\x1f]*", "line_no": (?:0|[1-9][0-9]*)'
    rb'(?:, "pid": (?:0|[1-9][0-9]*), "tid": (?:0|[1-9][0-9]*)\}\}\r?\n)?'
)
PROCESS_AND_THREAD = re.compile(rb'(?:0|[1-9][0-9]*), "tid": (?:0|[1-9][0-9]*)\}\}\r?\n')
DIGITS = b"0123456789"
DIGITS_AND_COMMAS = DIGITS + b","
MOST_DIGITS = 20
"""Of an unsigned 64-bit number, which is the widest that LoadGen logs."""
LIST = b'"value": ['
LONG = 1000
"""Bytes of a line from which on its list is taken out first."""
MOST_REMEMBERED_BYTES = 4 << 20
MOST_LISTS = 1 << 9
LONGEST_LIST = 1 << 17
BEGINNING = 60
"""Bytes of a list by which an equal one is looked for."""


def scan_detail_log(data: bytes, *, path: str) -> ScannedLog:
    """Read a detail log.

    Args:
        data: The whole file.
        path: Its name, for messages.

    Raises:
        FormatError: It holds no line that starts as an event.
    """
    try:
        log = _read_as_written(data, path)
    except _WrittenOtherwise:
        log = _read_line_by_line(data, path)
        log.is_utf8 = _is_utf8(data)
    if not log.event_count and not log.damaged:
        raise FormatError(path, "whole file", "no line that starts with :::MLLOG", "a LoadGen detail log")
    return log


class _WrittenOtherwise(Exception):  # noqa: N818 - no error: it is read line by line then
    """A line is not as LoadGen writes it."""


class _Remembered(dict[bytes, Meaning], Generic[Meaning]):
    """What pieces of a line mean, each looked into when it comes first."""

    def __init__(self, look_into: Callable[[bytes], Meaning]) -> None:
        super().__init__()
        self._look_into = look_into
        self._bytes_left = MOST_REMEMBERED_BYTES

    def __missing__(self, piece: bytes) -> Meaning:
        meaning = self._look_into(piece)
        if self._bytes_left > len(piece):
            self._bytes_left -= len(piece)
            self[piece] = meaning
        return meaning


def _key_and_value(piece: bytes) -> tuple[str, bytes]:
    """The key, interned as those are that are asked for, and the spelling of its value."""
    found = KEY_AND_VALUE.fullmatch(piece)
    if found is None or not _is_utf8(piece):
        raise _WrittenOtherwise
    key, plain, other = found.groups()
    if plain is None and not (_is_list(other) if other[:1] == b"[" else _is_json(other)):
        raise _WrittenOtherwise
    return intern(_text(key)), plain or other


def _is_marked(piece: bytes) -> bool:
    """Whether the event is an error or a warning."""
    found = PLACE.fullmatch(piece)
    if found is None or not _is_utf8(piece):
        raise _WrittenOtherwise
    return b"true" in found.groups()


_rows = _Remembered(_key_and_value)
"""By the beginning of a line."""
_marks = _Remembered(_is_marked)
"""By what stands between the times and the process."""
_lists: dict[tuple[int, bytes], bytes] = {}
"""By length and beginning. Runs of a round load the samples of one seed: 3 MB in round v2.0."""


def _read_as_written(data: bytes, path: str) -> ScannedLog:
    """A log in which every line is as LoadGen writes it.

    Raises:
        _WrittenOtherwise: One is not.
    """
    lines = BytesIO(data if data.endswith(b"\n") else data + b"\n").readlines()  # faster than to split the bytes
    lists = {place: line for place, line in enumerate(lines) if len(line) > LONG and LIST in line[:LONG]}
    for place, line in lists.items():
        lines[place] = _without_list(line)
    _, cut, process = lines[0].rpartition(PROCESS)
    if not PROCESS_AND_THREAD.fullmatch(process):
        raise _WrittenOtherwise
    process = cut + process  # of all lines but those of other threads
    halves = [line.rpartition(b"{") for line in lines]
    starts = [before.removesuffix(SAME) for before, _, _ in halves]
    if sum(len(before) for before, _, _ in halves) - sum(map(len, starts)) != len(SAME) * len(lines):
        raise _WrittenOtherwise
    pieces = [start.rpartition(b" ") for start in starts]
    rows = [_rows[start] for start, _, _ in pieces]
    marks = [_marks[behind.removesuffix(process)] for _, _, behind in halves]
    if not _are_times([time for _, _, time in pieces]):
        raise _WrittenOtherwise
    for place, line in lists.items():
        rows[place] = _with_list(rows[place], line)
    log = ScannedLog(path, rows)
    for place, marked in enumerate(marks):
        if marked:
            line = lists.get(place, lines[place])
            event = parse_line(_text(line).rstrip("\r\n"), number=place + 1)
            assert event is not None
            log.mark(event)
    return log


def _without_list(line: bytes) -> bytes:
    """A line with an empty list in place of its own.

    Nine tenths of a log of accuracy are lists, which nothing needs to run over more than once.
    """
    begin = line.find(LIST) + len(LIST)
    return line[:begin] + line[line.find(b"]", begin) :]


def _with_list(row: tuple[str, bytes], line: bytes) -> tuple[str, bytes]:
    """A row with the list of its line in place of the empty one; equal lists are one object."""
    key, value = row
    begin = line.find(LIST) + len(LIST) - 1
    values = line[begin : line.find(b"]", begin) + 1]
    alike = len(values), values[:BEGINNING]
    known = _lists.get(alike)
    if values == known and value == b"[]":  # to compare takes a tenth of the time of a hash
        return key, known
    if value != b"[]" or not _is_list(values):
        raise _WrittenOtherwise
    if known is None and len(_lists) < MOST_LISTS and len(values) <= LONGEST_LIST:
        _lists[alike] = values
    return key, values


def _are_times(times: list[bytes]) -> bool:
    """Whether each is two numbers with a full stop between them."""
    joined = b",%s," % b",".join(times)
    return (
        joined.translate(None, DIGITS) == b",%s," % b",".join([b"."] * len(times))
        and b",." not in joined
        and b".," not in joined
    )


def _read_line_by_line(data: bytes, path: str) -> ScannedLog:
    log = ScannedLog(path, [])
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.startswith(MARKER):
            log.add(line, number)
    return log


class ScannedLog:
    """The events of one detail log. Where a key is repeated, the first counts, as in the reference's parser."""

    __slots__ = ("_first", "_lines", "_rows", "damaged", "errors", "is_utf8", "not_json", "path", "warnings")

    def __init__(self, path: str, rows: list[tuple[str, bytes]]) -> None:
        """Args: the file, and key and value of each line."""
        self.path = path
        self._rows = rows
        self._lines: Sequence[int] = range(1, len(rows) + 1)
        self._first = dict(reversed(rows))
        self.errors: list[DetailLine] = []
        """The events that are errors; any makes a run unusable."""
        self.warnings: list[DetailLine] = []
        self.damaged: list[DamagedLine] = []
        """Lines that start as an event and cannot be read as one."""
        self.not_json: list[int] = []
        """Lines, from 1, that are no JSON though this reader may understand them: the official parser stops there."""
        self.is_utf8 = True

    @property
    def event_count(self) -> int:
        """How many events there are."""
        return len(self._rows)

    def add(self, line: bytes, number: int) -> None:
        """Note a line that has the marker."""
        text = _text(line.rstrip(b"\r"))
        try:
            json.loads(text[len(MARKER) :])
        except (ValueError, RecursionError):
            self.not_json.append(number)
        try:
            event = parse_line(text, number=number)
        except (ValueError, RecursionError) as error:
            self.damaged.append(DamagedLine(number=number, text=text, problem=str(error)))
            return
        assert event is not None
        key, value = event.key, event.value_text.encode()
        self._rows.append((key, value))
        self._lines = (*self._lines, number)
        self._first.setdefault(key, value)
        self.mark(event)

    def mark(self, event: DetailLine) -> None:
        """Note an event that may be an error or a warning."""
        if event.is_error:
            self.errors.append(event)
        if event.is_warning:
            self.warnings.append(event)

    def __contains__(self, key: str) -> bool:
        return key in self._first

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in order of their first occurrence."""
        return tuple(dict.fromkeys(key for key, _ in self._rows))

    def line(self, key: str) -> int:
        """The line of the first event with a key, from 1; 0 where there is none."""
        found = (line for line, (name, _) in zip(self._lines, self._rows, strict=True) if name == key)
        return next(found, 0)

    def every(self, key: str) -> list[tuple[int, bytes]]:
        """Line and spelling of the value of all events with a key, in order."""
        return [(line, value) for line, (name, value) in zip(self._lines, self._rows, strict=True) if name == key]

    def spelled(self, key: str) -> bytes | None:
        """The value of a key as spelled in the file; ``None`` where there is none."""
        return self._first.get(key)

    def spelling(self, key: str) -> str:
        """The value of a key as spelled in the file, cut to 60 characters; empty where there is none."""
        text = _text((self.spelled(key) or b"")[:61])
        return text if len(text) <= 60 else f"{text[:60]}…"

    def json(self, key: str) -> JsonValue:
        """The value of a key as the official parser sees it; ``None`` where there is no such line.

        Raises:
            ValueError: It is no JSON.
        """
        found = self.spelled(key)
        if found is None:
            return None
        value: JsonValue = json.loads(_text(found))
        return value

    def integer(self, key: str) -> int:
        """The value of a key as an integer. One in quotes is taken: five published logs of round v2.0 have such.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "an integer")
        if value.isdigit() and len(value) <= MOST_DIGITS:
            return int(value)
        digits = value[1:-1] if value[:1] == b'"' else value.removeprefix(b"-")
        if not digits.isdigit() or len(digits) > MOST_DIGITS:
            raise self._unexpected(key, "an integer")
        return int(value.strip(b'"'))

    def number(self, key: str) -> float:
        """The value of a key as a number; six digits are all that the log has of a double.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "a number")
        try:
            return float(value)
        except ValueError:
            pass
        try:
            found = parse_value(_text(value))
        except ValueError:
            found = None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self._unexpected(key, "a number")
        return float(found)

    def text(self, key: str) -> str:
        """The value of a key as text.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "text")
        if value[:1] == b'"' and b"\\" not in value and value[-1:] == b'"' and len(value) > 1:
            return _text(value[1:-1])
        try:
            found = parse_value(_text(value))
        except ValueError:
            found = None
        if not isinstance(found, str):
            raise self._unexpected(key, "text")
        return found

    def flag(self, key: str) -> bool:
        """The value of a key as true or false.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "true or false")
        if value not in {b"true", b"false"}:
            raise self._unexpected(key, "true or false")
        return value == b"true"

    def _value(self, key: str, expected: str) -> bytes:
        found = self.spelled(key)
        if found is None:
            raise FormatError(self.path, f"key {key}", "no such line", expected)
        return found

    def _unexpected(self, key: str, expected: str) -> FormatError:
        return FormatError(self.path, f"line {self.line(key)}, key {key}", self.spelling(key), expected)


def _is_list(value: bytes) -> bool:
    """Whether it is a list of whole numbers without signs and spaces."""
    return (
        value.translate(None, DIGITS_AND_COMMAS) == b"[]"
        and value[:2] != b"[,"
        and value[-2:] != b",]"
        and b",," not in value
        and value[:2] != b"[0"
    )


def _is_json(value: bytes) -> bool:
    try:
        json.loads(_text(value))
    except (ValueError, RecursionError):
        return False
    return True


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
