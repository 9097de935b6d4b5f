"""Sliding windows over a volume: overlapping cubes, blended by a Gaussian, then the likeliest class of each voxel.

Source: mlcommons/inference, ``vision/medical_imaging/3d-unet-kits19``, ``inference_utils.py`` and
``base_SUT.py::infer_single_query``, tag v2.0. Order of the windows, types and order of the sums are the reference's,
so that voxels whose scores nearly tie fall to the same side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.medical_segmentation.preprocess import Image, Labels

__all__ = ["CLASSES", "corners", "gaussian_weights", "segmented"]

CLASSES = 3
DEVIATION_SHARE = 0.125
"""Standard deviation of the Gaussian, of the window's edge."""

Scores = NDArray[np.float32]
RunWindows = Callable[[Image], NDArray[Any]]
"""(batch, 1, W, W, W) float32 to (batch, 3, W, W, W) scores."""


@lru_cache(maxsize=4)
def gaussian_weights(window: int) -> Scores:
    """(W, W, W) float32: the cube root of the product of three Gaussians, 1 at most; the same for every sample."""
    places = np.arange(window) - (window - 1) / 2
    line = np.exp(-(places**2) / (2 * (DEVIATION_SHARE * window) ** 2))
    cube = np.cbrt(np.outer(np.outer(line, line), line).reshape(window, window, window))
    weights: Scores = (cube / cube.max()).astype(np.float32)
    weights.flags.writeable = False
    return weights


def corners(shape: tuple[int, ...], window: int) -> Iterator[tuple[int, int, int]]:
    """Where the windows start that cover a volume: each overlaps the one before by half, the last axis moves first.

    Args:
        shape: (D, H, W), multiples of half a window, a window at least.
        window: Edge of a window.
    """
    stride = window // 2
    depths, heights, widths = (range(0, edge - window + 1, stride) for edge in shape)
    yield from product(depths, heights, widths)


def segmented(volume: Image, window: int, run: RunWindows, *, batch: int) -> Labels:
    """The class of each voxel.

    Args:
        volume: (1, D, H, W) float32, prepared.
        window: Edge of a window.
        run: The model.
        batch: Most windows that it gets at a time.

    Returns:
        (1, D, H, W) uint8, C order: the payload.
    """
    weights = gaussian_weights(window)
    total = np.zeros((CLASSES, *volume.shape[1:]), np.float32)
    covered = np.zeros(volume.shape[1:], np.float32)
    waiting = list(corners(volume.shape[1:], window))
    for start in range(0, len(waiting), batch):
        places = [_cube(corner, window) for corner in waiting[start : start + batch]]
        scores = run(np.stack([volume[:, d, h, w] for d, h, w in places]))
        for place, of_window in zip(places, scores, strict=True):
            total[:, *place] += of_window * weights
            covered[place] += weights
    total /= covered
    labels: Labels = total.argmax(axis=0).astype(np.uint8)
    return labels[np.newaxis]


def _cube(corner: tuple[int, int, int], window: int) -> tuple[slice, slice, slice]:
    d, h, w = (slice(at, at + window) for at in corner)
    return d, h, w
