"""Generated scenes: the same bytes everywhere, and a truth that is that of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.workloads.object_detection.dataset import scene_hash
from levelfield.workloads.object_detection.generator import LARGE, SMALL, SceneKind, scene, scenes


@pytest.mark.parametrize(
    ("kind", "sha256"),
    [
        (SMALL, "81e5b567430be485090776991b1e7f3d3bcf5b64c76b4afd1ef7c0b8dac021fc"),
        (LARGE, "3170770d8625c61447b0e30352dc19b23fb6f7089abf98cb09c25592b30cc5cd"),
    ],
    ids=["small", "large"],
)
def test_scenes_of_a_seed_never_change(kind: SceneKind, sha256: str) -> None:
    """If this fails, training and test sets are no longer those of the shipped models."""
    assert scene_hash(scenes(kind, 11, 20)) == sha256


def test_scene_depends_on_seed_and_index_alone() -> None:
    several = scenes(SMALL, 5, 4, first=2)
    alone = scene(SMALL, 5, 3)
    np.testing.assert_array_equal(several.pixels[1], alone.pixels)
    np.testing.assert_array_equal(several.boxes[several.scene_of == 1], alone.boxes)
    assert not np.array_equal(scene(SMALL, 6, 3).pixels, alone.pixels)


@pytest.mark.parametrize("kind", [SMALL, LARGE], ids=["small", "large"])
def test_truth_stays_within_its_limits(kind: SceneKind) -> None:
    drawn = scenes(kind, 1, 60)
    assert drawn.pixels.shape == (60, kind.size, kind.size, 3)
    assert drawn.pixels.dtype == np.uint8
    per_scene = np.bincount(drawn.scene_of, minlength=60)
    assert per_scene.min() >= 1
    assert per_scene.max() <= kind.most_objects
    assert (drawn.boxes[:, :2] >= 0).all()
    assert (drawn.boxes[:, :2] + drawn.boxes[:, 2:] <= kind.size).all()
    assert (drawn.boxes[:, 2:] <= kind.sides[1]).all()
    assert (drawn.areas <= drawn.boxes[:, 2] * drawn.boxes[:, 3]).all()
    assert (drawn.areas > 0).all()
    assert set(drawn.classes) == set(range(1, len(kind.classes) + 1))


def test_box_is_tight_around_what_is_visible() -> None:
    """A quiet kind without clutter: the pixels that differ from the background are those of the box."""
    quiet = SceneKind(size=40, shapes=SMALL.shapes, most_objects=1, sides=(10, 20), bars=0, noise=0)
    for index in range(20):
        one = scene(quiet, 3, index)
        left, top, width, height = one.boxes[0]
        strong = one.pixels.max(axis=2).astype(int) - one.pixels.min(axis=2)  # colours are strong, backgrounds grey
        rows, columns = np.nonzero(strong > 55)
        assert (rows.min(), rows.max() + 1) == (top, top + height)
        assert (columns.min(), columns.max() + 1) == (left, left + width)
        assert len(rows) == one.areas[0]


def test_colour_decides_between_classes() -> None:
    drawn = scenes(SMALL, 2, 100)
    assert SMALL.classes[:2] == ("warm ellipse", "cool ellipse")
    for row in range(len(drawn.classes)):
        left, top, width, height = drawn.boxes[row]
        middle = drawn.pixels[drawn.scene_of[row], top + height // 2, left + width // 2].astype(int)
        others = (drawn.scene_of == drawn.scene_of[row]).sum()
        if others == 1 and abs(middle[0] - middle[2]) > 100:
            assert (middle[0] > middle[2]) == (drawn.classes[row] % 2 == 1)


@pytest.mark.parametrize("kind", [SMALL, LARGE], ids=["small", "large"])
def test_owners_are_the_masks_of_the_boxes(kind: SceneKind) -> None:
    drawn = scenes(kind, 4, 30)
    assert drawn.owners.shape == (30, kind.size, kind.size)
    for index in range(30):
        for number, row in enumerate(np.flatnonzero(drawn.scene_of == index)):
            rows, columns = np.nonzero(drawn.owners[index] == number)
            left, top, width, height = drawn.boxes[row]
            assert len(rows) == drawn.areas[row]
            assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (
                top,
                top + height,
                left,
                left + width,
            )
