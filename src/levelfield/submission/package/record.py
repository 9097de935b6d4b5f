"""What the records of both suites' runs have in common: JSON objects of a known schema, and what belongs to them."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from levelfield.errors import InputError
from levelfield.rules.table import Problems, Table

__all__ = ["inside", "open_record", "said", "texts_of"]


def open_record(path: Path, schema: str, *, hint: str) -> Table:
    """The whole record; what is wrong with it from here on is noted in its ``problems``.

    Args:
        path: The file.
        schema: Its schema; another one is noted, too.
        hint: What to do where it is damaged.

    Raises:
        InputError: It cannot be read, or is no JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: it is not JSON in UTF-8 ({error}).", hint=hint) from error
    if not isinstance(document, dict):
        raise InputError(f"{path} is damaged: found {type(document).__name__}, expected an object.", hint=hint)
    table = Table(document, (), Problems())
    table.known("schema", (schema,), "schema")
    return table


def inside(table: Table, key: str, folder: Path) -> Path:
    """A file of the run's folder; one that would lie elsewhere is noted."""
    path = table.text(key)
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        table.wrong(key, "a path inside the run's folder")
        path = ""
    return folder / path


def said(table: Table, key: str) -> str:
    """A text that may be missing: empty."""
    return table.text(key) if table.values.get(key) is not None else ""


def texts_of(table: Table) -> tuple[tuple[str, str], ...]:
    """All entries of a table of texts."""
    return tuple((key, table.text(key)) for key in table.values)
