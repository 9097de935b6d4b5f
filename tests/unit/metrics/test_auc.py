"""Area under the ROC curve: worked by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.metrics.auc import binary_auc, exact_auc, thresholded_auc


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
