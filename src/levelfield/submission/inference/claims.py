"""What single runs say that only the whole round can judge: seeds against sets and schedules, and equal logs."""

from __future__ import annotations

import hashlib
from dataclasses import field
from enum import StrEnum
from functools import lru_cache

from levelfield.errors import FormatError
from levelfield.frozen import frozen
from levelfield.submission.check import CannotLook
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.terms import Scenario

__all__ = ["RunClaim", "RunKind", "ScheduleClaim", "SetsClaim", "claim_of"]

LARGEST_KNOWN_SETS = 1 << 20
"""Bytes of all sets of a log, beyond which their hash is not remembered."""


class RunKind(StrEnum):
    """Which of a result's logs it is."""

    PERFORMANCE = "performance"
    ACCURACY = "accuracy"
    AUDIT = "audit"


@frozen
class SetsClaim:
    """What a log says about the samples that were loaded, and from what they were drawn."""

    is_of_accuracy: bool
    """Whether the run had to load the whole library."""
    seed: int
    """Of the library's order."""
    library_count: int
    set_size: int
    padding: int
    """How many samples each set repeats at its end."""
    set_count: int
    """As loaded."""
    sha256: str
    """Of the spelling of all loaded sets, each with a line end."""
    line: int = field(compare=False)
    """Of the first loaded set; the same sets are drawn once for all logs that have them."""


@frozen
class ScheduleClaim:
    """What a Server log says that was generated, and from what."""

    seed: int
    target_qps: float
    min_duration_ms: int
    min_query_count: int
    query_count: int
    """As generated."""
    duration_ns: int
    """As generated."""
    line: int = field(compare=False)
    """Where the log says so; the same schedule is drawn once for all of its logs."""


@frozen
class RunClaim:
    """One run, in a few numbers."""

    path: str
    """Its detail log."""
    subject: str
    """The result."""
    submitter: str
    """With the division: ``closed/Krai``."""
    system: str
    """Its folder, which stands for the system alone."""
    closed: bool
    kind: RunKind
    audit: str
    """Which test, where it is one."""
    model: str
    """What LoadGen's configuration calls the benchmark: ``bert`` for ``bert-99`` and ``bert-99.9``."""
    benchmark: str
    """The folder."""
    scenario: str
    """That ran."""
    inferred: bool
    """Whether the folder is of another scenario."""
    sha256: str
    """Of the detail log; empty for an accuracy run, which is not compared."""
    sets: SetsClaim
    schedule: ScheduleClaim | None
    """Where arrival times were drawn."""


def claim_of(log: RunLog, result: ResultSubject, kind: RunKind, *, audit: str = "") -> RunClaim | None:
    """What a log says about its own draws; ``None`` where it lacks a value for that."""
    place = result.system.place
    try:
        scenario = log.scenario
        return RunClaim(
            path=log.path,
            subject=result.path,
            submitter=f"{place.division}/{place.submitter}",
            system=result.system.path,
            closed=result.is_closed,
            kind=kind,
            audit=audit,
            model=result.rule.config_model,
            benchmark=result.benchmark.folder,
            scenario=scenario,
            inferred=scenario != result.scenario,
            sha256=log.sha256 if kind is not RunKind.ACCURACY else "",
            sets=_sets_of(log, kind),
            schedule=_schedule_of(log) if scenario == Scenario.SERVER and kind is not RunKind.ACCURACY else None,
        )
    except (CannotLook, FormatError):
        return None


def _sets_of(log: RunLog, kind: RunKind) -> SetsClaim:
    sets = log.loaded_sets()
    return SetsClaim(
        is_of_accuracy=kind is RunKind.ACCURACY,
        seed=log.qsl_seed,
        library_count=log.library_count,
        set_size=log.performance_sample_count,
        padding=log.samples_per_query - 1 if log.scenario == Scenario.MULTI_STREAM else 0,
        set_count=len(sets),
        sha256=_sha256_of(tuple(spelling for _, spelling in sets)),
        line=sets[0][0] if sets else 0,
    )


def _sha256_of(sets: tuple[bytes, ...]) -> str:
    """Of the spelling of each, with a line end. Most runs load the sets of another one, as the same objects."""
    return _known_sha256_of(sets) if sum(map(len, sets)) <= LARGEST_KNOWN_SETS else _known_sha256_of.__wrapped__(sets)


@lru_cache(maxsize=64)
def _known_sha256_of(sets: tuple[bytes, ...]) -> str:
    return hashlib.sha256(b"".join(b"%s\n" % spelling for spelling in sets)).hexdigest()


def _schedule_of(log: RunLog) -> ScheduleClaim | None:
    """Nothing where the test generates a fixed number of queries."""
    if log.issue_same or log.issue_unique:
        return None
    return ScheduleClaim(
        seed=log.schedule_seed,
        target_qps=log.target_qps,
        min_duration_ms=log.min_duration_ms,
        min_query_count=log.min_query_count,
        query_count=log.generated_query_count,
        duration_ns=log.generated_duration_ns,
        line=log.scan.line("generated_query_count"),
    )
