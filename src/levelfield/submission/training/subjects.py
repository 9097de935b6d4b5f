"""What the checks of a training round look at: records, read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from levelfield.errors import InputError
from levelfield.formats.system_fields import NO_FIELDS, SystemFields, parse_system_fields
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.stats.olympic import Olympic, olympic
from levelfield.stats.olympic_window import WindowChoice, choose_window
from levelfield.submission.reading import MAX_STATED_BYTES, find_description, read_file
from levelfield.submission.sources.port import Entry, Source
from levelfield.submission.training.compliance.seeds import RunSeeds, SeedSubject
from levelfield.submission.training.convergence import Tested, edition_of
from levelfield.submission.training.judging import Judging
from levelfield.submission.training.log import JudgedLog
from levelfield.submission.training.tree import Organisation, ResultFolder, TrainingTree
from levelfield.terms import Edition

__all__ = [
    "NO_DESCRIPTION",
    "Description",
    "FolderSubject",
    "OrganisationSubject",
    "RoundSubject",
    "SystemSubject",
    "TreeSubject",
    "read_descriptions",
    "systems_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The description of a system."""

    path: str
    """Empty where there is none."""
    fields: SystemFields
    problem: str = ""
    """Why it cannot be read."""

    @property
    def is_readable(self) -> bool:
        """Whether there are fields to look at."""
        return bool(self.path) and not self.problem


NO_DESCRIPTION = Description(path="", fields=NO_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSubject:
    """The source as a whole."""

    source: Source
    tree: TrainingTree


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSubject:
    """One submitter's folder: names only."""

    organisation: Organisation
    rules: TrainingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSubject:
    """One system: its description, and whether it has results."""

    path: str
    """Of its results; of its description where it has none."""
    name: str
    """Of its folder; of its file where it has no results."""
    systems: str
    """The folder of descriptions."""
    has_results: bool
    description: Description
    rules: TrainingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSubject:
    """One system on one benchmark, with all its runs judged."""

    place: ResultFolder
    rules: TrainingRules
    judging: Judging
    benchmark: TrainingBenchmark | None
    """``None`` where the round has none of that name; then no log was read."""
    description: Description
    division: str
    """In small letters: as the description says, else as all logs say."""
    logs: tuple[JudgedLog, ...] = ()
    """By number."""
    tested: Tested | None = None
    """``None`` without a benchmark."""
    mentions: tuple[str, ...] = ()
    """Source files of the benchmark's code that say "seed"; looked for only where no run logs one."""
    packaged: Mapping[str, str] | None = None
    """The SHA-256 of each log that was packaged, by file name; ``None`` where nothing in the tree says it."""

    @property
    def path(self) -> str:
        """Of the folder."""
        return self.place.path

    @property
    def is_closed(self) -> bool:
        """Whether it is in the closed division."""
        return self.division == "closed"

    @property
    def edition(self) -> Edition:
        """Mini where any of the runs is one."""
        return edition_of(self.logs)

    @property
    def good(self) -> tuple[JudgedLog, ...]:
        """The runs that count."""
        return tuple(log for log in self.logs if log.counts and log.minutes is not None)

    @property
    def failed(self) -> tuple[JudgedLog, ...]:
        """The runs that do not."""
        return tuple(log for log in self.logs if not (log.counts and log.minutes is not None))

    @property
    def seeds(self) -> SeedSubject:
        """What the runs say of seeds, in the order in which the official tool reads them."""
        runs = (RunSeeds(path=log.path, seeds=log.seeds, readable=log.readable) for log in self.logs)
        return SeedSubject(path=self.path, runs=tuple(sorted(runs, key=lambda run: run.path)), mentions=self.mentions)

    @property
    def window(self) -> WindowChoice | None:
        """Which runs count where there are more than the rules ask for; ``None`` where there are not.

        Ordered by launch; a run that does not say when it was launched comes by the number of its log, after all
        others.
        """
        if self.benchmark is None or len(self.logs) <= self.benchmark.runs:
            return None
        late = float("inf")
        ordered = sorted(self.logs, key=lambda log: late if log.launched_ms is None else log.launched_ms)
        times = [log.minutes if log.counts else None for log in ordered]
        return choose_window(
            times, runs=self.benchmark.runs, dropped=self.benchmark.dropped, median=self.judging.median
        )

    @property
    def olympic(self) -> Olympic | None:
        """Of all runs, as the official summary has it, also where there are more or fewer than the rules ask for."""
        if self.benchmark is None:
            return None
        minutes = [log.minutes for log in self.good if log.minutes is not None]
        return olympic(minutes, failed=len(self.failed), dropped=self.benchmark.dropped)

    @property
    def score(self) -> float | None:
        """In minutes: of the window that counts, else of all runs."""
        window = self.window
        if window is not None:
            return window.chosen.score
        return None if self.olympic is None else self.olympic.score


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSubject:
    """All logs of the source."""

    paths_by_sha256: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Only of contents that lie at more than one place."""


def read_descriptions(source: Source, tree: TrainingTree) -> dict[str, Description]:
    """Every description under a ``systems`` folder, by path."""
    entries = (entry for one in tree.organisations for entry in one.descriptions)
    return {entry.path: _read(source, entry) for entry in entries if entry.path.lower().endswith(".json")}


def _read(source: Source, entry: Entry) -> Description:
    try:
        fields = parse_system_fields(read_file(source, entry, limit=MAX_STATED_BYTES), source="the file")
    except InputError as error:
        return Description(path=entry.path, fields=NO_FIELDS, problem=error.message)
    return Description(path=entry.path, fields=fields)


def systems_of(
    organisation: Organisation, descriptions: Mapping[str, Description], rules: TrainingRules
) -> tuple[SystemSubject, ...]:
    """The systems of a submitter: those with results by folder, then descriptions without."""
    systems = f"{organisation.root}systems"
    names = dict.fromkeys(folder.system for folder in organisation.folders if not folder.is_bare)
    found, used = [], set()
    for name in names:
        entry = find_description(systems, name, organisation.descriptions)
        description = descriptions.get(entry.path, NO_DESCRIPTION) if entry else NO_DESCRIPTION
        used.add(description.path)
        found.append(_system(f"{organisation.root}results/{name}", name, systems, description, rules, results=True))
    for path in _unused(organisation.descriptions, used):
        if path in descriptions:
            name = path.rpartition("/")[2].removesuffix(".json")
            found.append(_system(path, name, systems, descriptions[path], rules, results=False))
    return tuple(found)


def _unused(entries: Iterable[Entry], used: set[str]) -> list[str]:
    return sorted(entry.path for entry in entries if entry.path not in used)


def _system(
    path: str, name: str, systems: str, description: Description, rules: TrainingRules, *, results: bool
) -> SystemSubject:
    return SystemSubject(
        path=path, name=name, systems=systems, has_results=results, description=description, rules=rules
    )
