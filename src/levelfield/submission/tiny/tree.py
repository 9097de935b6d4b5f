"""Where the parts of a tiny submission lie, in all the forms that real ones have.

Documented is ``<division>/<org>/results/<system>/<benchmark>/<mode>/<mode>_log.txt``. Real trees also name the files
without the mode, call the energy folder ``power``, and put the implementation's name between benchmark and mode.
Source: mlcommons/tiny_results_v0.7 at 64623f4, ``directory_structure.adoc`` and the trees beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from levelfield.submission.sources.port import Entry

__all__ = ["Implementation", "Mode", "ModeFiles", "TinyTree", "tiny_tree"]

_LOG = re.compile(r"(?:[a-z]+_)?log\.txt", re.IGNORECASE)
_RESULTS = re.compile(r"(?:[a-z]+_)?results?\.txt", re.IGNORECASE)


class Mode(StrEnum):
    """What the host runner was asked for."""

    PERFORMANCE = "performance"
    ACCURACY = "accuracy"
    ENERGY = "energy"


_MODES = {**{str(mode): mode for mode in Mode}, "power": Mode.ENERGY}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeFiles:
    """The files of one mode."""

    mode: Mode
    path: str
    log: Entry | None
    results: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """One system on one benchmark, in one implementation."""

    division: str
    organisation: str
    system: str
    benchmark: str
    """The name of the folder."""
    name: str
    """Of the implementation; empty where the tree has no such level."""
    root: str
    """What stands before ``results/`` and ``systems/``, with its slash."""
    path: str
    modes: tuple[ModeFiles, ...]

    def files(self, mode: Mode) -> ModeFiles:
        """The files of a mode, none where it was not run."""
        absent = ModeFiles(mode=mode, path=f"{self.path}/{mode}", log=None, results=None)
        return next((files for files in self.modes if files.mode is mode), absent)


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyTree:
    """The parts of a source."""

    implementations: tuple[Implementation, ...]
    """By path."""
    systems: tuple[tuple[str, tuple[Entry, ...]], ...]
    """Files under each ``systems`` folder."""

    def descriptions(self, folder: str) -> tuple[Entry, ...]:
        """The files under one ``systems`` folder."""
        return dict(self.systems).get(folder, ())


def tiny_tree(files: Iterable[Entry]) -> TinyTree:
    """Sort the files of a source into the parts of a submission; what belongs to none is left out."""
    grouped: dict[tuple[str, ...], dict[str, list[Entry]]] = {}
    systems: dict[str, list[Entry]] = {}
    for entry in files:
        parts = tuple(entry.path.split("/"))
        # results/<system>/<benchmark>/[<implementation>/]<mode>/<file>
        at = parts.index("results") if "results" in parts[:-4] else len(parts)
        mode = next(
            (at + step for step in (3, 4) if at + step < len(parts) - 1 and parts[at + step].lower() in _MODES), 0
        )
        if mode:
            grouped.setdefault(parts[:mode], {}).setdefault(parts[mode], []).append(entry)
        elif "systems" in parts[:-1] and "results" not in parts:
            systems.setdefault("/".join(parts[: parts.index("systems") + 1]), []).append(entry)
    return TinyTree(
        implementations=tuple(_implementation(parts, modes) for parts, modes in sorted(grouped.items())),
        systems=tuple((folder, tuple(entries)) for folder, entries in sorted(systems.items())),
    )


def _implementation(parts: tuple[str, ...], modes: dict[str, list[Entry]]) -> Implementation:
    at = parts.index("results")
    return Implementation(
        division=parts[at - 2] if at > 1 else "",
        organisation=parts[at - 1] if at else "",
        system=parts[at + 1],
        benchmark=parts[at + 2],
        name=parts[at + 3] if len(parts) > at + 3 else "",
        root="".join(f"{part}/" for part in parts[:at]),
        path="/".join(parts),
        modes=tuple(_mode_files("/".join((*parts, name)), name, entries) for name, entries in sorted(modes.items())),
    )


def _mode_files(path: str, name: str, entries: list[Entry]) -> ModeFiles:
    by_name = {entry.path[len(path) + 1 :]: entry for entry in entries}
    return ModeFiles(
        mode=_MODES[name.lower()],
        path=path,
        log=next((entry for file, entry in sorted(by_name.items()) if _LOG.fullmatch(file)), None),
        results=next((entry for file, entry in sorted(by_name.items()) if _RESULTS.fullmatch(file)), None),
    )
