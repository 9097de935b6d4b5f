"""Where the parts of a training submission lie: ``<org>/results/<system>/<benchmark>/result_<i>.txt``.

A folder of runs that is no submission yet has its logs at the root of the source.

Source: mlcommons/policies, ``submission_rules.adoc``; mlcommons/logging, ``package_checker`` at beaf26d.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.submission.sources.port import Entry

__all__ = ["LOG_PLACE", "Organisation", "ResultFolder", "TrainingTree", "training_tree"]

_LOG = re.compile(r"result_([^/]*)\.txt")
_PARTS = {"results", "systems", "benchmarks"}
LOG_PLACE = "<org>/results/<system>/<benchmark>/result_<i>.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFolder:
    """One system on one benchmark: all its runs."""

    organisation: str
    """The folder of the submitter; empty where the source is that folder."""
    system: str
    """Empty where the logs lie at the root of the source."""
    benchmark: str
    """Empty where the logs lie at the root of the source; then they tell it themselves."""
    path: str
    logs: tuple[Entry, ...]
    """``result_*.txt``, by number; what has none comes last."""
    strays: tuple[Entry, ...]
    """Files that are no logs: hidden leftovers of a copy, a checker's output."""

    @property
    def root(self) -> str:
        """What stands before ``results/`` and ``systems/``, with its slash."""
        return self.path.removesuffix(f"results/{self.system}/{self.benchmark}")

    @property
    def is_bare(self) -> bool:
        """Whether it is no part of a submission: logs without system and benchmark."""
        return not self.benchmark

    @property
    def bytes(self) -> int:
        """Of all its logs."""
        return sum(entry.size for entry in self.logs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One submitter's folder."""

    root: str
    """With its slash; empty where the source is that folder."""
    folders: tuple[ResultFolder, ...]
    """By path."""
    descriptions: tuple[Entry, ...]
    """Files under ``systems``."""
    code: tuple[Entry, ...]
    """Files under ``benchmarks``."""

    @property
    def path(self) -> str:
        """Its folder, ``.`` for the root of the source."""
        return self.root.rstrip("/") or "."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTree:
    """The parts of a source."""

    organisations: tuple[Organisation, ...]
    """By path."""

    @property
    def folders(self) -> tuple[ResultFolder, ...]:
        """All result folders, by path."""
        return tuple(folder for one in self.organisations for folder in one.folders)


def training_tree(files: Iterable[Entry]) -> TrainingTree:
    """Sort the files of a source into the parts of a submission; what belongs to none is left out."""
    files = tuple(files)
    results: dict[str, dict[tuple[str, ...], list[Entry]]] = {}
    others: dict[str, dict[str, list[Entry]]] = {"systems": {}, "benchmarks": {}}
    for entry in files:
        parts = tuple(entry.path.split("/"))
        # The first of the three names decides: code may hold folders of any name.
        at = next((index for index, part in enumerate(parts[:-1]) if part in _PARTS), None)
        if at is None:
            continue
        root = "".join(f"{part}/" for part in parts[:at])
        if parts[at] != "results":
            others[parts[at]].setdefault(root, []).append(entry)
        elif len(parts) > at + 3:
            results.setdefault(root, {}).setdefault(parts[: at + 3], []).append(entry)
    roots = {*results, *others["systems"]}
    found = [
        Organisation(
            root=root,
            folders=tuple(_folder(parts, entries) for parts, entries in sorted(results.get(root, {}).items())),
            descriptions=tuple(others["systems"].get(root, ())),
            code=tuple(others["benchmarks"].get(root, ())),
        )
        for root in sorted(roots)
    ]
    bare = () if any(one.folders for one in found) else _bare(files)
    return TrainingTree(organisations=(*found, *bare))


def _folder(parts: tuple[str, ...], entries: list[Entry]) -> ResultFolder:
    path = "/".join(parts)
    logs, strays = _logs(path, entries)
    return ResultFolder(
        organisation=parts[-4] if len(parts) > 3 else "",
        system=parts[-2],
        benchmark=parts[-1],
        path=path,
        logs=logs,
        strays=strays,
    )


def _bare(files: tuple[Entry, ...]) -> tuple[Organisation, ...]:
    """Logs at the root, as one folder of an organisation without a name."""
    logs, _ = _logs("", [entry for entry in files if "/" not in entry.path])
    if not logs:
        return ()
    folder = ResultFolder(organisation="", system="", benchmark="", path=".", logs=logs, strays=())
    return (Organisation(root="", folders=(folder,), descriptions=(), code=()),)


def _logs(path: str, entries: list[Entry]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Logs by number, and what else there is."""
    start = len(path) + 1 if path else 0
    named = {entry: found[1] for entry in entries if (found := _LOG.fullmatch(entry.path[start:]))}
    logs = sorted(named, key=lambda entry: (_number(named[entry]), entry.path))
    return tuple(logs), tuple(entry for entry in entries if entry not in named)


def _number(text: str) -> float:
    """Of a log; the official tools take any name, so those that are no numbers stand behind the others."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else float("inf")
