"""Reading results out of whatever the user names: a run of ours, a file of ``results export``, a submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError, InputError
from levelfield.results.columns import result_of
from levelfield.results.exports import JSON_SCHEMA
from levelfield.results.model import Result
from levelfield.results.own import is_own_run, read_own_run

__all__ = ["results_of"]

LIMIT_BYTES = 256 << 20
RUN_FILE = "result.json"


def results_of(source: str, round_name: str) -> tuple[Result, ...]:
    """The results of a source.

    Args:
        source: A ``result.json`` of ``levelfield inference run`` or its folder, a ``results.json`` of ``results
            export``, or a submission: a folder, an archive, ``git:REPO[@REV][:SUBTREE]``.
        round_name: ``inference-v2.0``.

    Raises:
        InputError: It is missing, damaged, or nothing that can be read.
    """
    path = Path(source)
    if path.is_dir() and (path / RUN_FILE).is_file():
        path /= RUN_FILE
    if path.suffix.lower() == ".json" and path.is_file():
        return _results_of_json(path)
    return _results_of_submission(source, round_name)


def _results_of_json(path: Path) -> tuple[Result, ...]:
    document = _document(path)
    if is_own_run(document):
        return read_own_run(path)
    schema = document.get("schema") if isinstance(document, dict) else None
    if isinstance(document, dict) and schema == JSON_SCHEMA:
        return _results_of_export(path, document)
    # The file of `submission check --json` is read here, by its own schema.
    expected = f"a result.json of a run, or a results.json of an export ({JSON_SCHEMA})"
    raise FormatError(path, "schema", repr(schema), expected)


def _results_of_export(path: Path, document: dict[str, Any]) -> tuple[Result, ...]:
    columns, rows = document.get("columns"), document.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise FormatError(path, "columns and rows", "none", "two arrays")
    names = [str(column.get("name")) if isinstance(column, dict) else "" for column in columns]
    found = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            raise FormatError(path, f"row {number}", repr(row)[:40], f"an array of {len(names)} cells")
        found.append(result_of(dict(zip(names, row, strict=True)), place=f"{path}, row {number},"))
    return tuple(found)


def _results_of_submission(source: str, round_name: str) -> tuple[Result, ...]:
    """The results of a submission tree, by the reader of its suite."""
    path = Path(source)
    if not source.startswith("git:") and not path.exists():
        raise InputError(f"{source} does not exist.", hint="Give a folder, an archive, a result.json, or git:REPO@REV.")
    raise InputError(
        f"{source} is a submission, and levelfield cannot read submissions of {round_name} yet.",
        hint="What can be read: a result.json of a run, and a results.json of levelfield results export.",
    )


def _document(path: Path) -> object:
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise FormatError(path, "size", f"more than {LIMIT_BYTES >> 20} MiB", "a file of results")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "content", str(error) or "too deep nesting", "JSON") from error
