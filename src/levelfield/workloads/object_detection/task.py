"""The task as the runner sees it: pictures in, boxes out, mAP."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions, NamedArrays
from levelfield.metrics.coco_map import Matching, average_precision, bootstrap, matching
from levelfield.metrics.detection_log import FIELDS, logged_detections
from levelfield.workloads.object_detection.dataset import CocoFolder, DetectionDataset, GeneratedScenes
from levelfield.workloads.object_detection.model import (
    DetectionModel,
    MiniEdition,
    MiniManifest,
    ModelContract,
    fitted,
)
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = ["ObjectDetection", "full_task", "mini_task"]

MINI_PERFORMANCE_SAMPLES = 256
"""A quarter of the set: an accuracy run loads and unloads four times, as it does more often in the full edition."""

MINI_TRANSFORMATIONS = {
    Precision.FP32: "none: the weights as they were trained, exported to ONNX",
    Precision.INT8: "static quantisation (QDQ) of the convolutions: weights int8 per channel in seven bits, "
    "activations int8 by the ranges that scenes of the calibration seed give; no scene of it is in the test set",
}
_DRAW_BUDGET = 3e8
"""Detections times draws times overlaps of a bootstrap: some seconds."""
_MOST_DRAWS, _FEWEST_DRAWS = 300, 100
_BOOTSTRAP_SEED = 20220406


class ObjectDetection:
    """A model and a dataset of pictures; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload of a sample is seven little-endian float32 for each box, as the reference implementation writes it: the
    sample's index, top, left, bottom, right, score, class; nothing where nothing was found.
    """

    def __init__(
        self,
        model: DetectionModel,
        dataset: DetectionDataset,
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

    def inputs(self, indices: IndexArray) -> NamedArrays:
        """What the model reads for loaded samples.

        Raises:
            RunError: A sample is not loaded.
        """
        return {self.model.input_name: self.dataset.batch(indices)}

    def payloads(self, indices: IndexArray, outputs: NamedArrays) -> list[NDArray[np.float32]]:
        """For each sample (boxes, 7) little-endian float32 of what the model returned."""
        rows = []
        for index, (boxes, scores, classes) in zip(indices.tolist(), self.model.found(outputs), strict=True):
            row = np.empty((len(boxes), FIELDS), "<f4")
            row[:, 0], row[:, 1:5], row[:, 5], row[:, 6] = index, boxes, scores, classes
            rows.append(row)
        return rows

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Run loaded samples as one batch, non-maximum suppression included.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the batch.
        """
        return self.payloads(indices, self.model.session.run(self.inputs(indices)))

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """COCO's mAP of an accuracy log, with its interval by drawing pictures anew.

        Raises:
            InputError: The log does not cover the dataset, or holds what is not such boxes.
        """
        matched = self.matched(entries)
        draws = int(_DRAW_BUDGET // (10 * max(1, matched.detections)))
        sample = bootstrap((matched,), draws=min(max(draws, _FEWEST_DRAWS), _MOST_DRAWS), seed=_BOOTSTRAP_SEED)
        low, high = np.quantile(100 * sample[:, 0], [0.025, 0.975])
        return _score(matched, interval=(float(low), float(high)))

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Score the samples that occur, as an audit compares it.

        Raises:
            InputError: An entry has no picture, or is not such boxes.
        """
        return _score(self.matched(entries, whole=False))

    def matched(self, entries: Iterable[tuple[int, bytes]], *, whole: bool = True) -> Matching:
        """Which boxes of an accuracy log hit, from which any score follows.

        Raises:
            InputError: As for :meth:`score`.
        """
        dataset = self.dataset
        logged = logged_detections(entries, dataset.facts, whole=whole)
        return matching(dataset.truth, logged.found, pictures=logged.pictures, classes=dataset.classes, areas=("all",))

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model file and hash, precision, how input and output were understood."""
        return {**self.model.describe(), "precision": self._precision}

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own file only what stands in it."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def _score(matched: Matching, *, interval: tuple[float, float] | None = None) -> Score:
    result = average_precision(matched)
    return Score(
        metric="mAP",
        value=100 * result.ap,
        unit="%",
        good=None,
        total=len(matched.pictures),
        line=result.line,
        interval=interval,
    )


def mini_task(
    edition: MiniEdition,
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
    performance_sample_count: int = MINI_PERFORMANCE_SAMPLES,
) -> ObjectDetection:
    """A mini edition: generated scenes and, unless one is given, the shipped model of that precision.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed, or the scenes are not those that it was measured on.
    """
    manifest = MiniManifest.read(edition.folder)
    path = model or manifest.models[precision].verified()
    loaded = fitted(load(backend, path, options), path, edition.contract)
    pictures = GeneratedScenes(edition.scenes, seed=manifest.seed, count=manifest.count, sha256=manifest.scenes_sha256)
    dataset = DetectionDataset(
        f"{edition.name} scenes (mini)",
        pictures,
        values=loaded.values,
        layout=loaded.layout,
        size=edition.contract.size,
        performance_sample_count=performance_sample_count,
        complete=True,
    )
    return ObjectDetection(
        loaded,
        dataset,
        precision="not stated" if model else precision.value,
        reference=manifest.reference_accuracy,
        transformations=None if model else MINI_TRANSFORMATIONS[precision],
        retraining=None if model else "no: trained once from random weights, for the mini edition",
    )


def full_task(
    contract: ModelContract,
    *,
    data: Path,
    model: Path,
    backend: Backend,
    options: BackendOptions,
    performance_sample_count: int,
    official_sample_count: int,
) -> ObjectDetection:
    """The full edition: a COCO 2017 folder and any ONNX model with the outputs of the reference models.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        contract: What the benchmark's model must look like.
        data: The COCO folder, with ``annotations/`` and ``val2017/``.
        model: The model file.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; bounds the memory, at 17 MB a sample of 1200 x 1200.
        official_sample_count: From the rule book; the dataset is complete if it has as many.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        MissingError: The backend or OpenCV is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    pictures = CocoFolder(data, contiguous=contract.contiguous)
    loaded = fitted(load(backend, model, options), model, contract)
    dataset = DetectionDataset(
        f"coco-{contract.size}",
        pictures,
        values=loaded.values,
        layout=loaded.layout,
        size=contract.size,
        performance_sample_count=performance_sample_count,
        complete=len(pictures.facts.numbers) == official_sample_count,
    )
    return ObjectDetection(loaded, dataset, precision="not stated", reference=None)
