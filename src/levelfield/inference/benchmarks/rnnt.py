"""``rnnt``: speech recognition."""

from __future__ import annotations

from pathlib import Path

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.load import load
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask

__all__ = ["RNNT"]


def _make(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
    from levelfield.workloads.speech_recognition.task import full_task, mini_task  # noqa: PLC0415 - loads numpy files

    if choice.edition is Edition.MINI:
        return mini_task(backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model)
    data, model = choice.full(
        "rnnt",
        data="the folder of LibriSpeech with its dev-clean-wav.json",
        model="the folder of an RNN-T: encoder.onnx, prediction.onnx, joint.onnx",
    )
    return full_task(
        data=data,
        model=model,
        backend=choice.backend,
        options=choice.options,
        performance_sample_count=sizes.performance,
        official_sample_count=sizes.dataset,
    )


def _check(folder: Path) -> DatasetReport:
    from levelfield.workloads.speech_recognition.dataset import check  # noqa: PLC0415

    return check(folder, expected=load("inference-v2.0").benchmark("rnnt").rules[0].sizes.dataset)


RNNT = InferenceBenchmark(name="rnnt", title="speech recognition", offline_batch=24, make=_make, check=_check)
