"""From a raw scan of KiTS19 to the arrays that training reads, step by step as the training reference does it.

Source: mlcommons/training at 4a4d5a0, image_segmentation/pytorch/preprocess_dataset.py. It resamples with torch, not
with scipy as the inference round does: the new edges are cut to whole numbers and not rounded, and the nearest voxel of
the labels is that of torch, whose grid is not the image's, of which the corners are aligned. That is the reference's
data, so it is ours. Where a step is the same, its numbers are those of the inference workload.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.errors import DatasetError, InputError
from levelfield.files import write_atomically
from levelfield.formats.nifti import read_nifti
from levelfield.workloads.medical_segmentation.preprocess import (
    DEVIATION,
    FULL_WINDOW,
    HIGHEST,
    LOWEST,
    MEAN,
    SPACING_MM,
    Image,
    Labels,
    Scan,
    filled_to_window,
)

__all__ = ["IMAGE_SUFFIX", "LABEL_SUFFIX", "convert", "prepared_pair"]

IMAGE_SUFFIX, LABEL_SUFFIX = "_x.npy", "_y.npy"


def prepared_pair(image: Scan, labels: Scan, *, window: int = FULL_WINDOW) -> tuple[Image, Labels]:
    """(1, D, H, W) float32 and uint8: resampled, clipped, normalised, filled up to a window.

    Args:
        image: In Hounsfield units; its spacing counts for both.
        labels: On the same grid.
        window: The least edge.
    """
    voxels = torch.from_numpy(image.voxels.astype(np.float32))[None, None]
    truth = torch.from_numpy(labels.voxels.astype(np.uint8))[None, None]
    if image.spacing_mm != SPACING_MM:
        zoom = np.array(image.spacing_mm) / np.array(SPACING_MM)
        edges = (zoom * np.array(image.voxels.shape)).astype(int).tolist()
        voxels = torch.nn.functional.interpolate(voxels, size=edges, mode="trilinear", align_corners=True)
        truth = torch.nn.functional.interpolate(truth, size=edges, mode="nearest")
    normalised = (np.clip(voxels.numpy(), LOWEST, HIGHEST) - np.float32(MEAN)) / np.float32(DEVIATION)
    filled: Image = filled_to_window(normalised[0], window)
    return filled, filled_to_window(truth.numpy()[0], window)


def convert(scans: Mapping[str, tuple[Path, Path]], target: Path) -> None:
    """Write ``case_00000_x.npy`` and ``case_00000_y.npy`` of each scan, those that are not there yet.

    Args:
        scans: The NIfTI files of image and labels, by case.
        target: Their folder, which is made.

    Raises:
        DatasetError: Scans that cannot be read or whose labels do not fit, all of them; the others are written.
        OutputError: The folder cannot be written to.
    """
    target.mkdir(parents=True, exist_ok=True)
    problems = []
    for case, (image, labels) in scans.items():
        paths = [target / f"{case}{suffix}" for suffix in (IMAGE_SUFFIX, LABEL_SUFFIX)]
        if all(path.is_file() for path in paths):
            continue
        try:
            pair: tuple[NDArray[Any], ...] = prepared_pair(*_scans(image, labels))
        except InputError as error:
            problems.append(error.message)
            continue
        for path, array in zip(paths, pair, strict=True):
            write_atomically(path, _npy(array))
    if problems:
        raise DatasetError(f"{len(problems)} of {len(scans)} cases cannot be prepared.", problems=problems)


def _scans(image: Path, labels: Path) -> tuple[Scan, Scan]:
    header, voxels = read_nifti(image)
    label_header, truth = read_nifti(labels)
    if header.shape != label_header.shape:
        raise DatasetError(f"{labels}: found the shape {label_header.shape}, the image has {header.shape}.")
    if not np.isin(truth, (0, 1, 2)).all():
        raise DatasetError(f"{labels}: found other labels than 0, 1, 2.")
    spacing = header.spacing_mm
    return Scan(voxels=voxels, spacing_mm=spacing), Scan(voxels=truth, spacing_mm=spacing)


def _npy(array: NDArray[Any]) -> bytes:
    held = io.BytesIO()
    np.save(held, array, allow_pickle=False)
    return held.getvalue()
