"""What a user changes of a benchmark's settings, by the names of the log: read and checked, all errors at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar, get_type_hints

from levelfield.errors import SettingsError

__all__ = ["Checked", "read_settings"]


class Checked(Protocol):
    """A frozen record of whole numbers and numbers that knows which values cannot be."""

    def problems(self) -> Iterable[str]:
        """What is wrong, each with name, what was found and what was expected."""


Settings = TypeVar("Settings", bound=Checked)


def read_settings(
    kind: type[Settings],
    defaults: Mapping[str, Any],
    changed: Mapping[str, str],
    *,
    benchmark: str,
    aliases: Mapping[str, str] | None = None,
    without_defaults: str = "",
) -> Settings:
    """A record of defaults and of what was changed.

    Args:
        kind: The record, a dataclass whose fields are named as in the log and are ``int`` or ``float``.
        defaults: Values by field; fields with a default of their own may be left out.
        changed: What the user wrote.
        benchmark: Its name, for the message.
        aliases: Further names of fields.
        without_defaults: Why some fields have no default, for the message about those that are missing.

    Raises:
        SettingsError: A name is unknown, a value is no number or cannot be, or a value is missing.
    """
    aliases = aliases or {}
    types = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = dict(defaults)
    problems: list[str] = []
    source: dict[str, str] = {}
    for name, text in changed.items():
        field = aliases.get(name, name)
        if field not in known:
            problems.append(_unknown(name, [*known, *aliases]))
            continue
        first = source.setdefault(field, name)
        value = _number(types[field], text)
        if value is None:
            expected = "a whole number" if types[field] is int else "a number"
            problems.append(f"{name}: found {text!r}, expected {expected}")
        elif first != name and values[field] != value:
            problems.append(f"{name}: found {text}, expected the value of {first}, which is the same thing")
        values[field] = value
    required = [
        name
        for name, field in known.items()
        if name not in values and field.default is MISSING and field.default_factory is MISSING
    ]
    if required:
        why = f" ({without_defaults})" if without_defaults else ""
        problems.append(f"{', '.join(required)}: found nothing, expected a value for each{why}")
    if not problems:
        made: Any = kind  # a protocol says nothing of how its records are made
        record: Settings = made(**values)
        problems += record.problems()
        if not problems:
            return record
    raise SettingsError(f"{benchmark} cannot be trained with these settings.", problems=problems)


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{name}: no hyperparameter of this benchmark{hint} Known: {', '.join(sorted(known))}"


def _number(kind: type, text: str) -> int | float | None:
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        return None
