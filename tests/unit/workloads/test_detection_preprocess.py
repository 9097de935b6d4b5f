"""The official steps, written out here once more with OpenCV, against ours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from levelfield.workloads.object_detection.preprocess import Values, picture_input, resized
from levelfield.workloads.pictures import Layout


def official(picture: np.ndarray, size: int) -> np.ndarray:
    img = np.array(picture, dtype=np.float32)
    img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
    return cv2.resize(img, (size, size), interpolation=cv2.INTER_LINEAR)


@pytest.fixture
def photograph() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (47, 90, 3), dtype=np.uint8)


def test_resize_is_bilinear_in_float_and_red_first(photograph: np.ndarray) -> None:
    np.testing.assert_array_equal(resized(photograph, 30), official(photograph, 30))
    assert resized(photograph[:30, :30], 30)[3, 4].tolist() == photograph[3, 4, ::-1].tolist()


def test_bytes_lose_their_fraction(photograph: np.ndarray) -> None:
    found = picture_input(resized(photograph, 30), Values.BYTES, Layout.NHWC)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.floor(official(photograph, 30)))


def test_centred_values(photograph: np.ndarray) -> None:
    expected = official(photograph, 30)
    expected -= 127.5
    expected /= 127.5
    np.testing.assert_array_equal(picture_input(resized(photograph, 30), Values.CENTRED, Layout.NHWC), expected)


def test_normalised_values(photograph: np.ndarray) -> None:
    mean = np.array([0.485, 0.456, 0.406], dtype=np.float32)
    std = np.array([0.229, 0.224, 0.225], dtype=np.float32)
    img = official(photograph, 30) / 255.0 - mean
    expected = (img / std).transpose([2, 0, 1])
    found = picture_input(resized(photograph, 30), Values.NORMALISED, Layout.NCHW)
    assert (found.dtype, found.shape, found.flags.c_contiguous) == (np.float32, (3, 30, 30), True)
    np.testing.assert_array_equal(found, expected)


def test_batch_of_scenes_is_one_picture_after_the_other() -> None:
    scenes = np.random.default_rng(3).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    together = picture_input(scenes, Values.NORMALISED, Layout.NCHW)
    assert together.shape == (4, 3, 8, 8)
    np.testing.assert_array_equal(together[2], picture_input(scenes[2], Values.NORMALISED, Layout.NCHW))
