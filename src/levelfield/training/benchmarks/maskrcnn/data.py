"""Pictures with boxes and masks: COCO 2017 (full), generated scenes (mini); batches for one process.

Full: as the reference's ``data/datasets/coco.py`` and ``data/transforms``: crowds and objects without extent are left
out, the shorter side becomes 800 pixels, half of the pictures are mirrored, blue stands first, means are subtracted.
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

from levelfield.errors import DatasetError
from levelfield.metrics.coco_map import Truth
from levelfield.metrics.masks import Masks, bitmap_edges, drawn, polygon_edges
from levelfield.training.benchmarks.maskrcnn.loss import Shape, Targets
from levelfield.training.benchmarks.maskrcnn.settings import Settings
from levelfield.training.detection.coco import CocoPart, read_part, resized
from levelfield.training.detection.order import Ints, dealt
from levelfield.training.detection.scenes import MINI_SCENES, ScenePart
from levelfield.workloads.object_detection.annotations import Annotations

__all__ = [
    "Bitmap",
    "CocoPictures",
    "Objects",
    "Polygons",
    "Sample",
    "ScenePictures",
    "Scored",
    "Source",
    "collated",
    "size_of",
    "targets_of",
]

MEANS_BGR = np.array([102.9801, 115.9465, 122.7717], np.float32)
TRAIN_SEED, TEST_SEED = 20211201, 20211202
"""Of the mini's scenes."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """A mask by its corners."""

    corners: tuple[NDArray[np.float64], ...]

    def crop(self, box: Floats, side: int) -> NDArray[np.bool_]:
        """The polygons are moved and scaled, and drawn only then (``segmentation_mask.py``)."""
        left, top, right, bottom = box.tolist()
        scale = side / max(right - left, 1), side / max(bottom - top, 1)
        moved = [((xy.reshape(-1, 2) - (left, top)) * scale).ravel() for xy in self.corners]
        return drawn(polygon_edges(moved, side, side), side, side)

    def changed(self, scale: tuple[float, float], mirrored_in: int | None) -> Polygons:
        """Scaled by width and height, then mirrored in a picture of this width."""
        corners = [xy.reshape(-1, 2) * scale for xy in self.corners]
        if mirrored_in is not None:
            corners = [np.column_stack([mirrored_in - 1 - xy[:, 0], xy[:, 1]]) for xy in corners]
        return Polygons(tuple(xy.ravel() for xy in corners))


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """A mask by its pixels."""

    pixels: NDArray[np.bool_]
    """(height, width) of the picture."""

    def crop(self, box: Floats, side: int) -> NDArray[np.bool_]:
        """Each cell says what is at its middle."""
        height, width = self.pixels.shape
        steps = (np.arange(side) + 0.5) / side
        rows = (box[1] + steps * (box[3] - box[1] + 1)).astype(np.int64).clip(0, height - 1)
        columns = (box[0] + steps * (box[2] - box[0] + 1)).astype(np.int64).clip(0, width - 1)
        return self.pixels[rows[:, None], columns]

    def changed(self, mirrored: bool) -> Bitmap:
        """Mirrored or as it is."""
        return Bitmap(self.pixels[:, ::-1]) if mirrored else self


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """What a picture shows."""

    boxes: Floats
    """(objects, 4): left, top, right, bottom."""
    classes: Ints
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture, ready."""

    picture: Floats
    """(3, height, width)."""
    objects: Objects


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What the metric needs of the evaluation part."""

    numbers: Ints
    """(pictures,): as the truth counts them."""
    heights: Ints
    widths: Ints
    categories: Ints
    """What the truth calls class k is ``categories[k - 1]``."""
    truth: Truth
    """With masks."""


class Source(Protocol):
    """Where pictures come from; reading starts with :meth:`open`."""

    def open(self) -> None:
        """Read for the first time."""

    @property
    def groups(self) -> Ints:
        """(pictures,): pictures of one group go into one batch."""

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """A picture for training, mirrored or not."""

    @property
    def scored(self) -> Scored:
        """The evaluation part."""

    def test_sample(self, row: int) -> Floats:
        """(3, height, width): a picture for evaluation."""


class ScenePictures:
    """The mini's scenes."""

    def __init__(self, settings: Settings, *, shuffled: int | None) -> None:
        self._counts = settings.train_samples, settings.eval_samples
        self._shuffled = shuffled

    def open(self) -> None:
        """Draw them."""
        train, test = (
            ScenePart.drawn(MINI_SCENES, seed, count)
            for seed, count in zip((TRAIN_SEED, TEST_SEED), self._counts, strict=True)
        )
        self._train, self._test = train, test
        self._boxes = _cornered(train.scenes.boxes.astype(np.float32))
        classes = train.scenes.classes
        self._classes = classes if self._shuffled is None else dealt(self._shuffled, classes)
        self.groups = np.zeros(self._counts[0], np.int64)
        scene_of = test.scenes.scene_of
        first = np.searchsorted(scene_of, scene_of)
        masks = [
            bitmap_edges(test.scenes.owners[scene] == row - start)
            for row, (scene, start) in enumerate(zip(scene_of, first, strict=True))
        ]
        self.scored = Scored(
            numbers=np.arange(self._counts[1]),
            heights=test.sides,
            widths=test.sides,
            categories=test.categories,
            truth=test.truth(Masks.of(masks, np.full(len(masks), MINI_SCENES.size))),
        )

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """One scene."""
        objects = self._train.objects(row)
        mirrored = draw.random() < 0.5
        picture, boxes = self._train.inputs[row], self._boxes[objects]
        if mirrored:
            picture, boxes = picture[:, :, ::-1], _mirrored(boxes, MINI_SCENES.size)
        owners = self._train.scenes.owners[row]
        shapes = tuple(Bitmap(owners == number).changed(mirrored) for number in range(len(boxes)))
        return Sample(picture, Objects(boxes, self._classes[objects], shapes))

    def test_sample(self, row: int) -> Floats:
        """One scene."""
        found: Floats = self._test.inputs[row]
        return found


class CocoPictures:
    """COCO 2017."""

    def __init__(self, settings: Settings, folder: Path, *, shuffled: int | None) -> None:
        self._settings, self._folder, self._shuffled = settings, folder, shuffled

    def open(self) -> None:
        """Read the annotations.

        Raises:
            DatasetError: Annotations or pictures are missing, unreadable, or not as many as expected.
        """
        settings = self._settings
        self._train = read_part(
            self._folder, "train2017", expected=settings.train_samples, outlines=True, usable=_with_extent
        )
        self._test = read_part(self._folder, "val2017", expected=settings.eval_samples, outlines=True, usable=None)
        self._classes = self._train.classes
        if self._shuffled is not None:
            self._classes = dealt(self._shuffled, self._classes)
        self.groups = (self._train.heights >= self._train.widths).astype(np.int64)
        self.scored = _scored(self._test)

    def train_sample(self, row: int, draw: np.random.Generator) -> Sample:
        """One photograph."""
        part = self._train
        assert part.outlines is not None
        height, width = size_of(int(part.heights[row]), int(part.widths[row]), self._settings.sides)
        scale = width / int(part.widths[row]), height / int(part.heights[row])
        mirrored = draw.random() < 0.5
        rows = part.objects[row][~part.truth.crowd[part.objects[row]]]
        boxes = _cornered(part.boxes[rows].astype(np.float32))
        boxes = np.minimum(boxes.clip(0), np.array([part.widths[row] - 1, part.heights[row] - 1] * 2, np.float32))
        rows, boxes = (one[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)] for one in (rows, boxes))
        boxes = boxes * np.array([*scale, *scale], np.float32)
        pixels = resized(part.picture(row), height, width)
        if mirrored:
            pixels, boxes = pixels[:, ::-1], _mirrored(boxes, width)
        shapes = []
        for number in rows:
            outline = part.outlines[number]
            if outline.counts is None:
                shapes.append(Polygons(outline.polygons).changed(scale, width if mirrored else None))
                continue
            bitmap = drawn(_edges(part, int(number), row), *_size(part, row))
            y, x = (np.arange(height) / scale[1]).astype(int), (np.arange(width) / scale[0]).astype(int)
            shapes.append(Bitmap(bitmap[y[:, None], x]).changed(mirrored))  # type: ignore[arg-type]
        return Sample(_as_input(pixels), Objects(boxes, self._classes[rows], tuple(shapes)))

    def test_sample(self, row: int) -> Floats:
        """One photograph."""
        height, width = size_of(*_size(self._test, row), self._settings.sides)
        return _as_input(resized(self._test.picture(row), height, width))


def _size(part: CocoPart, row: int) -> tuple[int, int]:
    return int(part.heights[row]), int(part.widths[row])


def size_of(height: int, width: int, sides: tuple[int, int]) -> tuple[int, int]:
    """Height and width after resizing: the shorter side as asked, unless the longer would be too long."""
    shorter, longest = sides
    if max(height, width) / min(height, width) * shorter > longest:
        shorter = round(longest * min(height, width) / max(height, width))
    if width < height:
        return int(shorter * height / width), shorter
    return shorter, int(shorter * width / height)


def _with_extent(annotations: Annotations) -> NDArray[np.bool_]:
    """Objects of which one in a picture is enough: both sides above a pixel (``_has_only_empty_bbox``)."""
    width, height = annotations.truth.boxes[:, 2:].T
    return (width > 1) & (height > 1)


def _edges(part: CocoPart, number: int, row: int) -> Ints:
    """The mask of an object in its picture."""
    assert part.outlines is not None
    try:
        return part.outlines[number].edges(*_size(part, row))
    except ValueError as error:
        raise DatasetError(
            f"{part.paths[row].parent.name}: the outline of the object at annotations[{number}] "
            f"cannot be used: {error}.",
            hint="Unpack annotations_trainval2017.zip again.",
        ) from error


def _scored(part: CocoPart) -> Scored:
    assert part.outlines is not None
    order = np.argsort(part.numbers)
    rows = order[np.searchsorted(part.numbers[order], part.truth.pictures)]
    masks = [_edges(part, number, int(row)) for number, row in enumerate(rows)]
    truth = Truth(
        pictures=part.truth.pictures,
        classes=part.truth.classes,
        boxes=part.truth.boxes,
        areas=part.truth.areas,
        crowd=part.truth.crowd,
        masks=Masks.of(masks, part.heights[rows]),
    )
    return Scored(
        numbers=part.numbers, heights=part.heights, widths=part.widths, categories=part.categories, truth=truth
    )


def _as_input(pixels: NDArray[np.uint8]) -> Floats:
    found = np.empty((3, *pixels.shape[:2]), np.float32)
    for channel, mean in enumerate(MEANS_BGR):
        np.subtract(pixels[:, :, 2 - channel], mean, out=found[channel])
    return found


def _cornered(boxes: Floats) -> Floats:
    """Left, top, width, height to the outermost pixels."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + (boxes[:, 2:] - 1).clip(0)], axis=1)


def _mirrored(boxes: Floats, width: int) -> Floats:
    return np.column_stack([width - 1 - boxes[:, 2], boxes[:, 1], width - 1 - boxes[:, 0], boxes[:, 3]])


def collated(pictures: Sequence[Floats], divisible: int) -> tuple[Tensor, Tensor]:
    """(pictures, 3, height, width), padded with 0 to the right and below, and the sizes (pictures, 2) without that."""
    sizes = np.array([one.shape[1:] for one in pictures])
    height, width = -(-sizes.max(axis=0) // divisible) * divisible
    batch = np.zeros((len(pictures), 3, height, width), np.float32)
    for row, one in enumerate(pictures):
        batch[row, :, : one.shape[1], : one.shape[2]] = one
    return torch.from_numpy(batch), torch.from_numpy(sizes.astype(np.float32))


def targets_of(objects: Sequence[Objects], sizes: Tensor, seeds: Sequence[int]) -> Targets:
    """What is in a batch; the choice in the losses follows from the seeds, one for each picture."""
    most = max(len(one.classes) for one in objects)
    boxes = np.zeros((len(objects), most, 4), np.float32)
    classes = np.zeros((len(objects), most), np.int64)
    for row, one in enumerate(objects):
        boxes[row, : len(one.classes)] = one.boxes
        classes[row, : len(one.classes)] = one.classes
    return Targets(
        sizes=sizes,
        boxes=torch.from_numpy(boxes).to(sizes.device),
        classes=torch.from_numpy(classes).to(sizes.device),
        shapes=[one.shapes for one in objects],
        generators=[torch.Generator().manual_seed(seed) for seed in seeds],
    )
