"""Reading results out of whatever the user names: a run of ours, a file of ``results export``, a submission."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError, InputError
from levelfield.results.columns import result_of
from levelfield.results.exports import JSON_SCHEMA
from levelfield.results.model import Result
from levelfield.results.own import is_own_run, read_own_run
from levelfield.submission.finding import Finding
from levelfield.submission.report import CheckText

__all__ = ["SourceRead", "read_source", "results_of"]

LIMIT_BYTES = 256 << 20
RUN_FILE = "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """What a source holds."""

    results: tuple[Result, ...]
    round: str = ""
    """That was checked; empty where nothing was."""
    findings: tuple[Finding, ...] = ()
    checks: tuple[CheckText, ...] = ()
    """What is said of the checks that found something."""


def results_of(source: str, round_name: str) -> tuple[Result, ...]:
    """The results of a source, as :func:`read_source` reads it."""
    return read_source(source, round_name).results


def read_source(source: str, round_name: str) -> SourceRead:
    """The results of a source and, of a submission, what its check found.

    Args:
        source: A ``result.json`` of ``levelfield inference run`` or its folder, a ``results.json`` of ``results
            export``, a file of ``submission check --json``, or a submission: a folder, an archive,
            ``git:REPO[@REV][:SUBTREE]``.
        round_name: ``inference-v2.0``; a submission is read by its rules.

    Raises:
        InputError: It is missing, damaged, or nothing that can be read.
        UsageError: There is no such round.
    """
    path = Path(source)
    if path.is_dir() and (path / RUN_FILE).is_file():
        path /= RUN_FILE
    if path.suffix.lower() == ".json" and path.is_file():
        return _read_json(path)
    return _read_submission(source, round_name)


def _read_json(path: Path) -> SourceRead:
    from levelfield.submission.outputs.json import SCHEMA as CHECK_SCHEMA
    from levelfield.submission.outputs.json import read_json

    document = _document(path)
    if is_own_run(document):
        return SourceRead(results=read_own_run(path))
    schema = document.get("schema") if isinstance(document, dict) else None
    if isinstance(document, dict) and schema == JSON_SCHEMA:
        return SourceRead(results=_results_of_export(path, document))
    if schema == CHECK_SCHEMA:
        report = read_json(path)
        return SourceRead(results=report.results, round=report.round, findings=report.findings, checks=report.checks)
    expected = f"a result.json of a run, a results.json of an export ({JSON_SCHEMA}), or a check's ({CHECK_SCHEMA})"
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


def _read_submission(source: str, round_name: str) -> SourceRead:
    """Check a submission tree, or read the results of a suite that has no checks."""
    from levelfield.rules import RuleSet, TrainingRules
    from levelfield.rules.load import load_any
    from levelfield.submission.engine import Selection
    from levelfield.submission.inference.check_round import check_round
    from levelfield.submission.read_round import READING_CHECKS, read_round
    from levelfield.submission.sources.open import open_source
    from levelfield.submission.training.check_round import check_training

    rules = load_any(round_name)
    with closing(open_source(source)) as opened:
        if isinstance(rules, RuleSet):
            report = check_round(opened, rules, Selection(), jobs=os.cpu_count() or 1)
            results, findings, checks = report.results, report.findings, report.checks
        elif isinstance(rules, TrainingRules):
            scored = check_training(opened, rules, jobs=os.cpu_count() or 1)
            results, findings, checks = scored.results, scored.findings, scored.checks
        else:
            reading = read_round(opened, rules)
            results, findings = reading.results, reading.findings
            checks = tuple(check.text for check in READING_CHECKS)
    return SourceRead(
        results=tuple(_placed(result) for result in results), round=rules.name, findings=findings, checks=checks
    )


def _placed(result: Result) -> Result:
    """A result whose source is named without what stands above it on this machine."""
    name = result.provenance.source
    if not Path(name).is_absolute():
        return result
    return replace(result, provenance=replace(result.provenance, source=Path(name).name))


def _document(path: Path) -> object:
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise FormatError(path, "size", f"more than {LIMIT_BYTES >> 20} MiB", "a file of results")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "content", str(error) or "too deep nesting", "JSON") from error
