"""The report as JSON, and read back: ``levelfield.check/1``.

An object with ``schema`` first and then the fields of :class:`Report`; each check, finding, skipped check and result
stands on a line of its own, so that two reports can be compared line by line and any number of findings is written in
the memory of one.

History:
    1: The first.

Within a version fields may be added; readers pass over those that they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.files import write_atomically
from levelfield.submission.outputs.records import Unreadable, from_plain, to_plain
from levelfield.submission.report import Report

__all__ = ["SCHEMA", "read_json", "write_json"]

FAMILY, VERSION = "levelfield.check", 1
SCHEMA = f"{FAMILY}/{VERSION}"


def write_json(report: Report, path: Path) -> None:
    """Write the report; a lone surrogate in a path is kept as JSON's own escape.

    Raises:
        OutputError: The file cannot be written.
    """
    write_atomically(path, _pieces(report))


def read_json(path: Path) -> Report:
    """Read a report back.

    Raises:
        InputError: The file cannot be read, is of a later version, or fields are missing or of another type; all of
            them are listed.
        FormatError: It is not JSON, or no report.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(path, f"byte {error.start}", f"0x{error.object[error.start]:02x}", "UTF-8") from error
    try:
        data = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise FormatError(path, f"line {error.lineno}", repr(text[error.pos : error.pos + 20]), "JSON") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "whole file", str(error), "a report as levelfield writes it") from error
    _check_schema(path, data.get("schema") if isinstance(data, dict) else None)
    try:
        report = from_plain(Report, data)
    except Unreadable as error:
        raise InputError(f"{path} is not a whole report.", problems=error.problems) from error
    assert isinstance(report, Report)
    return report


def _check_schema(path: Path, schema: object) -> None:
    family, _, version = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if family != FAMILY or not (version.isascii() and version.isdigit() and len(version) < 6):
        raise FormatError(path, "member schema", repr(schema)[:60], SCHEMA)
    if int(version) > VERSION:
        raise InputError(
            f"{path} was written by a later levelfield: its schema is {schema}, the latest known here is {SCHEMA}.",
            hint="pip install --upgrade levelfield",
        )


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant}, which is not JSON")


def _pieces(report: Report) -> Iterator[str]:
    yield f'{{"schema": "{SCHEMA}"'
    for field in fields(report):
        value = getattr(report, field.name)
        yield f',\n"{field.name}": '
        if isinstance(value, tuple) and value and not isinstance(value[0], str):
            yield "["
            for index, item in enumerate(value):
                yield (",\n" if index else "\n") + json.dumps(to_plain(item))
            yield "\n]"
        else:
            yield json.dumps(to_plain(value))
    yield "\n}\n"
