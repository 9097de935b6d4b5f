"""Dice: against a count by hand, a brute force over single voxels, and logs that cannot be scored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelfield.errors import InputError
from levelfield.metrics import dice as module
from levelfield.metrics.dice import DiceScores, LabelType, dice, dice_of_case
from levelfield.rules.load import load

TRUTH = np.array([[[[0, 1, 1, 2]]], [[[1, 1, 0, 0]]], [[[2, 2, 2, 1]]]], np.uint8)
"""Three cases of (1, 1, 4)."""


def truth(index: int) -> np.ndarray:
    return TRUTH[index]


def perfect() -> list[tuple[int, bytes]]:
    return [(index, TRUTH[index].tobytes()) for index in range(3)]


def brute_force(predicted: list[int], right: list[int]) -> list[float]:
    """Voxel by voxel, as the definition says it."""
    scores = []
    for label in (1, 2):
        inside = sum(1 for a, b in zip(predicted, right, strict=True) if a == label and b == label)
        voxels = sum(1 for a in predicted if a == label) + sum(1 for b in right if b == label)
        scores.append((2 * inside + 1e-6) / (voxels + 1e-6))
    return scores


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60), st.integers(1, 7))
def test_equals_a_count_of_single_voxels(pairs: list[tuple[int, int]], at_once: int) -> None:
    predicted, right = (list(column) for column in zip(*pairs, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_AT_ONCE", at_once)
        found = dice_of_case(np.array(predicted, np.uint8), np.array(right, np.uint8))
    assert found == pytest.approx(brute_force(predicted, right), abs=1e-15)


def test_one_case_by_hand() -> None:
    kidney, tumour = dice_of_case(np.array([1, 1, 0, 2, 2]), np.array([1, 1, 1, 0, 2]))
    assert kidney == pytest.approx(4 / 5, abs=1e-6)
    assert tumour == pytest.approx(2 / 3, abs=1e-6)


def test_class_that_neither_has_is_found_perfectly() -> None:
    assert dice_of_case(np.zeros(8), np.zeros(8)) == (1.0, 1.0)
    assert dice_of_case(np.array([2, 0]), np.zeros(2))[1] == pytest.approx(1e-6, rel=1e-3)


def test_mean_is_over_the_cases_of_the_means_of_their_classes() -> None:
    scores = DiceScores(np.array([[1.0, 0.5], [0.8, 0.0]]))
    assert (scores.mean, scores.kidney, scores.tumour) == pytest.approx((0.575, 0.9, 0.25))
    assert scores.composites.tolist() == pytest.approx([0.75, 0.4])


def test_line_is_the_official_one_and_the_checker_reads_it() -> None:
    scores = DiceScores(np.array([[0.9342, 0.79242]]))
    assert scores.line == "Accuracy: mean = 0.86331, kidney = 0.9342, tumor = 0.7924"
    pattern = next(iter(load("inference-v2.0").rule("3d-unet-99", "Offline").accuracy)).pattern
    match = re.match(pattern, scores.line)
    assert match is not None
    assert match[1] == "0.86331"


@pytest.mark.parametrize("label_type", list(LabelType))
def test_each_type_of_payload(label_type: LabelType) -> None:
    entries = [(index, TRUTH[index].astype(label_type.dtype).tobytes()) for index in (2, 0, 1)]
    assert dice(entries, truth, 3, label_type).mean == 1.0


def test_first_entry_counts_and_repeats_may_be_equal() -> None:
    assert dice([*perfect(), (1, TRUTH[1].tobytes())], truth, 3).by_case.shape == (3, 2)


def test_part_of_the_cases() -> None:
    assert dice([(2, TRUTH[2].tobytes())], truth, 3, whole=False).mean == 1.0
    with pytest.raises(InputError, match="3 of 3 samples have no entry"):
        dice([], truth, 3, whole=False)


def test_every_problem_of_a_log_is_named() -> None:
    entries = [
        (0, TRUTH[0].tobytes()),
        (0, TRUTH[1].tobytes()),
        (7, TRUTH[0].tobytes()),
        (1, b"\x00\x01\x02"),
        (2, b"\x00\x03\x00\x09"),
    ]
    with pytest.raises(InputError, match="cannot be scored") as caught:
        dice(entries, truth, 4)
    assert caught.value.problems == (
        "sample 0: found two different payloads",
        "sample 7: expected an index of 0..3",
        "sample 1: found a payload of 3 bytes, expected 4: the shape (1, 1, 4) of uint8",
        "sample 2: found 2 voxels that are no label, the first is 3; expected 0, 1 or 2",
        "1 of 4 samples have no entry: 3",
    )


def test_problems_are_shortened() -> None:
    with pytest.raises(InputError) as caught:
        dice([(index, b"") for index in range(25)], lambda _: TRUTH[0], 25)
    assert caught.value.problems[-1] == "and 15 more"


def test_nan_is_no_label() -> None:
    with pytest.raises(ValueError, match="no label, the first is nan"):
        dice_of_case(np.array([np.nan, 1.0]), np.array([0, 1]))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"found the shape \(2,\), expected \(3,\)"):
        dice_of_case(np.zeros(2), np.zeros(3))


def test_truth_is_asked_for_one_case_at_a_time() -> None:
    """A log of gigabytes must not be held, so entries are taken from the iterator as they are scored."""
    asked: list[str] = []

    def entries() -> Iterator[tuple[int, bytes]]:
        for index, payload in perfect():
            asked.append(f"entry {index}")
            yield index, payload

    def noted(index: int) -> np.ndarray:
        asked.append(f"truth {index}")
        return TRUTH[index]

    dice(entries(), noted, 3)
    assert asked == ["entry 0", "truth 0", "entry 1", "truth 1", "entry 2", "truth 2"]
