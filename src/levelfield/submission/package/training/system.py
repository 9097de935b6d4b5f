"""The description of a system of a training round: what its runs found on the machine, and over it what is stated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from levelfield.formats.system_fields import parse_system_fields
from levelfield.rules.training import TrainingRules
from levelfield.submission.package.rehearsal import label_trained_system
from levelfield.submission.package.system import read_statements, to_be_said
from levelfield.submission.package.training.run_folder import TrainingFolder
from levelfield.terms import Division

__all__ = ["TrainedSystem", "described", "read_training_statements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSystem:
    """A system as the tree describes it."""

    id: str
    """The name of its folders in the tree."""
    fields: Mapping[str, str]
    """Every field of the round, in its order."""

    @property
    def to_be_said(self) -> tuple[str, ...]:
        """Fields that are empty and should not be; without accelerators those of accelerators should."""
        empty = (name for name, text in self.fields.items() if not text.strip())
        return to_be_said(empty, accelerators=self.fields.get("accelerators_per_node"))

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(dict(self.fields), indent=2, ensure_ascii=False) + "\n"


def read_training_statements(
    path: Path, rules: TrainingRules, *, organisation: str, division: Division
) -> dict[str, str]:
    """What a submitter states of a system, by field name; any of the round's fields.

    Raises:
        InputError: It cannot be read, or states what cannot be; all problems are listed.
    """
    submission = rules.submission
    statuses = [word for status in rules.statuses for word in status.words]
    expected = {"division": [str(division)], "submitter": [organisation], "status": statuses}

    def problem_of(name: str, value: str) -> str:
        if name not in submission.system_fields:
            return f"not a field of a system of {rules.name}"
        said = value.lower() if name == "status" else value
        if name in expected and value and said not in expected[name]:
            return f"found {value!r}, expected {' or '.join(expected[name])}"
        if name in submission.count_fields and value and _count(value) is None:
            return f"found {value!r}, expected a whole number"
        return ""

    return read_statements(path, problem_of)


def _count(value: str) -> int | None:
    """As the check of the round reads it."""
    return parse_system_fields(json.dumps({"count": value}).encode(), source="a count").count("count")


def described(
    system: str,
    folder: TrainingFolder,
    statements: Mapping[str, str],
    rules: TrainingRules,
    *,
    organisation: str,
    division: Division,
    rehearsal: bool,
) -> TrainedSystem:
    """Describe a system.

    Args:
        system: The name of its folders in the runs.
        folder: One of its runs.
        statements: What the submitter says; wins over what was found.
        rules: Of the round.
        organisation: The submitter.
        division: The division.
        rehearsal: Whether it is labelled as one.
    """
    found = {**dict(folder.machine), **{name: text for name, text in statements.items() if text}}
    fields = {name: found.get(name, "") for name in rules.submission.system_fields}
    fields |= {"submitter": organisation, "division": str(division)}
    if rehearsal:
        system, fields = label_trained_system(system, fields)
    return TrainedSystem(id=system, fields=fields)
