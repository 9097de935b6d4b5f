"""Hyperparameters as a user changes them: ``name=value``, by the names of the log, all mistakes at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, replace
from difflib import get_close_matches
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from levelfield.errors import SettingsError
from levelfield.training.port import LogValue

__all__ = ["by_log_name", "not_rising", "own_names", "read_settings", "too_small", "uneven"]

Settings = TypeVar("Settings")
"""A frozen dataclass."""


def read_settings(
    kind: type[Settings],
    defaults: Settings | Mapping[str, Any],
    changed: Mapping[str, str],
    *,
    names: Mapping[str, str],
    benchmark: str,
    check: Callable[[Settings], Iterable[str]],
    without_defaults: str = "",
) -> Settings:
    """Settings with the values that a user gave, read as what the annotations of the record say.

    Args:
        kind: The record: whole numbers, numbers, truths, words, members of an enum by value, tuples of numbers.
            What may be ``None`` (``int | None``) is read as what it is otherwise.
        defaults: The record as it is without changes, or its values by field where some have none.
        changed: What was given; a tuple is written with commas (``80,120``), an empty one as nothing.
        names: Of each name that may be changed, the field (``picking.regions`` for one of a record within the record).
            Two names of one field are two names of one thing.
        benchmark: For the message.
        check: What cannot be of the values together, each with name, what was found and what was expected. A value
            that could not be read has its default there. Infinity can be read, NaN cannot.
        without_defaults: Why some fields have no default, for the message about those that are missing.

    Raises:
        SettingsError: Names that are unknown, values that cannot be read, are missing or cannot be, all at once.
    """
    values = dict(defaults) if isinstance(defaults, Mapping) else _values(defaults)
    problems: list[str] = []
    given: dict[str, tuple[str, Any]] = {}  # of a field, the name and the value; None for one that cannot be read
    unknown = False
    for name, text in changed.items():
        if name not in names:
            unknown = True
            close = get_close_matches(name, names, n=1)
            problems.append(f"{name}: unknown" + (f"; did you mean {close[0]!r}?" if close else ""))
            continue
        field = names[name]
        try:
            value = _read(text, _kind(kind, field))
        except ValueError as error:
            problems.append(f"{name}: found {text!r}, expected {error}")
            given.setdefault(field, (name, None))
            continue
        first, before = given.setdefault(field, (name, value))
        if first != name and before not in {None, value}:
            problems.append(f"{name}: found {text!r}, expected the value of {first}, which is the same thing")
        record, _, part = field.partition(".")
        values[record] = replace(values[record], **{part: value}) if part else value
    if missing := [name for name in _required(kind) if name not in values]:
        if without := [name for name in missing if name not in given]:
            why = f" ({without_defaults})" if without_defaults else ""
            problems.append(f"{', '.join(without)}: found nothing, expected a value for each{why}")
    else:
        settings = kind(**values)
        problems += check(settings)
        if not problems:
            return settings
    hint = f"Hyperparameters: {', '.join(sorted(names))}." if unknown else None
    raise SettingsError(f"{benchmark} cannot be trained like this.", problems=problems, hint=hint)


def own_names(kind: type, *, without: Iterable[str] = ()) -> dict[str, str]:
    """The names of a record whose fields are named as in the log.

    Args:
        kind: The record.
        without: Fields that nobody may change.
    """
    fixed = set(without)
    return {field.name: field.name for field in fields(kind) if field.name not in fixed}


def by_log_name(settings: Any, names: Mapping[str, str], *, without: Collection[str] = ()) -> dict[str, LogValue]:
    """What the log says of settings.

    Args:
        settings: The record.
        names: Of each name the field, as :func:`read_settings` has them.
        without: Names that may be changed and are not logged.
    """
    values = {name: attrgetter(field)(settings) for name, field in names.items() if name not in without}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def too_small(values: Mapping[str, float], least: int | None) -> Iterator[str]:
    """Those of some values that are below the least one, or infinite.

    Args:
        values: By name.
        least: What each may be; ``None`` for anything above 0.
    """
    for name, value in values.items():
        kind = "a finite number " if isinstance(value, float) else ""
        if least is None:
            if not 0 < value < math.inf:
                yield f"{name}: found {value}, expected {kind}above 0"
        elif not least <= value < math.inf:
            yield f"{name}: found {value}, expected {kind and kind + 'of '}{least} or more"


def uneven(name: str, batch: int, *, processes: int, parts: int = 1) -> Iterator[str]:
    """Whether a batch cannot be shared out.

    Args:
        name: Of the batch size.
        batch: Samples of a step over all processes.
        processes: Each takes as many.
        parts: Into which each cuts its share; fewer than 1 are another problem.
    """
    if batch < 1:
        yield f"{name}: found {batch}, expected 1 or more"
    elif batch % (processes * max(parts, 1)):
        times = f" times {parts} parts" if parts > 1 else ""
        yield f"{name}: found {batch}, expected a multiple of the {processes} processes{times}"


def not_rising(name: str, steps: tuple[int, int], *, example: str) -> Iterator[str]:
    """Whether the learning rate would fall before the start, or a second time before the first.

    Args:
        name: Of the two steps or epochs.
        steps: After which it falls.
        example: As a user writes them.
    """
    first, second = steps
    if not 0 < first <= second:
        yield f"{name}: found {[first, second]}, expected 2 ascending whole numbers above 0, as in {example}"


def _values(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _required(kind: Any) -> list[str]:
    return [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]


def _kind(kind: Any, field: str) -> Any:
    """What a field is; where it may be ``None``, what it is otherwise."""
    for name in field.split("."):
        kind = get_type_hints(kind)[name]
    return get_args(kind)[0] if get_origin(kind) is UnionType else kind


def _read(text: str, kind: Any) -> Any:
    """A value of a kind.

    Raises:
        ValueError: It is none; says what was expected.
    """
    if get_origin(kind) is not tuple:
        return _one(text.strip(), kind)
    one, end = get_args(kind)[0], get_args(kind)[-1]
    count = None if end is Ellipsis else len(get_args(kind))
    parts = [part.strip() for part in text.strip().strip("[]()").split(",") if part.strip()]
    expected = f"{f'{count} ' if count else ''}{'whole numbers' if one is int else 'numbers'} with commas between them"
    if count not in {None, len(parts)}:
        raise ValueError(expected)
    try:
        return tuple(_one(part, one) for part in parts)
    except ValueError as error:
        raise ValueError(expected) from error


def _one(text: str, kind: Any) -> Any:
    if kind is bool:
        kind = {"true": True, "false": False}.get(text.lower())
        if kind is None:
            raise ValueError("true or false")
        return kind
    try:
        value = kind(text)
    except ValueError as error:
        raise ValueError(_expected(kind)) from error
    if isinstance(value, float) and math.isnan(value):
        raise ValueError(_expected(kind))
    return value


def _expected(kind: Any) -> str:
    if issubclass(kind, Enum):
        return " or ".join(str(member.value) for member in kind)
    return {int: "a whole number", float: "a number"}[kind]
