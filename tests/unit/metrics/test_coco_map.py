"""Average precision against pycocotools, on inputs that are made to be awkward, and against small cases by hand."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.metrics.coco_map import (
    AREA_RANGES,
    AveragePrecision,
    Detections,
    Matching,
    Truth,
    average_precision,
    bootstrap,
    matching,
)
from levelfield.metrics.masks import Masks, bitmap_edges, drawn

PICTURES, CLASSES = np.array([3, 4, 7, 20, 21, 22]), np.array([1, 2, 5])


def truth_of(*objects: tuple[int, int, tuple[float, float, float, float], bool]) -> Truth:
    """Objects as picture, class, box, crowd; the area is that of the box."""
    boxes = np.array([box for _, _, box, _ in objects], float).reshape(-1, 4)
    return Truth(
        pictures=np.array([picture for picture, *_ in objects], np.int64),
        classes=np.array([number for _, number, *_ in objects], np.int64),
        boxes=boxes,
        areas=boxes[:, 2] * boxes[:, 3],
        crowd=np.array([crowd for *_, crowd in objects], bool),
    )


def found_of(*found: tuple[int, int, tuple[float, float, float, float], float]) -> Detections:
    return Detections(
        pictures=np.array([picture for picture, *_ in found], np.int64),
        classes=np.array([number for _, number, *_ in found], np.int64),
        boxes=np.array([box for _, _, box, _ in found], float).reshape(-1, 4),
        scores=np.array([score for *_, score in found], float),
    )


def random_case(seed: int) -> tuple[Truth, Detections]:
    """Objects of all sizes, some in heaps; detections near them, ties in score and place, crowds, empty pictures."""
    draw = np.random.default_rng(seed)
    objects = int(draw.integers(0, 60))
    corners, sides = draw.integers(0, 40, (objects, 2)) * 8, draw.integers(1, 16, (objects, 2)) * 10
    boxes = np.column_stack([corners, sides]).astype(float)
    truth = Truth(
        pictures=draw.choice(np.append(PICTURES[:-1], 99), objects),
        classes=draw.choice(np.append(CLASSES, 9), objects),
        boxes=boxes,
        areas=boxes[:, 2] * boxes[:, 3] * draw.choice([0.5, 0.9, 1.0], objects),
        crowd=draw.random(objects) < 0.15,
    )
    copies = int(draw.integers(0, 6))
    near = np.repeat(np.arange(objects), copies)
    stray = int(draw.integers(1, 30))
    moved = boxes[near] + draw.integers(-2, 3, (len(near), 4)) * draw.choice([0, 1, 5], (len(near), 1))
    moved[:, 2:] = np.maximum(moved[:, 2:], 1)
    extra = np.column_stack([draw.integers(0, 300, (stray, 2)), draw.integers(1, 200, (stray, 2))])
    count = len(near) + stray
    order = draw.permutation(count)
    return truth, Detections(
        pictures=np.concatenate([truth.pictures[near], draw.choice(PICTURES, stray)])[order],
        classes=np.concatenate([truth.classes[near], draw.choice(CLASSES, stray)])[order],
        boxes=np.concatenate([moved, extra])[order].astype(float),
        scores=draw.integers(1, 12, count) / 12,
    )


def oracle(truth: Truth, found: Detections, pictures: np.ndarray = PICTURES) -> list[float]:
    """The first six numbers of pycocotools."""
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    every = np.unique(np.concatenate([PICTURES, [99]]))
    rows = [
        [int(picture), *box, score, int(number)]
        for picture, box, score, number in zip(
            found.pictures, found.boxes.tolist(), found.scores.tolist(), found.classes, strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "info": {},
            "images": [{"id": int(picture)} for picture in every],
            "categories": [{"id": int(number)} for number in CLASSES],
            "annotations": [
                {
                    "id": row + 1,
                    "image_id": int(truth.pictures[row]),
                    "category_id": int(truth.classes[row]),
                    "bbox": truth.boxes[row].tolist(),
                    "area": float(truth.areas[row]),
                    "iscrowd": int(truth.crowd[row]),
                }
                for row in range(len(truth.areas))
            ],
        }
        known.createIndex()
        run = cocoeval.COCOeval(known, known.loadRes(np.array(rows)), "bbox")
        run.params.imgIds = pictures.tolist()
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(value) for value in run.stats[:6]]


def ours(truth: Truth, found: Detections, pictures: np.ndarray = PICTURES) -> list[float]:
    result = average_precision(matching(truth, found, pictures=pictures, classes=CLASSES))
    return [result.ap, result.ap50, result.ap75, result.small, result.medium, result.large]


@pytest.mark.parametrize("seed", range(60))
def test_equal_to_pycocotools(seed: int) -> None:
    truth, found = random_case(seed)
    assert ours(truth, found) == pytest.approx(oracle(truth, found), abs=1e-12)


def test_equal_where_more_than_a_hundred_are_found_in_a_picture() -> None:
    draw = np.random.default_rng(1)
    truth = truth_of(*[(3, 1, (10.0 * i, 10.0, 40.0, 40.0), i % 5 == 0) for i in range(12)])
    boxes = np.column_stack([draw.uniform(0, 130, 350), draw.uniform(0, 20, 350), np.full((350, 2), 38.0)])
    found = Detections(
        pictures=np.full(350, 3), classes=np.full(350, 1), boxes=boxes, scores=np.round(draw.random(350), 2)
    )
    assert ours(truth, found) == pytest.approx(oracle(truth, found), abs=1e-12)


def test_only_the_pictures_asked_for_count() -> None:
    truth, found = random_case(5)
    assert ours(truth, found, PICTURES[:2]) == pytest.approx(oracle(truth, found, PICTURES[:2]), abs=1e-12)
    assert ours(truth, found, PICTURES[:2]) != ours(truth, found)


def score(truth: Truth, *found: tuple[int, int, tuple[float, float, float, float], float]) -> AveragePrecision:
    return average_precision(matching(truth, found_of(*found), pictures=PICTURES, classes=CLASSES))


BOX = (10.0, 10.0, 40.0, 40.0)


def test_by_hand() -> None:
    two = truth_of((3, 1, BOX, False), (4, 1, BOX, False))
    assert score(two, (3, 1, BOX, 0.9), (4, 1, BOX, 0.8)).ap == pytest.approx(1.0)
    # One of two found, nothing wrong: precision 1 up to recall .5, that is at 51 of 101 recalls.
    assert score(two, (3, 1, BOX, 0.9)).ap == pytest.approx(51 / 101)
    # Before the second hit a mistake: precision 2/3 at recalls above .5.
    mistaken = score(two, (3, 1, BOX, 0.9), (3, 1, (200.0, 200.0, 40.0, 40.0), 0.85), (4, 1, BOX, 0.8))
    assert mistaken.ap == pytest.approx((51 + 50 * 2 / 3) / 101)
    # Seen twice: the worse is a mistake, but after all is found it costs nothing.
    assert score(two, (3, 1, BOX, 0.9), (4, 1, BOX, 0.8), (4, 1, BOX, 0.7)).ap == pytest.approx(1.0)
    # Half as wide: overlap .5, a hit at the first of ten thresholds alone.
    half = score(two, (3, 1, (10.0, 10.0, 20.0, 40.0), 0.9), (4, 1, (10.0, 10.0, 20.0, 40.0), 0.9))
    assert (half.ap50, half.ap75, half.ap) == (pytest.approx(1.0), 0.0, pytest.approx(0.1))


def test_nothing_found_is_zero_and_nothing_to_find_is_none() -> None:
    assert score(truth_of((3, 1, BOX, False))).ap == 0.0
    nothing = score(truth_of(), (3, 1, BOX, 0.9))
    assert (nothing.ap, nothing.small, nothing.large) == (-1.0, -1.0, -1.0)


def test_class_without_objects_does_not_count() -> None:
    one = truth_of((3, 1, BOX, False))
    assert score(one, (3, 1, BOX, 0.9), (3, 2, BOX, 0.99), (3, 9, BOX, 0.99)).ap == pytest.approx(1.0)


def test_what_lies_in_a_crowd_is_no_mistake() -> None:
    crowd = truth_of((3, 1, BOX, False), (3, 1, (100.0, 100.0, 200.0, 200.0), True))
    inside = [(3, 1, (110.0 + 20 * i, 110.0, 30.0, 30.0), 0.95) for i in range(3)]
    assert score(crowd, (3, 1, BOX, 0.9), *inside).ap == pytest.approx(1.0)


def test_line_is_that_of_the_official_script() -> None:
    assert score(truth_of((3, 1, BOX, False), (4, 1, BOX, False)), (3, 1, BOX, 0.9)).line == "mAP=50.495%"


def matched(seed: int) -> Matching:
    return matching(*random_case(seed), pictures=PICTURES, classes=CLASSES)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), copies=st.integers(1, 5))
def test_every_picture_as_often_changes_nothing(seed: int, copies: int) -> None:
    one = matched(seed)
    repeated = average_precision(one, weights=np.full(len(PICTURES), copies))
    assert repeated.ap == pytest.approx(average_precision(one).ap, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_weight_of_zero_is_a_picture_that_is_absent(seed: int) -> None:
    truth, found = random_case(seed)
    weights = np.array([1, 0, 1, 1, 0, 1])
    left_out = average_precision(matched(seed), weights=weights)
    assert left_out.ap == pytest.approx(ours(truth, found, PICTURES[weights > 0])[0], abs=1e-12)


def test_bootstrap_is_seeded_and_pairs_its_draws() -> None:
    one = matched(3)
    rows = bootstrap((one, one), draws=40, seed=1)
    np.testing.assert_array_equal(rows, bootstrap((one, one), draws=40, seed=1))
    np.testing.assert_array_equal(rows[:, 0], rows[:, 1])
    assert rows[:, 0].std() > 0
    assert rows.min() >= 0
    other = matching(*random_case(3), pictures=PICTURES[:3], classes=CLASSES)
    with pytest.raises(ValueError, match="different pictures"):
        bootstrap((one, other), draws=1, seed=1)


def test_metric_alone_needs_one_range_of_areas() -> None:
    truth, found = random_case(8)
    alone = average_precision(matching(truth, found, pictures=PICTURES, classes=CLASSES, areas=("all",)))
    assert [alone.ap, alone.ap50, alone.ap75] == ours(truth, found)[:3]
    assert (alone.small, alone.medium, alone.large) == (-1.0, -1.0, -1.0)
    assert list(AREA_RANGES) == ["all", "small", "medium", "large"]


def random_masks(seed: int) -> tuple[Truth, Detections]:
    """Blobs and what is near them, as bitmaps; crowds, ties, empty masks."""
    draw = np.random.default_rng(seed)
    side, objects = 40, int(draw.integers(1, 25))
    y, x = np.mgrid[:side, :side]

    def blob(centre: np.ndarray, size: float) -> np.ndarray:
        return ((y - centre[0]) ** 2 + 2 * (x - centre[1]) ** 2 < size**2) & (draw.random((side, side)) < 0.97)

    centres, sizes = draw.uniform(0, side, (objects, 2)), draw.uniform(2, 18, objects)
    bitmaps = [blob(centre, size) for centre, size in zip(centres, sizes, strict=True)]
    crowd = draw.random(objects) < 0.15
    masks = Masks.of([bitmap_edges(one) for one in bitmaps], [side] * objects)
    truth = Truth(
        pictures=draw.choice(PICTURES[:-1], objects),
        classes=draw.choice(CLASSES, objects),
        boxes=masks.boxes.astype(float),
        areas=masks.areas * draw.choice([0.9, 1.0, 9.0], objects),
        crowd=crowd,
        masks=masks,
    )
    near = np.repeat(np.arange(objects), draw.integers(0, 4))
    found = [blob(centres[one] + draw.normal(0, 1.5, 2), sizes[one] * draw.uniform(0.8, 1.2)) for one in near]
    found += [np.zeros((side, side), bool), blob(np.array([20.0, 20.0]), 7)]
    count = len(found)
    seen = Masks.of([bitmap_edges(one) for one in found], [side] * count)
    return truth, Detections(
        pictures=np.concatenate([truth.pictures[near], draw.choice(PICTURES, 2)]),
        classes=np.concatenate([truth.classes[near], draw.choice(CLASSES, 2)]),
        boxes=seen.boxes.astype(float),
        scores=draw.integers(1, 8, count) / 8,
        masks=seen,
    )


def mask_oracle(truth: Truth, found: Detections) -> list[float]:
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    runs = pytest.importorskip("pycocotools.mask")

    def coded(masks: Masks) -> list[dict[str, object]]:
        return [runs.encode(np.asfortranarray(drawn(edges, 40, 40).astype(np.uint8))) for edges in masks]

    assert truth.masks is not None
    assert found.masks is not None
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "info": {},
            "images": [{"id": int(picture), "height": 40, "width": 40} for picture in PICTURES],
            "categories": [{"id": int(number)} for number in CLASSES],
            "annotations": [
                {
                    "id": row + 1,
                    "image_id": int(truth.pictures[row]),
                    "category_id": int(truth.classes[row]),
                    "segmentation": mask,
                    "bbox": truth.boxes[row].tolist(),
                    "area": float(truth.areas[row]),
                    "iscrowd": int(truth.crowd[row]),
                }
                for row, mask in enumerate(coded(truth.masks))
            ],
        }
        known.createIndex()
        rows = [
            {"image_id": int(picture), "category_id": int(number), "segmentation": mask, "score": float(score)}
            for picture, number, mask, score in zip(
                found.pictures, found.classes, coded(found.masks), found.scores, strict=True
            )
        ]
        run = cocoeval.COCOeval(known, known.loadRes(rows), "segm")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(value) for value in run.stats[:6]]


@pytest.mark.parametrize("seed", range(40))
def test_masks_equal_to_pycocotools(seed: int) -> None:
    truth, found = random_masks(seed)
    assert ours(truth, found) == pytest.approx(mask_oracle(truth, found), abs=1e-12)


def test_masks_on_one_side_only_are_refused() -> None:
    truth, found = random_masks(1)
    with pytest.raises(ValueError, match="one side only"):
        matching(truth, replace(found, masks=None), pictures=PICTURES, classes=CLASSES)
    with pytest.raises(ValueError, match="one side only"):
        matching(replace(truth, masks=None), found, pictures=PICTURES, classes=CLASSES)
