"""Pre-processing: the official steps for photographs, written out again here; exact bilinear digits."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from levelfield.errors import MissingError
from levelfield.workloads.image_classification.preprocess import digits_input, photograph_input
from levelfield.workloads.pictures import Layout, opencv


def official(picture: np.ndarray, need_transpose: bool) -> np.ndarray:
    """``pre_process_vgg`` step by step, in the source's order and types."""
    img = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    height, width, _ = img.shape
    new_height = int(100.0 * 224 / 87.5)
    new_width = int(100.0 * 224 / 87.5)
    if height > width:
        w = new_width
        h = int(new_height * height / width)
    else:
        h = new_height
        w = int(new_width * width / height)
    img = cv2.resize(img, (w, h), interpolation=cv2.INTER_AREA)
    left, right = int((w - 224) / 2), int((w + 224) / 2)
    top, bottom = int((h - 224) / 2), int((h + 224) / 2)
    img = np.asarray(img[top:bottom, left:right], dtype="float32")
    img -= np.array([123.68, 116.78, 103.94], dtype=np.float32)
    return img.transpose([2, 0, 1]) if need_transpose else img


# Sides as in ImageNet, then smaller than the crop, exactly the short side, odd, and very long.
SIZES = [(375, 500), (500, 333), (256, 256), (100, 77), (256, 300), (401, 257), (90, 1000), (1000, 90)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("layout", [*Layout])
def test_photograph_equals_the_official_steps_exactly(height: int, width: int, layout: Layout) -> None:
    noise = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = official(noise, need_transpose=layout is Layout.NCHW)
    found = photograph_input(noise, layout)
    assert found.dtype == np.float32
    assert found.shape == ((3, 224, 224) if layout is Layout.NCHW else (224, 224, 3))
    np.testing.assert_array_equal(found, expected)


def test_channels_are_red_first_with_their_own_means() -> None:
    blue = np.zeros((300, 300, 3), np.uint8)
    blue[..., 0] = 200
    found = photograph_input(blue, Layout.NCHW)
    assert [float(channel[0, 0]) for channel in found] == pytest.approx([-123.68, -116.78, 96.06], abs=1e-4)


def test_missing_opencv_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingError, match="not installed") as caught:
        opencv()
    assert caught.value.hint == "pip install 'levelfield[vision]'"


def test_digit_is_bilinear_between_minus_one_and_one() -> None:
    digit = np.zeros((1, 8, 8), np.uint8)
    digit[0, :, 4:] = 16
    row = digits_input(digit, Layout.NCHW)[0, 0, 0]
    # From black to white over one grey value, in steps at pixel centres: 1/8, 3/8, 5/8, 7/8 of the way.
    assert row[:14].tolist() == [-1.0] * 14
    assert row[14:18].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert row[18:].tolist() == [1.0] * 14


def test_digit_is_exact_on_every_machine() -> None:
    """All values are multiples of 1/512: 16 levels, weights in 64ths, halved range."""
    digits = np.random.default_rng(1).integers(0, 17, (20, 8, 8), dtype=np.uint8)
    scaled = digits_input(digits, Layout.NCHW) * 512
    np.testing.assert_array_equal(scaled, np.rint(scaled))


def test_digit_layouts_differ_in_the_place_of_the_channel_only() -> None:
    digits = np.random.default_rng(2).integers(0, 17, (3, 8, 8), dtype=np.uint8)
    first, last = digits_input(digits, Layout.NCHW), digits_input(digits, Layout.NHWC)
    assert (first.shape, last.shape) == ((3, 1, 32, 32), (3, 32, 32, 1))
    np.testing.assert_array_equal(first[:, 0], last[..., 0])
