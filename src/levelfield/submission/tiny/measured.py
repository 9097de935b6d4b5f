"""What the files of one implementation say, printed by the runner and computed again from its log.

Scores: the median over the windows of inferences per second, and of energy per inference. Source: eembc/energyrunner,
user guide at cf7c2f2; mlcommons/tiny, ``benchmark/runner`` at 1afd2c9, which reads the same device.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from levelfield.formats.tiny_log import TinyLog
from levelfield.formats.tiny_results import TinyResults
from levelfield.metrics.auc import exact_auc, thresholded_auc
from levelfield.rules.tiny import TinyBenchmark

__all__ = ["Measured", "Replay", "energy_from_windows", "median_throughput", "replay_accuracy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number, twice."""

    printed: float | None
    """As the last line of ``results.txt`` gives it."""
    recomputed: float | None
    """``None`` where no file holds what it is made of."""
    windows: int = 0
    """How many windows it was computed again from."""
    listed: int | None = None
    """How many windows the results file lists."""
    shortest_s: float | None = None
    """The shortest of these windows."""
    inferences: int | None = None
    """In the window with the fewest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The accuracy, computed again from the device's answers."""

    files: int
    """Different inputs with an answer."""
    top1_percent: float | None = None
    """``None`` where the score of a file is one number (anomaly detection)."""
    auc_exact: float | None = None
    auc_thresholded: float | None = None
    """As the runner of v0.7 computes it; ``None`` where its thresholds do not fit the scores."""


def median_throughput(results: TinyResults | None, log: TinyLog | None) -> Measured:
    """Inferences per second, from laps of the device's clock."""
    windows = log.windows if log else ()
    return Measured(
        printed=(results.median_throughput or None) if results else None,
        recomputed=median(window.throughput for window in windows) if windows else None,
        windows=len(windows),
        listed=_listed(results),
        shortest_s=min((window.duration_us / 1e6 for window in windows), default=None),
        inferences=min((window.inferences for window in windows), default=None),
    )


def energy_from_windows(results: TinyResults | None) -> Measured:
    """Microjoules per inference, from the energies of the windows as printed."""
    known = [
        (window.energy_uj / window.inferences, window)
        for window in (results.windows if results else ())
        if window.energy_uj and window.inferences
    ]
    return Measured(
        printed=(results.median_energy_uj or None) if results else None,
        recomputed=median(energy for energy, _ in known) if known else None,
        windows=len(known),
        listed=_listed(results),
        shortest_s=min((window.runtime_s for _, window in known if window.runtime_s is not None), default=None),
        inferences=min((window.inferences for _, window in known if window.inferences), default=None),
    )


def _listed(results: TinyResults | None) -> int | None:
    return len(results.windows) if results and results.windows else None


def replay_accuracy(log: TinyLog, benchmark: TinyBenchmark, label_sets: Sequence[Mapping[str, int]]) -> Replay:
    """The accuracy of a whole log; only the count of files where it is cut short, or their labels are not known.

    Labels come from the names of the files where they say them, else from the label set that has all of them: two
    sets of the same benchmark were in use in one round.
    """
    values: dict[str, list[tuple[float, ...]]] = {}
    for inference in log.inferences:
        values.setdefault(inference.file, []).append(inference.values)
    labels = _labels(list(values), benchmark, label_sets)
    if labels is None or len(values) != benchmark.files or len(set(labels)) < 2:
        return Replay(files=len(values))
    truth = np.array(labels, np.int64)
    if benchmark.windows_per_file > 1:
        if any(len(of_file) != benchmark.windows_per_file for of_file in values.values()):
            return Replay(files=len(values))
        means = np.array([fmean(first for first, *_ in of_file) for of_file in values.values()])
        # One number a file, higher where it is likelier an anomaly; the negative stands for the other class.
        exact = exact_auc(np.stack([-means, means], axis=1), truth)
        return Replay(files=len(values), auc_exact=exact)
    if any(len(of_file[-1]) < benchmark.classes for of_file in values.values()) or truth.max() >= benchmark.classes:
        return Replay(files=len(values))
    scores = np.array([of_file[-1][: benchmark.classes] for of_file in values.values()], np.float64)
    return Replay(
        files=len(values),
        # Ties go to the lowest class: the last one would change most published logs.
        top1_percent=100.0 * int((scores.argmax(axis=1) == truth).sum()) / len(truth),
        auc_exact=exact_auc(scores, truth),
        auc_thresholded=thresholded_auc(scores, truth),
    )


def _labels(
    files: Sequence[str], benchmark: TinyBenchmark, label_sets: Sequence[Mapping[str, int]]
) -> list[int] | None:
    if benchmark.label_pattern:
        named = [re.fullmatch(benchmark.label_pattern, file) for file in files]
        said = [int(found[1]) for found in named if found]
        if len(said) == len(files):
            return said
    for labels in label_sets:
        if all(file in labels for file in files):
            return [labels[file] for file in files]
    return None
