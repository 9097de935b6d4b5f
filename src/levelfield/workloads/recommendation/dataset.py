"""The pairs and their samples: generated clicks (mini), or day 23 of Criteo Terabyte (full; ``criteo.py`` finds it)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError, RunError
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.recommendation.generator import ClickProcess
from levelfield.workloads.recommendation.preprocess import RecordLayout, Records, model_inputs
from levelfield.workloads.recommendation.trace import QUANTILES, SampleTrace, drawn_trace
from levelfield.workloads.task import IndexArray

__all__ = [
    "MINI_SAMPLES",
    "MINI_SEED",
    "MINI_TRACE_SEED",
    "ClickDataset",
    "LoadedPairs",
    "MiniPairs",
    "Pairs",
    "check",
    "mini_pairs",
    "mini_trace",
]

MINI_SAMPLES = 2048
MINI_SEED = 303
"""Of the test pairs."""
MINI_TRACE_SEED = 123
_BLOCK = 1 << 20
"""Pairs prepared at a time."""
_ABSENT = np.iinfo(np.int64).min


class Pairs(Protocol):
    """Where the records of a dataset come from."""

    @property
    def layout(self) -> RecordLayout:
        """Of the records."""

    def records(self, start: int, end: int) -> Records:
        """Records from ``start`` to ``end``, the latter excluded; may be a view."""


@dataclass(frozen=True, slots=True)
class MiniPairs:
    """Generated records, in memory."""

    layout: RecordLayout
    _records: Records

    def records(self, start: int, end: int) -> Records:
        """A view."""
        return self._records[start:end]


def mini_trace() -> SampleTrace:
    """The samples of the mini edition, by the same distribution and generator as the official ones."""
    trace = drawn_trace(MINI_SAMPLES * max(QUANTILES), seed=MINI_TRACE_SEED)
    return SampleTrace(trace.bounds[: MINI_SAMPLES + 1])


def mini_pairs(layout: RecordLayout, trace: SampleTrace, *, sha256: str) -> MiniPairs:
    """Draw the test pairs of the mini edition, half a million in less than a second.

    Raises:
        InputError: They are not those that the reference accuracy was measured on.
    """
    clicks = ClickProcess().draw(trace.pairs, seed=MINI_SEED)
    if clicks.sha256 != sha256:
        raise InputError(
            f"The generated test pairs are not those of the manifest: found {clicks.sha256}, expected {sha256}.",
            hint=f"NumPy {np.__version__} may draw other bits than those it was made with; please report this.",
        )
    return MiniPairs(layout, clicks.records)


@dataclass(frozen=True, slots=True)
class LoadedPairs:
    """The pairs of some samples, one sample after the other."""

    counts: NDArray[np.float32]
    """(pairs, counts)."""
    rows: NDArray[np.int64]
    """(categories, pairs)."""
    labels: NDArray[np.float32]
    """(pairs,), 0 or 1."""
    ends: list[int]
    """(samples,): where each sample ends."""


class ClickDataset:
    """The sample library of recommendation: samples of many pairs, prepared when they are loaded.

    Loaded pairs are three arrays; a batch is a slice of each, or a gather of slices. Rows are kept as int32, at half
    the memory of the int64 that models read, and widened by the copy that a batch makes anyway: 204,800 official
    samples need about 160 bytes for each of 55 million pairs.
    """

    def __init__(
        self, name: str, pairs: Pairs, trace: SampleTrace, *, performance_sample_count: int, complete: bool
    ) -> None:
        self.name = name
        self.total_sample_count = trace.samples
        self.performance_sample_count = min(performance_sample_count, trace.samples)
        self.complete = complete
        self.trace = trace
        self._pairs = pairs
        layout = pairs.layout
        self._start_of = np.full(trace.samples, _ABSENT, np.int64)
        self._loaded = np.empty(0, np.int64)
        self._counts = np.empty((0, layout.counts), np.float32)
        self._rows = np.empty((layout.categories, 0), np.int32)
        self._labels = np.empty(0, np.float32)

    def labels_of(self, index: int) -> NDArray[np.bool_]:
        """(pairs,): which pairs of a sample were clicked; it need not be loaded."""
        start, end = self.trace.bounds[index : index + 2].tolist()
        labels: NDArray[np.bool_] = self._pairs.records(start, end)[:, 0] == 1
        return labels

    def load(self, indices: IndexArray) -> None:
        """Prepare the samples that are not in memory yet; an index may occur twice.

        Raises:
            RunError: An index outside the dataset.
        """
        wanted = np.setdiff1d(indices, self._loaded)
        if wanted.size == 0:
            return
        last = self.total_sample_count - 1
        if wanted[0] < 0 or wanted[-1] > last:
            raise RunError(
                f"The load generator asked for samples {wanted[0]}..{wanted[-1]}; the dataset has 0..{last}."
            )
        kept = len(self._labels)
        fresh = int(self.trace.sizes[wanted].sum())
        counts = np.empty((kept + fresh, self._counts.shape[1]), np.float32)
        rows = np.empty((len(self._rows), kept + fresh), np.int32)
        labels = np.empty(kept + fresh, np.float32)
        counts[:kept], rows[:, :kept], labels[:kept] = self._counts, self._rows, self._labels
        at = kept
        for start, end in _runs(self.trace.bounds, wanted):
            for begin in range(start, end, _BLOCK):
                records = self._pairs.records(begin, min(begin + _BLOCK, end))
                to = at + len(records)
                counts[at:to], rows[:, at:to] = model_inputs(records, self._pairs.layout)
                labels[at:to] = records[:, 0]
                at = to
        self._counts, self._rows, self._labels = counts, rows, labels
        sizes = self.trace.sizes[wanted]
        self._start_of[wanted] = kept + np.cumsum(sizes) - sizes
        self._loaded = np.concatenate([self._loaded, wanted])

    def unload(self, indices: IndexArray) -> None:
        """Let samples go; those that are not loaded are no error. Memory is freed once none is left."""
        gone = np.isin(self._loaded, indices)
        self._start_of[self._loaded[gone]] = _ABSENT
        self._loaded = self._loaded[~gone]
        if not len(self._loaded):
            self._counts, self._rows, self._labels = self._counts[:0].copy(), self._rows[:, :0].copy(), self._labels[:0]

    def batch(self, indices: IndexArray) -> LoadedPairs:
        """The pairs of loaded samples, in the order asked for.

        Raises:
            RunError: A sample is not loaded.
        """
        starts = self._start_of.take(indices).tolist()
        if min(starts) < 0:
            absent = np.setdiff1d(indices, self._loaded)[:10]
            raise RunError(f"Samples that are not loaded were asked for: {', '.join(map(str, absent))}.")
        sizes = (self.trace.bounds.take(indices + 1) - self.trace.bounds.take(indices)).tolist()
        if len(starts) == 1:
            span = slice(starts[0], starts[0] + sizes[0])
            return LoadedPairs(self._counts[span], self._rows[:, span].astype(np.int64), self._labels[span], sizes)
        spans = [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]
        return LoadedPairs(
            np.concatenate([self._counts[span] for span in spans]),
            np.concatenate([self._rows[:, span] for span in spans], axis=1, dtype=np.int64),
            np.concatenate([self._labels[span] for span in spans]),
            np.cumsum(sizes).tolist(),
        )


def _runs(bounds: NDArray[np.int64], samples: IndexArray) -> list[tuple[int, int]]:
    """The pairs of ascending samples, neighbours joined, so that a file is read in long pieces."""
    breaks = np.flatnonzero(np.diff(samples) != 1) + 1
    first, last = samples[np.r_[0, breaks]], samples[np.r_[breaks - 1, len(samples) - 1]]
    return list(zip(bounds[first].tolist(), bounds[last + 1].tolist(), strict=True))


def check(folder: Path) -> DatasetReport:
    """Look at a copy of Criteo Terabyte; see :func:`levelfield.workloads.recommendation.criteo.check`."""
    from levelfield.workloads.recommendation.criteo import check as check_criteo

    return check_criteo(folder)
