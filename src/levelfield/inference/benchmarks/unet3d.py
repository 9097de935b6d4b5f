"""``3d-unet-99`` and ``3d-unet-99.9``: medical image segmentation. One model, two gates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask

__all__ = ["UNET3D_99", "UNET3D_99_9"]


def _maker(name: str) -> Callable[[ModelChoice, Sizes], InferenceTask]:
    def make(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
        from levelfield.workloads.medical_segmentation.task import full_task, mini_task  # noqa: PLC0415 - loads numpy

        if choice.edition is Edition.MINI:
            return mini_task(
                backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model
            )
        data, model = choice.full(
            name, data="the KiTS19 folder with its cases", model="an ONNX file of 3D U-Net for windows of 128x128x128"
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
    from levelfield.workloads.medical_segmentation.dataset import check  # noqa: PLC0415 - loads numpy

    return check(folder)


# A batch is one scan: it is run in batches of windows, and its answer is then out at once.
UNET3D_99 = InferenceBenchmark(
    name="3d-unet-99", title="medical image segmentation", offline_batch=1, make=_maker("3d-unet-99"), check=_check
)
UNET3D_99_9 = InferenceBenchmark(
    name="3d-unet-99.9",
    title="medical image segmentation, 99.9 %",
    offline_batch=1,
    make=_maker("3d-unet-99.9"),
    check=_check,
)
