"""The pictures and their boxes: generated scenes (mini), or a COCO 2017 folder (full)."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError, InputError
from levelfield.files import sha256_of
from levelfield.metrics.coco_map import Truth
from levelfield.metrics.detection_log import PictureFacts
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.object_detection.annotations import (
    ANNOTATIONS,
    ANNOTATIONS_SHA256,
    PICTURES,
    Annotations,
    annotation_problems,
    read_annotations,
)
from levelfield.workloads.object_detection.generator import SceneKind, SceneSet, scenes
from levelfield.workloads.object_detection.preprocess import Values, picture_input, resized
from levelfield.workloads.pictures import Layout, decoded, opencv
from levelfield.workloads.sample_rows import SampleRows
from levelfield.workloads.task import IndexArray

__all__ = ["CocoFolder", "DetectionDataset", "GeneratedScenes", "Pictures", "check", "scene_hash"]

_SHOWN = 10
_MOST_DECODERS = 8


class Pictures(Protocol):
    """Where the pictures of a dataset come from, and what is on them."""

    @property
    def facts(self) -> PictureFacts:
        """Numbers, sizes and classes."""

    @property
    def truth(self) -> Truth:
        """The objects, by the numbers of the pictures."""

    @property
    def classes(self) -> NDArray[np.int64]:
        """The classes that are scored."""

    def read(self, indices: IndexArray, values: Values, layout: Layout, size: int) -> NDArray[Any]:
        """(len(indices), ...): pictures ready for the model."""


class DetectionDataset:
    """The sample library of object detection, and the batches that it makes of what is loaded."""

    def __init__(
        self,
        name: str,
        pictures: Pictures,
        *,
        values: Values,
        layout: Layout,
        size: int,
        performance_sample_count: int,
        complete: bool,
    ) -> None:
        self.name = name
        self.facts, self.truth, self.classes = pictures.facts, pictures.truth, pictures.classes
        self.total_sample_count = len(self.facts.numbers)
        self.performance_sample_count = min(performance_sample_count, self.total_sample_count)
        self.complete = complete
        rows = SampleRows(self.total_sample_count, lambda indices: pictures.read(indices, values, layout, size))
        self.load, self.unload, self.batch = rows.load, rows.unload, rows.batch


class GeneratedScenes:
    """The test set of a mini edition, drawn from its seed.

    Args:
        kind: What the scenes look like.
        seed: Of the test set.
        count: How many scenes.
        sha256: Of pixels, boxes and classes, as the package was made with them.

    Raises:
        InputError: The scenes are not those that the shipped models were measured on.
    """

    def __init__(self, kind: SceneKind, *, seed: int, count: int, sha256: str) -> None:
        drawn = _drawn(kind, seed, count)
        found = scene_hash(drawn)
        if found != sha256:
            raise InputError(
                f"The scenes of seed {seed} are not those that this package was made with: found {found}, expected "
                f"{sha256}.",
                hint="Install the package again; if that does not help, this NumPy draws other numbers: report it.",
            )
        self._pixels = drawn.pixels
        size = np.full(count, kind.size)
        self.facts = PictureFacts(numbers=np.arange(count), heights=size, widths=size, classes=None)
        self.truth = Truth(
            pictures=drawn.scene_of,
            classes=drawn.classes,
            boxes=drawn.boxes.astype(float),
            areas=drawn.areas.astype(float),
            crowd=np.zeros(len(drawn.areas), bool),
        )
        self.classes = np.arange(1, len(kind.classes) + 1)

    def read(self, indices: IndexArray, values: Values, layout: Layout, size: int) -> NDArray[Any]:  # noqa: ARG002 - scenes have their size
        """Prepare some."""
        return picture_input(self._pixels[indices], values, layout)


@lru_cache(maxsize=2)
def _drawn(kind: SceneKind, seed: int, count: int) -> SceneSet:
    """Each scenario of a run opens the dataset anew; it is drawn once."""
    return scenes(kind, seed, count)


def scene_hash(drawn: SceneSet) -> str:
    """SHA-256 of everything in it, in little-endian order."""
    digest = hashlib.sha256(drawn.pixels.tobytes())
    for column in (drawn.scene_of, drawn.boxes, drawn.classes, drawn.areas):
        digest.update(column.astype("<i8").tobytes())
    return digest.hexdigest()


class CocoFolder:
    """A folder with ``annotations/instances_val2017.json`` and ``val2017/``.

    The folder is checked when it is opened; pictures are decoded when they are loaded.

    Args:
        folder: The COCO folder.
        contiguous: Whether the model counts its classes 1..80 in the order of the categories, rather than by COCO's
            own numbers, of which ten are left out.

    Raises:
        DatasetError: No folder, no annotations, annotations that cannot be used, or pictures that are missing.
        MissingError: OpenCV is not installed.
    """

    def __init__(self, folder: Path, *, contiguous: bool) -> None:
        self._cv2 = opencv()
        annotations = read_annotations(folder / ANNOTATIONS)
        missing = _missing(folder, annotations)
        if missing:
            raise DatasetError(
                f"{len(missing)} of the {len(annotations.files)} pictures that {ANNOTATIONS} names are missing.",
                problems=_shortened(missing),
                hint="A result must cover the whole set, so missing pictures are not skipped.",
            )
        self._paths = [folder / PICTURES / name for name in annotations.files]
        self.classes = annotations.categories
        self.truth = annotations.truth
        self.facts = PictureFacts(
            numbers=annotations.numbers,
            heights=annotations.heights,
            widths=annotations.widths,
            classes=annotations.categories if contiguous else None,
        )

    def read(self, indices: IndexArray, values: Values, layout: Layout, size: int) -> NDArray[Any]:
        """Decode and prepare some, by several threads, into one array.

        Raises:
            DatasetError: Pictures that cannot be decoded, all of them.
        """
        shape = (3, size, size) if layout is Layout.NCHW else (size, size, 3)
        rows = np.empty((len(indices), *shape), values.dtype)

        def prepare(row: int) -> str | None:
            path = self._paths[indices[row]]
            try:
                rows[row] = picture_input(resized(decoded(path.read_bytes()), size), values, layout)
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


def check(folder: Path) -> DatasetReport:
    """Look at a copy of COCO 2017's validation part: counts, files, and whether every picture decodes to its size.

    Raises:
        DatasetError: The annotations are missing or cannot be read at all.
        MissingError: OpenCV is not installed.
    """
    opencv()
    path = folder / ANNOTATIONS
    annotations = read_annotations(path)
    sha256 = sha256_of(path)
    problems = annotation_problems(annotations)
    if sha256 != ANNOTATIONS_SHA256:
        problems.append(f"{path}: sha256: found {sha256}, expected {ANNOTATIONS_SHA256}")
    missing = _missing(folder, annotations)
    there = [row for row in range(len(annotations.files)) if (folder / PICTURES / annotations.files[row]).is_file()]
    with ThreadPoolExecutor(min(_MOST_DECODERS, os.cpu_count() or 1)) as decoders:
        looked = list(decoders.map(lambda row: _picture_problem(folder, annotations, row), there))
    broken = [problem for problem in looked if problem]
    return DatasetReport(
        dataset="COCO 2017, validation",
        facts=(
            ("pictures named", f"{len(annotations.files):,}"),
            ("pictures there", f"{len(there):,}"),
            ("pictures that decode to their size", f"{len(there) - len(broken):,}"),
            ("objects", f"{len(annotations.truth.areas):,}, {int(annotations.truth.crowd.sum()):,} of them crowds"),
            ("pictures with objects", f"{len(np.unique(annotations.truth.pictures)):,}"),
            ("categories", f"{len(annotations.categories):,}"),
            ("sha256 of the annotations", sha256),
        ),
        problems=(*problems, *_shortened(missing), *_shortened(broken)),
    )


def _picture_problem(folder: Path, annotations: Annotations, row: int) -> str | None:
    path = folder / PICTURES / annotations.files[row]
    try:
        found = decoded(path.read_bytes()).shape[:2]
    except (OSError, ValueError) as error:
        return f"{path}: {' '.join(str(error).split())}"
    wanted = int(annotations.heights[row]), int(annotations.widths[row])
    if found == wanted:
        return None
    return f"{path}: found {found[1]} x {found[0]} pixels, expected {wanted[1]} x {wanted[0]}"


def _missing(folder: Path, annotations: Annotations) -> list[str]:
    paths = (folder / PICTURES / name for name in annotations.files)
    return [f"{path} is not there" for path in paths if not path.is_file()]


def _shortened(problems: list[str]) -> list[str]:
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]
