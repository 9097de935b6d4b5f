"""A COCO folder for training: what is used of it, and what is said when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coco_train_folder import write_train_folder

from levelfield.errors import DatasetError
from levelfield.training.detection.coco import CocoPart, read_part, resized
from levelfield.workloads.object_detection.annotations import read_annotations


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_train_folder(tmp_path_factory.mktemp("coco"))


def part(folder: Path, expected: int = 4) -> CocoPart:
    return read_part(
        folder,
        "train2017",
        expected=expected,
        outlines=True,
        usable=lambda annotations: ~annotations.truth.crowd,
    )


def test_pictures_without_objects_are_left_out(folder: Path) -> None:
    found = part(folder)
    assert found.numbers.tolist() == [1000, 1007, 1014, 1021]
    assert found.every.tolist() == [1000, 1007, 1014, 1021, 1028]
    assert [len(objects) for objects in found.objects] == [3, 2, 2, 2]
    assert found.categories.tolist() == [1, 3, 90]
    assert set(found.classes.tolist()) <= {1, 2, 3}
    assert found.outlines is not None
    assert found.outlines[found.objects[0][2]].counts == (0, 600, 18_600)


def test_picture_is_red_first(folder: Path) -> None:
    found = part(folder)
    pixels = found.picture(0)
    assert pixels.shape == (120, 160, 3)
    outlined = found.objects[0][:2]
    for number in outlined:
        left, top, width, height = found.boxes[number].astype(int)
        colour = pixels[top + height // 4, left + width // 2].astype(int)
        # Drawn by OpenCV, whose first channel is blue: class 1 is blue, 2 green, 3 red.
        if colour.max() > 200:
            assert colour.argmax() == 3 - found.classes[number]


def test_short_dataset_is_refused_with_the_setting_for_a_trial(folder: Path) -> None:
    with pytest.raises(DatasetError, match="found 4 pictures to use, expected 117,266") as caught:
        part(folder, 117_266)
    assert "train_samples=4" in str(caught.value)


def test_missing_pictures_are_listed(tmp_path: Path) -> None:
    folder = write_train_folder(tmp_path)
    for name in ("000000001000.jpg", "000000001007.jpg"):
        (folder / "train2017" / name).unlink()
    with pytest.raises(DatasetError, match="2 of 4 pictures are missing") as caught:
        part(folder)
    assert caught.value.problems[0].endswith("000000001000.jpg")


def test_broken_picture_is_told_when_it_is_read(tmp_path: Path) -> None:
    folder = write_train_folder(tmp_path)
    (folder / "train2017/000000001000.jpg").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="cannot be read"):
        part(folder).picture(0)


def test_picture_of_another_size_is_told(tmp_path: Path) -> None:
    folder = write_train_folder(tmp_path)
    (folder / "train2017/000000001000.jpg").write_bytes((folder / "train2017/000000001007.jpg").read_bytes())
    with pytest.raises(DatasetError, match="found 120 x 160 pixels, expected 160 x 120"):
        part(folder).picture(0)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (None, "found NoneType, expected a list of polygons"),
        ([[1.0, 2.0, 3.0]], "not a list of x and y"),
        ([[1.0, 1e9]], "not a list of x and y"),
        ([["a", "b"]], "not a list of x and y"),
        ({"size": [3, 3]}, "expected lengths of runs"),
        ({"counts": [-1, 2]}, "expected lengths of runs"),
        ({"counts": "~~"}, "expected a character"),
    ],
)
def test_outline_that_is_none_is_told_with_its_place(tmp_path: Path, segmentation: object, message: str) -> None:
    path = write_train_folder(tmp_path) / "annotations/instances_train2017.json"
    document = json.loads(path.read_text())
    document["annotations"][3]["segmentation"] = segmentation
    path.write_text(json.dumps(document))
    read_annotations(path)  # without outlines it does not matter
    with pytest.raises(DatasetError, match=r"annotations\[3\]\.segmentation") as caught:
        read_annotations(path, outlines=True)
    assert message in str(caught.value)


def triangle(pixels: np.ndarray, length: int) -> np.ndarray:
    """Along the first axis, as Pillow's BILINEAR does it: a triangle as wide as the step, cut off at the border."""
    step = len(pixels) / length
    width = max(step, 1.0)
    rows = []
    for place in range(length):
        middle = (place + 0.5) * step
        begin, end = max(int(middle - width + 0.5), 0), min(int(middle + width + 0.5), len(pixels))
        weights = np.maximum(1 - np.abs((np.arange(begin, end) - middle + 0.5) / width), 0)
        rows.append(np.tensordot(weights / weights.sum(), pixels[begin:end], axes=1))
    return np.array(rows)


@pytest.mark.parametrize("size", [(20, 20), (80, 90), (37, 50)])
def test_resizing_is_that_of_pillow(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (37, 50, 3)).astype(np.uint8)
    across = triangle(pixels.astype(float).transpose(1, 0, 2), size[1]).transpose(1, 0, 2)
    wanted = triangle(across, size[0])
    assert np.abs(resized(pixels, *size) - wanted).max() <= 1.5  # both axes are rounded
