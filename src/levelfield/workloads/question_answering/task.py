"""The task as the runner sees it: features in, start and end logits out, F1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions, NamedArrays
from levelfield.errors import InputError
from levelfield.metrics.squad import SquadScore, squad_score
from levelfield.stats.bootstrap import mean_interval
from levelfield.workloads.question_answering.dataset import SQUAD_FILE, VOCABULARY_FILE, QuestionDataset, Questions
from levelfield.workloads.question_answering.model import FILLING, MiniManifest, SpanModel, fitted
from levelfield.workloads.question_answering.postprocess import answers_of
from levelfield.workloads.question_answering.preprocess import FULL, MINI
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = [
    "MINI_PERFORMANCE_SAMPLES",
    "REFERENCE_PAYLOAD",
    "PayloadType",
    "QuestionAnswering",
    "full_task",
    "mini_task",
    "score_entries",
]

MINI_PERFORMANCE_SAMPLES = 512
"""A part of the set, so that an accuracy run loads and unloads several times. The full edition loads all of its
10,833 features, as the round asks."""

MINI_TRANSFORMATIONS = {
    Precision.FP32: "none: the weights as they were trained, exported to ONNX",
    Precision.INT8: "dynamic quantisation: weights of the matrix products int8 per channel in seven bits, activations "
    "uint8 by the range of each batch; no data was used",
}

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadType:
    """How a payload holds its logits; the submitter's choice, and never guessed. Little-endian."""

    dtype: np.dtype[Any]
    transposed: bool = False
    """All starts, then all ends, instead of a pair for each token."""

    def read(self, payload: bytes, tokens: int) -> NDArray[np.float64]:
        """(tokens, 2): a shorter payload is filled up, as the accuracy script does.

        Raises:
            ValueError: It cannot be so many pairs of that type.
        """
        pair = 2 * self.dtype.itemsize
        if not payload or len(payload) % pair or len(payload) > tokens * pair:
            raise ValueError(
                f"found a payload of {len(payload)} bytes, expected {tokens * pair} "
                f"({tokens} pairs of {self.dtype.name}), or fewer pairs"
            )
        numbers = np.frombuffer(payload, self.dtype).astype(np.float64)
        pairs = numbers.reshape(2, -1).T if self.transposed else numbers.reshape(-1, 2)
        if np.isnan(pairs).any():
            raise ValueError("found a logit that is not a number")
        logits = np.full((tokens, 2), FILLING)
        logits[: len(pairs)] = pairs
        return logits


REFERENCE_PAYLOAD = PayloadType(dtype=np.dtype("<f4"))
"""What the reference implementation writes, and what we write."""


class QuestionAnswering:
    """A model and a set of questions; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload is (tokens, 2) little-endian float32, start and end logit of each token, of the full length of an input.
    """

    def __init__(
        self,
        model: SpanModel,
        dataset: QuestionDataset,
        *,
        precision: str,
        reference: float | None,
        transformations: str | None = None,
        retraining: str | None = None,
    ) -> None:
        self.model = model
        self._transformations = transformations
        self._retraining = retraining
        self.dataset = dataset
        self.reference = reference
        self.max_batch = model.max_batch
        self._precision = precision
        self._tokens = dataset.questions.lengths.sequence
        self._filling = np.full((1, self._tokens, 2), FILLING, "<f4")

    def lengths(self, indices: IndexArray) -> IndexArray:
        """(samples,): tokens that are computed for each; see :class:`levelfield.workloads.task.OfManyLengths`."""
        if self.model.free_length:
            return self.dataset.token_counts.take(indices)
        return np.full(len(indices), self._tokens)

    def inputs(self, indices: IndexArray) -> dict[str, NDArray[Any]]:
        """What the model reads for loaded samples, cut to the longest of them where it reads shorter inputs.

        Raises:
            RunError: A sample is not loaded.
        """
        rows = self.dataset.batch(indices)
        if self.model.free_length:
            rows = rows[:, :, : self._longest(indices)]
        return self.model.inputs(rows)

    def _longest(self, indices: IndexArray) -> int:
        counts = self.dataset.token_counts
        return int(counts.item(indices.item()) if len(indices) == 1 else counts.take(indices).max())

    def payloads(self, outputs: NamedArrays, indices: IndexArray) -> PayloadArray:
        """(samples, tokens, 2) little-endian float32.

        Where filling was left out, its logits are -10000 for every token that a sample does not have, so that a
        payload does not depend on the batch.
        """
        payloads = self._filling.repeat(len(indices), axis=0)
        self.model.write_logits(outputs, payloads)
        if self.model.free_length and len(indices) > 1:
            counts = self.dataset.token_counts.take(indices)
            payloads[np.arange(self._tokens) >= counts[:, None]] = FILLING
        return payloads

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Run loaded samples as one batch.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the batch.
        """
        return self.payloads(self.model.session.run(self.inputs(indices)), indices)

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """F1 of an accuracy log, with the 95 % interval of a bootstrap over the questions.

        Raises:
            InputError: The log does not cover the dataset, or holds what cannot be logits.
        """
        return _score(score_entries(entries, self.dataset.questions))

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """F1 of the questions all of whose samples occur, as an audit compares it.

        Raises:
            InputError: No question is complete, or an entry holds what cannot be logits.
        """
        return _score(score_entries(entries, self.dataset.questions, whole=False))

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model file and hash, precision, how input and output were understood."""
        return {**self.model.describe(), "precision": self._precision}

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own file only what stands in it."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def score_entries(
    entries: Iterable[tuple[int, bytes]],
    questions: Questions,
    payload_type: PayloadType = REFERENCE_PAYLOAD,
    *,
    whole: bool = True,
) -> SquadScore:
    """Answer every question from an accuracy log, and score the answers.

    The first entry of a sample counts. The script of the round takes the last, which is the same here: entries that
    differ are refused.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        questions: What the indices stand for.
        payload_type: How a payload holds its logits.
        whole: Every sample must occur; ``False`` scores the questions all of whose samples do.

    Raises:
        InputError: Unknown indices, payloads that cannot be logits, repeats that differ, missing samples; collected.
    """
    total = len(questions.features)
    problems: list[str] = []
    first: dict[int, bytes] = {}
    logits: dict[int, NDArray[np.float64]] = {}
    for index, payload in entries:
        if first.setdefault(index, payload) is not payload:
            if first[index] != payload:
                problems.append(f"sample {index}: found two different payloads")
            continue
        if not 0 <= index < total:
            problems.append(f"sample {index}: expected an index of 0..{total - 1}")
            continue
        try:
            logits[index] = payload_type.read(payload, questions.lengths.sequence)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
    missing = [index for index in range(total) if index not in first]
    short = {questions.features[index].example for index in missing}
    scored = [example for number, example in enumerate(questions.examples) if number not in short]
    if missing and (whole or not scored):
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        problems.append(f"{len(missing)} of {total} samples have no entry: {shown}")
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InputError("The accuracy log cannot be scored.", problems=[*problems[:_SHOWN], *more])
    accepted = {example.question.identity: [answer.text for answer in example.question.answers] for example in scored}
    return squad_score(accepted, answers_of(questions.examples, questions.features, logits))


def _score(found: SquadScore) -> Score:
    low, high = mean_interval(found.f1_of)
    return Score(
        metric="F1",
        value=found.f1,
        unit="%",
        good=None,
        total=len(found.f1_of),
        line=found.line,
        interval=(100 * low, 100 * high),
    )


def mini_task(
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
    performance_sample_count: int = MINI_PERFORMANCE_SAMPLES,
) -> QuestionAnswering:
    """The mini edition: shipped questions and, unless one is given, the shipped model of that precision.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed.
    """
    manifest = MiniManifest.read()
    path = model or manifest.models[precision].verified()
    questions = Questions.read(manifest.questions.verified(), manifest.vocabulary.verified(), MINI)
    loaded = fitted(load(backend, path, options), path, MINI)
    dataset = QuestionDataset(
        "passages (mini)", questions, loaded.dtype, performance_sample_count=performance_sample_count, complete=True
    )
    return QuestionAnswering(
        loaded,
        dataset,
        precision="not stated" if model else precision.value,
        reference=manifest.reference_accuracy,
        transformations=None if model else MINI_TRANSFORMATIONS[precision],
        retraining=None if model else "no: trained once from random weights, for the mini edition",
    )


def full_task(
    *,
    data: Path,
    model: Path,
    backend: Backend,
    options: BackendOptions,
    performance_sample_count: int,
    official_sample_count: int,
) -> QuestionAnswering:
    """The full edition: a folder with ``dev-v1.1.json`` and ``vocab.txt``, and any ONNX BERT of the reference's inputs.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        data: The folder.
        model: The model file.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; 9,216 bytes a sample.
        official_sample_count: From the rule book; the dataset is complete if it has as many features.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    questions = Questions.read(data / SQUAD_FILE, data / VOCABULARY_FILE, FULL)
    loaded = fitted(load(backend, model, options), model, FULL)
    dataset = QuestionDataset(
        "squad v1.1",
        questions,
        loaded.dtype,
        performance_sample_count=performance_sample_count,
        complete=len(questions.features) == official_sample_count,
    )
    return QuestionAnswering(loaded, dataset, precision="not stated", reference=None)
