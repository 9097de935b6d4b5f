"""Zoom of a volume by linear interpolation or the nearest voxel, equal to ``scipy.ndimage.zoom``, a plane at a time.

The reference calls ``scipy.ndimage.zoom(..., mode="constant", cval=minimum, grid_mode=False)`` with order 1 for images
and 0 for labels. Its corners are aligned: the first and last voxels of an axis stay where they are. Its arithmetic is
in double precision and so is ours; tests hold the two against each other. Where rounding puts the last coordinate a
hair beyond the last voxel, scipy takes it as outside and fills that plane; so do we, because the reference runs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["zoomed"]

Voxel = TypeVar("Voxel", np.float32, np.uint8)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the output voxels of one axis lie in the input."""

    low: NDArray[np.int64]
    """(out,): the input voxel at or before each; of the nearest kind, the nearest."""
    high: NDArray[np.int64]
    """(out,): the next one, or the last."""
    share: NDArray[np.float64]
    """(out,): of ``high``, 0 to 1."""
    outside: NDArray[np.bool_]
    """(out,): beyond the last voxel."""


def zoomed(volume: NDArray[Voxel], factors: Sequence[float], *, fill: float, linear: bool) -> NDArray[Voxel]:
    """A volume of ``round(edge * factor)`` voxels along each axis.

    Args:
        volume: (D, H, W).
        factors: Of the three axes.
        fill: For voxels outside.
        linear: Interpolate; else take the nearest voxel.

    Raises:
        ValueError: An edge would be empty.
    """
    edges = tuple(round(edge * factor) for edge, factor in zip(volume.shape, factors, strict=True))
    if min(edges) < 1:
        raise ValueError(f"found the shape {volume.shape} with zoom {tuple(factors)}: nothing would be left of it")
    depth, height, width = (
        _axis(edge, wanted, linear=linear) for edge, wanted in zip(volume.shape, edges, strict=True)
    )
    result = np.empty(edges, volume.dtype)
    for plane in range(edges[0]):
        if not linear:
            result[plane] = volume[depth.low[plane]][np.ix_(height.low, width.low)]
            continue
        share = depth.share[plane]
        mixed = volume[depth.low[plane]] * (1 - share) + volume[depth.high[plane]] * share
        rows = _mixed(mixed, height, axis=0)
        result[plane] = _mixed(rows, width, axis=1)
    result[depth.outside] = fill
    result[:, height.outside] = fill
    result[:, :, width.outside] = fill
    return result


def _axis(edge: int, wanted: int, *, linear: bool) -> _Axis:
    step = (edge - 1) / (wanted - 1) if wanted > 1 else 1.0
    at = np.arange(wanted, dtype=np.float64) * step
    low = np.floor(at if linear else at + 0.5).astype(np.int64)
    low = np.minimum(low, edge - 1)
    return _Axis(low, np.minimum(low + 1, edge - 1), np.clip(at - low, 0, 1), at > edge - 1)


def _mixed(plane: NDArray[np.float64], axis_map: _Axis, *, axis: int) -> NDArray[np.float64]:
    """Interpolate along one axis of a plane."""
    share = axis_map.share[:, np.newaxis] if axis == 0 else axis_map.share
    return plane.take(axis_map.low, axis) * (1 - share) + plane.take(axis_map.high, axis) * share
