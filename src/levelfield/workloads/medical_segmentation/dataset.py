"""The scans: generated phantoms (mini), or a folder of KiTS19 (full); and the sample library over either."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError, InputError, RunError
from levelfield.formats.nifti import NiftiHeader, read_nifti, read_nifti_header
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.medical_segmentation.generator import MINI_WINDOW, Phantom, phantom
from levelfield.workloads.medical_segmentation.preprocess import (
    FULL_WINDOW,
    Image,
    Labels,
    Scan,
    prepared_image,
    prepared_labels,
)
from levelfield.workloads.task import IndexArray

__all__ = [
    "MINI_CASES",
    "MINI_SEED",
    "OFFICIAL_CASES",
    "TRAIN_SEED",
    "KitsFolder",
    "Phantoms",
    "Scans",
    "VolumeDataset",
    "check",
]

TRAIN_SEED = 20220401
"""Of the phantoms that are trained on."""
MINI_SEED, MINI_CASES = 20220402, 256
"""1,024 queries are then four times the whole set, which equal issue rounds to."""
OFFICIAL_CASES: tuple[str, ...] = tuple(
    json.loads((Path(__file__).parent / "data/kits19_cases.json").read_text(encoding="utf-8"))["cases"]
)
"""The 42 cases of the benchmark, in the order of its sample library."""
IMAGE_FILE, LABEL_FILE = "imaging.nii.gz", "segmentation.nii.gz"
_SHOWN = 10


class Scans(Protocol):
    """Where the volumes of a dataset come from. Both are made when they are asked for, and kept by nobody."""

    @property
    def name(self) -> str:
        """For the logs."""

    @property
    def count(self) -> int:
        """Cases."""

    @property
    def window(self) -> int:
        """Edge of the model's window, which the volumes are fitted to."""

    def image(self, index: int) -> Image:
        """(1, D, H, W) float32: a prepared case."""

    def labels(self, index: int) -> Labels:
        """(1, D, H, W) uint8: its truth."""


class VolumeDataset:
    """The sample library of segmentation: volumes of different shapes, by index."""

    def __init__(self, scans: Scans, *, performance_sample_count: int, complete: bool) -> None:
        self.name = scans.name
        self.scans = scans
        self.total_sample_count = scans.count
        self.performance_sample_count = min(performance_sample_count, scans.count)
        self.complete = complete
        self._loaded: dict[int, Image] = {}

    def load(self, indices: IndexArray) -> None:
        """Prepare cases that are not in memory yet, one after the other: a raw scan may have gigabytes.

        Raises:
            RunError: An index outside the dataset.
            InputError: A file of the case cannot be read.
        """
        for index in dict.fromkeys(indices.tolist()):
            if not 0 <= index < self.total_sample_count:
                raise RunError(
                    f"The load generator asked for sample {index}; the dataset has 0..{self.total_sample_count - 1}."
                )
            if index not in self._loaded:
                self._loaded[index] = self.scans.image(index)

    def unload(self, indices: IndexArray) -> None:
        """Let cases go; those that are not loaded are no error."""
        for index in indices.tolist():
            self._loaded.pop(index, None)

    def volume(self, index: int) -> Image:
        """A loaded case.

        Raises:
            RunError: It is not loaded.
        """
        try:
            return self._loaded[index]
        except KeyError:
            raise RunError(f"Sample {index} was asked for and is not loaded.") from None


class Phantoms:
    """The mini test set, generated when it is first needed: 256 small scans, in half a second."""

    name = "kidney phantoms (mini)"
    window = MINI_WINDOW

    def __init__(self, *, seed: int = MINI_SEED, count: int = MINI_CASES) -> None:
        self._seed = seed
        self.count = count

    def image(self, index: int) -> Image:
        """A prepared case."""
        return prepared_image(self._cases[index].image_scan(), self.window)

    def labels(self, index: int) -> Labels:
        """Its truth."""
        return prepared_labels(self._cases[index].label_scan(), self.window)

    def sha256(self) -> str:
        """Over spacing, shape, image and labels of every case: are they those that the model was measured on?"""
        digest = hashlib.sha256()
        for case in self._cases:
            digest.update(repr((case.spacing_mm, case.image.shape)).encode())
            digest.update(case.image.astype("<i2").tobytes())
            digest.update(case.labels.tobytes())
        return digest.hexdigest()

    def verified(self, expected: str) -> Phantoms:
        """These phantoms.

        Raises:
            DatasetError: They are not the expected ones.
        """
        found = self.sha256()
        if found != expected:
            raise DatasetError(
                f"The generated phantoms are not those of the manifest: found {found}, expected {expected}.",
                hint="Their generator is exact on every machine: install levelfield and numpy again, and report this.",
            )
        return self

    @cached_property
    def _cases(self) -> list[Phantom]:
        return [phantom(self._seed, index) for index in range(self.count)]


class KitsFolder:
    """The cases of the benchmark in a copy of KiTS19, as its repository lays it out.

    Below the folder, or its ``data``: ``case_00000/imaging.nii.gz`` and ``segmentation.nii.gz``, and so on. Cases
    outside the benchmark's list are left alone. A folder with a part of the cases can be run for a try, and is not
    complete.

    Raises:
        DatasetError: No folder, none of the cases, or a case without one of its files; all are named.
    """

    name = "kits19"
    window = FULL_WINDOW

    def __init__(self, folder: Path) -> None:
        home = _home(folder)
        self.cases = [case for case in OFFICIAL_CASES if (home / case).is_dir()]
        self._paths = [home / case for case in self.cases]
        self.count = len(self.cases)
        if not self.cases:
            raise DatasetError(
                f"{folder} has none of the {len(OFFICIAL_CASES)} cases of the benchmark.",
                hint=f"Expected folders like {home / OFFICIAL_CASES[0]} with {IMAGE_FILE} and {LABEL_FILE}.",
            )
        absent = [
            f"{path / name} is not there"
            for path in self._paths
            for name in (IMAGE_FILE, LABEL_FILE)
            if not (path / name).is_file()
        ]
        if absent:
            raise DatasetError(
                f"{len(absent)} files of the cases in {home} are missing.",
                problems=_shortened(absent),
                hint="KiTS19 has its images apart from its repository: run its starter_code.get_imaging.",
            )

    def image(self, index: int) -> Image:
        """A prepared case: some seconds of reading, unpacking and resampling."""
        return prepared_image(_scan(self._paths[index] / IMAGE_FILE), self.window)

    def labels(self, index: int) -> Labels:
        """Its truth.

        Raises:
            DatasetError: The labels do not lie on the image's grid, or are others than 0, 1 and 2.
        """
        path = self._paths[index]
        scan = _scan(path / LABEL_FILE)
        image = read_nifti_header(path / IMAGE_FILE)
        if scan.voxels.shape != image.shape:
            raise DatasetError(
                f"{path / LABEL_FILE}: found the shape {scan.voxels.shape}, the image has {image.shape}."
            )
        if strange := _strange_labels(scan.voxels):
            raise DatasetError(f"{path / LABEL_FILE}: {strange}.")
        # The image's spacing, as the reference takes it for both.
        return prepared_labels(Scan(voxels=scan.voxels, spacing_mm=image.spacing_mm), self.window)


def check(folder: Path) -> DatasetReport:
    """Look at a copy of KiTS19 for this benchmark: every file is read to its end, every label looked at.

    There are no published checksums of the raw files; those in mlcommons/inference are of pickled arrays after
    pre-processing, whose bytes depend on the versions of Python, numpy and scipy.

    Raises:
        DatasetError: It is no folder.
    """
    home = _home(folder)
    problems: list[str] = []
    whole = voxels = 0
    for case in OFFICIAL_CASES:
        found = _case_problems(home / case)
        if isinstance(found, int):
            whole += 1
            voxels += found
        else:
            problems += found
    return DatasetReport(
        dataset="KiTS19",
        facts=(
            ("cases", f"{whole} of {len(OFFICIAL_CASES)} are whole"),
            ("voxels", f"{voxels:,}"),
            ("checksums", "none are published for the raw files"),
        ),
        problems=tuple(problems),
    )


def _case_problems(path: Path) -> int | list[str]:
    """The voxels of a good case, or what is wrong with it."""
    if not path.is_dir():
        return [f"{path} is not there"]
    problems: list[str] = []
    headers: list[NiftiHeader] = []
    for name in (IMAGE_FILE, LABEL_FILE):
        try:
            header, voxels = read_nifti(path / name)
        except InputError as error:
            problems.append(error.message.rstrip("."))
            continue
        headers.append(header)
        if name == LABEL_FILE and (strange := _strange_labels(voxels)):
            problems.append(f"{path / name}: {strange}")
        if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
            problems.append(f"{path / name}: found values that are no numbers")
    if len(headers) == 2:
        image, labels = headers
        pairs = (("shape", image.shape, labels.shape), ("spacing", image.spacing_mm, labels.spacing_mm))
        problems += [
            f"{path / LABEL_FILE}: found the {what} {of_labels}, the image has {of_image}"
            for what, of_image, of_labels in pairs
            if of_image != of_labels
        ]
    return problems or int(np.prod(headers[0].shape))


def _home(folder: Path) -> Path:
    """Where the cases lie: the repository's ``data``, or the folder itself."""
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the folder of KiTS19 with --data.")
    below = folder / "data"
    return below if below.is_dir() and not any(folder.glob("case_*")) else folder


def _scan(path: Path) -> Scan:
    header, voxels = read_nifti(path)
    return Scan(voxels=voxels, spacing_mm=header.spacing_mm)


def _strange_labels(voxels: NDArray[Any]) -> str | None:
    strange = voxels[~np.isin(voxels, (0, 1, 2))]
    return f"found {strange.size:,} voxels with another label than 0, 1, 2, as {strange[0]}" if strange.size else None


def _shortened(problems: list[str]) -> list[str]:
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]
