"""Settings as attributes that convert and refuse values as pybind11 does, and say what was expected."""

from __future__ import annotations

import operator
from collections.abc import Callable
from copy import copy
from typing import Any, Generic, Self, SupportsFloat, TypeVar, cast, overload

__all__ = ["Field", "Record", "enum_field", "flag", "number", "record_field", "text", "whole"]

T = TypeVar("T")


class Record:
    """Base of the settings types: made without arguments, and no attribute but its fields."""

    __slots__ = ("_values",)
    _values: dict[str, object]

    def __init__(self) -> None:
        self._values = {}

    def __copy__(self) -> Self:
        copied = type(self)()
        copied._values.update((name, copy(value)) for name, value in self._values.items())  # noqa: SLF001
        return copied


class Field(Generic[T]):
    """One setting.

    Args:
        convert: Turns what was given into the value.
        default: Makes the value that it has at first.

    Raises:
        TypeError: On assignment of something that cannot be converted.
    """

    def __init__(self, convert: Callable[[Any, str], T], default: Callable[[], T]) -> None:
        self._convert = convert
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._whole_name = f"{owner.__name__}.{name}"

    @overload
    def __get__(self, record: None, owner: type) -> Self: ...
    @overload
    def __get__(self, record: Record, owner: type) -> T: ...
    def __get__(self, record: Record | None, owner: type) -> T | Self:
        if record is None:
            return self
        values = record._values  # noqa: SLF001 - the record's own field
        if self._name not in values:
            values[self._name] = self._default()
        return cast("T", values[self._name])

    def __set__(self, record: Record, value: T) -> None:
        record._values[self._name] = self._convert(value, self._whole_name)  # noqa: SLF001

    def __delete__(self, record: Record) -> None:
        raise AttributeError(f"{self._whole_name} cannot be deleted.")


def _refused(name: str, value: object, expected: str) -> TypeError:
    return TypeError(f"{name}: found {value!r}, expected {expected}.")


def whole(default: int = 0, *, bits: int = 64, signed: bool = False) -> Field[int]:
    """A whole number that fits its C type. A ``float`` is refused, even a whole one."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    expected = f"a whole number from {low} to {high}"

    def convert(value: Any, name: str) -> int:
        if isinstance(value, (float, str, bytes, bytearray)):
            raise _refused(name, value, expected)
        try:
            converted = operator.index(value) if hasattr(value, "__index__") else int(value)
        except (TypeError, ValueError):
            raise _refused(name, value, expected) from None
        if not low <= converted <= high:
            raise _refused(name, value, expected)
        return converted

    return Field(convert, lambda: default)


def number(default: float) -> Field[float]:
    """A double."""

    def convert(value: SupportsFloat, name: str) -> float:
        if isinstance(value, (str, bytes, bytearray)):
            raise _refused(name, value, "a number")
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            raise _refused(name, value, "a number") from None

    return Field(convert, lambda: default)


def flag(*, default: bool = False) -> Field[bool]:
    """True or false; whatever has a truth value of its own is taken, ``None`` is false."""

    def convert(value: object, name: str) -> bool:
        if value is not None and not hasattr(type(value), "__bool__"):
            raise _refused(name, value, "True or False")
        return bool(value)

    return Field(convert, lambda: default)


def text(default: str) -> Field[str]:
    """A text; bytes are taken as UTF-8, a path object is refused."""

    def convert(value: object, name: str) -> str:
        if isinstance(value, (bytes, bytearray)):
            return value.decode()
        if not isinstance(value, str):
            raise _refused(name, value, "a text")
        return value

    return Field(convert, lambda: default)


def enum_field(default: T) -> Field[T]:
    """A member of an enumeration; its bare number is refused."""
    kind = type(default)

    def convert(value: T, name: str) -> T:
        if not isinstance(value, kind):
            raise _refused(name, value, f"a {kind.__name__}")
        return value

    return Field(convert, lambda: default)


R = TypeVar("R", bound=Record)


def record_field(kind: type[R]) -> Field[R]:
    """Another record: reading gives the record itself, assigning copies."""

    def convert(value: R, name: str) -> R:
        if not isinstance(value, kind):
            raise _refused(name, value, f"a {kind.__name__}")
        return copy(value)

    return Field(convert, kind)
