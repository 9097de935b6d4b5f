"""``dlrm-99`` and ``dlrm-99.9``: recommendation. One model, two gates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask

__all__ = ["DLRM_99", "DLRM_99_9"]


def _maker(name: str) -> Callable[[ModelChoice, Sizes], InferenceTask]:
    def make(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
        from levelfield.workloads.recommendation.task import full_task, mini_task  # noqa: PLC0415 - loads numpy files

        if choice.edition is Edition.MINI:
            return mini_task(
                backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model
            )
        data, model = choice.full(
            name,
            data="the folder with day 23 of Criteo Terabyte",
            model="an ONNX file of DLRM, as the reference exports it",
        )
        return full_task(
            data=data,
            model=model,
            backend=choice.backend,
            options=choice.options,
            performance_sample_count=sizes.performance,
            official_sample_count=sizes.dataset,
        )

    return make


def _check(folder: Path) -> DatasetReport:
    from levelfield.workloads.recommendation.dataset import check  # noqa: PLC0415

    return check(folder)


DLRM_99 = InferenceBenchmark(
    name="dlrm-99", title="recommendation", offline_batch=8, make=_maker("dlrm-99"), check=_check
)
DLRM_99_9 = InferenceBenchmark(
    name="dlrm-99.9", title="recommendation, 99.9 %", offline_batch=8, make=_maker("dlrm-99.9"), check=_check
)
