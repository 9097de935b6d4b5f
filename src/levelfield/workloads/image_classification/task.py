"""The task as the runner sees it: pictures in, class numbers out, top-1."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions, NamedArrays
from levelfield.metrics.top1 import ClassType, Top1, top1
from levelfield.workloads.image_classification.dataset import Digits, ImageDataset, ImageNetFolder
from levelfield.workloads.image_classification.model import FULL, MINI, ImageModel, MiniManifest, fitted
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = ["MINI_PERFORMANCE_SAMPLES", "ImageClassification", "full_task", "mini_task"]

_FLOAT32 = np.dtype("<f4")
MINI_PERFORMANCE_SAMPLES = 256
"""A quarter of the set: an accuracy run loads and unloads four times, and a performance run draws from a part of the
data, as both do in the full edition (1,024 of 50,000)."""

MINI_TRANSFORMATIONS = {
    Precision.FP32: "none: the weights as they were trained, exported to ONNX",
    Precision.INT8: "static quantisation (QDQ): weights int8 per channel in seven bits, activations int8 by the ranges "
    "that the 130 pictures of the calibration part give; no picture of it is in the test set",
}


class ImageClassification:
    """A model and a dataset of pictures; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload is one little-endian float32 class number, as the reference implementation writes it.
    """

    def __init__(
        self,
        model: ImageModel,
        dataset: ImageDataset,
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
        self._run = model.session.run
        self._batch = dataset.batch
        self._input_name = model.input_name

    def inputs(self, indices: IndexArray) -> NamedArrays:
        """What the model reads for loaded samples.

        Raises:
            RunError: A sample is not loaded.
        """
        return {self._input_name: self._batch(indices)}

    def payloads(self, outputs: NamedArrays) -> PayloadArray:
        """(samples,) little-endian float32 class numbers of what the model returned."""
        return self.model.classes(outputs).astype(_FLOAT32)

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Run loaded samples as one batch.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the batch.
        """
        return self.payloads(self._run(self.inputs(indices)))

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Top-1 of an accuracy log.

        Raises:
            InputError: The log does not cover the dataset, or holds what is not one float32.
        """
        return _score(top1(entries, self.dataset.labels, ClassType.FLOAT32))

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Top-1 of the samples that occur, as an audit compares it.

        Raises:
            InputError: An entry has no label, or is not one float32.
        """
        return _score(top1(entries, self.dataset.labels, ClassType.FLOAT32, whole=False))

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model file and hash, precision, how input and output were understood."""
        return {**self.model.describe(), "precision": self._precision}

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own file only what stands in it."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def _score(result: Top1) -> Score:
    return Score(metric="top-1", value=result.percent, unit="%", good=result.good, total=result.total, line=result.line)


def mini_task(
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
    performance_sample_count: int = MINI_PERFORMANCE_SAMPLES,
) -> ImageClassification:
    """The mini edition: shipped digits and, unless one is given, the shipped model of that precision.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed.
    """
    manifest = MiniManifest.read()
    path = model or manifest.models[precision].verified()
    loaded = fitted(load(backend, path, options), path, MINI)
    dataset = ImageDataset(
        "digits (mini)",
        Digits(manifest.digits.verified()),
        loaded.layout,
        performance_sample_count=performance_sample_count,
        complete=True,
    )
    return ImageClassification(
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
) -> ImageClassification:
    """The full edition: an ImageNet folder with ``val_map.txt`` and any ONNX ResNet-50.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        data: The folder of the pictures.
        model: The model file.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; bounds the memory, at 602,112 bytes a sample.
        official_sample_count: From the rule book; the dataset is complete if it has as many.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        MissingError: The backend or OpenCV is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    pictures = ImageNetFolder(data, classes=FULL.classes)
    loaded = fitted(load(backend, model, options), model, FULL)
    dataset = ImageDataset(
        "imagenet",
        pictures,
        loaded.layout,
        performance_sample_count=performance_sample_count,
        complete=len(pictures.labels) == official_sample_count,
    )
    return ImageClassification(loaded, dataset, precision="not stated", reference=None)
