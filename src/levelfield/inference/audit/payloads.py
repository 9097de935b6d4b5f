"""TEST01: are the outputs of performance mode those of accuracy mode? Whole payloads, every sampled entry.

The official script (``compliance/nvidia/TEST01/verify_accuracy.py`` of mlcommons/inference at v2.0) compares the first
element of each payload, puts sampled outputs among those that later entries are compared with, and passes samples that
the accuracy run lacks. Here all bytes count, the accuracy run alone is the reference, and a missing sample fails.

Where outputs differ, the rules permit what comes from the order of operations, as long as accuracy does not suffer
(README of the test, "Non-determinism"). Then both logs are scored on the same samples.

Logs are read as streams: of an accuracy log of gigabytes no more is kept than a digest for each sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, runtime_checkable

from levelfield.errors import FormatError, InputError
from levelfield.formats.accuracy_log import AccuracyEntry, AccuracyReader
from levelfield.inference.audit.record import PayloadComparison, SubsetScores
from levelfield.workloads.task import InferenceTask, Score

__all__ = ["ScoresSubsets", "compare_payloads", "sampled_indices", "subset_scores"]

SHOWN = 5


@runtime_checkable
class ScoresSubsets(Protocol):
    """A task that can score a part of its dataset."""

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Score the samples that occur, each once.

        Raises:
            InputError: An entry cannot be a payload.
        """


def compare_payloads(accuracy: Path, sampled: Path) -> PayloadComparison:
    """Hold every sampled output against the accuracy run's first output for the same sample.

    Args:
        accuracy: The log of the accuracy run.
        sampled: The log of TEST01, with some outputs of a performance run.

    Raises:
        InputError: One of them cannot be read.
        FormatError: One of them is cut off, truncated for publication, or damaged.
    """
    first: dict[int, bytes] = {}
    entries = repeated_otherwise = 0
    for entry in _entries(accuracy):
        entries += 1
        digest = _digest(entry)
        repeated_otherwise += first.setdefault(entry.sample_index, digest) != digest
    differing: dict[int, None] = {}
    sampled_entries = mismatches = missing = 0
    for entry in _entries(sampled):
        sampled_entries += 1
        known = first.get(entry.sample_index)
        if known is None:
            missing += 1
        elif known != _digest(entry):
            mismatches += 1
            differing.setdefault(entry.sample_index)
    return PayloadComparison(
        accuracy_entries=entries,
        accuracy_repeats=entries - len(first),
        accuracy_mismatches=repeated_otherwise,
        sampled_entries=sampled_entries,
        matched=sampled_entries - missing,
        mismatches=mismatches,
        missing=missing,
        first_mismatches=tuple(differing)[:SHOWN],
    )


def sampled_indices(sampled: Path) -> frozenset[int]:
    """Which samples a log has outputs of."""
    return frozenset(entry.sample_index for entry in _entries(sampled))


def subset_scores(accuracy: Path, sampled: Path, task: InferenceTask, *, tolerance: float) -> SubsetScores | None:
    """Score the sampled outputs, and the accuracy run's outputs for the same samples.

    A task that can only score its whole dataset scores the accuracy run's log, and the same log with the sampled
    outputs in their places; the tolerance then shrinks with the share of samples that were put in.

    Args:
        accuracy: The log of the accuracy run.
        sampled: The log of TEST01; every sample of it is in the other one.
        task: What scores.
        tolerance: By which share of the baseline the two may differ.

    Returns:
        ``None`` where the sampled log is empty, or one of the two cannot be scored: then outputs must be identical.
    """
    part = sampled_indices(sampled)
    if not part:
        return None
    try:
        if isinstance(task, ScoresSubsets):
            baseline = task.score_subset(_firsts(accuracy, only=part))
            compliance = task.score_subset(_firsts(sampled))
        else:
            baseline = task.score(_firsts(accuracy))
            compliance = task.score(_replaced(accuracy, sampled, part))
            tolerance *= len(part) / baseline.total
    except InputError:
        return None
    return SubsetScores(
        baseline=baseline.value,
        compliance=compliance.value,
        unit=baseline.unit,
        tolerance=tolerance,
        passed=abs(compliance.value - baseline.value) <= tolerance * abs(baseline.value),
        baseline_line=baseline.line,
        compliance_line=compliance.line,
    )


def _entries(path: Path) -> Iterator[AccuracyEntry]:
    """The entries of a log, which must be whole."""
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as stream:
            reader = AccuracyReader(stream)
            yield from reader
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if reader.truncated:
        raise FormatError(path, "middle", "a log truncated for publication", "the whole log of the run")
    if reader.damaged:
        raise FormatError(path, f"line {reader.damaged[0]}", "no entry", "the outputs of one sample")
    if not reader.complete:
        raise FormatError(path, "end", "no closing bracket", "a log that was written to its end")


def _digest(entry: AccuracyEntry) -> bytes:
    return blake2b(entry.data, digest_size=16).digest()


def _firsts(path: Path, only: frozenset[int] | None = None) -> Iterator[tuple[int, bytes]]:
    """The first output of each sample."""
    seen: set[int] = set()
    for entry in _entries(path):
        if entry.sample_index not in seen and (only is None or entry.sample_index in only):
            seen.add(entry.sample_index)
            yield entry.sample_index, entry.data


def _replaced(accuracy: Path, sampled: Path, part: frozenset[int]) -> Iterator[tuple[int, bytes]]:
    """The accuracy run's outputs, with the sampled ones in their places."""
    yield from _firsts(sampled)
    yield from ((index, data) for index, data in _firsts(accuracy) if index not in part)
