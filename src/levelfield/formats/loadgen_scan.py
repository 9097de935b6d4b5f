"""LoadGen's detail log from its bytes, fast: for the checker, which reads hundreds of them and needs some keys of each.

:mod:`levelfield.formats.loadgen_log` describes the format and takes every line apart. Here a line that LoadGen wrote is
cut at its fixed members, its value is kept as bytes until it is asked for, and every other line is given to that reader.
Both find the same keys, values, errors and damaged lines (tests/conformance/test_scan_equals_reader.py).
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from levelfield.errors import FormatError
from levelfield.formats.loadgen_log import DamagedLine, DetailLine, parse_line, parse_value

__all__ = ["JsonValue", "ScannedLog", "scan_detail_log"]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

BEGIN = b':::MLLOG {"key": "'
MARKER = b":::MLLOG"
AFTER_KEY = b'", "value": '
TIME = b', "time_ms": '
TAIL = re.compile(
    rb', "time_ms": \d+\.\d{1,6}, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", '
    rb'"metadata": \{"is_error": (?:(true)|false), "is_warning": (?:(true)|false), '
    rb'"file": "[^"\\]*", "line_no": \d+, "pid": \d+, "tid": \d+\}\}\s*'
)
SCALAR = re.compile(rb'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|"[^"\\\x00-\x1f]*"')
DIGITS_AND_COMMAS = b"0123456789,"


def scan_detail_log(data: bytes, *, path: str) -> ScannedLog:
    """Read a detail log.

    Args:
        data: The whole file.
        path: Its name, for messages.

    Raises:
        FormatError: It holds no line that starts as an event.
    """
    log = ScannedLog(path)
    add = log.add
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.startswith(MARKER):
            continue
        quote = line.find(b'"', len(BEGIN))
        end = line.rfind(TIME)
        tail = TAIL.fullmatch(line, end) if end > quote else None
        if tail is None or not line.startswith(BEGIN) or not line.startswith(AFTER_KEY, quote):
            log.add_other_layout(line, number)
            continue
        value = line[quote + len(AFTER_KEY) : end]
        key = line[len(BEGIN) : quote]
        if b"\\" in key:
            log.add_other_layout(line, number)
            continue
        if not SCALAR.fullmatch(value) and not _is_json(value):
            log.not_json.append(number)
        add(key, number, value)
        if tail[1] or tail[2]:
            log.add_marked(line, number)
    if not log.event_count and not log.damaged:
        raise FormatError(path, "whole file", "no line that starts with :::MLLOG", "a LoadGen detail log")
    log.is_utf8 = _is_utf8(data)
    return log


class ScannedLog:
    """The events of one detail log. Where a key is repeated, the first counts, as in the reference's parser."""

    __slots__ = ("_values", "damaged", "errors", "event_count", "is_utf8", "not_json", "path", "warnings")

    def __init__(self, path: str) -> None:
        self.path = path
        self._values: dict[bytes, list[tuple[int, bytes]]] = {}
        self.event_count = 0
        self.errors: list[DetailLine] = []
        """The events that are errors; any makes a run unusable."""
        self.warnings: list[DetailLine] = []
        self.damaged: list[DamagedLine] = []
        """Lines that start as an event and cannot be read as one."""
        self.not_json: list[int] = []
        """Lines, from 1, that are no JSON though this reader may understand them: the official parser stops there."""
        self.is_utf8 = True

    def add(self, key: bytes, number: int, value: bytes) -> None:
        """Note one event."""
        self.event_count += 1
        values = self._values
        if key in values:
            values[key].append((number, value))
        else:
            values[key] = [(number, value)]

    def add_marked(self, line: bytes, number: int) -> None:
        """Note an event that is an error or a warning, beside having been added."""
        event = parse_line(_text(line), number=number)
        assert event is not None
        if event.is_error:
            self.errors.append(event)
        if event.is_warning:
            self.warnings.append(event)

    def add_other_layout(self, line: bytes, number: int) -> None:
        """Note a line that LoadGen would not have written so."""
        text = _text(line.rstrip(b"\r"))
        try:
            json.loads(text[len(MARKER) :])
        except ValueError:
            self.not_json.append(number)
        try:
            event = parse_line(text, number=number)
        except ValueError as error:
            self.damaged.append(DamagedLine(number=number, text=text, problem=str(error)))
            return
        assert event is not None
        self.add(event.key.encode(), number, event.value_text.encode())
        if event.is_error:
            self.errors.append(event)
        if event.is_warning:
            self.warnings.append(event)

    def __contains__(self, key: str) -> bool:
        return key.encode() in self._values

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in order of their first occurrence."""
        return tuple(_text(key) for key in self._values)

    def line(self, key: str) -> int:
        """The line of the first event with a key, from 1; 0 where there is none."""
        found = self._values.get(key.encode())
        return found[0][0] if found else 0

    def every(self, key: str) -> list[tuple[int, bytes]]:
        """Line and spelling of the value of all events with a key, in order."""
        return self._values.get(key.encode(), [])

    def spelling(self, key: str) -> str:
        """The value of a key as spelled in the file, cut to 60 characters; empty where there is none."""
        found = self._values.get(key.encode())
        text = _text(found[0][1][:61]) if found else ""
        return text if len(text) <= 60 else f"{text[:60]}…"

    def json(self, key: str) -> JsonValue:
        """The value of a key as the official parser sees it; ``None`` where there is no such line."""
        found = self._values.get(key.encode())
        if found is None:
            return None
        value: JsonValue = json.loads(_text(found[0][1]))
        return value

    def integer(self, key: str) -> int:
        """The value of a key as an integer. One in quotes is taken: five published logs of round v2.0 have such.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "an integer")
        digits = value[1:-1] if value[:1] == b'"' else value.removeprefix(b"-")
        if not digits.isdigit():
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
        found = self._values.get(key.encode())
        if found is None:
            raise FormatError(self.path, f"key {key}", "no such line", expected)
        return found[0][1]

    def _unexpected(self, key: str, expected: str) -> FormatError:
        return FormatError(self.path, f"line {self.line(key)}, key {key}", self.spelling(key), expected)


def _is_json(value: bytes) -> bool:
    """Whether a value that is no plain scalar is JSON; a list of digits and commas is taken for one."""
    if value[:1] == b"[" and value.translate(None, DIGITS_AND_COMMAS) == b"[]" and b",," not in value:
        return True
    try:
        json.loads(_text(value))
    except ValueError:
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
