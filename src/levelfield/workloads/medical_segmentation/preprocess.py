"""From a raw scan to the volume that the windows slide over, step by step as the reference does it.

Source: mlcommons/inference, ``vision/medical_imaging/3d-unet-kits19/preprocess.py`` and ``global_vars.py``, tag v2.0.
The window is an argument, because the mini edition has its own; everything else is the same in both editions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.medical_segmentation.resample import zoomed

__all__ = [
    "DEVIATION",
    "FULL_WINDOW",
    "HIGHEST",
    "LOWEST",
    "MEAN",
    "PADDING",
    "SPACING_MM",
    "Image",
    "Labels",
    "Scan",
    "cut_to_windows",
    "filled_to_window",
    "padded_to_windows",
    "prepared_image",
    "prepared_labels",
]

Image: TypeAlias = NDArray[np.float32]
Labels: TypeAlias = NDArray[np.uint8]

FULL_WINDOW = 128
"""Edge of the cube that the model sees; windows overlap by half."""
SPACING_MM = (1.6, 1.2, 1.2)
"""Of the voxels, after resampling: depth, height, width."""
LOWEST, HIGHEST = -79.0, 304.0
"""Clipped to, in Hounsfield units: from the 0.5th to the 99.5th percentile of the foreground of the training set."""
MEAN, DEVIATION = 101.0, 76.9
PADDING = -2.2
"""About the lowest intensity after normalisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One raw array of a scan, an image or its labels."""

    voxels: NDArray[Any]
    """(depth, height, width)."""
    spacing_mm: tuple[float, float, float]
    """Of the voxels along each axis."""

    @property
    def zoom(self) -> tuple[float, ...]:
        """The factor along each axis to the common spacing."""
        return tuple(found / wanted for found, wanted in zip(self.spacing_mm, SPACING_MM, strict=True))


def prepared_image(scan: Scan, window: int) -> Image:
    """(1, D, H, W) float32: resampled, clipped, normalised, and fitted to the windows.

    Args:
        scan: The image in Hounsfield units, any real type.
        window: Edge of the window, even; D, H and W become multiples of its half, a window at least.
    """
    voxels = scan.voxels.astype(np.float32)
    image = zoomed(voxels, scan.zoom, fill=float(voxels.min()), linear=True)
    del voxels  # a gigabyte for the largest scans
    np.clip(image, LOWEST, HIGHEST, out=image)
    image -= np.float32(MEAN)
    image /= np.float32(DEVIATION)
    return _fitted(image, window, PADDING)[np.newaxis]


def prepared_labels(scan: Scan, window: int) -> Labels:
    """(1, D, H, W) uint8: the labels that belong to :func:`prepared_image`, by the nearest voxel."""
    voxels = scan.voxels.astype(np.uint8)
    labels = zoomed(voxels, scan.zoom, fill=float(voxels.min()), linear=False)
    return _fitted(labels, window, 0)[np.newaxis]


def filled_to_window(volume: NDArray[Any], window: int) -> NDArray[Any]:
    """A volume whose last three axes are a window long at least, filled up with the border voxels on both sides."""
    return np.pad(volume, _three(volume, lambda edge: max(0, window - edge)), mode="edge")


def cut_to_windows(volume: NDArray[Any], window: int) -> NDArray[Any]:
    """A part of a volume: on each of its last three axes a rest of less than half a stride is cut off, on both sides.

    Args:
        volume: (..., D, H, W).
        window: Edge of the window; the stride is half of it.
    """
    stride = window // 2
    cuts = _three(volume, lambda edge: edge % stride if edge % stride < stride // 2 else 0)
    return volume[tuple(slice(low, edge - high) for (low, high), edge in zip(cuts, volume.shape, strict=True))]


def padded_to_windows(volume: NDArray[Any], window: int, padding: float) -> tuple[NDArray[Any], tuple[slice, ...]]:
    """A cut volume, padded on both sides to multiples of the stride, and where it lies in the padded one."""
    pads = _three(volume, lambda edge: -edge % (window // 2))
    inside = tuple(slice(low, low + edge) for (low, _), edge in zip(pads, volume.shape, strict=True))
    return np.ascontiguousarray(np.pad(volume, pads, constant_values=padding)), inside


def _fitted(volume: NDArray[Any], window: int, padding: float) -> NDArray[Any]:
    """A volume filled, cut and padded, symmetrically, so that windows cover it without a rest."""
    return padded_to_windows(cut_to_windows(filled_to_window(volume, window), window), window, padding)[0]


def _three(volume: NDArray[Any], count: Callable[[int], int]) -> list[tuple[int, int]]:
    """How many voxels go in front and behind on each axis, none before the last three; the odd one behind."""
    counts = [0] * (volume.ndim - 3) + [count(edge) for edge in volume.shape[-3:]]
    return [(count // 2, count - count // 2) for count in counts]
