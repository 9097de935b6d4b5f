"""LoadGen's detail log, ``mlperf_log_detail.txt``: one event per line (:mod:`levelfield.formats.loadgen_line`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.formats.loadgen_line import MARKER, DamagedLine, DetailLine, Value, parse_line

__all__ = ["DetailLog", "read_detail_log", "read_detail_stream"]

DIGITS_MAX = 400
"""Of an integer in quotes; Python reads at most 4,300 at once."""


def read_detail_stream(lines: Iterable[str]) -> Iterator[DetailLine | DamagedLine]:
    """The events of a detail log, line by line; lines without the marker are passed over."""
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        try:
            event = parse_line(text, number=number)
        except ValueError as error:
            yield DamagedLine(number=number, text=text, problem=str(error))
            continue
        if event is not None:
            yield event


def read_detail_log(path: Path) -> DetailLog:
    r"""Read a detail log whole. Bytes that are not UTF-8 are kept visible as ``\xNN``.

    Raises:
        InputError: The file cannot be read.
        FormatError: It holds no event.
    """
    events: list[DetailLine] = []
    damaged: list[DamagedLine] = []
    try:
        with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            for line in read_detail_stream(stream):
                if isinstance(line, DetailLine):
                    events.append(line)
                else:
                    damaged.append(line)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not events and not damaged:
        raise FormatError(path, "whole file", f"no line that starts with {MARKER}", "a LoadGen detail log")
    return DetailLog(path=path, events=tuple(events), damaged=tuple(damaged))


class DetailLog:
    """The events of one detail log. Where a key is repeated, the first counts, as in the reference's parser."""

    __slots__ = ("_first", "damaged", "events", "path")

    def __init__(self, *, path: Path, events: tuple[DetailLine, ...], damaged: tuple[DamagedLine, ...] = ()) -> None:
        self.path = path
        self.events = events
        self.damaged = damaged
        """Lines that could not be read; never dropped in silence."""
        self._first: dict[str, DetailLine] = {}
        for event in events:
            self._first.setdefault(event.key, event)

    def __contains__(self, key: str) -> bool:
        return key in self._first

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in order of their first occurrence."""
        return tuple(self._first)

    @property
    def errors(self) -> tuple[DetailLine, ...]:
        """The events that are errors; any makes a run unusable."""
        return tuple(event for event in self.events if event.is_error)

    @property
    def warnings(self) -> tuple[DetailLine, ...]:
        """The events that are warnings."""
        return tuple(event for event in self.events if event.is_warning)

    def first(self, key: str) -> DetailLine | None:
        """The first event with a key."""
        return self._first.get(key)

    def every(self, key: str) -> tuple[DetailLine, ...]:
        """All events with a key, in order."""
        return tuple(event for event in self.events if event.key == key)

    def integer(self, key: str) -> int:
        """The value of a key as an integer. One in quotes is taken: five published logs of round v2.0 have such.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "an integer")
        if isinstance(value, str) and value.isdecimal() and len(value) <= DIGITS_MAX:
            return int(value)
        if type(value) is not int:
            raise self._unexpected(key, "an integer")
        return value

    def number(self, key: str) -> float:
        """The value of a key as a number; six digits are all that the log has of a double.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "a number")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._unexpected(key, "a number")
        try:
            return float(value)
        except OverflowError as error:
            raise self._unexpected(key, "a number that 64 bits hold") from error

    def text(self, key: str) -> str:
        """The value of a key as text.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "text")
        if not isinstance(value, str):
            raise self._unexpected(key, "text")
        return value

    def flag(self, key: str) -> bool:
        """The value of a key as true or false.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "true or false")
        if not isinstance(value, bool):
            raise self._unexpected(key, "true or false")
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """The value of a key as a list of integers.

        Raises:
            FormatError: The key is missing, or holds something else.
        """
        value = self._value(key, "a list of integers")
        if not isinstance(value, tuple):
            raise self._unexpected(key, "a list of integers")
        return value

    def _value(self, key: str, expected: str) -> Value:
        event = self._first.get(key)
        if event is None:
            raise FormatError(self.path, f"key {key}", "no such line", expected)
        try:
            return event.value
        except ValueError as error:
            raise self._unexpected(key, expected) from error

    def _unexpected(self, key: str, expected: str) -> FormatError:
        event = self._first[key]
        text = event.value_text
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        return FormatError(self.path, f"line {event.number}, key {key}", shown, expected)
