"""What a tree is made of: entries, each one benchmark on one system with all its runs, judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from levelfield.formats.mllog import EventType, Json, read_mllog
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.stats.olympic import olympic
from levelfield.stats.olympic_window import choose_window
from levelfield.submission.package.training.run_folder import TrainedRun, TrainingFolder
from levelfield.submission.training.log import JudgedLog, judge_log
from levelfield.terms import Division, Edition

__all__ = ["JudgedRun", "TrainingEntry", "entries_of"]

_DIFFER = frozenset({"seed", "cache_clear"})
"""What a log says once and no two runs need to say alike."""
_SAMPLES = frozenset({"train_samples", "eval_samples"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run with the verdict on its log."""

    run: TrainedRun
    log: JudgedLog
    settings: Mapping[str, Json]
    """What its log says once: hyperparameters, the submission, numbers of samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEntry:
    """One benchmark on one system."""

    system: str
    """The name of its folders in the runs."""
    benchmark: TrainingBenchmark
    folders: tuple[TrainingFolder, ...]
    """As they were given."""
    runs: tuple[JudgedRun, ...]
    """Of all folders, in the order of their launch."""
    first: int = 0
    """The first of :attr:`runs` that is handed in; the others follow it."""

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.system}/{self.benchmark.name}"

    @property
    def handed_in(self) -> tuple[JudgedRun, ...]:
        """The runs whose logs are in the tree: all, or the median window of more than the round asks for."""
        return self.runs[self.first : self.first + self.benchmark.runs]

    @property
    def edition(self) -> Edition:
        """Mini where any of the runs is one."""
        return Edition.MINI if any(folder.edition is Edition.MINI for folder in self.folders) else Edition.FULL

    @property
    def planned(self) -> bool:
        """Whether the number of its runs was settled before the first of them began: one command was to make all."""
        return len(self.folders) == 1 and self.folders[0].asked == len(self.runs)

    @property
    def failed(self) -> tuple[JudgedRun, ...]:
        """The runs handed in that count as the slowest."""
        return tuple(run for run in self.handed_in if not run.log.counts or run.log.minutes is None)

    @property
    def minutes(self) -> float | None:
        """The score; ``None`` where too many runs failed, or are missing."""
        good = [run.log.minutes for run in self.handed_in if run.log.counts and run.log.minutes is not None]
        missing = self.benchmark.runs - len(self.handed_in)
        found = olympic(good, failed=len(self.failed) + missing, dropped=self.benchmark.dropped)
        return None if found is None else found.score


def entries_of(
    folders: Iterable[TrainingFolder], rules: TrainingRules, division: Division
) -> tuple[TrainingEntry, ...]:
    """Judge the logs of folders of the round, and put those of one system and benchmark together.

    Raises:
        OSError: A log cannot be read.
    """
    grouped: dict[tuple[str, str], list[TrainingFolder]] = {}
    for folder in folders:
        grouped.setdefault((folder.system, folder.benchmark), []).append(folder)
    return tuple(_entry(system, rules.benchmark(name), own, rules, division) for (system, name), own in grouped.items())


def _entry(
    system: str, benchmark: TrainingBenchmark, folders: list[TrainingFolder], rules: TrainingRules, division: Division
) -> TrainingEntry:
    judged = [_judged(run, benchmark, rules, division) for folder in folders for run in folder.runs]
    late = float("inf")
    runs = tuple(sorted(judged, key=lambda one: late if one.log.launched_ms is None else one.log.launched_ms))
    first = 0
    if len(runs) > benchmark.runs:
        times = [one.log.minutes if one.log.counts else None for one in runs]
        first = choose_window(times, runs=benchmark.runs, dropped=benchmark.dropped).chosen.first
    return TrainingEntry(system=system, benchmark=benchmark, folders=tuple(folders), runs=runs, first=first)


def _judged(run: TrainedRun, benchmark: TrainingBenchmark, rules: TrainingRules, division: Division) -> JudgedRun:
    data = run.path.read_bytes()
    log = judge_log(str(run.path), data, rules=rules, benchmark_folder=benchmark.name, division=str(division))
    stated = {key for key in rules.log.keys if key.startswith("submission_")}
    passed_over = {*rules.log.keys, *_DIFFER} - stated - _SAMPLES
    found: dict[str, list[Json]] = {}
    for event in read_mllog(data).events:
        if event.event_type == EventType.POINT and event.key not in passed_over:
            found.setdefault(event.key, []).append(event.value)
    return JudgedRun(run=run, log=log, settings={key: values[0] for key, values in found.items() if len(values) == 1})
