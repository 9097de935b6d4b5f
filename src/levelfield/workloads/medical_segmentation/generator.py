"""Phantoms for the mini edition: a kidney with a tumour in soft tissue, bone and gas nearby, as a small noisy scan.

Everything is drawn from the raw bits of a counter of our own choice (PCG64) with integer arithmetic and the four basic
operations and roots of IEEE 754, which round alike everywhere. So a seed gives the same bytes on every machine, and
a hash over the volumes can hold them. Intensities are Hounsfield units, so that the official pre-processing applies as
it is; spacings differ from scan to scan, so that its resampling matters.

A tumour differs from its kidney by less than twice the noise of a voxel, bone is brighter than a tumour until
it is clipped, and both have to be told apart by shape and place too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.medical_segmentation.preprocess import SPACING_MM, Labels, Scan, prepared_labels

__all__ = ["BACKGROUND", "KIDNEY", "MINI_WINDOW", "TUMOUR", "Phantom", "best_labels", "phantom"]

BACKGROUND, KIDNEY, TUMOUR = 0, 1, 2
MINI_WINDOW = 16
"""Edge of the cube that the mini model sees."""

Vector: TypeAlias = NDArray[np.float64]

_NOISE = 34
"""Standard deviation of a voxel, Hounsfield units."""
_SUM_DEVIATION = 37_837
"""Of the sum of four uniform 16-bit numbers: 2^16 * sqrt(4 / 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipsoid:
    """A solid in millimetres: where it is, how long its axes are, and how it is turned."""

    centre: Vector
    """(3,): depth, height, width."""
    radii: Vector
    """(3,): of its own axes."""
    rotation: NDArray[np.float64]
    """(3, 3): rows are its own axes."""

    def contains(self, places: tuple[Vector, Vector, Vector]) -> NDArray[np.bool_]:
        """(D, H, W): whether the voxel centres, given along each axis, lie inside."""
        d, h, w = (line - middle for line, middle in zip(places, self.centre, strict=True))
        total = np.zeros((len(d), len(h), len(w)))
        for axis, radius in zip(self.rotation, self.radii, strict=True):
            # Sums of products in a fixed order: matrix libraries choose their own, and the last bit with it.
            along = (d * axis[0])[:, None, None] + (h * axis[1])[None, :, None] + (w * axis[2])[None, None, :]
            along /= radius
            total += along * along
        return total <= 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """One generated case."""

    image: NDArray[np.int16]
    """(depth, height, width), Hounsfield units."""
    labels: Labels
    """The same shape: background, kidney, tumour."""
    spacing_mm: tuple[float, float, float]
    kidney: Ellipsoid
    tumour: Ellipsoid

    def image_scan(self) -> Scan:
        """The image, as pre-processing takes it."""
        return Scan(voxels=self.image, spacing_mm=self.spacing_mm)

    def label_scan(self) -> Scan:
        """The labels, likewise."""
        return Scan(voxels=self.labels, spacing_mm=self.spacing_mm)


class _Draws:
    """Numbers from raw bits; the same on every machine."""

    def __init__(self, seed: int, index: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, index]))

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * ((self._raw() >> 11) * 2.0**-53)

    def choice(self, options: tuple[int, ...]) -> int:
        return options[self._raw() % len(options)]

    def tenths(self, low: int, high: int) -> float:
        return (low + self._raw() % (high - low + 1)) / 10

    def vector(self, low: Any, high: Any) -> Vector:
        return np.array([self.uniform(a, b) for a, b in zip(low, high, strict=True)])

    def direction(self, size: int) -> Vector:
        """A unit vector, all directions equally likely: a point of the cube that lies in the ball."""
        while True:
            point = self.vector([-1] * size, [1] * size)
            square = float(sum(x * x for x in point.tolist()))
            if 0.01 < square <= 1:
                unit: Vector = point / np.sqrt(square)
                return unit

    def rotation(self) -> NDArray[np.float64]:
        """(3, 3), from a unit quaternion: no sine, whose last bit differs between machines."""
        a, b, c, d = self.direction(4).tolist()
        return np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
            ]
        )

    def noise(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Integers of nearly normal distribution: sums of four uniform numbers."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        total = np.zeros(len(raw), np.int64)
        for shift in (0, 16, 32, 48):
            total += (raw >> np.uint64(shift) & np.uint64(0xFFFF)).astype(np.int64)
        return ((total - 131_070) * _NOISE // _SUM_DEVIATION).reshape(shape)

    def _raw(self) -> int:
        return int(self._bits.random_raw())


def phantom(seed: int, index: int) -> Phantom:
    """Case ``index`` of a series. Any two series or cases are independent."""
    draws = _Draws(seed, index)
    thickness, side = draws.tenths(13, 19), draws.tenths(10, 14)
    spacing = (thickness, side, side)
    # What is left after resampling is a little more or less than a multiple of the stride, to be cut or padded.
    edges = [draws.choice((16, 16, 24)), draws.choice((16, 16, 24, 24, 32)), draws.choice((16, 16, 24, 24, 32))]
    extent = [(edge + draws.uniform(-3, 3)) * mm for edge, mm in zip(edges, SPACING_MM, strict=True)]
    shape = tuple(int(length / mm + 0.5) for length, mm in zip(extent, spacing, strict=True))
    places = _places(shape, spacing)
    size = np.array([line[-1] for line in places])

    kidney = Ellipsoid(
        centre=draws.vector(size * 0.35, size * 0.65),
        radii=np.array([draws.uniform(8, 11), draws.uniform(6, 8), draws.uniform(6, 8)]),
        rotation=draws.rotation(),
    )
    radius = draws.uniform(3.8, 5.6)
    offset = draws.direction(3) * draws.uniform(1.5, 5.0)
    tumour = Ellipsoid(
        # At least its greater part stays inside the volume.
        centre=np.minimum(np.maximum(kidney.centre + offset, 3.0), size - 3.0),
        radii=np.array([radius] * 3),
        rotation=np.eye(3),
    )
    image = np.full(shape, round(draws.uniform(-25, 5)), np.int64)
    for brightness in (draws.uniform(350, 900), draws.uniform(-900, -200)):  # bone, gas
        other = Ellipsoid(
            centre=draws.vector(size * 0, size),
            radii=draws.vector([2, 2, 2], [6, 6, 6]),
            rotation=draws.rotation(),
        )
        image[other.contains(places)] = round(brightness)
    labels = _labels(kidney, tumour, places)
    image[labels == KIDNEY] = round(draws.uniform(75, 95))
    image[labels == TUMOUR] = round(draws.uniform(125, 150))
    return Phantom(
        image=(image + draws.noise(shape)).astype(np.int16),
        labels=labels,
        spacing_mm=spacing,
        kidney=kidney,
        tumour=tumour,
    )


def best_labels(case: Phantom) -> Labels:
    """(1, D, H, W): what a reader would answer who knew the solids exactly, on the grid of the prepared volume.

    It differs from the truth, which is the scan's own labels at the nearest voxel. Its Dice is what can be reached.
    """
    grid = tuple(round(edge * factor) for edge, factor in zip(case.image.shape, case.label_scan().zoom, strict=True))
    steps = [
        (before - 1) * mm / max(after - 1, 1)
        for before, after, mm in zip(case.image.shape, grid, case.spacing_mm, strict=True)
    ]
    exact = _labels(case.kidney, case.tumour, _places(grid, steps))
    return prepared_labels(Scan(voxels=exact, spacing_mm=SPACING_MM), MINI_WINDOW)


def _places(shape: Any, spacing: Any) -> tuple[Vector, Vector, Vector]:
    d, h, w = (np.arange(edge) * mm for edge, mm in zip(shape, spacing, strict=True))
    return d, h, w


def _labels(kidney: Ellipsoid, tumour: Ellipsoid, places: tuple[Vector, Vector, Vector]) -> Labels:
    labels = kidney.contains(places).astype(np.uint8)
    labels[tumour.contains(places)] = TUMOUR
    return labels
