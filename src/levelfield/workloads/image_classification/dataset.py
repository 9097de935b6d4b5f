"""The pictures: the shipped digits (mini), or an ImageNet folder with ``val_map.txt`` (full)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.workloads.image_classification.preprocess import FULL_SIZE, digits_input, photograph_input
from levelfield.workloads.pictures import Layout, Pixels, Tensor, decoded, opencv
from levelfield.workloads.sample_rows import SampleRows
from levelfield.workloads.task import IndexArray

__all__ = ["MAP_FILE", "Digits", "ImageDataset", "ImageNetFolder", "Pictures"]

MAP_FILE = "val_map.txt"
_SHOWN = 10
_MOST_DECODERS = 8


class Pictures(Protocol):
    """Where the pictures of a dataset come from."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(samples,) int64: the true class of each."""

    def read(self, indices: IndexArray, layout: Layout) -> Tensor:
        """(len(indices), ...) float32: pictures ready for the model."""


class ImageDataset:
    """The sample library of image classification, and the batches that it makes of what is loaded."""

    def __init__(
        self, name: str, pictures: Pictures, layout: Layout, *, performance_sample_count: int, complete: bool
    ) -> None:
        self.name = name
        self.labels = pictures.labels
        self.total_sample_count = len(pictures.labels)
        self.performance_sample_count = min(performance_sample_count, self.total_sample_count)
        self.complete = complete
        self._rows = SampleRows(self.total_sample_count, lambda indices: pictures.read(indices, layout))
        self.load, self.unload, self.batch = self._rows.load, self._rows.unload, self._rows.batch


class Digits:
    """A shipped set of handwritten digits.

    Args:
        path: A ``.npz`` file with ``images`` (samples, 8, 8) uint8 of 0..16 and ``labels`` (samples,) uint8.

    Raises:
        DatasetError: The file is missing or is not that.
    """

    def __init__(self, path: Path) -> None:
        self.images, self.labels = _digits(path)

    def read(self, indices: IndexArray, layout: Layout) -> Tensor:
        """Prepare some; see :func:`levelfield.workloads.image_classification.preprocess.digits_input`."""
        return digits_input(self.images[indices], layout)


def _digits(path: Path) -> tuple[Pixels, NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["images"], arrays["labels"].astype(np.int64)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise DatasetError(
            f"{path} cannot be read: {error}.", hint="It is part of levelfield: install the package again."
        ) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    file: str
    label: int


class ImageNetFolder:
    """A folder of pictures with a map file: one ``file label`` a line, in the order of the sample library.

    The folder is checked when it is opened; pictures are decoded when they are loaded.

    Args:
        folder: Where ``val_map.txt`` lies; the files in it are relative to this folder.
        classes: Labels are 0..classes-1.

    Raises:
        DatasetError: No folder, no map, lines that cannot be read, labels out of range, files named twice or missing.
        MissingError: OpenCV is not installed.
    """

    def __init__(self, folder: Path, *, classes: int) -> None:
        self._cv2 = opencv()
        entries = _entries(folder, classes)
        self.paths = [folder / entry.file for entry in entries]
        """Of the pictures, in their order."""
        self.labels: NDArray[np.int64] = np.array([entry.label for entry in entries], np.int64)
        _require_files(folder, entries)

    def read(self, indices: IndexArray, layout: Layout) -> Tensor:
        """Decode and prepare some, by several threads, into one array.

        Raises:
            DatasetError: Pictures that cannot be decoded, all of them.
        """
        shape = (3, FULL_SIZE, FULL_SIZE) if layout is Layout.NCHW else (FULL_SIZE, FULL_SIZE, 3)
        rows = np.empty((len(indices), *shape), np.float32)

        def prepare(row: int) -> str | None:
            path = self.paths[indices[row]]
            try:
                rows[row] = photograph_input(decoded(path.read_bytes()), layout)
            except (OSError, ValueError, self._cv2.error) as error:
                return f"{path}: {' '.join(str(error).split())}"
            return None

        # OpenCV lets go of the interpreter while it decodes and resizes.
        with ThreadPoolExecutor(min(_MOST_DECODERS, os.cpu_count() or 1)) as decoders:
            problems = [problem for problem in decoders.map(prepare, range(len(indices))) if problem]
        if problems:
            raise DatasetError(
                f"{len(problems)} of {len(indices)} pictures cannot be read.",
                problems=_shortened(problems),
                hint="Copy these files again from their source.",
            )
        return rows


def _entries(folder: Path, classes: int) -> list[_Entry]:
    path = folder / MAP_FILE
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the ImageNet folder with --data.")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder} has no {MAP_FILE}, which names each picture and its label.",
            hint=f"One line a picture, for example: ILSVRC2012_val_00000001.JPEG 65 (labels 0..{classes - 1}).",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error

    entries: list[_Entry] = []
    problems: list[str] = []
    line_of: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = _entry(number, line, classes)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
            continue
        if entry.file in line_of:
            problems.append(
                f"{path}:{number}: {entry.file} is named a second time, first in line {line_of[entry.file]}"
            )
        line_of.setdefault(entry.file, number)
        entries.append(entry)
    if problems:
        raise DatasetError(f"{path} cannot be used.", problems=_shortened(problems))
    if not entries:
        raise DatasetError(f"{path} names no picture.")
    return entries


def _entry(number: int, line: str, classes: int) -> _Entry:
    columns = line.split()
    if len(columns) != 2 or not columns[1].isascii() or not columns[1].isdigit():
        raise ValueError(f"found {line.strip()!r}, expected a file name and a label")
    label = int(columns[1])
    if label >= classes:
        raise ValueError(f"found the label {label}, expected 0..{classes - 1}")
    return _Entry(number, columns[0], label)


def _require_files(folder: Path, entries: list[_Entry]) -> None:
    problems = [
        f"{folder / MAP_FILE}:{entry.line}: {folder / entry.file} is not there"
        for entry in entries
        if not (folder / entry.file).is_file()
    ]
    if problems:
        raise DatasetError(
            f"{len(problems)} of the {len(entries)} pictures that {MAP_FILE} names are missing.",
            problems=_shortened(problems),
            hint="A result must cover the whole set, so missing pictures are not skipped.",
        )


def _shortened(problems: list[str]) -> list[str]:
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]
