"""Top-1: the official line, the official reading of payloads, and what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from levelfield.errors import InputError
from levelfield.metrics.top1 import ClassType, top1

LABELS = np.array([7, 65, 999, 0], np.int64)


def float32(*classes: float) -> list[tuple[int, bytes]]:
    return [(index, struct.pack("<f", found)) for index, found in enumerate(classes)]


def test_line_is_the_official_one() -> None:
    labels = np.zeros(50_000, np.int64)
    entries = [(index, struct.pack("<f", 0 if index < 38_228 else 1)) for index in range(50_000)]
    score = top1(entries, labels, ClassType.FLOAT32)
    assert score.line == "accuracy=76.456%, good=38228, total=50000"
    assert (score.good, score.total, score.percent) == (38_228, 50_000, 76.456)
    assert type(score.good) is int


def test_percent_is_not_rounded() -> None:
    score = top1(float32(7, 65, 1), LABELS[:3], ClassType.FLOAT32)
    assert score.percent == 66.66666666666667
    assert score.line == "accuracy=66.667%, good=2, total=3"


@pytest.mark.parametrize(
    ("class_type", "payload"),
    [
        (ClassType.FLOAT32, "0000E040"),
        (ClassType.INT32, "07000000"),
        (ClassType.INT64, "0700000000000000"),
    ],
)
def test_payload_is_read_as_its_type(class_type: ClassType, payload: str) -> None:
    assert top1([(0, bytes.fromhex(payload))], LABELS[:1], class_type).good == 1


@pytest.mark.parametrize("found", [7.0, 7.99, 7.5])
def test_fraction_is_cut_as_the_script_does(found: float) -> None:
    assert top1(float32(found), LABELS[:1], ClassType.FLOAT32).good == 1


def test_class_minus_one_is_a_wrong_answer_not_an_error() -> None:
    """A model with a background class gives it: 0 - 1."""
    assert top1(float32(-1), LABELS[:1], ClassType.FLOAT32).good == 0


def test_repeat_that_agrees_is_counted_once() -> None:
    entries = float32(7, 65, 999, 1)
    assert top1([*entries, entries[3], entries[0]], LABELS, ClassType.FLOAT32).line == (
        "accuracy=75.000%, good=3, total=4"
    )


def test_repeat_that_differs_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        top1([*float32(7, 65, 999, 0), (1, struct.pack("<f", 1))], LABELS, ClassType.FLOAT32)
    assert caught.value.problems == ("sample 1: found two different payloads, 00008242 and 0000803f",)


def test_missing_samples_are_counted_and_named() -> None:
    with pytest.raises(InputError) as caught:
        top1(float32(7), LABELS, ClassType.FLOAT32)
    assert caught.value.problems == ("3 of 4 samples have no entry: 1, 2, 3",)


def test_every_kind_of_problem_is_reported_at_once() -> None:
    entries = [(0, b""), (1, struct.pack("<f", float("nan"))), (2, struct.pack("<q", 999)), (4, b"\0\0\0\0"), (-1, b"")]
    with pytest.raises(InputError, match="The accuracy log cannot be scored") as caught:
        top1(entries, LABELS, ClassType.FLOAT32)
    assert caught.value.problems == (
        "sample 4: expected an index of 0..3",
        "sample -1: expected an index of 0..3",
        "1 of 4 samples have no entry: 3",
        "sample 0: found a payload of 0 bytes, expected 4 (one float32)",
        "sample 1: found the class nan, expected a number",
        "sample 2: found a payload of 8 bytes, expected 4 (one float32)",
        "sample -1: found a payload of 0 bytes, expected 4 (one float32)",
    )


def test_many_problems_are_shortened() -> None:
    with pytest.raises(InputError) as caught:
        top1([(index, b"") for index in range(30)], np.zeros(30, np.int64), ClassType.FLOAT32)
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "and 20 more"


def test_a_part_is_scored_only_where_asked() -> None:
    labels = np.array([3, 4, 5])
    entries = [(1, np.float32(4).tobytes()), (2, np.float32(0).tobytes())]
    found = top1(entries, labels, ClassType.FLOAT32, whole=False)
    assert (found.good, found.total) == (1, 2)
    with pytest.raises(InputError, match="1 of 3 samples have no entry"):
        top1(entries, labels, ClassType.FLOAT32)
    with pytest.raises(InputError, match="3 of 3 samples have no entry"):
        top1([], labels, ClassType.FLOAT32, whole=False)
