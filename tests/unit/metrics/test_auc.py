"""Area under the ROC curve: worked by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.metrics import auc
from levelfield.metrics.auc import AreaOfMany, area_difference, binary_auc, exact_auc, thresholded_auc


@pytest.mark.parametrize(
    ("scores", "positive", "area"),
    [
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5),
        ([0.5, 0.5, 0.7], [0, 1, 0], 0.25),
    ],
)
def test_exact_area_of_two_classes(scores, positive, area: float) -> None:
    assert binary_auc(np.array(scores, float), np.array(positive, bool)) == area


@pytest.mark.parametrize("positive", [[True, True], [False, False], []])
def test_one_kind_has_no_area(positive) -> None:
    with pytest.raises(ValueError, match="one kind only"):
        binary_auc(np.zeros(len(positive)), np.array(positive, bool))


def test_saturated_scores_lose_area_by_thresholds() -> None:
    """Class 1: positives at 1.0 and 0.0, negative at 0.0. No threshold of 0.01 or more finds the second positive.

    Exact: one pair won, one tied, of two: 0.75. By thresholds, below 1.00 the point is (0, 0.5), at 1.00 (0, 0); from
    (1, 1) to (0, 0.5) the area is 0.75. Class 0 has scores 0, 1 and 1: the same area by both.
    """
    scores = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    labels = np.array([1, 1, 0])
    assert exact_auc(scores, labels) == 0.75
    assert thresholded_auc(scores, labels) == 0.75
    fine = np.array([[0.999, 0.001], [0.997, 0.003]])  # told apart exactly, by no threshold
    assert exact_auc(fine, np.array([0, 1])) == 1.0
    assert thresholded_auc(fine, np.array([0, 1])) == 0.5


def test_a_score_that_equals_a_threshold_is_not_above_it() -> None:
    scores = np.array([[0.5, 0.29], [0.5, 0.285]])
    # Above 0.28 both, above 0.29 none: nothing tells them apart.
    assert thresholded_auc(scores[:, [1, 0]], np.array([0, 1])) == pytest.approx(0.5)


def test_classes_that_do_not_occur_are_left_out() -> None:
    scores = np.array([[0.9, 0.1, 0.3], [0.2, 0.8, 0.3]])
    assert exact_auc(scores, np.array([0, 1])) == 1.0
    with pytest.raises(ValueError, match="one kind only"):
        exact_auc(scores, np.array([1, 1]))
    with pytest.raises(ValueError, match="one class only"):
        thresholded_auc(scores, np.array([1, 1]))


def test_exact_area_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    scores = np.round(rng.dirichlet(np.ones(4), 300), 2)
    scores /= scores.sum(axis=1, keepdims=True)
    labels = rng.integers(0, 4, 300)
    expected = metrics.roc_auc_score(labels, scores, multi_class="ovr")
    assert exact_auc(scores, labels) == pytest.approx(expected, abs=1e-12)


# --- in pieces, and how sure ---


def test_pieces_give_the_area_of_the_whole() -> None:
    rng = np.random.default_rng(11)
    scores = rng.integers(0, 40, 500).astype(np.float32)  # many ties
    positive = rng.random(500) < 0.3
    many = AreaOfMany()
    for piece in np.array_split(np.arange(500), 7):
        many.add(scores[piece], positive[piece])
    found = many.area()
    assert found.value == binary_auc(scores, positive)
    assert (found.positives, found.negatives) == (int(positive.sum()), int((~positive).sum()))


@pytest.mark.parametrize("levels", [3, 50, 10**6])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_area_is_that_of_scikit_learn_with_and_without_ties(levels: int, kind) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(levels)
    positive = rng.random(2000) < 0.25
    scores = (rng.integers(0, levels, 2000) + positive * levels // 4).astype(kind)
    expected = metrics.roc_auc_score(positive, scores)
    assert binary_auc(scores, positive) == pytest.approx(expected, abs=1e-12)


def test_area_does_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    scores, positive = rng.normal(size=100).round(1), rng.random(100) < 0.5
    many = AreaOfMany()
    many.add(scores, positive)
    whole = many.area()
    monkeypatch.setattr(auc, "BLOCK", 7)
    pieces = many.area()
    assert pieces.value == whole.value
    assert pieces.standard_error == pytest.approx(whole.standard_error, rel=1e-12)


def test_standard_error_worked_by_hand() -> None:
    """Positives 2 and 4, negatives 1 and 3. Shares below the positives: 1/2, 1; above the negatives: 1, 1/2.

    Each variance is 1/8 (two values, one degree of freedom), divided by two samples each: 1/16 + 1/16.
    """
    many = AreaOfMany()
    many.add(np.array([2.0, 4.0, 1.0, 3.0]), np.array([True, True, False, False]))
    found = many.area()
    assert found.value == 0.75
    assert found.standard_error == pytest.approx((1 / 8) ** 0.5)
    assert found.interval == (pytest.approx(0.75 - 1.959964 * 0.3535534), 1.0)


def test_standard_error_is_the_spread_of_repeated_draws() -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(400) < 150
    values, errors = [], []
    for _ in range(300):
        many = AreaOfMany()
        many.add(rng.normal(size=400) + positive, positive)
        values.append(many.area().value)
        errors.append(many.area().standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.12)


def test_paired_difference_is_tighter_than_two_areas_and_zero_for_equals() -> None:
    rng = np.random.default_rng(6)
    positive = rng.random(3000) < 0.4
    one = rng.normal(size=3000) + positive
    other = one + rng.normal(size=3000) * 0.05
    difference, error = area_difference(one, other, positive)
    assert difference == pytest.approx(binary_auc(one, positive) - binary_auc(other, positive), abs=1e-12)
    many = AreaOfMany()
    many.add(one, positive)
    assert 0 < error < many.area().standard_error / 5
    assert area_difference(one, one, positive) == (0.0, 0.0)


def test_paired_difference_needs_two_of_a_kind() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        area_difference(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([True, False]))


def test_many_of_one_kind_have_no_area() -> None:
    with pytest.raises(ValueError, match="one kind only"):
        AreaOfMany().area()
