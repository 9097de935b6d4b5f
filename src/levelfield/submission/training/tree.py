"""Where the parts of a training submission lie: ``<org>/results/<system>/<benchmark>/result_<i>.txt``.

Source: mlcommons/policies, ``submission_rules.adoc``; mlcommons/logging, ``package_checker`` at beaf26d.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.submission.sources.port import Entry

__all__ = ["ResultFolder", "TrainingTree", "training_tree"]

_LOG = re.compile(r"result_(\d{1,9})\.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFolder:
    """One system on one benchmark: all its runs."""

    organisation: str
    """The folder of the submitter; empty where the source is that folder."""
    system: str
    benchmark: str
    path: str
    logs: tuple[Entry, ...]
    """By number."""
    strays: tuple[Entry, ...]
    """Files that are no logs: hidden leftovers of a copy, a checker's output."""

    @property
    def root(self) -> str:
        """What stands before ``results/`` and ``systems/``, with its slash."""
        return self.path.removesuffix(f"results/{self.system}/{self.benchmark}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTree:
    """The parts of a source."""

    folders: tuple[ResultFolder, ...]
    """By path."""
    systems: tuple[tuple[str, tuple[Entry, ...]], ...]
    """Files under each ``systems`` folder."""

    def descriptions(self, folder: str) -> tuple[Entry, ...]:
        """The files under one ``systems`` folder."""
        return dict(self.systems).get(folder, ())


def training_tree(files: Iterable[Entry]) -> TrainingTree:
    """Sort the files of a source into the parts of a submission; what belongs to none is left out."""
    grouped: dict[tuple[str, ...], list[Entry]] = {}
    systems: dict[str, list[Entry]] = {}
    for entry in files:
        parts = tuple(entry.path.split("/"))
        if "results" in parts[:-3]:
            at = parts.index("results")
            grouped.setdefault(parts[: at + 3], []).append(entry)
        elif "systems" in parts[:-1]:
            systems.setdefault("/".join(parts[: parts.index("systems") + 1]), []).append(entry)
    return TrainingTree(
        folders=tuple(_folder(parts, entries) for parts, entries in sorted(grouped.items())),
        systems=tuple((folder, tuple(entries)) for folder, entries in sorted(systems.items())),
    )


def _folder(parts: tuple[str, ...], entries: list[Entry]) -> ResultFolder:
    path = "/".join(parts)
    numbered = {entry: found for entry in entries if (found := _LOG.fullmatch(entry.path[len(path) + 1 :]))}
    return ResultFolder(
        organisation=parts[-4] if len(parts) > 3 else "",
        system=parts[-2],
        benchmark=parts[-1],
        path=path,
        logs=tuple(sorted(numbered, key=lambda entry: (int(numbered[entry][1]), entry.path))),
        strays=tuple(entry for entry in entries if entry not in numbered),
    )
