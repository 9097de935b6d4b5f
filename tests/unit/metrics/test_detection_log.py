"""Boxes from payloads: what the official script reads, and what it should have refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from levelfield.errors import InputError
from levelfield.metrics.detection_log import PictureFacts, logged_detections

FACTS = PictureFacts(
    numbers=np.array([139, 42, 7]), heights=np.array([100, 50, 10]), widths=np.array([200, 80, 10]), classes=None
)
CONTIGUOUS = PictureFacts(
    numbers=FACTS.numbers, heights=FACTS.heights, widths=FACTS.widths, classes=np.array([1, 3, 90])
)


SIDES = (0.5, 0.25, 0.75, 1.0)


def box(index: float, *, score: float = 0.5, number: float = 3, sides: tuple[float, ...] = SIDES) -> bytes:
    return struct.pack("<7f", index, *sides, score, number)


def test_boxes_come_out_in_pixels_of_their_picture() -> None:
    logged = logged_detections([(0, box(0) + box(0, score=0.25)), (2, b""), (1, box(1, number=1))], FACTS)
    assert logged.pictures.tolist() == [139, 7, 42]
    assert logged.found.pictures.tolist() == [139, 139, 42]
    # Left, top, width, height: 0.25 and 0.75 of 200 or 80, 0.5 and 0.25 of 100 or 50.
    assert logged.found.boxes.tolist() == [[50, 50, 150, 25], [50, 50, 150, 25], [20, 25, 60, 12.5]]
    assert logged.found.scores.tolist() == [0.5, 0.25, 0.5]
    assert logged.found.classes.tolist() == [3, 3, 1]


def test_contiguous_classes_are_mapped_to_categories() -> None:
    entries = [(0, box(0, number=3) + box(0, number=1)), (1, b""), (2, b"")]
    assert logged_detections(entries, CONTIGUOUS).found.classes.tolist() == [90, 1]


def test_class_is_cut_towards_zero_as_the_script_does() -> None:
    assert logged_detections([(0, box(0, number=3.9))], FACTS, whole=False).found.classes.tolist() == [3]


def test_fewer_than_seven_numbers_are_no_detection() -> None:
    logged = logged_detections([(0, b"\0\0\0\0"), (1, b""), (2, b"\0" * 24)], FACTS)
    assert len(logged.found.scores) == 0
    assert logged.pictures.tolist() == [139, 42, 7]


def test_first_entry_of_a_sample_counts() -> None:
    logged = logged_detections([(0, box(0)), (0, box(0)), (1, b""), (2, b"")], FACTS)
    assert len(logged.found.scores) == 1


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"\0" * 30, "found a payload of 30 bytes, expected a multiple of 28"),
        (b"\0" * 3, "found a payload of 3 bytes"),
        (box(1), "found a box of sample 1 in its payload"),
        (box(0) + box(2), "found a box of sample 2 in its payload"),
        (box(0, score=float("nan")), "infinite or none"),
        (box(0, sides=(0, 0, float("inf"), 1)), "infinite or none"),
        (box(0, number=4), "found the class 4, expected 1..3"),
        (box(0, number=0), "found the class 0, expected 1..3"),
    ],
)
def test_payload_that_means_nothing_is_refused(payload: bytes, said: str) -> None:
    with pytest.raises(InputError) as raised:
        logged_detections([(0, payload)], CONTIGUOUS, whole=False)
    assert any(said in problem for problem in raised.value.problems)


def test_every_problem_is_listed() -> None:
    entries = [(0, box(1)), (0, box(0)), (5, b""), (-1, b"")]
    with pytest.raises(InputError, match="cannot be scored") as raised:
        logged_detections(entries, FACTS)
    assert raised.value.problems == (
        "sample 0: found two different payloads, of 28 and 28 bytes",
        "sample 5: expected an index of 0..2",
        "sample -1: expected an index of 0..2",
        "2 of 3 samples have no entry: 1, 2",
        "sample 0: found a box of sample 1 in its payload",
    )


def test_part_of_the_samples_is_enough_where_that_is_asked() -> None:
    assert logged_detections([(1, b"")], FACTS, whole=False).pictures.tolist() == [42]
    with pytest.raises(InputError):
        logged_detections([], FACTS, whole=False)
