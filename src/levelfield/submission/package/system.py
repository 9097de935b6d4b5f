"""The system description of a tree: what was found on the machine, and over it what the submitter states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.formats.system_description import (
    POWER_FIELDS,
    REQUIRED_FIELDS,
    parse_system_description,
)
from levelfield.rules.model import RuleSet
from levelfield.submission.package.entry import DescribedSystem, suites_of
from levelfield.submission.package.rehearsal import label_system
from levelfield.submission.package.run_folder import MeasuredRun
from levelfield.terms import Availability, Division, Suite

__all__ = ["described", "read_statements", "read_system_statements", "to_be_said", "two_under_one_name"]

MAY_BE_EMPTY = frozenset({"hw_notes", "sw_notes"})


def read_system_statements(path: Path, rules: RuleSet, *, organisation: str, division: Division) -> dict[str, str]:
    """What a submitter states of a system, by field name; any of the fields, numbers as JSON numbers or as text.

    Raises:
        InputError: It cannot be read, or states what cannot be; all problems are listed.
    """
    expected = {
        "status": [status.value for status in Availability if status in rules.availabilities],
        "division": [division.value],
        "submitter": [organisation],
    }

    def problem_of(name: str, value: str) -> str:
        if name in expected and value and value not in expected[name]:
            return f"found {value!r}, expected {' or '.join(expected[name])}"
        if name == "system_type" and value and not suites_of(value):
            return f"found {value!r}, expected {' or '.join(Suite)}, or both with a comma"
        return "" if name in REQUIRED_FIELDS or name in POWER_FIELDS else f"not a field of a system of {rules.name}"

    return read_statements(path, problem_of)


def read_statements(path: Path, problem_of: Callable[[str, str], str]) -> dict[str, str]:
    """A JSON object of texts and numbers, as texts.

    Args:
        path: The file.
        problem_of: What is wrong with a field and what it says; empty where nothing is.

    Raises:
        InputError: It cannot be read, or states what cannot be; all problems are listed.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "whole file", "text that is no JSON in UTF-8", "a JSON object") from error
    if not isinstance(document, dict):
        raise FormatError(path, "whole file", type(document).__name__, "a JSON object with fields of a system")
    problems = []
    for name, value in document.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            problems.append(f"{name}: found {json.dumps(value)[:40]}, expected text or a number.")
        elif problem := problem_of(name, str(value)):
            problems.append(f"{name}: {problem}.")
    if problems:
        raise InputError(f"{path} cannot describe the system.", problems=problems)
    return {name: str(value) for name, value in document.items()}


def described(
    run: MeasuredRun,
    statements: Mapping[str, str],
    *,
    organisation: str,
    division: Division,
    rehearsed: Iterable[Suite] | None = None,
) -> DescribedSystem:
    """Describe the system of a run.

    Args:
        run: One of its runs.
        statements: What the submitter says; wins over what was found.
        organisation: The submitter.
        division: The division.
        rehearsed: For a rehearsal the suites that it is for; ``None`` = no rehearsal.

    Raises:
        InputError: The description that the run found is not one.
    """
    said = {name: value for name, value in statements.items() if value}
    values = {
        **dict.fromkeys(REQUIRED_FIELDS, ""),
        **dict(run.description),
        **said,
        "division": division.value,
        "submitter": organisation,
    }
    description = parse_system_description(json.dumps(values), source=f"{run.folder}/result.json, system")
    system = run.system
    if rehearsed is not None:
        system, description = label_system(system, description, rehearsed)
    empty = to_be_said(description.to_be_filled_in, accelerators=description.accelerators_per_node)
    return DescribedSystem(id=system, measured_as=run.system, description=description, to_be_said=empty)


def to_be_said(empty: Iterable[str], *, accelerators: str | None) -> tuple[str, ...]:
    """Of fields that are empty those that should not be; without accelerators those of accelerators should."""
    may_be = "accelerator" if accelerators == "0" else None
    return tuple(name for name in empty if name not in MAY_BE_EMPTY and not (may_be and name.startswith(may_be)))


def two_under_one_name(system: str, field: str, found: tuple[str | None, Path], first: tuple[str | None, Path]) -> str:
    """The problem of a system that two runs describe in two ways: what a field says in which folder."""
    (value, folder), (other, other_folder) = found, first
    return (
        f"{system}: two systems under one name. {field}: found {value!r} in {folder} and {other!r} in {other_folder}; "
        "give them names of their own with --system-name."
    )
