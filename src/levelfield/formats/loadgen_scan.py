"""LoadGen's detail log from its bytes, fast: for the checker, which reads hundreds of them and needs some keys of each.

:mod:`levelfield.formats.loadgen_log` describes the format and takes every line apart. Here a log in which every line is
one that LoadGen writes is cut into keys and values by one regular expression, and a value is kept as bytes until it is
asked for; any other log is read by that reader, line by line. Both find the same keys, values, errors and damaged lines
(tests/conformance/test_scan_equals_reader.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeAlias

from levelfield.errors import FormatError
from levelfield.formats.loadgen_log import DamagedLine, DetailLine, parse_line, parse_value

__all__ = ["JsonValue", "ScannedLog", "scan_detail_log"]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MARKER = b":::MLLOG"
# A value is a list, a text, an object, or a word. What is inside them is looked at afterwards: the expression runs over
# lists of a million digits, and this is the fastest way over them.
LINE = re.compile(
    rb'^:::MLLOG \{"key": "([^"]*)", "value": (\[[^\]]*\]|"[^"]*"|\{[^}]*\}|[^ ,"\[{]*), '
    rb'"time_ms": [0-9]+\.[0-9]+, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", '
    rb'"metadata": \{"is_error": ((?:true|false), "is_warning": (?:true|false)), "file": "[^"]*", '
    rb'"line_no": [0-9]+, "pid": [0-9]+, "tid": [0-9]+\}\}\r?$',
    re.MULTILINE,
)
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
PLAIN_TEXT = re.compile(rb'"[^"\\\x00-\x1f]*"')
WORDS = frozenset({b"true", b"false", b"null"})
DIGITS_AND_COMMAS = b"0123456789,"
UNMARKED = b'false, "is_warning": false'
METADATA = b'"metadata": {"is_error": '
MOST_DIGITS = 20
"""Of an unsigned 64-bit number, which is the widest that LoadGen logs."""
LIST = b'"value": ['
LONG = 1000
"""Bytes of a line from which on its list is taken out before the expression runs."""
SHORT = 40
"""Bytes below which a value is remembered once it was looked at."""


def scan_detail_log(data: bytes, *, path: str) -> ScannedLog:
    """Read a detail log.

    Args:
        data: The whole file.
        path: Its name, for messages.

    Raises:
        FormatError: It holds no line that starts as an event.
    """
    text, lists, line_count = _without_lists(data)
    rows: list[tuple[bytes, bytes, bytes]] = LINE.findall(text)
    if len(rows) == line_count and _are_as_written(rows, text) and _put_back(lists, rows):
        log = ScannedLog(path, rows)
        if {flags for _, _, flags in rows} != {UNMARKED}:
            _add_marked(log, rows, data)
        log.is_utf8 = _is_utf8(text)
    else:
        log = _read_line_by_line(data, path)
        log.is_utf8 = _is_utf8(data)
    if not log.event_count and not log.damaged:
        raise FormatError(path, "whole file", "no line that starts with :::MLLOG", "a LoadGen detail log")
    return log


def _without_lists(data: bytes) -> tuple[bytes, dict[int, bytes], int]:
    """A log in which long lists are empty, what they were by line, from 0, and how many lines there are.

    Nine tenths of a log of accuracy are lists, which nothing needs to run over more than once.
    """
    pieces, lists = [], {}
    kept = start = count = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if end - start > LONG and (begin := data.find(LIST, start, start + LONG)) >= 0:
            begin += len(LIST) - 1
            close = data.find(b"]", begin, end)
            if close >= 0:
                pieces.append(data[kept : begin + 1])
                lists[count] = data[begin : close + 1]
                kept = close
        start = end + 1
        count += 1
    return (b"".join((*pieces, data[kept:])) if lists else data), lists, max(count, 1)


def _put_back(lists: dict[int, bytes], rows: list[tuple[bytes, bytes, bytes]]) -> bool:
    """Give rows their lists again, equal ones as one object, if each is one."""
    for place, found in lists.items():
        key, value, flags = rows[place]
        known = _known_lists.get(found)
        if value != b"[]" or (known is None and _backslashes_of_json(found) < 0):
            return False
        if known is None and len(_known_lists) < MOST_KNOWN_LONG and len(found) <= LONGEST_KNOWN:
            _known_lists[found] = found
        rows[place] = (key, known or found, flags)
    return True


def _count(data: bytes, byte: bytes) -> int:
    """How often a byte occurs that is rare: several times as fast as ``bytes.count`` of Python 3.11."""
    count, at = 0, data.find(byte)
    while at >= 0:
        count += 1
        at = data.find(byte, at + 1)
    return count


_known: set[bytes] = set()
"""Short values that were found to be JSON; most occur in every log."""
MOST_KNOWN = 1 << 16
_known_long: dict[bytes, int] = {}
"""Long values that were looked at, as :func:`_backslashes_of_json` says. Runs of a round load the samples of one seed
and say the same of their load generator: 3 MB in round v2.0."""
_known_lists: dict[bytes, bytes] = {}
MOST_KNOWN_LONG = 1 << 10
LONGEST_KNOWN = 1 << 15


def _are_as_written(rows: list[tuple[bytes, bytes, bytes]], data: bytes) -> bool:
    """Whether every value is JSON, and no backslash stands outside of the values."""
    values = [value for _, value, _ in rows]
    short: list[bytes] = []
    backslashes = 0
    for value in set(values) - _known:
        if len(value) < SHORT:
            if (
                value not in WORDS
                and not NUMBER.fullmatch(value)
                and not PLAIN_TEXT.fullmatch(value)
                and value != b"[]"
            ):
                return False
            short.append(value)
            continue
        inside = _known_long.get(value)
        if inside is None:
            inside = _backslashes_of_json(value)
            if len(_known_long) < MOST_KNOWN_LONG and len(value) <= LONGEST_KNOWN:
                _known_long[value] = inside
        if inside < 0:
            return False
        if inside:
            backslashes += inside * values.count(value)
    if len(_known) < MOST_KNOWN:
        _known.update(short)
    return backslashes == _count(data, b"\\")


def _backslashes_of_json(value: bytes) -> int:
    """How many there are in a value that is JSON; -1 where it is none."""
    if value[:1] == b"[":
        return 0 if value.translate(None, DIGITS_AND_COMMAS) == b"[]" and b",," not in value else -1
    if PLAIN_TEXT.fullmatch(value):
        return 0
    return value.count(b"\\") if _is_json(value) and b"\n" not in value else -1


def _add_marked(log: ScannedLog, rows: list[tuple[bytes, bytes, bytes]], data: bytes) -> None:
    """Note the events that are errors or warnings."""
    end = 0
    for number, (key, _, flags) in enumerate(rows, start=1):
        if flags == UNMARKED:
            continue
        place = data.find(METADATA + flags, end)
        begin, end = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
        event = _event(data[begin : end if end >= 0 else None], number)
        if (event.key.encode(), b'%s, "is_warning": %s' % (_word(event.is_error), _word(event.is_warning))) != (
            key,
            flags,
        ):
            # An object before it holds the same words: count lines.
            event = _event(data.split(b"\n")[number - 1], number)
        if event.is_error:
            log.errors.append(event)
        if event.is_warning:
            log.warnings.append(event)


def _event(line: bytes, number: int) -> DetailLine:
    event = parse_line(_text(line).rstrip("\r"), number=number)
    assert event is not None
    return event


def _word(flag: bool) -> bytes:
    return b"true" if flag else b"false"


def _read_line_by_line(data: bytes, path: str) -> ScannedLog:
    log = ScannedLog(path, [])
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.startswith(MARKER):
            log.add(line, number)
    return log


class ScannedLog:
    """The events of one detail log. Where a key is repeated, the first counts, as in the reference's parser."""

    __slots__ = ("_first", "_lines", "_rows", "damaged", "errors", "is_utf8", "not_json", "path", "warnings")

    def __init__(self, path: str, rows: list[tuple[bytes, bytes, bytes]]) -> None:
        """Args: the file, and key, value and flags of each line."""
        self.path = path
        self._rows = rows
        self._lines: Sequence[int] = range(1, len(rows) + 1)
        self._first = {key: value for key, value, _ in reversed(rows)}
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
        key, value = event.key.encode(), event.value_text.encode()
        self._rows.append((key, value, b""))
        self._lines = (*self._lines, number)
        self._first.setdefault(key, value)
        if event.is_error:
            self.errors.append(event)
        if event.is_warning:
            self.warnings.append(event)

    def __contains__(self, key: str) -> bool:
        return key.encode() in self._first

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in order of their first occurrence."""
        return tuple(dict.fromkeys(_text(key) for key, _, _ in self._rows))

    def line(self, key: str) -> int:
        """The line of the first event with a key, from 1; 0 where there is none."""
        wanted = key.encode()
        found = (line for line, (name, _, _) in zip(self._lines, self._rows, strict=True) if name == wanted)
        return next(found, 0)

    def every(self, key: str) -> list[tuple[int, bytes]]:
        """Line and spelling of the value of all events with a key, in order."""
        wanted = key.encode()
        return [(line, value) for line, (name, value, _) in zip(self._lines, self._rows, strict=True) if name == wanted]

    def spelled(self, key: str) -> bytes | None:
        """The value of a key as spelled in the file; ``None`` where there is none."""
        return self._first.get(key.encode())

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
