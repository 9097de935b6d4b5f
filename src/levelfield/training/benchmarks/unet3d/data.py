"""Volumes and patches of unet3d: prepared KiTS19 cases (full), generated phantoms (mini); order, crops, augmentation.

Source: mlcommons/training at 4a4d5a0, image_segmentation/pytorch/data_loading. What is random in a patch follows from
(seed, epoch, case), so that it does not matter which process or thread makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.unet3d.objects import CLASSES, MOST_OBJECTS, Box, SharedObjects, largest_objects
from levelfield.training.benchmarks.unet3d.preprocess import IMAGE_SUFFIX, LABEL_SUFFIX, convert
from levelfield.training.benchmarks.unet3d.settings import Settings
from levelfield.workloads.medical_segmentation.dataset import MINI_SEED, OFFICIAL_CASES, TRAIN_SEED, Phantoms
from levelfield.workloads.medical_segmentation.preprocess import Image, Labels

__all__ = ["PREPARED", "NpyCases", "Patches", "Volumes", "full_volumes", "mini_volumes", "prepare_folder"]

PREPARED = "prepared-for-training"
"""Folder below the raw scans for what :func:`prepare_folder` makes of them."""
ALL_CASES = 210
"""Of KiTS19 that have labels: ``case_00000`` to ``case_00209``."""
_FLIP_SHARE = 1 / 3
_BRIGHTER_SHARE, _BRIGHTER = 0.1, (0.7, 1.3)
"""A patch is multiplied by 1 plus a number of this range: the reference's arithmetic, whatever its name for it."""
_NOISY_SHARE, _NOISE = 0.1, 0.1
_SHOWN = 10


class Volumes(Protocol):
    """Prepared cases, by number."""

    @property
    def count(self) -> int:
        """Cases."""

    def image(self, index: int) -> Image:
        """(1, D, H, W) float32."""

    def labels(self, index: int) -> Labels:
        """(1, D, H, W) uint8, of the same shape."""


class Held:
    """Volumes that are made once and kept."""

    def __init__(self, volumes: Volumes) -> None:
        self.count = volumes.count
        self._images = [volumes.image(index) for index in range(self.count)]
        self._labels = [volumes.labels(index) for index in range(self.count)]

    def image(self, index: int) -> Image:
        """(1, D, H, W) float32."""
        return self._images[index]

    def labels(self, index: int) -> Labels:
        """(1, D, H, W) uint8."""
        return self._labels[index]


@cache
def mini_volumes(train: int, evaluation: int) -> tuple[Volumes, Volumes]:
    """Phantoms to train on, and the first of those that the inference suite tests with, made once in a process."""
    return Held(Phantoms(seed=TRAIN_SEED, count=train)), Held(Phantoms(seed=MINI_SEED, count=evaluation))


class NpyCases:
    """Cases as the reference prepares them, ``case_00000_x.npy`` and ``case_00000_y.npy``: mapped, not read whole."""

    def __init__(self, folder: Path, cases: Sequence[str]) -> None:
        self._paths = [(folder / f"{case}{IMAGE_SUFFIX}", folder / f"{case}{LABEL_SUFFIX}") for case in cases]
        self.count = len(cases)

    def image(self, index: int) -> Image:
        """(1, D, H, W) float32."""
        voxels: Image = np.load(self._paths[index][0], mmap_mode="r", allow_pickle=False)
        return voxels

    def labels(self, index: int) -> Labels:
        """(1, D, H, W) uint8."""
        voxels: Labels = np.load(self._paths[index][1], mmap_mode="r", allow_pickle=False)
        return voxels

    def problems(self, index: int, least: Sequence[int]) -> list[str]:
        """What is wrong with the files of a case, from their headers.

        Args:
            index: Which.
            least: Of the edges.
        """
        image_path, label_path = self._paths[index]
        found = []
        shapes = []
        for path, kind in ((image_path, np.float32), (label_path, np.uint8)):
            try:
                voxels = np.load(path, mmap_mode="r", allow_pickle=False)
            except FileNotFoundError:
                found.append(f"{path} is not there")
                continue
            except (OSError, ValueError) as error:
                found.append(f"{path} cannot be read: {error}")
                continue
            shapes.append(voxels.shape)
            if voxels.dtype != kind:
                found.append(f"{path}: found {voxels.dtype}, expected {np.dtype(kind)}")
            if (
                voxels.ndim != 4
                or voxels.shape[0] != 1
                or any(a < b for a, b in zip(voxels.shape[1:], least, strict=True))
            ):
                found.append(
                    f"{path}: found the shape {voxels.shape}, expected (1, D, H, W) of {tuple(least)} at least"
                )
        if len(set(shapes)) > 1:
            found.append(f"{label_path}: found the shape {shapes[1]}, the image has {shapes[0]}")
        return found


def full_volumes(folder: Path, settings: Settings) -> tuple[Volumes, Volumes]:
    """The training and the evaluation cases of a prepared copy of KiTS19; every header is looked at.

    Raises:
        DatasetError: No folder, no prepared case, files that are missing or of another kind, or other numbers of cases
            than the settings say; all that is wrong is listed.
    """
    home = _prepared(folder)
    names = {
        path.name.removesuffix(suffix) for suffix in (IMAGE_SUFFIX, LABEL_SUFFIX) for path in home.glob(f"*{suffix}")
    }
    if not names:
        raise DatasetError(
            f"{folder} has no prepared case of KiTS19.",
            hint=f"Expected files like {home / 'case_00000'}{IMAGE_SUFFIX}, or raw scans, case_00000/imaging.nii.gz, "
            "which are prepared before the clock starts.",
        )
    train = sorted(names - set(OFFICIAL_CASES))
    evaluation = [case for case in OFFICIAL_CASES if case in names]
    volumes = NpyCases(home, train), NpyCases(home, evaluation)
    least = [max(edge, settings.window) for edge in settings.patch]
    problems = [problem for one in volumes for index in range(one.count) for problem in one.problems(index, least)]
    for what, cases, expected in (
        ("train", train, settings.train_samples),
        ("eval", evaluation, settings.eval_samples),
    ):
        if len(cases) != expected:
            problems.append(f"{home}: found {len(cases)} cases for {what}_samples, expected {expected}")
    if problems:
        rest = len(problems) - _SHOWN
        raise DatasetError(
            f"The copy of KiTS19 in {home} cannot be used.",
            problems=[*problems[:_SHOWN], f"and {rest} more"] if rest > 0 else problems,
            hint="To try a part of the cases: --set train_samples=N --set eval_samples=M.",
        )
    return volumes


def prepare_folder(folder: Path) -> None:
    """Make prepared cases of raw scans, where there are raw scans and no prepared cases; before the clock.

    Raises:
        DatasetError: Scans that cannot be read.
        OutputError: The folder cannot be written to.
    """
    raw = next((home for home in (folder, folder / "data") if (home / "case_00000" / "imaging.nii.gz").is_file()), None)
    if raw is None or any(folder.glob(f"*{IMAGE_SUFFIX}")):
        return
    cases = [f"case_{number:05}" for number in range(ALL_CASES)]
    scans = {
        case: (raw / case / "imaging.nii.gz", raw / case / "segmentation.nii.gz")
        for case in cases
        if (raw / case).is_dir()
    }
    convert(scans, raw / PREPARED)


def _prepared(folder: Path) -> Path:
    """Where the prepared cases lie: in the folder, or below its raw scans.

    Raises:
        DatasetError: It is no folder.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the folder of KiTS19 with --data.")
    homes = [home for home in (folder / PREPARED, folder / "data" / PREPARED) if home.is_dir()]
    return homes[0] if homes and not any(folder.glob(f"*{IMAGE_SUFFIX}")) else folder


class Patches:
    """The patches that are trained on, in the order of each epoch.

    Args:
        volumes: The training cases.
        settings: Sizes and shares.
        seed: Everything random follows from it.
        shuffled: Take the labels from another case than the image: nothing can be learnt from them.
    """

    def __init__(self, volumes: Volumes, settings: Settings, seed: int, *, shuffled: bool = False) -> None:
        self._volumes, self._settings, self._seed = volumes, settings, seed
        turn = np.random.default_rng([seed, 0]).permutation(volumes.count)
        self._truth_of = turn[np.argsort(np.roll(turn, 1))] if shuffled else np.arange(volumes.count)
        self._objects = SharedObjects(volumes.count)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """(steps, batch) case numbers: a permutation, of which the last, uneven batch is dropped."""
        steps, batch = self._settings.steps_per_epoch, self._settings.batch_size
        dealt = np.random.default_rng([self._seed, epoch]).permutation(self._volumes.count)
        return dealt[: steps * batch].reshape(steps, batch)

    def patch(self, epoch: int, case: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(1, *patch) float32 and (*patch) int64: cut out, flipped, now and then brightened or made noisy."""
        draw = np.random.default_rng([self._seed, epoch, 1 + case])
        truth_of = int(self._truth_of[case])
        cube = self._cube(case, draw)
        image = self._volumes.image(case)[0][cube]
        truth = self._volumes.labels(truth_of)[0][cube if truth_of == case else self._cube(truth_of, draw)]
        axes = tuple(np.flatnonzero(draw.random(3) < _FLIP_SHARE).tolist())
        image, truth = np.flip(image, axes).astype(np.float32), np.flip(truth, axes).astype(np.int64)
        if draw.random() < _BRIGHTER_SHARE:
            image *= np.float32(1 + draw.uniform(*_BRIGHTER))
        if draw.random() < _NOISY_SHARE:
            image += draw.normal(0.0, draw.uniform(0.0, _NOISE), image.shape).astype(np.float32)
        return image[np.newaxis], truth

    def _cube(self, case: int, draw: np.random.Generator) -> tuple[slice, ...]:
        shape, patch = self._volumes.labels(case).shape[1:], self._settings.patch
        if draw.random() < self._settings.oversampling:
            classes = self._found(case)
            if classes:
                objects = classes[draw.integers(len(classes))]
                box = objects[draw.integers(len(objects))]
                return tuple(
                    _around(start, stop, size, edge, draw)
                    for (start, stop), size, edge in zip(box, patch, shape, strict=True)
                )
        # The last place is never drawn: the reference's ``randrange(edge - size)``.
        starts = [int(draw.integers(max(1, edge - size))) for edge, size in zip(shape, patch, strict=True)]
        return tuple(slice(start, start + size) for start, size in zip(starts, patch, strict=True))

    def _found(self, case: int) -> list[list[Box]]:
        """Of each class that the case has, its objects to aim at. They are looked for once."""
        found = self._objects.of(case)
        if found is None:
            labels = self._volumes.labels(case)[0]
            found = [largest_objects(labels, label, most=MOST_OBJECTS) for label in CLASSES]
            self._objects.keep(case, found)
        return [objects for objects in found if objects]


def _around(start: int, stop: int, size: int, edge: int, draw: np.random.Generator) -> slice:
    """A piece of one axis that holds an object, or lies within one that is longer (``rand_foreg_cropd``).

    Args:
        start: Of the object.
        stop: Behind its last voxel.
        size: Of the patch.
        edge: Of the volume.
        draw: Decides how far the patch reaches to either side.
    """
    spare = size - (stop - start)
    sign, width = (-1, -spare) if spare < 0 else (1, spare)
    before = int(draw.integers(width)) if width else 0
    low = max(0, start - sign * before)
    high = min(edge, stop + sign * (width - before))
    # At the border of the volume the patch is moved inside.
    short = size - (high - low)
    return slice(low, high + short) if low == 0 else slice(low - short, high)
