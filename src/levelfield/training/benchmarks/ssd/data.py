"""Pictures and what each default box should say of them: COCO 2017 (full), generated scenes (mini).

Full: as the reference's ``COCODetection`` and ``SSDTransformer``: pictures without objects are left out, crowds are
objects like others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from levelfield.metrics.coco_map import Truth
from levelfield.training.benchmarks.ssd.anchors import Floats
from levelfield.training.benchmarks.ssd.augment import cropped, jittered, mirrored
from levelfield.training.benchmarks.ssd.settings import MINI_DESIGN, Settings
from levelfield.training.detection.coco import read_part, resized
from levelfield.training.detection.order import Ints, dealt
from levelfield.training.detection.scenes import ScenePart
from levelfield.workloads.object_detection.annotations import Annotations
from levelfield.workloads.object_detection.boxes import encoded
from levelfield.workloads.object_detection.generator import MINI_TEST_SEED, MINI_TRAIN_SEED
from levelfield.workloads.object_detection.preprocess import Values, picture_input
from levelfield.workloads.pictures import Layout

__all__ = ["CocoPictures", "Sample", "ScenePictures", "Scored", "Source", "collated"]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture, ready."""

    picture: Floats
    """(3, size, size)."""
    classes: Ints
    """(defaults,): what each default box should say."""
    moves: Floats
    """(defaults, 4)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What the metric needs of the evaluation part."""

    numbers: Ints
    """(pictures,): of those that are looked at, as the truth counts them."""
    heights: Ints
    widths: Ints
    every: Ints
    """The numbers of all the pictures that are scored; one that is not looked at has no detections."""
    categories: Ints
    """What the truth calls class k is ``categories[k - 1]``."""
    truth: Truth


class Source(Protocol):
    """Where pictures come from; reading starts with :meth:`open`."""

    columns: tuple[int, int, int, int]
    """Where left, top, right and bottom stand in a box of the network."""

    def open(self) -> None:
        """Read for the first time."""

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """A picture for training."""

    @property
    def scored(self) -> Scored:
        """The evaluation part."""

    def test_sample(self, row: int) -> Floats:
        """(3, size, size): a picture for evaluation."""


class ScenePictures:
    """The mini's scenes; their network has y before x.

    The data is the same in every run, what a run's seed changes is weights and order. To evaluate on come the first
    scenes that the inference suite tests with.
    """

    columns = (1, 0, 3, 2)

    def __init__(self, settings: Settings, defaults: Floats, *, shuffled: int | None) -> None:
        self._counts = settings.train_samples, settings.eval_samples
        self._defaults, self._shuffled = defaults, shuffled

    def open(self) -> None:
        """Draw them."""
        train, test = (
            ScenePart.drawn(MINI_DESIGN.scenes, seed, count)
            for seed, count in zip((MINI_TRAIN_SEED, MINI_TEST_SEED), self._counts, strict=True)
        )
        self._train, self._test = train, test
        self._boxes = (_corners(train.scenes.boxes) / MINI_DESIGN.scenes.size).astype(np.float32)
        classes = train.scenes.classes
        self._classes = classes if self._shuffled is None else dealt(self._shuffled, classes)
        numbers = np.arange(self._counts[1])
        self.scored = Scored(
            numbers=numbers,
            heights=test.sides,
            widths=test.sides,
            every=numbers,
            categories=test.categories,
            truth=test.truth(),
        )

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """One scene, mirrored or not."""
        objects = self._train.objects(row)
        picture, boxes = self._train.inputs[row], self._boxes[objects]
        if draw.random() < 0.5:
            picture, boxes = picture[:, :, ::-1], mirrored(picture, boxes)[1]
        return Sample(picture, *encoded(self._defaults, boxes[:, self.columns], self._classes[objects]))

    def test_sample(self, row: int) -> Floats:
        """One scene."""
        found: Floats = self._test.inputs[row]
        return found


class CocoPictures:
    """COCO 2017; its network has x before y."""

    columns = (0, 1, 2, 3)

    def __init__(self, settings: Settings, defaults: Floats, folder: Path, *, shuffled: int | None) -> None:
        self._settings, self._defaults, self._folder, self._shuffled = settings, defaults, folder, shuffled

    def open(self) -> None:
        """Read the annotations.

        Raises:
            DatasetError: Annotations or pictures are missing, unreadable, or not as many as expected.
        """
        counts = self._settings.train_samples, self._settings.eval_samples
        self._train, self._test = (
            read_part(self._folder, part, expected=expected, outlines=False, usable=_any_object)
            for part, expected in zip(("train2017", "val2017"), counts, strict=True)
        )
        self._classes = self._train.classes
        if self._shuffled is not None:
            self._classes = dealt(self._shuffled, self._classes)
        self.scored = Scored(
            numbers=self._test.numbers,
            heights=self._test.heights,
            widths=self._test.widths,
            every=self._test.every,
            categories=self._test.categories,
            truth=self._test.truth,
        )

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """One photograph."""
        part, size = self._train, self._settings.size
        objects = part.objects[row]
        extent = np.array([part.widths[row], part.heights[row]] * 2)
        pixels, boxes, classes = cropped(
            part.picture(row),
            (_corners(part.boxes[objects]) / extent).astype(np.float32),
            self._classes[objects],
            draw,
            tries=self._settings.crop_tries,
        )
        if draw.random() < 0.5:
            pixels, boxes = mirrored(pixels, boxes)
        values = jittered(resized(np.ascontiguousarray(pixels), size, size).astype(np.float32), draw)
        return Sample(_as_input(values), *encoded(self._defaults, boxes, classes))

    def test_sample(self, row: int) -> Floats:
        """One photograph."""
        return _as_input(resized(self._test.picture(row), self._settings.size, self._settings.size))


def _corners(boxes: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, width, height to left, top, right, bottom."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1, dtype=np.float64)


def _any_object(annotations: Annotations) -> NDArray[np.bool_]:
    return np.ones(len(annotations.truth.areas), bool)


def _as_input(pixels: NDArray[np.generic]) -> Floats:
    return picture_input(pixels, Values.NORMALISED, Layout.NCHW).astype(np.float32)  # type: ignore[arg-type]


def collated(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (n, 3, size, size), classes (n, defaults) and moves (n, defaults, 4)."""
    return (
        torch.from_numpy(np.stack([one.picture for one in samples])),
        torch.from_numpy(np.stack([one.classes for one in samples])),
        torch.from_numpy(np.stack([one.moves for one in samples])),
    )
