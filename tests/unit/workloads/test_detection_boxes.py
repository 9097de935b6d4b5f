"""Overlap and suppression, by hand and against the plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.workloads.object_detection.boxes import Suppression, detections, overlaps

RULE = Suppression(least_score=0.05, most_candidates=100, most_overlap=0.5, most_kept=50)


def test_overlap_by_hand() -> None:
    first = np.array([[0, 0, 2, 2], [0, 0, 0, 0], [3, 3, 1, 1]], np.float32)
    second = np.array([[0, 1, 2, 3], [5, 5, 6, 6], [0, 0, 2, 2]], np.float32)
    np.testing.assert_allclose(overlaps(first, second), [[1 / 3, 0, 1], [0, 0, 0], [0, 0, 0]], rtol=1e-6)


def plain(boxes: np.ndarray, scores: np.ndarray, rule: Suppression) -> list[tuple[int, int]]:
    """Anchor and class of what is kept, one after the other."""
    candidates = [
        (-scores[anchor, number], anchor, number)
        for anchor in range(len(boxes))
        for number in range(scores.shape[1])
        if scores[anchor, number] > rule.least_score
    ]
    kept: list[tuple[int, int]] = []
    for _, anchor, number in sorted(candidates)[: rule.most_candidates]:
        rivals = [other for other, same in kept if same == number]
        if len(kept) < rule.most_kept and all(
            overlaps(boxes[[anchor]], boxes[[other]])[0, 0] < rule.most_overlap for other in rivals
        ):
            kept.append((anchor, number))
    return kept


@pytest.mark.parametrize("seed", range(8))
def test_equal_to_the_plain_loop(seed: int) -> None:
    draw = np.random.default_rng(seed)
    corner = draw.uniform(0, 0.6, (80, 2))
    boxes = np.concatenate([corner, corner + draw.uniform(0.05, 0.4, (80, 2))], axis=1).astype(np.float32)
    scores = (draw.integers(0, 20, (80, 3)) / 20).astype(np.float32)  # with ties
    rule = Suppression(least_score=0.3, most_candidates=60, most_overlap=0.4, most_kept=25)
    kept, best, classes = detections(boxes, scores, rule)
    expected = plain(boxes, scores, rule)
    np.testing.assert_array_equal(kept, boxes[[anchor for anchor, _ in expected]])
    assert classes.tolist() == [number for _, number in expected]
    assert best.tolist() == [scores[anchor, number] for anchor, number in expected]


def test_nothing_above_the_least_score() -> None:
    kept, best, classes = detections(np.zeros((4, 4), np.float32), np.full((4, 2), 0.05, np.float32), RULE)
    assert (kept.shape, best.shape, classes.shape) == ((0, 4), (0,), (0,))


def test_boxes_of_two_classes_do_not_suppress_each_other() -> None:
    boxes = np.array([[0, 0, 1, 1]] * 2, np.float32)
    scores = np.array([[0.9, 0.8], [0.7, 0.85]], np.float32)
    _, best, classes = detections(boxes, scores, RULE)
    assert classes.tolist() == [0, 1]
    assert best.tolist() == pytest.approx([0.9, 0.85])
