"""What an inference benchmark needs from a workload, whatever its task is.

The runner moves sample indices in and payloads out; which arrays lie between is the workload's own affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset", "IndexArray", "InferenceTask", "ModelFacts", "PayloadArray", "Precision", "Score"]

IndexArray: TypeAlias = NDArray[np.int64]
"""(samples,): positions in the dataset."""

PayloadArray: TypeAlias = NDArray[Any] | Sequence[NDArray[Any]]
"""(samples, ...), or an array for each sample where outputs differ in size: item i is the output of sample i; its
little-endian bytes are what the accuracy log holds."""


class Precision(StrEnum):
    """Which of the shipped models of a mini edition."""

    FP32 = "fp32"
    INT8 = "int8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The accuracy of a whole run."""

    metric: str
    """For example ``top-1``."""
    value: float
    """In ``unit``, unrounded."""
    unit: str
    """For example ``%``."""
    good: int | None
    """Samples that were right, where the metric counts."""
    total: int
    """Samples scored."""
    line: str
    """The line of the official script, for ``accuracy.txt``."""
    interval: tuple[float, float] | None = None
    """95 % confidence interval in ``unit`` by bootstrap, where ``good`` of ``total`` does not give one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a submission has to state of the model that ran; ``None`` where only the submitter can know."""

    file_name: str
    """Of the model: where its weights come from."""
    input_types: tuple[str, ...]
    """``fp32``; each type of the inputs once."""
    weight_types: tuple[str, ...] | None
    """``int8``; the type with most weights first."""
    weight_transformations: str | None
    """What was done to the weights, from training to the file."""
    retraining: str | None
    """Whether and how the reference weights were trained further."""


class Dataset(Protocol):
    """The sample library that the load generator sees (its ``SampleLibrary``), and one fact about the data."""

    @property
    def name(self) -> str:
        """The name in the logs."""

    @property
    def total_sample_count(self) -> int:
        """Items in the dataset."""

    @property
    def performance_sample_count(self) -> int:
        """How many of them are in memory at a time in a performance run."""

    @property
    def complete(self) -> bool:
        """Whether these are all the items that the benchmark is defined on."""

    def load(self, indices: IndexArray) -> None:
        """Bring items into memory, ready to be run. Untimed."""

    def unload(self, indices: IndexArray) -> None:
        """Let them go."""


class InferenceTask(Protocol):
    """A model and a dataset, put together. ``infer`` may be called from several threads at a time."""

    @property
    def dataset(self) -> Dataset:
        """The sample library."""

    @property
    def reference(self) -> float | None:
        """The fp32 accuracy that the gate is a fraction of, in the unit of the score.

        ``None`` where the rule book has it (full edition).
        """

    @property
    def max_batch(self) -> int | None:
        """The largest batch that the model takes; ``None`` for any."""

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Run loaded samples as one batch.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the batch.
        """

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Score an accuracy log: sample index and payload of each entry, in the order of the log.

        Raises:
            InputError: The log does not cover the dataset, or holds what cannot be a payload.
        """

    def describe(self) -> Mapping[str, str]:
        """Runtime, model file, hash, precision, threads, input and output: what the result records as its backend."""

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model."""
