"""The task as the runner sees it: scans in, label volumes out, mean Dice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.errors import UsageError
from levelfield.metrics.dice import DiceScores, LabelType, dice
from levelfield.stats.bootstrap import mean_interval
from levelfield.workloads.medical_segmentation.dataset import KitsFolder, Phantoms, Scans, VolumeDataset
from levelfield.workloads.medical_segmentation.model import MiniManifest, VolumeModel, fitted
from levelfield.workloads.medical_segmentation.windows import segmented
from levelfield.workloads.task import IndexArray, ModelFacts, PayloadArray, Precision, Score

__all__ = ["MedicalSegmentation", "full_task", "mini_task", "task_on"]

MINI_WINDOWS_AT_ONCE = 8
"""More gain nothing: a window is thirty million multiplications, which dwarf a call."""
FULL_WINDOWS_AT_ONCE = 1
"""As the reference; each takes gigabytes of activations."""


class MedicalSegmentation:
    """A model and a dataset of volumes; satisfies :class:`levelfield.workloads.task.InferenceTask`.

    The payload is the uint8 label volume of the prepared image, (1, D, H, W) in C order, as the reference
    implementation writes it. Volumes differ in shape, so each sample is run by itself, in windows.
    """

    max_batch: int | None = None

    def __init__(
        self,
        model: VolumeModel,
        dataset: VolumeDataset,
        *,
        windows_at_once: int,
        precision: str,
        reference: float | None,
        transformations: str | None = None,
        retraining: str | None = None,
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.reference = reference
        self._windows_at_once = min(windows_at_once, model.max_batch or windows_at_once)
        self._precision = precision
        self._transformations = transformations
        self._retraining = retraining

    def infer(self, indices: IndexArray) -> PayloadArray:
        """Segment loaded samples, one after the other.

        Raises:
            RunError: A sample is not loaded.
            ModelError: The model does not take its windows.
        """
        return [
            segmented(self.dataset.volume(index), self.model.window, self.model.scores, batch=self._windows_at_once)
            for index in indices.tolist()
        ]

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Mean Dice of an accuracy log, which is read as a stream.

        Raises:
            InputError: The log does not cover the dataset, or holds what is not a label volume.
        """
        return _score(self.scores(entries))

    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        """Mean Dice of the samples that occur, as an audit compares it.

        Raises:
            InputError: An entry has no case, or is not its label volume.
        """
        return _score(self.scores(entries, whole=False))

    def scores(self, entries: Iterable[tuple[int, bytes]], *, whole: bool = True) -> DiceScores:
        """Dice by case, for comparisons; arguments and errors as above."""
        return dice(entries, self.dataset.scans.labels, self.dataset.total_sample_count, LabelType.UINT8, whole=whole)

    def describe(self) -> dict[str, str]:
        """What ran: runtime, threads, model file and hash, precision, how input and output were understood."""
        return {
            **self.model.describe(),
            "precision": self._precision,
            "windows_at_once": str(self._windows_at_once),
        }

    def model_facts(self) -> ModelFacts:
        """What a submission states of the model; of a user's own file only what stands in it."""
        return self.model.facts(transformations=self._transformations, retraining=self._retraining)


def _score(scores: DiceScores) -> Score:
    return Score(
        metric="mean DICE",
        value=scores.mean,
        unit="1",
        good=None,
        total=len(scores.by_case),
        line=scores.line,
        interval=mean_interval(scores.composites),
    )


def task_on(scans: Scans, model: Path, backend: Backend, options: BackendOptions) -> MedicalSegmentation:
    """Any model that fits, on a small dataset that is complete; what tools and tests measure with.

    Raises:
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    return MedicalSegmentation(
        fitted(load(backend, model, options), model, scans.window),
        VolumeDataset(scans, performance_sample_count=scans.count, complete=True),
        windows_at_once=MINI_WINDOWS_AT_ONCE,
        precision="not stated",
        reference=None,
    )


def mini_task(
    *,
    backend: Backend,
    options: BackendOptions,
    precision: Precision = Precision.FP32,
    model: Path | None = None,
) -> MedicalSegmentation:
    """The mini edition: generated phantoms and, unless one is given, the shipped model.

    Raises:
        UsageError: int8, of which none ships.
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
        InputError: A shipped file was changed, or the phantoms are others.
    """
    if precision is Precision.INT8 and model is None:
        raise UsageError(
            "The mini 3d-unet has no int8 model: three-dimensional int8 convolutions run slower than fp32 in "
            "onnxruntime (docs/models/mini-3d-unet.md has the figures).",
            hint="Leave out --precision int8, or give your own model with --model.",
        )
    manifest = MiniManifest.read()
    path = model or manifest.verified_model()
    scans = Phantoms().verified(manifest.data_sha256)
    return MedicalSegmentation(
        fitted(load(backend, path, options), path, scans.window),
        VolumeDataset(scans, performance_sample_count=scans.count, complete=True),
        windows_at_once=MINI_WINDOWS_AT_ONCE,
        precision="not stated" if model else precision.value,
        reference=manifest.reference_accuracy,
        transformations=None if model else "none: the weights as they were trained, exported to ONNX",
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
) -> MedicalSegmentation:
    """The full edition: a folder of KiTS19 and any ONNX 3D U-Net for windows of 128.

    The dataset is looked at first: its errors come without waiting for a large model.

    Args:
        data: The folder with the cases.
        model: The model file.
        backend: Which runtime.
        options: How it runs.
        performance_sample_count: From the rule book; all cases are in memory at once, about 130 MB each.
        official_sample_count: From the rule book; the dataset is complete if it has as many.

    Raises:
        DatasetError: The folder is incomplete or cannot be read.
        MissingError: The backend is not installed.
        ModelError: The model cannot be loaded, or does not fit.
    """
    scans = KitsFolder(data)
    return MedicalSegmentation(
        fitted(load(backend, model, options), model, scans.window),
        VolumeDataset(
            scans,
            performance_sample_count=performance_sample_count,
            complete=scans.count == official_sample_count,
        ),
        windows_at_once=FULL_WINDOWS_AT_ONCE,
        precision="not stated",
        reference=None,
    )
