"""What the runner knows of a benchmark, and what a user chooses for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import UsageError
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask, Precision

__all__ = ["InferenceBenchmark", "ModelChoice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which model and data to run, and how."""

    edition: Edition
    backend: Backend
    options: BackendOptions
    precision: Precision
    """Of the shipped models (mini)."""
    model: Path | None
    """A model file of the user's; needed in the full edition."""
    data: Path | None
    """The dataset folder (full)."""

    def full(self, benchmark: str, *, data: str, model: str) -> tuple[Path, Path]:
        """Data and model of a full edition.

        Args:
            benchmark: Its name.
            data: What is expected as data: ``the ImageNet folder with its val_map.txt``.
            model: What is expected as model: ``an ONNX file of ResNet-50``.

        Raises:
            UsageError: Either was not given; both are named.
        """
        problems = [
            f"{option}: found none, expected {what}."
            for option, value, what in (("--data", self.data, data), ("--model", self.model, model))
            if value is None
        ]
        if self.data is None or self.model is None:
            raise UsageError(
                f"The full edition of {benchmark} runs your own model on your own copy of the dataset.",
                problems=problems,
                hint="To run without either: --edition mini.",
            )
        return self.data, self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceBenchmark:
    """One benchmark: a name of the rule book, and how its task is made."""

    name: str
    title: str
    offline_batch: int
    """Samples per batch in Offline, where batches can be as large as pays."""
    make: Callable[[ModelChoice, Sizes], InferenceTask]
    check: Callable[[Path], DatasetReport] | None = None
    """Looks at a user's copy of the dataset; ``None`` = not to be had for this one yet."""
