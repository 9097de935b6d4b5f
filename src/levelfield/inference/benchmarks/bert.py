"""``bert-99`` and ``bert-99.9``: question answering. One model, two gates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from levelfield.inference.benchmarks.kind import InferenceBenchmark, ModelChoice
from levelfield.rules.model import Sizes
from levelfield.terms import Edition
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.task import InferenceTask

__all__ = ["BERT_99", "BERT_99_9"]


def _maker(name: str) -> Callable[[ModelChoice, Sizes], InferenceTask]:
    def make(choice: ModelChoice, sizes: Sizes) -> InferenceTask:
        from levelfield.workloads.question_answering.task import full_task, mini_task  # noqa: PLC0415

        if choice.edition is Edition.MINI:
            return mini_task(
                backend=choice.backend, options=choice.options, precision=choice.precision, model=choice.model
            )
        data, model = choice.full(
            name,
            data="the folder with dev-v1.1.json of SQuAD and the model's vocab.txt",
            model="an ONNX file of BERT for question answering",
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
    from levelfield.workloads.question_answering.dataset import check  # noqa: PLC0415

    return check(folder)


BERT_99 = InferenceBenchmark(
    name="bert-99", title="question answering", offline_batch=16, make=_maker("bert-99"), check=_check
)
BERT_99_9 = InferenceBenchmark(
    name="bert-99.9", title="question answering, 99.9 %", offline_batch=16, make=_maker("bert-99.9"), check=_check
)
