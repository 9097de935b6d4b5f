"""A system description of a suite that fixes no set of fields: any JSON object, read by name.

Real ones differ in case, hold blanks around names, nest objects, and give a name twice; the last one counts, as for
JSON in general, and the name is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from levelfield.errors import FormatError

__all__ = ["NO_FIELDS", "SystemFields", "parse_system_fields"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFields:
    """The fields of a system description."""

    texts: Mapping[str, str]
    """By name in lower case without blanks around it. What is an object or a list is given as ``name: value`` pairs."""
    repeated: tuple[str, ...]
    """Names that occur more than once."""
    exact: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By name exactly as written, with blanks: what a tool sees that takes the file as it is."""

    def text(self, *names: str) -> str:
        """The first of these fields that says something, without blanks around it; else empty."""
        return next((text for name in names if (text := self.texts.get(name.lower(), "").strip())), "")

    def count(self, name: str) -> int | None:
        """A field that is a whole number; ``None`` where it is absent or something else."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


NO_FIELDS = SystemFields(texts=MappingProxyType({}), repeated=())
"""What stands for a description that is absent."""


def parse_system_fields(data: bytes, *, source: Path | str) -> SystemFields:
    """Read a system description.

    Raises:
        FormatError: It is not UTF-8, not JSON, or not an object.
    """
    repeated: list[str] = []
    outermost: list[tuple[str, object]] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal outermost
        outermost = pairs  # inner objects are finished first
        names = [_name(name) for name, _ in pairs]
        repeated.extend(dict.fromkeys(name for name in names if names.count(name) > 1))
        return dict(zip(names, (value for _, value in pairs), strict=True))

    try:
        found = json.loads(data.decode("utf-8-sig"), object_pairs_hook=collect)
    except UnicodeDecodeError as error:
        raise FormatError(source, f"byte {error.start}", f"0x{data[error.start]:02x}", "UTF-8") from error
    except json.JSONDecodeError as error:
        raise FormatError(
            source, f"line {error.lineno}", repr(error.doc[error.pos : error.pos + 20]), "JSON"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(source, "line 1", "JSON nested too deep or with a number too long", "plain fields") from error
    if not isinstance(found, dict):
        raise FormatError(source, "line 1", type(found).__name__, "a JSON object with the fields of a system")
    return SystemFields(
        texts=MappingProxyType({name: _text(value) for name, value in found.items()}),
        repeated=tuple(repeated),
        exact=MappingProxyType({name: value if isinstance(value, str) else str(value) for name, value in outermost}),
    )


def _name(name: str) -> str:
    return name.strip().lower()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case dict():
            return ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items())
        case list():
            return ", ".join(map(_text, value))
        case _:
            return str(value)
