"""Hyperparameters as a user changes them: ``name=value``, by the names of the log, all mistakes at once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from levelfield.errors import SettingsError

__all__ = ["with_changes"]

Settings = TypeVar("Settings")
"""A frozen dataclass."""

_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def with_changes(
    settings: Settings,
    fields: Mapping[str, str],
    changed: Mapping[str, str],
    *,
    benchmark: str,
    check: Callable[[Settings], Sequence[str]] = lambda _: (),
) -> Settings:
    """Settings with the values that a user gave, read as what stands there by default.

    Args:
        settings: A frozen dataclass of numbers, words, and tuples of numbers.
        fields: Of each name that may be changed, the field.
        changed: What was given; a tuple is written with commas (``80,120``), an empty one as nothing.
        benchmark: For the message.
        check: What cannot be of the values together.

    Raises:
        SettingsError: Names that are unknown, values that cannot be read or cannot be, all at once.
    """
    values: dict[str, Any] = {}
    problems, unknown = [], False
    for name, text in changed.items():
        if name not in fields:
            close = get_close_matches(name, list(fields), n=1)
            unknown = True
            problems.append(f"{name}: unknown" + (f"; did you mean {close[0]!r}?" if close else ""))
            continue
        default = getattr(settings, fields[name])
        try:
            values[fields[name]] = _read(text, default)
        except ValueError as error:
            problems.append(f"{name}: found {text!r}, expected {error}")
    result: Settings = dataclasses.replace(settings, **values)  # type: ignore[type-var]
    problems += check(result)
    if problems:
        hint = f"Hyperparameters: {', '.join(sorted(fields))}." if unknown else None
        raise SettingsError(f"{benchmark} cannot be trained like this.", problems=problems, hint=hint)
    return result


def _read(text: str, default: Any) -> Any:
    """A value of the kind of the default; a tuple has the kind of its first number, whole ones where it is empty.

    Raises:
        ValueError: It is none; says what was expected.
    """
    if isinstance(default, tuple):
        kind = type(default[0]) if default else int
        try:
            return tuple(_one(part.strip(), kind) for part in text.split(",") if part.strip())
        except ValueError as error:
            raise ValueError(f"numbers with commas between them, each {error}") from error
    return _one(text.strip(), type(default))


def _one(text: str, kind: type) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        value = kind(text)
    except (KeyError, ValueError) as error:
        raise ValueError(_EXPECTED[kind]) from error
    if kind is float and math.isnan(value):
        raise ValueError(_EXPECTED[kind])
    return value
