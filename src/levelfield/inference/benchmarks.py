"""The benchmarks that can be run, by the names of the rule book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import UsageError, nearest
from levelfield.rules.model import RuleSet, Sizes
from levelfield.terms import Edition
from levelfield.workloads.task import InferenceTask, Precision

__all__ = ["BENCHMARKS", "InferenceBenchmark", "ModelChoice", "benchmark_named"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceBenchmark:
    """One benchmark: a name of the rule book, and how its task is made."""

    name: str
    title: str
    offline_batch: int
    """Samples per batch in Offline, where batches can be as large as pays."""
    make: Callable[[ModelChoice, Sizes], InferenceTask]


def _resnet50(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
    from levelfield.workloads.image_classification.task import full_task, mini_task  # noqa: PLC0415 - loads numpy files

    if choice.edition is Edition.MINI:
        return mini_task(backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model)
    problems = [
        f"{option}: found none, expected {what}."
        for option, value, what in (
            ("--data", choice.data, "the ImageNet folder with its val_map.txt"),
            ("--model", choice.model, "an ONNX file of ResNet-50"),
        )
        if value is None
    ]
    if choice.data is None or choice.model is None:
        raise UsageError(
            "The full edition of resnet50 runs your own model on your own copy of the dataset.",
            problems=problems,
            hint="To run without either: --edition mini.",
        )
    return full_task(
        data=choice.data,
        model=choice.model,
        backend=choice.backend,
        options=choice.options,
        performance_sample_count=sizes.performance,
        official_sample_count=sizes.dataset,
    )


BENCHMARKS: tuple[InferenceBenchmark, ...] = (
    InferenceBenchmark(name="resnet50", title="image classification", offline_batch=32, make=_resnet50),
)


def benchmark_named(name: str, rules: RuleSet) -> InferenceBenchmark:
    """A benchmark by its name, in any case.

    Raises:
        UsageError: There is none; the message names the nearest one. Or it is one of the round that cannot be run yet.
    """
    for benchmark in BENCHMARKS:
        if benchmark.name == name.lower():
            return benchmark
    known = [benchmark.name for benchmark in BENCHMARKS]
    if name.lower() in {benchmark.name.lower() for benchmark in rules}:
        raise UsageError(
            f"{name} is a benchmark of {rules.name}, but levelfield cannot run it yet.",
            hint=f"What can be run: {', '.join(known)}. Its rules: levelfield rules show {rules.name}",
        )
    raise nearest(name, known, what="benchmark")
