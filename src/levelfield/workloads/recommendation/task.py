"""The task as the runner sees it: user-item pairs in, the probability of a click out, area under the ROC curve."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.metrics.clicks import ClickAuc, click_auc
from levelfield.workloads.recommendation.criteo import open_criteo
from levelfield.workloads.recommendation.dataset import ClickDataset, LoadedPairs, mini_pairs, mini_trace
from levelfield.workloads.recommendation.model import ClickModel, MiniManifest, fitted
from levelfield.workloads.recommendation.preprocess import FULL, MINI
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = ["MINI_PERFORMANCE_SAMPLES", "Recommendation", "full_task", "mini_task"]

MINI_PERFORMANCE_SAMPLES = 1024
"""Half of the set, so that an accuracy run loads and unloads twice, as with 204,800 of 330,067 official samples."""

MINI_TRANSFORMATIONS = {
    Precision.FP32: "none: the weights as they were trained, exported to ONNX",
    Precision.INT8: "tables of 8 bits, one step for each, widened when a row is looked up; layers as they were trained",
}


class Recommendation:
    """A model and a dataset of samples; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload of a sample is a prediction and the label for each of its pairs, little-endian float32, as the reference
    implementation writes it.
    """

    max_batch = None
    """Samples of any number: the pairs of a batch are one axis of the model."""

    def __init__(
        self,
        model: ClickModel,
        dataset: ClickDataset,
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
        self._run = model.session.run
        self._batch = dataset.batch

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Run the pairs of loaded samples as one batch.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take the pairs.
        """
        pairs = self._batch(indices)
        return _payloads(self.model.predictions(self._run(self.model.inputs(pairs))), pairs)

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """The area under the curve of an accuracy log, of pairs with their labels or of predictions alone.

        Raises:
            InputError: The log does not cover the dataset, or holds what cannot be its predictions.
        """
        return _score(click_auc(entries, self.dataset.labels_of, self.dataset.total_sample_count))

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """The area of the samples that occur, as an audit compares it.

        Raises:
            InputError: An entry is no sample of the dataset, or holds what cannot be its predictions.
        """
        return _score(click_auc(entries, self.dataset.labels_of, self.dataset.total_sample_count, whole=False))

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model file and hash, precision, how inputs and output were understood."""
        return {**self.model.describe(), "precision": self._precision}

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own file only what stands in it."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def _payloads(predictions: np.ndarray, pairs: LoadedPairs) -> PayloadArray:
    """For each sample (pairs, 2) float32: prediction and label."""
    both = np.empty((len(predictions), 2), "<f4")
    both[:, 0] = predictions
    both[:, 1] = pairs.labels
    return [both[start:end] for start, end in zip([0, *pairs.ends], pairs.ends, strict=False)]


def _score(result: ClickAuc) -> Score:
    low, high = result.area.interval
    return Score(
        metric="AUC",
        value=result.percent,
        unit="%",
        good=None,
        total=result.queries,
        line=result.line,
        interval=(100 * low, 100 * high),
    )


def mini_task(
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
    performance_sample_count: int = MINI_PERFORMANCE_SAMPLES,
) -> Recommendation:
    """The mini edition: generated clicks and, unless one is given, the shipped model of that precision.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed, or the generated pairs are not those of the manifest.
    """
    manifest = MiniManifest.read()
    path = model or manifest.models[precision].verified()
    loaded = fitted(load(backend, path, options), path, MINI)
    trace = mini_trace()
    dataset = ClickDataset(
        "generated clicks (mini)",
        mini_pairs(MINI, trace, sha256=manifest.data_sha256),
        trace,
        performance_sample_count=performance_sample_count,
        complete=True,
    )
    return Recommendation(
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
) -> Recommendation:
    """The full edition: day 23 of Criteo Terabyte and any ONNX DLRM with the reference's inputs.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        data: The folder of the dataset; see :mod:`levelfield.workloads.recommendation.criteo` for what is in it.
        model: The model file.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; bounds the memory, at 160 bytes a pair.
        official_sample_count: From the rule book; the dataset is complete if it has as many.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        OutputError: What is converted at the first use cannot be written.
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    found = open_criteo(data)
    loaded = fitted(load(backend, model, options), model, FULL)
    dataset = ClickDataset(
        "criteo",
        found.pairs,
        found.trace,
        performance_sample_count=performance_sample_count,
        complete=found.trace.samples == official_sample_count and found.is_official,
    )
    return Recommendation(loaded, dataset, precision="not stated", reference=None)
