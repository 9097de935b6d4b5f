"""Reading a TOML table into typed values, with every problem noted by the path of its field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import TypeVar, cast

from levelfield.rules.document import Path, shown_path
from levelfield.rules.model import Document

__all__ = ["Problems", "Table"]

Choice = TypeVar("Choice", bound=StrEnum)
U64 = 1 << 64


@dataclass(slots=True)
class Problems:
    """What is wrong in a document, collected while it is read."""

    found: list[str] = field(default_factory=list)

    def add(self, path: Path, text: str) -> None:
        """Note one problem with its place."""
        self.found.append(f"{shown_path(path)}: {text}")


class Table:
    """One table. Reading a key of the wrong type notes a problem and gives a stand-in, so that reading goes on."""

    def __init__(self, values: Document, path: Path, problems: Problems) -> None:
        self.values = values
        self.path = path
        self.problems = problems
        self.seen: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the table has the key."""
        return key in self.values

    def wrong(self, key: str, expected: str) -> None:
        """Note that a value is not what it should be, or is missing."""
        if key in self.values:
            self.problems.add((*self.path, key), f"found {self.values[key]!r}, expected {expected}.")
        else:
            self.problems.add((*self.path, key), f"missing, expected {expected}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._take(key, default)
        if isinstance(value, str):
            return value
        self.wrong(key, "a text")
        return ""

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings without repetition; empty where absent."""
        value = self._take(key, None if required else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, "a list of texts")
            return ()
        names = [str(item) for item in value]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.add((*self.path, key), f"{name!r} occurs {names.count(name)} times, expected once.")
        return tuple(names)

    def integer(self, key: str, *, at_least: int = 0, default: int | None = None) -> int:
        """A whole number."""
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= at_least:
            return value
        self.wrong(key, f"a whole number, {at_least} or more")
        return at_least

    def integers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers that are not negative."""
        value = self._take(key, None)
        if not isinstance(value, list) or not all(type(item) is int and item >= 0 for item in value):
            self.wrong(key, "a list of whole numbers")
            return ()
        return tuple(value)

    def seed(self, key: str) -> int:
        """An unsigned 64-bit number, written as a text because TOML's integers are signed."""
        value = self._take(key, None)
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < U64:
            return number
        self.wrong(key, "an unsigned 64-bit number as a text")
        return 0

    def number(self, key: str) -> float:
        """A number."""
        value = self._take(key, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self.wrong(key, "a number")
        return 0.0

    def numbers(self, key: str, *, empty: bool = False) -> tuple[float, ...]:
        """A list of finite numbers, whole ones kept whole; whether it may be empty."""
        value: object = self._take(key, None)
        if not isinstance(value, list) or not (value or empty) or not all(_is_finite(item) for item in value):
            self.wrong(key, "a list of numbers")
            return ()
        return tuple(value)

    def optional_number(self, key: str) -> float | None:
        """A number, or ``None`` where absent."""
        return self.number(key) if key in self.values else None

    def scalar(self, key: str) -> str | int | float | bool | None:
        """A text, number or truth value, or ``None`` where absent."""
        value = self._take(key, None)
        if value is None or isinstance(value, str | int | float | bool):
            return value
        self.wrong(key, "a text, a number, true or false")
        return None

    def scalars(self, key: str) -> tuple[str | int | float | bool, ...]:
        """A list of texts, numbers and truth values; empty where absent."""
        value = self._take(key, [])
        if isinstance(value, list) and all(isinstance(item, str | int | float | bool) for item in value):
            return tuple(cast("list[str | int | float | bool]", value))
        self.wrong(key, "a list of texts, numbers, true or false")
        return ()

    def share(self, key: str) -> float | None:
        """A fraction above 0 and below 1, or ``None`` where absent."""
        value = self.optional_number(key)
        if value is not None and not 0 < value < 1:
            self.wrong(key, "a fraction above 0 and below 1 (0.99 for 99 %)")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._take(key, None)
        if isinstance(value, bool):
            return value
        self.wrong(key, "true or false")
        return False

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        """A word of a closed vocabulary."""
        value = self._take(key, default)
        try:
            return kind(str(value))
        except ValueError:
            self.wrong(key, "one of " + ", ".join(kind))
            return next(iter(kind))

    def choices(self, key: str, kind: type[Choice]) -> tuple[Choice, ...]:
        """Words of a closed vocabulary."""
        known = {str(word): word for word in kind}
        words = self.texts(key, required=True)
        for word in words:
            if word not in known:
                self.problems.add((*self.path, key), f"found {word!r}, expected one of {', '.join(known)}.")
        return tuple(known[word] for word in words if word in known)

    def known(self, key: str, names: Iterable[str], what: str, *, default: str | None = None) -> str:
        """A text that must be one of the names that the document itself defines."""
        word = self.text(key, default)
        self.check_known(word, names, what, key)
        return word

    def check_known(self, word: str, names: Iterable[str], what: str, *place: str) -> None:
        """Note a reference to something that the document does not define."""
        names = list(names)
        if word and word not in names:
            self.problems.add((*self.path, *place), f"unknown {what} {word!r}{did_you_mean(word, names)}.")

    def table(self, key: str) -> Table:
        """A table inside this one; empty where absent."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "a table")
            value = {}
        return Table(value, (*self.path, key), self.problems)

    def tables(self) -> list[tuple[str, Table]]:
        """All entries of this table, each being a table."""
        return [(key, self.table(key)) for key in self.values]

    def array(self, key: str) -> list[Table]:
        """An array of tables; empty where absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, "an array of tables")
            return []
        return [Table(item, (*self.path, f"{key}[{index}]"), self.problems) for index, item in enumerate(value)]

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.values:
            if key not in self.seen:
                self.problems.add((*self.path, key), f"unknown key{did_you_mean(key, sorted(self.seen))}.")

    def _take(self, key: str, default: object) -> object:
        self.seen.add(key)
        return self.values.get(key, default)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def did_you_mean(word: str, names: list[str]) -> str:
    """The nearest name as the end of a sentence, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

    close = get_close_matches(word, names, n=1, cutoff=0.6)
    return f" (nearest: {close[0]!r})" if close else ""
