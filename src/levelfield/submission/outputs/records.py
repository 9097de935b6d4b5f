"""Frozen records as plain JSON values and back, by the types of their fields.

``Report`` and what it holds are spelled out once, in their classes; a field that is added there is written and read
without a line here. Numbers that JSON cannot hold stand as the texts ``NaN``, ``Infinity`` and ``-Infinity``.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

__all__ = ["Unreadable", "from_plain", "to_plain"]

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
PROBLEMS_MAX = 20
SHOWN = 60


class Unreadable(Exception):  # noqa: N818 - raised and caught inside this package; the reader makes an error of it
    """All that is wrong with plain values, each with the path of its field."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def to_plain(value: object) -> object:
    """A record as dictionaries, lists and scalars that JSON holds."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else _spelled(value)
        case tuple():
            return [to_plain(item) for item in value]
        case _:
            kind: type = type(value)
            return {field.name: to_plain(getattr(value, field.name)) for field in _fields(kind)}


def from_plain(kind: type, value: object, place: str = "") -> object:
    """A record of a kind from plain values. Fields that are not known are passed over: later versions may have more.

    Raises:
        Unreadable: Fields are missing or hold something else.
    """
    problems: list[str] = []
    found = _read(kind, value, place, problems)
    if problems:
        raise Unreadable(problems)
    return found


def _spelled(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


@cache
def _fields(kind: type) -> tuple[Field[object], ...]:
    assert is_dataclass(kind), kind
    return fields(kind)


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _read(hint: object, value: object, place: str, problems: list[str]) -> object:
    """The value as the type says, or a line in ``problems``."""
    if len(problems) >= PROBLEMS_MAX:
        return None
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        if value is None and NoneType in arguments:
            return None
        (hint,) = (argument for argument in arguments if argument is not NoneType)
        return _read(hint, value, place, problems)
    if origin is tuple:
        return _tuple(arguments, value, place, problems)
    assert isinstance(hint, type), hint
    if is_dataclass(hint):
        return _record(hint, value, place, problems)
    if issubclass(hint, Enum):
        known = [member.value for member in hint]
        if value not in known:
            return _wrong(problems, place, value, f"one of {', '.join(map(str, known))}")
        return hint(value)
    if hint is float:
        return _float(value, place, problems)
    if type(value) is not hint:
        return _wrong(problems, place, value, EXPECTED[hint])
    return value


EXPECTED: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


def _tuple(arguments: tuple[object, ...], value: object, place: str, problems: list[str]) -> object:
    if not isinstance(value, list):
        return _wrong(problems, place, value, "a list")
    if arguments[-1] is Ellipsis:
        return tuple(_read(arguments[0], item, f"{place}[{index}]", problems) for index, item in enumerate(value))
    if len(value) != len(arguments):
        return _wrong(problems, place, value, f"a list of {len(arguments)}")
    pairs = enumerate(zip(arguments, value, strict=True))
    return tuple(_read(argument, item, f"{place}[{index}]", problems) for index, (argument, item) in pairs)


def _record(kind: type, value: object, place: str, problems: list[str]) -> object:
    if not isinstance(value, dict):
        return _wrong(problems, place, value, "an object")
    hints = _hints(kind)
    found: dict[str, object] = {}
    before = len(problems)
    for field in _fields(kind):
        at = f"{place}.{field.name}" if place else field.name
        if field.name in value:
            found[field.name] = _read(hints[field.name], value[field.name], at, problems)
        elif field.default is MISSING:
            problems.append(f"{at}: missing")
    return kind(**found) if len(problems) == before < PROBLEMS_MAX else None


def _float(value: object, place: str, problems: list[str]) -> object:
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(problems, place, value, "a number")
    try:
        return float(value)
    except OverflowError:
        return _wrong(problems, place, value, "a number that 64 bits hold")


def _wrong(problems: list[str], place: str, value: object, expected: str) -> object:
    """Note what is wrong; the value that stands in its place is never used."""
    shown = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)[:SHOWN]
    problems.append(f"{place or 'top'}: found {shown}, expected {expected}")
    return None
