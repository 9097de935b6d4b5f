"""The pictures: ImageNet in its folders (full), or the digits that ship with the package (mini).

ImageNet lies as it is distributed, one folder of JPEG files for each class, and the validation pictures with a map::

    train/n01440764/n01440764_10026.JPEG    classes are numbered in the order of their names
    val/val_map.txt                         one "file class" a line, as the inference suite reads it
    LOC_train_solution.csv                  optional: boxes around the objects, from which crops are sampled

Everything random of a picture is drawn from (seed, epoch, its place in the epoch), so that it does not depend on how
many processes share a batch.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.resnet.crops import Box, sampled_crop
from levelfield.training.benchmarks.resnet.settings import Settings
from levelfield.workloads.image_classification.dataset import Digits, ImageNetFolder
from levelfield.workloads.image_classification.model import MiniManifest
from levelfield.workloads.image_classification.preprocess import MINI_SIZE, digits_input
from levelfield.workloads.pictures import Layout, Tensor, decoded, opencv
from levelfield.workloads.task import IndexArray

__all__ = ["BOXES_FILE", "DigitPictures", "ImageNetPictures", "Pictures", "epoch_order"]

BOXES_FILE = "LOC_train_solution.csv"
_MEANS_RGB = np.array([123.68, 116.78, 103.94], dtype=np.float32)
_SHORT_SIDE = 256
_MOST_MOVE = 4
"""Pixels that a digit is moved by, at most."""


class Pictures(Protocol):
    """Both editions' data."""

    def train(self, samples: IndexArray, epoch: int, first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented pictures (n, channels, side, side) float32 and classes (n,) int64.

        Args:
            samples: (n,) which pictures.
            epoch: From 1.
            first: The place of the first one in the epoch.
        """

    def evaluation(self, samples: IndexArray) -> tuple[torch.Tensor, torch.Tensor]:
        """The same of the evaluation set, as they are."""


def epoch_order(settings: Settings, seed: int, epoch: int) -> IndexArray:
    """(steps * batch,) the pictures of an epoch, each once, and the first ones again to fill the last batch."""
    order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(settings.train_samples)
    return np.resize(order, settings.steps_per_epoch * settings.batch_size)


class DigitPictures:
    """The digits that the inference suite does not test with, and to evaluate on those that it does.

    Pictures and preparation are that suite's own. The digits come form by form, and no form is on both sides.

    Args:
        seed: Of the run.
        shuffled: Whether training labels are dealt anew.
        require_running: Raises off the clock.

    Raises:
        DatasetError: The shipped files are missing or damaged.
    """

    def __init__(self, seed: int, *, shuffled: bool, require_running: Callable[[], None]) -> None:
        require_running()
        manifest = MiniManifest.read()
        rest, test = (Digits(file.verified()) for file in (manifest.rest, manifest.digits))
        self._seed = seed
        self._train, self._train_labels = digits_input(rest.images, Layout.NCHW), rest.labels
        self._held_out = torch.from_numpy(digits_input(test.images, Layout.NCHW))
        self._held_out_labels = torch.from_numpy(test.labels)
        if shuffled:
            np.random.Generator(np.random.PCG64([seed, 0])).shuffle(self._train_labels)

    def train(self, samples: IndexArray, epoch: int, first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Each moved by up to four pixels, an eighth of its side, in both directions, over an empty ground."""
        side, most = MINI_SIZE, _MOST_MOVE
        ground = np.full((len(samples), side + 2 * most, side + 2 * most), -1, np.float32)
        ground[:, most : most + side, most : most + side] = self._train[samples, 0]
        # One draw for each place of the epoch, of which this process takes its own.
        draws = np.random.Generator(np.random.PCG64([self._seed, epoch, 1]))
        moves = draws.integers(0, 2 * most + 1, (first + len(samples), 2))
        rows, columns = moves[first:, 0, None] + np.arange(side), moves[first:, 1, None] + np.arange(side)
        moved = ground[np.arange(len(samples))[:, None, None], rows[:, :, None], columns[:, None, :]]
        return torch.from_numpy(moved)[:, None], torch.from_numpy(self._train_labels[samples])

    def evaluation(self, samples: IndexArray) -> tuple[torch.Tensor, torch.Tensor]:
        """As they are."""
        chosen = torch.from_numpy(samples)
        return self._held_out[chosen], self._held_out_labels[chosen]


class ImageNetPictures:
    """ImageNet-1k; pictures are decoded as they are needed.

    Args:
        folder: As above.
        settings: How many pictures there must be.
        seed: Of the run.
        shuffled: Whether training labels are dealt anew.
        require_running: Raises off the clock.

    Raises:
        DatasetError: Folders or pictures are missing, or their number is another.
        MissingError: OpenCV is not installed.
    """

    def __init__(
        self, folder: Path, settings: Settings, seed: int, *, shuffled: bool, require_running: Callable[[], None]
    ) -> None:
        require_running()
        opencv()
        self._seed, self._side = seed, settings.sizes.side
        self._held_out = ImageNetFolder(folder / "val", classes=settings.sizes.classes)
        self._paths, labels = _training_files(folder / "train", settings.sizes.classes)
        _require_counts(folder, settings, len(self._paths), len(self._held_out.labels))
        self._boxes = _boxes(folder / BOXES_FILE)
        if shuffled:
            np.random.Generator(np.random.PCG64([seed, 0])).shuffle(labels)
        self._labels = labels

    def train(self, samples: IndexArray, epoch: int, first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Sampled boxes of them, resized, mirrored half of the time, means subtracted."""

        def prepared(at: int) -> Tensor:
            path = self._paths[samples[at]]
            draws = np.random.Generator(np.random.PCG64([self._seed, epoch, 1, first + at]))
            return _training_input(path, self._boxes.get(path.stem, ()), draws, self._side)

        return self._together(prepared, samples), torch.from_numpy(self._labels[samples])

    def evaluation(self, samples: IndexArray) -> tuple[torch.Tensor, torch.Tensor]:
        """Short side to 256, the middle of them, means subtracted."""
        pictures = self._together(lambda at: _evaluation_input(self._held_out.paths[samples[at]], self._side), samples)
        return pictures, torch.from_numpy(self._held_out.labels[samples])

    def _together(self, prepared: Callable[[int], Tensor], samples: IndexArray) -> torch.Tensor:
        return torch.from_numpy(np.stack([prepared(at) for at in range(len(samples))]))


def _training_input(path: Path, boxes: Sequence[Box], draws: np.random.Generator, side: int) -> Tensor:
    picture = _read(path)
    height, width = picture.shape[:2]
    top, left, bottom, right = sampled_crop(height, width, boxes, draws)
    crop = picture[top:bottom, left:right]
    if draws.random() < 0.5:
        crop = crop[:, ::-1]
    return _network_input(_resized(crop, (side, side)))


def _evaluation_input(path: Path, side: int) -> Tensor:
    picture = _read(path)
    height, width = picture.shape[:2]
    scale = _SHORT_SIDE / min(height, width)
    size = (max(side, round(width * scale)), max(side, round(height * scale)))
    picture = _resized(picture, size)
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    return _network_input(picture[top : top + side, left : left + side])


def _read(path: Path) -> np.ndarray:
    """(height, width, 3) uint8, red first."""
    try:
        return decoded(path.read_bytes())[:, :, ::-1]
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path} cannot be read: {' '.join(str(error).split())}.", hint="Copy this file again from its source."
        ) from error


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear, to (width, height)."""
    cv2 = opencv()
    resized: np.ndarray = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_LINEAR)
    return resized


def _network_input(picture: np.ndarray) -> Tensor:
    return np.ascontiguousarray((picture.astype(np.float32) - _MEANS_RGB).transpose(2, 0, 1))


def _training_files(folder: Path, classes: int) -> tuple[list[Path], np.ndarray]:
    """Every training picture with its class: folders in the order of their names."""
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the ImageNet folder, with train/ and val/ in it.")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    if not 0 < len(names) <= classes:
        raise DatasetError(f"{folder} has {len(names)} folders of classes, expected 1 to {classes}.")
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        found = sorted(entry for entry in (folder / name).iterdir() if entry.suffix.lower() in {".jpeg", ".jpg"})
        paths += found
        labels += [label] * len(found)
    return paths, np.array(labels, np.int64)


def _require_counts(folder: Path, settings: Settings, train: int, evaluation: int) -> None:
    problems = [
        f"{folder / part}: found {found:,} pictures, expected {expected:,}."
        for part, found, expected in (
            ("train", train, settings.train_samples),
            ("val", evaluation, settings.eval_samples),
        )
        if found != expected
    ]
    if problems:
        raise DatasetError(
            "The dataset is not complete.",
            problems=problems,
            hint="For development with a part of it say so: --set train_samples=… --set eval_samples=…",
        )


def _boxes(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes by the name of the picture, in pixels; none where the file is not there.

    A line is ``n01440764_10026,n01440764 13 17 120 140 n01440764 …``: a class and left, top, right, bottom.
    """
    if not path.is_file():
        return {}
    found: dict[str, tuple[Box, ...]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.reader(stream), 1):
            if number == 1:
                continue
            words = row[1].split() if len(row) == 2 else []
            try:
                numbers = [[int(word) for word in words[at + 1 : at + 5]] for at in range(0, len(words), 5)]
                found[row[0]] = tuple(Box(left=a, top=b, right=c, bottom=d) for a, b, c, d in numbers)
            except (ValueError, IndexError) as error:
                raise DatasetError(
                    f"{path}:{number}: found {','.join(row)[:80]!r}, expected a name and boxes of five words."
                ) from error
    return found
