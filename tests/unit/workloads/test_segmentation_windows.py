"""Sliding windows: places, weights and blending, against the reference's arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.workloads.medical_segmentation.windows import corners, gaussian_weights, segmented


def test_windows_overlap_by_half_and_the_last_axis_moves_first() -> None:
    assert list(corners((4, 6, 8), 4)) == [
        (0, 0, 0),
        (0, 0, 2),
        (0, 0, 4),
        (0, 2, 0),
        (0, 2, 2),
        (0, 2, 4),
    ]


def test_full_windows_of_one_scan() -> None:
    places = list(corners((256, 320, 320), 128))
    assert len(places) == 3 * 4 * 4
    assert places[-1] == (128, 192, 192)


@pytest.mark.parametrize("window", [16, 128])
def test_weights_are_the_cube_root_of_three_gaussians(window: int) -> None:
    signal = pytest.importorskip("scipy.signal")
    line = signal.windows.gaussian(window, 0.125 * window)
    cube = np.cbrt(line[:, None, None] * line[None, :, None] * line[None, None, :])
    weights = gaussian_weights(window)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, cube / cube.max(), rtol=1e-6)
    assert weights.max() == 1.0


def blended(volume: np.ndarray, window: int, run: object) -> np.ndarray:
    """The reference's loop, one window at a time, with a map of weights for every class."""
    weights = gaussian_weights(window)
    result = np.zeros((1, 3, *volume.shape[1:]), np.float32)
    norm = np.zeros_like(result)
    for i, j, k in corners(volume.shape[1:], window):
        part = (..., slice(i, i + window), slice(j, j + window), slice(k, k + window))
        result[part] += run(volume[None][part]) * weights  # type: ignore[operator]
        norm[part] += weights
    return np.argmax(result / norm, axis=1).astype(np.uint8)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_labels_are_the_references_whatever_the_batch(batch: int) -> None:
    draw = np.random.default_rng(4)
    volume = draw.normal(size=(1, 8, 12, 16)).astype(np.float32)
    mixing = draw.normal(size=3).astype(np.float32)

    def run(windows: np.ndarray) -> np.ndarray:
        """Scores that depend on the place in the window, so that blending decides."""
        ramp = np.linspace(-1, 1, 8, dtype=np.float32)
        return windows * mixing[:, None, None, None] + ramp * mixing[::-1, None, None, None]

    labels = segmented(volume, 8, run, batch=batch)
    assert (labels.dtype, labels.shape, labels.flags.c_contiguous) == (np.uint8, (1, 8, 12, 16), True)
    np.testing.assert_array_equal(labels, blended(volume, 8, run))
    assert len(np.unique(labels)) == 3


def test_model_gets_no_more_windows_than_it_takes() -> None:
    sizes = []

    def run(windows: np.ndarray) -> np.ndarray:
        sizes.append(windows.shape)
        return np.zeros((len(windows), 3, 4, 4, 4), np.float32)

    segmented(np.zeros((1, 4, 6, 8), np.float32), 4, run, batch=4)
    assert sizes == [(4, 1, 4, 4, 4), (2, 1, 4, 4, 4)]
