"""Masks against pycocotools on awkward polygons, and against small cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.metrics.masks import (
    Masks,
    bitmap_edges,
    counts_edges,
    drawn,
    intersections,
    polygon_edges,
    text_counts,
)


def random_polygons(draw: np.random.Generator, height: int, width: int) -> list[np.ndarray]:
    """One to three that cross themselves, each other and the border; some on whole pixels, some with equal corners."""
    found = []
    for _ in range(draw.integers(1, 4)):
        corners = draw.uniform(-5, [width + 5, height + 5], (draw.integers(3, 12), 2))
        corners = np.round(corners) if draw.random() < 0.4 else corners
        if draw.random() < 0.2:
            corners[1] = corners[0]
        found.append(corners.ravel())
    return found


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of the oracle's own code
@pytest.mark.parametrize("seed", range(8))
def test_polygons_are_drawn_as_pycocotools_draws_them(seed: int) -> None:
    oracle = pytest.importorskip("pycocotools.mask")
    draw = np.random.default_rng(seed)
    for _ in range(40):
        height, width = (int(side) for side in draw.integers(1, 60, 2))
        polygons = random_polygons(draw, height, width)
        known = oracle.merge(oracle.frPyObjects([polygon.tolist() for polygon in polygons], height, width))
        edges = polygon_edges(polygons, height, width)
        np.testing.assert_array_equal(drawn(edges, height, width), oracle.decode(known).astype(bool))
        np.testing.assert_array_equal(bitmap_edges(oracle.decode(known)), edges)
        np.testing.assert_array_equal(counts_edges(text_counts(known["counts"].decode()), height, width), edges)
        one = Masks.of([edges], [height])
        assert one.areas[0] == oracle.area(known)
        np.testing.assert_array_equal(one.boxes[0], oracle.toBbox(known))


@pytest.mark.parametrize("seed", range(4))
def test_intersections_are_those_of_bitmaps(seed: int) -> None:
    draw = np.random.default_rng(seed)
    bitmaps = draw.random((2, 12, 9, 7)) < draw.random((2, 12, 1, 1))
    first, second = (Masks.of([bitmap_edges(one) for one in side], [9] * 12) for side in bitmaps)
    pairs = draw.integers(0, 12, (2, 50))
    wanted = (bitmaps[0][pairs[0]] & bitmaps[1][pairs[1]]).sum(axis=(1, 2))
    np.testing.assert_array_equal(intersections(first, second, (pairs[0], pairs[1])), wanted)


def test_many_pairs_are_looked_up_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.metrics.masks.BLOCK", 10)
    test_intersections_are_those_of_bitmaps(5)


def test_triangle_by_hand() -> None:
    # A pixel on the diagonal counts: its centre lies on it.
    found = drawn(polygon_edges([np.array([0.0, 0.0, 0.0, 4.0, 4.0, 4.0])], 4, 4), 4, 4)
    assert found.astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


def test_box_and_area_by_hand() -> None:
    # Column 1 from row 2 to its foot, column 2 whole, column 3 its head: 2 + 4 + 1 pixels of a picture of 4 rows.
    masks = Masks.of([np.array([6, 13]), np.array([], np.int64), np.array([5, 6])], [4, 4, 4])
    assert masks.areas.tolist() == [7, 0, 1]
    assert masks.boxes.tolist() == [[1, 0, 3, 4], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert [edges.tolist() for edges in masks.take(np.array([2, 0, 0]))] == [[5, 6], [6, 13], [6, 13]]
    assert intersections(masks, masks, (np.array([0, 0, 1]), np.array([0, 2, 0]))).tolist() == [7, 0, 0]


def test_counts_with_empty_runs() -> None:
    assert counts_edges([0, 3, 0, 2, 1], 3, 2).tolist() == [0, 5]
    assert counts_edges([6], 3, 2).tolist() == []


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 3 x 2"):
        counts_edges([1, 2], 3, 2)
    with pytest.raises(ValueError, match="none below 0"):
        counts_edges([7, -1], 3, 2)


@pytest.mark.parametrize(("text", "message"), [("a b", "at 1"), ("o", "within a number"), ("o" * 30, "60 bits")])
def test_text_that_is_no_counts_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        text_counts(text)


def test_polygon_without_corners_is_empty() -> None:
    assert polygon_edges([], 5, 5).tolist() == []
    assert polygon_edges([np.array([2.0, 2.0])], 5, 5).tolist() == []
