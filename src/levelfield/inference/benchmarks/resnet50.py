"""``resnet50``: image classification."""

from __future__ import annotations

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.task import InferenceTask

__all__ = ["RESNET50"]


def _make(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
    from levelfield.workloads.image_classification.task import full_task, mini_task  # noqa: PLC0415 - loads numpy files

    if choice.edition is Edition.MINI:
        return mini_task(backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model)
    data, model = choice.full(
        "resnet50", data="the ImageNet folder with its val_map.txt", model="an ONNX file of ResNet-50"
    )
    return full_task(
        data=data,
        model=model,
        backend=choice.backend,
        options=choice.options,
        performance_sample_count=sizes.performance,
        official_sample_count=sizes.dataset,
    )


RESNET50 = InferenceBenchmark(name="resnet50", title="image classification", offline_batch=32, make=_make)
