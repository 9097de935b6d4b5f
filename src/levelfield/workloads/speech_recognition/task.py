"""The task as the runner sees it: waveforms in, labels out, word error rate."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.errors import ModelError
from levelfield.metrics.wer import LabelType, WordErrors, word_errors_of_log
from levelfield.workloads.speech_recognition.dataset import LibriSpeech, SpeechDataset, Tones
from levelfield.workloads.speech_recognition.model import (
    FULL,
    MINI,
    NETWORKS,
    MiniManifest,
    ModelContract,
    SpeechModel,
    fitted,
)
from levelfield.workloads.speech_recognition.preprocess import batch_features, rows
from levelfield.workloads.speech_recognition.transcript import VOCABULARY
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = ["MINI_PERFORMANCE_SAMPLES", "SpeechRecognition", "full_task", "mini_task"]

MINI_PERFORMANCE_SAMPLES = 300
"""A quarter of the set: an accuracy run loads and unloads four times. The full edition holds its data all at once."""

MINI_TRANSFORMATIONS = {
    Precision.FP32: "none: the weights as they were trained, exported to ONNX",
    Precision.INT8: "dynamic quantisation: weights of the LSTMs and matrices int8, activations int8 by their ranges in "
    "each call; no calibration data",
}


class SpeechRecognition:
    """A transducer and a dataset of utterances; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload is one little-endian int64 label for each character, as the reference implementation writes it; an
    utterance in which nothing is heard has an empty one.
    """

    max_batch: int | None = None

    def __init__(
        self,
        model: SpeechModel,
        dataset: SpeechDataset,
        *,
        precision: str,
        reference: float | None,
        transformations: str | None = None,
        retraining: str | None = None,
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.reference = reference
        self._precision = precision
        self._transformations = transformations
        self._retraining = retraining

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Features, encoder and decoding of loaded samples, as one batch; all of it is timed.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the batch.
        """
        features, lengths = batch_features(self.dataset.waveforms(indices))
        return [labels.astype("<i8") for labels in self.model.labels(features, lengths)]

    def lengths(self, indices: IndexArray) -> IndexArray:
        """(samples,): rows of features of loaded samples; a batch costs as much as its longest."""
        return np.array([rows(len(waveform)) for waveform in self.dataset.waveforms(indices)], np.int64)

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """100 minus the word error rate of an accuracy log.

        Raises:
            InputError: The log does not cover the dataset, or holds what is not int64 labels.
        """
        return self._score(entries, whole=True)

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """The same of the samples that occur, as an audit compares it.

        Raises:
            InputError: An entry has no transcript, or is not int64 labels.
        """
        return self._score(entries, whole=False)

    def _score(self, entries: Iterable[tuple[int, bytes]], *, whole: bool) -> Score:
        found = word_errors_of_log(entries, self.dataset.transcripts, LabelType.INT64, alphabet=VOCABULARY, whole=whole)
        return _score_of(found)

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model files and hashes, precision."""
        return {**self.model.describe(), "precision": self._precision}

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own files only what stands in them."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def _score_of(found: WordErrors) -> Score:
    return Score(
        metric="100 - word error rate",
        value=found.accuracy_percent,
        unit="%",
        good=None,
        total=len(found.words),
        line=found.line,
        interval=found.accuracy_interval(),
    )


def _loaded(folder: Path, backend: Backend, options: BackendOptions, contract: ModelContract) -> SpeechModel:
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is not a folder: an RNN-T is three networks.",
            hint="Give the folder of encoder.onnx, prediction.onnx and joint.onnx with --model.",
        )
    sessions = {name: load(backend, folder / f"{name}.onnx", options) for name in NETWORKS}
    return fitted(sessions, folder, contract)


def mini_task(
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
    performance_sample_count: int = MINI_PERFORMANCE_SAMPLES,
) -> SpeechRecognition:
    """The mini edition: generated utterances and, unless a folder is given, the shipped model of that precision.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed.
    """
    manifest = MiniManifest.read()
    dataset = SpeechDataset(
        "tones (mini)",
        Tones(manifest.checksums.verified()),
        performance_sample_count=performance_sample_count,
        complete=True,
    )
    return SpeechRecognition(
        _loaded(model or manifest.model(precision), backend, options, MINI),
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
) -> SpeechRecognition:
    """The full edition: LibriSpeech dev-clean with the reference's manifest, and any RNN-T in three ONNX files.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        data: The folder of the manifest.
        model: The folder of ``encoder.onnx``, ``prediction.onnx`` and ``joint.onnx``.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; all of the data, 1.1 GB.
        official_sample_count: From the rule book; the dataset is complete if it has as many.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        MissingError: The backend, or soundfile for FLAC files, is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    recordings = LibriSpeech(data)
    dataset = SpeechDataset(
        "librispeech dev-clean",
        recordings,
        performance_sample_count=performance_sample_count,
        complete=len(recordings.transcripts) == official_sample_count,
    )
    loaded = _loaded(model, backend, options, FULL)
    return SpeechRecognition(loaded, dataset, precision="not stated", reference=None)
