"""``ssd-mobilenet`` and ``ssd-resnet34``: object detection."""

from __future__ import annotations

from pathlib import Path

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask

__all__ = ["SSD_MOBILENET", "SSD_RESNET34"]

FOLDER = "the COCO 2017 folder with its annotations/instances_val2017.json and val2017/"


def _make_mobilenet(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
    from levelfield.workloads.object_detection.model import FULL_MOBILENET, MINI_MOBILENET  # noqa: PLC0415
    from levelfield.workloads.object_detection.task import full_task, mini_task  # noqa: PLC0415

    if choice.edition is Edition.MINI:
        return mini_task(
            MINI_MOBILENET,
            backend=choice.backend,
            options=choice.options,
            precision=choice.precision,
            model=choice.model,
        )
    data, model = choice.full("ssd-mobilenet", data=FOLDER, model="an ONNX file of SSD-MobileNet-v1")
    return full_task(
        FULL_MOBILENET,
        data=data,
        model=model,
        backend=choice.backend,
        options=choice.options,
        performance_sample_count=sizes.performance,
        official_sample_count=sizes.dataset,
    )


def _make_resnet34(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
    from levelfield.workloads.object_detection.model import FULL_RESNET34, MINI_RESNET34  # noqa: PLC0415
    from levelfield.workloads.object_detection.task import full_task, mini_task  # noqa: PLC0415

    if choice.edition is Edition.MINI:
        return mini_task(
            MINI_RESNET34,
            backend=choice.backend,
            options=choice.options,
            precision=choice.precision,
            model=choice.model,
        )
    data, model = choice.full("ssd-resnet34", data=FOLDER, model="an ONNX file of SSD-ResNet34")
    return full_task(
        FULL_RESNET34,
        data=data,
        model=model,
        backend=choice.backend,
        options=choice.options,
        performance_sample_count=sizes.performance,
        official_sample_count=sizes.dataset,
    )


def _check(folder: Path) -> DatasetReport:
    from levelfield.workloads.object_detection.dataset import check  # noqa: PLC0415

    return check(folder)


SSD_MOBILENET = InferenceBenchmark(
    name="ssd-mobilenet", title="object detection, small", offline_batch=16, make=_make_mobilenet, check=_check
)
SSD_RESNET34 = InferenceBenchmark(
    name="ssd-resnet34", title="object detection, large", offline_batch=8, make=_make_resnet34, check=_check
)
