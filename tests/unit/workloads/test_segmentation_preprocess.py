"""Pre-processing of scans: resampling against scipy, then each step of the reference on volumes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.workloads.medical_segmentation.preprocess import Scan, prepared_image, prepared_labels
from levelfield.workloads.medical_segmentation.resample import zoomed

COMMON = (1.6, 1.2, 1.2)


def scan(voxels: np.ndarray, spacing: tuple[float, float, float] = COMMON) -> Scan:
    return Scan(voxels=voxels, spacing_mm=spacing)


def cases() -> list[tuple[tuple[int, int, int], tuple[float, float, float]]]:
    draw = np.random.default_rng(11)
    found = [((5, 7, 9), (1.0, 1.0, 1.0)), ((1, 2, 1), (3.0, 0.5, 1.0)), ((2, 2, 2), (0.5, 0.5, 0.5))]
    for _ in range(80):
        shape = tuple(int(edge) for edge in draw.integers(2, 30, 3))
        found.append((shape, tuple(float(factor) for factor in draw.uniform(0.4, 2.5, 3))))  # type: ignore[arg-type]
    return found


def test_images_are_resampled_as_scipy_does_it() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    draw = np.random.default_rng(12)
    for shape, factors in cases():
        volume = draw.normal(0, 300, shape).astype(np.float32)
        low = float(volume.min())
        expected = ndimage.zoom(volume, factors, order=1, mode="constant", cval=low, grid_mode=False)
        np.testing.assert_allclose(zoomed(volume, factors, fill=low, linear=True), expected, rtol=2e-6, atol=1e-4)


def test_labels_are_resampled_as_scipy_does_it() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    draw = np.random.default_rng(13)
    for shape, factors in cases():
        volume = draw.integers(1, 3, shape).astype(np.uint8)
        expected = ndimage.zoom(volume, factors, order=0, mode="constant", cval=0, grid_mode=False)
        np.testing.assert_array_equal(zoomed(volume, factors, fill=0, linear=False), expected)


def rounded_beyond() -> list[tuple[int, int]]:
    """Edges before and after where the last coordinate is a hair beyond the last voxel in double precision."""
    return [
        (edge, wanted)
        for edge in range(2, 60)
        for wanted in range(2, 120)
        if (wanted - 1) * ((edge - 1) / (wanted - 1)) > edge - 1
    ]


def test_plane_that_rounding_puts_outside_is_filled_as_scipy_fills_it() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    found = rounded_beyond()
    assert len(found) > 50
    for edge, wanted in found[:12]:
        volume = np.full((edge, 2, 2), 7, np.float32)
        factors = (wanted / edge, 1.0, 1.0)
        expected = ndimage.zoom(volume, factors, order=1, mode="constant", cval=-5, grid_mode=False)
        result = zoomed(volume, factors, fill=-5, linear=True)
        np.testing.assert_array_equal(result, expected)
        assert result[-1, 0, 0] == -5


def test_corners_stay_where_they_are() -> None:
    line = np.array([0, 10, 20], np.float32).reshape(3, 1, 1)
    assert zoomed(line, (5 / 3, 1, 1), fill=0, linear=True)[:, 0, 0].tolist() == [0, 5, 10, 15, 20]


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing would be left"):
        zoomed(np.zeros((2, 2, 2), np.float32), (0.1, 1, 1), fill=0, linear=True)


def test_intensities_are_clipped_and_normalised() -> None:
    voxels = np.zeros((4, 4, 4), np.int16)
    voxels[0, 0] = [-1000, -79, 101, 3000]
    image = prepared_image(scan(voxels), 4)
    assert image.dtype == np.float32
    assert image[0, 0, 0].tolist() == pytest.approx([-180 / 76.9, -180 / 76.9, 0.0, 203 / 76.9], rel=1e-6)


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        (128, 128),
        (129, 128),
        (159, 128),
        (160, 192),
        (191, 192),
        (192, 192),
        (223, 192),
        (224, 256),
        (100, 128),
        (20, 128),
    ],
)
def test_full_window_cuts_a_rest_below_32_and_pads_a_longer_one(edge: int, expected: int) -> None:
    labels = prepared_labels(scan(np.zeros((edge, 128, 128), np.uint8)), 128)
    assert labels.shape == (1, expected, 128, 128)


def test_cut_takes_the_odd_voxel_from_behind() -> None:
    line = np.arange(11, dtype=np.uint8) % 3
    labels = prepared_labels(scan(np.broadcast_to(line, (8, 8, 11)).copy()), 8)
    assert labels.shape == (1, 8, 8, 12)  # 11 % 4 = 3, not below 2: padded
    assert labels[0, 0, 0].tolist() == [*line.tolist(), 0]
    line = np.arange(9, dtype=np.uint8) % 3
    labels = prepared_labels(scan(np.broadcast_to(line, (8, 8, 9)).copy()), 8)
    assert labels[0, 0, 0].tolist() == line[:8].tolist()


def test_short_edges_are_filled_with_the_border_then_longer_ones_with_the_padding_value() -> None:
    voxels = np.full((6, 8, 10), 101, np.int16)  # 10 % 4 = 2: one voxel of padding on each side
    voxels[0], voxels[5] = 177.9, 254.8
    image = prepared_image(scan(voxels), 8)[0]
    assert image.shape == (8, 8, 12)
    assert image[:, 0, 5].tolist() == pytest.approx([76 / 76.9, 76 / 76.9, 0, 0, 0, 0, 153 / 76.9, 153 / 76.9])
    assert image[0, 0, 0] == image[7, 7, 11] == np.float32(-2.2)
    labels = prepared_labels(scan(np.ones((6, 8, 10), np.uint8)), 8)[0]
    assert labels[:, 0, 0].tolist() == [0] * 8
    assert labels[:, 0, 5].tolist() == [1] * 8


def test_spacing_decides_the_zoom_by_the_numbers_of_the_file() -> None:
    assert scan(np.zeros((1, 1, 1)), (3.2, 0.6, 1.2)).zoom == pytest.approx((2.0, 0.5, 1.0))
    assert prepared_image(scan(np.zeros((4, 16, 8), np.float64), (3.2, 0.6, 1.2)), 8).shape == (1, 8, 8, 8)


def test_resampled_image_is_filled_with_its_own_minimum() -> None:
    edge, wanted = rounded_beyond()[0]
    voxels = np.full((edge, 4, 4), 100, np.int16)
    voxels[0, 0, 0] = 24
    image = prepared_image(scan(voxels, (1.6 * wanted / edge, 1.2, 1.2)), 4)[0]
    assert image.min() == pytest.approx(-77 / 76.9)
