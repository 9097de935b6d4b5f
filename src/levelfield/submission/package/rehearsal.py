"""The label of a rehearsal: a tree of the round's shape whose results are none of the round.

It stands in five places, so that none of them can be overlooked and no table shows a number without it: the name of the
system's folders (and with it every path and every row of the official summary), the system's name and notes, the
READMEs, and a file ``REHEARSAL.md`` in the submitter's folder that lists why this would be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from levelfield.terms import Availability, Suite

if TYPE_CHECKING:
    from levelfield.formats.system_description import SystemDescription

__all__ = [
    "REHEARSAL_FILE",
    "is_rehearsal",
    "label_system",
    "label_trained_system",
    "rehearsal_notice",
    "rehearsal_text",
]

REHEARSAL_FILE = "REHEARSAL.md"
SUFFIX = "-rehearsal"
NOTE = "REHEARSAL, not a result of a published round"
"""Begins the software notes; our check looks for it."""


def is_rehearsal(notes: str) -> bool:
    """Whether the notes of a system description (``sw_notes``, ``hw_notes``) carry the label."""
    return NOTE in notes


def label_system(system: str, description: SystemDescription, suites: Iterable[Suite]) -> tuple[str, SystemDescription]:
    """Name and description of a system that is rehearsed with.

    What must be stated for a tree to be looked at at all, and is not, is stated as what it is: for research, and of
    the suites that were rehearsed for.
    """
    status, name, notes = _label(system, description.status, description.system_name, description.sw_notes)
    system_type = description.system_type or ",".join(sorted(suites))
    return f"{system}{SUFFIX}", replace(
        description, status=status, system_name=name, sw_notes=notes, system_type=system_type
    )


def label_trained_system(system: str, fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The same for a system of a training round, whose fields the round names."""
    names = ("status", "system_name", "sw_notes")
    label = _label(system, *(fields.get(name, "") for name in names))
    return f"{system}{SUFFIX}", {**fields, **dict(zip(names, label, strict=True))}


def _label(system: str, status: str, name: str, notes: str) -> tuple[str, str, str]:
    """Status, name and software notes with the label, from what they said."""
    notes = f"{NOTE}; {notes}" if notes else NOTE
    return status or Availability.RDI.value, f"{name or system} (rehearsal)", notes


def rehearsal_notice() -> str:
    """The paragraph that begins the READMEs of a rehearsal."""
    return f"**{NOTE}.** See {REHEARSAL_FILE} in the submitter's folder.\n\n"


def rehearsal_text(round_name: str, reasons: tuple[str, ...]) -> str:
    """The content of ``REHEARSAL.md``."""
    listed = "\n".join(f"* {reason}" for reason in reasons) or "* Nothing was found; it was asked for as a rehearsal."
    return (
        f"# Rehearsal\n\nThis tree has the shape of a submission to {round_name}, made with `levelfield submission "
        "package --rehearsal`. Its results are not results of that round and must not be published or compared as "
        f"such.\n\nWhy it would be refused:\n\n{listed}\n"
    )
