"""Checks of the seeds that the runs of one folder logged.

Source: mlcommons/logging, ``package_checker/seed_checker.py`` at beaf26d. There a run without seeds goes unnoticed
where it comes before the first run with one; here all runs log seeds, or none does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText

__all__ = ["SEED_CHECKS", "SOURCE_ENDINGS", "RunSeeds", "Seed", "SeedSubject", "is_source_file", "says_seed"]

SOURCE_ENDINGS = frozenset(
    {".py", ".cc", ".cpp", ".cxx", ".c", ".h", ".hh", ".hpp", ".hxx", ".sh", ".sub", ".cu", ".cuh"}
)
"""Files that are read for the word, in any case."""

CLAUSE = "package_checker/seed_checker.py (mlcommons/logging beaf26d)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One ``seed`` line."""

    value: int | None
    """``None`` where it is no whole number, or the line does not say where it was written."""
    shown: str
    """The value as the log has it, shortened."""
    place: str
    """``file:lineno`` of the program that drew it, as its metadata say; empty where they do not."""
    line: int
    """Of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeeds:
    """What one log says."""

    path: str
    seeds: tuple[Seed, ...]
    readable: bool = True
    """Whether every line with the token is an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSubject:
    """The runs of one folder, and what is known of the program."""

    path: str
    """The folder."""
    runs: tuple[RunSeeds, ...]
    """By path."""
    mentions: tuple[str, ...] = ()
    """Source files of the benchmark that say "seed", by path."""


def is_source_file(path: str) -> bool:
    """Whether the official checker would read a file for the word."""
    return PurePosixPath(path).suffix.lower() in SOURCE_ENDINGS


def says_seed(data: bytes) -> bool:
    """Whether a source file says "seed", in any case."""
    return b"seed" in data.lower()


def _whole(subject: SeedSubject) -> Iterator[Remark]:
    for run in subject.runs:
        if not run.readable:
            yield Remark(path=run.path, found="a damaged log", expected="a log whose seeds can be read")
        for seed in run.seeds:
            if seed.value is None:
                found = f"the seed {seed.shown}" if seed.place else f"the seed {seed.shown} without file and lineno"
                yield Remark(
                    path=run.path, line=seed.line, found=found, expected="a whole number, and where it is from"
                )


WHOLE = Check(
    text=CheckText(
        code="TRN030",
        title="Seeds are whole numbers, and say where they are from",
        why="Seeds of several runs are compared by value and by the line of the program that drew them.",
        clause=CLAUSE,
        example="…/bert/result_3.txt:9: found the seed 'abc', expected a whole number, and where it is from",
        fix="Log the number that the generator was given, by the logging library.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_whole,
)


def _all_or_none(subject: SeedSubject) -> Iterator[Remark]:
    without = [run for run in subject.runs if not run.seeds and run.readable]
    if without and any(run.seeds for run in subject.runs):
        with_seeds = sum(bool(run.seeds) for run in subject.runs)
        for run in without:
            yield Remark(
                path=run.path, found="no seed", expected=f"a seed, as {_runs(with_seeds)} of the folder log one"
            )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


ALL_OR_NONE = Check(
    text=CheckText(
        code="TRN031",
        title="All runs of a folder log seeds, or none does",
        why="A run without a seed among runs with seeds may repeat another one.",
        clause=CLAUSE,
        example="…/ssd/result_0.txt: found no seed, expected a seed, as 4 runs of the folder log one",
        fix="Log the seeds of every run.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_all_or_none,
)


def _different(subject: SeedSubject) -> Iterator[Remark]:
    seen: dict[tuple[str, int], tuple[str, int]] = {}
    for run in subject.runs:
        for seed in run.seeds:
            if seed.value is None:
                continue
            before = seen.setdefault((seed.place, seed.value), (run.path, seed.line))
            if before != (run.path, seed.line):
                where = f"line {before[1]}" if before[0] == run.path else before[0].rpartition("/")[2]
                found = f"the seed {seed.value} of {seed.place}, which {where} has too"
                yield Remark(path=run.path, line=seed.line, found=found, expected="a seed of its own")


DIFFERENT = Check(
    text=CheckText(
        code="TRN032",
        title="No seed is used twice",
        why="Runs with the same seed are one run that is counted again; a lucky seed makes a fast system.",
        clause=f"training_rules.adoc, Random numbers; {CLAUSE}",
        example="…/resnet/result_2.txt:7: found the seed 4711 of train.py:88, which result_0.txt has too",
        fix="Draw seeds from the clock or the system's entropy, for each run anew.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_different,
)


def _one(subject: SeedSubject) -> Iterator[Remark]:
    several = [run for run in subject.runs if len(run.seeds) > 1]
    if several:
        found = f"{len(several[0].seeds)} seeds in each of {_runs(len(several))}"
        if len({len(run.seeds) for run in several}) > 1:
            found = f"more than one seed in {_runs(len(several))}"
        yield Remark(path=subject.path, found=found, expected="one seed in each")


ONE = Check(
    text=CheckText(
        code="TRN033",
        title="A run logs one seed",
        why="Which one the run followed from is not clear then.",
        clause=CLAUSE,
        example="HPE/results/XL675d/ssd: found 2 seeds in each of 5 runs, expected one seed in each",
        fix="Log the seed that all others are drawn from.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_one,
)


def _mentioned(subject: SeedSubject) -> Iterator[Remark]:
    if subject.mentions and subject.runs and not any(run.seeds for run in subject.runs):
        more = f" and {len(subject.mentions) - 1} files more" if len(subject.mentions) > 1 else ""
        yield Remark(
            path=subject.path,
            found=f"no seed in any run, but the word in {subject.mentions[0]}{more}",
            expected="seeds",
        )


MENTIONED = Check(
    text=CheckText(
        code="TRN034",
        title="A program that knows seeds logs them",
        why="Seeds that are set and not logged cannot be compared.",
        clause=CLAUSE,
        example="Acme/results/rocket/bert: found no seed in any run, but the word in Acme/benchmarks/bert/train.py",
        fix="Log the seed, or make sure that the word means something else.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_mentioned,
)

SEED_CHECKS: tuple[Check[SeedSubject], ...] = (WHOLE, ALL_OR_NONE, DIFFERENT, ONE, MENTIONED)
"""Of closed folders."""
