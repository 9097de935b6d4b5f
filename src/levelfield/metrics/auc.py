"""Area under the ROC curve, twice: exactly, and as the host runner of MLPerf Tiny v0.7 prints it.

The exact area is the share of pairs, one positive and one negative, that the scores order right; a tie counts half
(Mann and Whitney). It is counted in integers, so it does not depend on the order of the samples, and equals
``sklearn.metrics.roc_auc_score``. :class:`AreaOfMany` takes the scores in pieces and needs no more than them, sorted.

Its standard error is DeLong's (Biometrics 44, 1988; X. Sun and W. Xu, IEEE Signal Processing Letters 21, 2014): the
spread, over the samples of each kind, of the share of the other kind that a sample is on the right side of.

The runner steps through a hundred thresholds. Scores of a device are quantised and printed with three decimals, so
saturated outputs fall on one threshold and lose area: a published 0.83 is 0.88 exactly. Rules from v1.2 on name the
exact form, ``roc_auc_score(..., multi_class="ovr")``. Both are kept, each under its name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["AreaOfMany", "RocArea", "area_difference", "binary_auc", "exact_auc", "thresholded_auc"]

Scores: TypeAlias = NDArray[np.floating[Any]]

THRESHOLDS = np.arange(1, 101) / 100
"""0.01 to 1.00."""
Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""
BLOCK = 1 << 20
"""Samples compared at a time: bounds the memory of the counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RocArea:
    """The exact area of two classes, 0 to 1, and how sure it is."""

    value: float
    standard_error: float
    """DeLong's, for samples drawn independently; 0 where there is one sample of a kind."""
    positives: int
    negatives: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval, within 0 to 1."""
        reach = Z_95 * self.standard_error
        return max(0.0, self.value - reach), min(1.0, self.value + reach)


class AreaOfMany:
    """The exact area of scores that come in pieces, as those of 89 million pairs do.

    What is kept is the scores themselves, in the type in which they come: 4 bytes for each float32, twice that while
    :meth:`area` sorts them.
    """

    def __init__(self) -> None:
        self._positives: list[Scores] = []
        self._negatives: list[Scores] = []

    def add(self, scores: Scores, positive: NDArray[np.bool_]) -> None:
        """Take some samples.

        Args:
            scores: (samples,), higher where the class is likelier; finite.
            positive: (samples,), which samples are of the class.
        """
        self._positives.append(scores[positive])
        self._negatives.append(scores[~positive])

    def area(self) -> RocArea:
        """The area of all samples taken so far.

        Raises:
            ValueError: All samples are of one kind.
        """
        positives, negatives = _sorted(self._positives), _sorted(self._negatives)
        wins, losses = len(positives), len(negatives)
        if not wins or not losses:
            raise ValueError("positive: found samples of one kind only, expected both.")
        halves, spread = _halves_below(positives, negatives)
        _, other_spread = _halves_below(negatives, positives)
        return RocArea(
            value=halves / (2 * wins * losses),
            standard_error=math.sqrt(spread / wins + other_spread / losses),
            positives=wins,
            negatives=losses,
        )


def binary_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The exact area: pairs that are ordered right, half of the ties, divided by all pairs (Mann-Whitney).

    Args:
        scores: (samples,), higher where the class is likelier.
        positive: (samples,), which samples are of the class.

    Raises:
        ValueError: All samples are of one kind.
    """
    many = AreaOfMany()
    many.add(scores, positive)
    return many.area().value


def area_difference(one: Scores, other: Scores, positive: NDArray[np.bool_]) -> tuple[float, float]:
    """The difference of the areas of two scores of the same samples, and its standard error (DeLong, paired).

    Far tighter than the errors of the two areas, since both see the same easy and hard samples.

    Args:
        one: (samples,) scores.
        other: (samples,) scores of the same samples.
        positive: (samples,), which samples are of the class.

    Returns:
        The area of ``one`` less that of ``other``, and the standard error of that.

    Raises:
        ValueError: There are fewer than two samples of a kind.
    """
    wins, losses = int(positive.sum()), int((~positive).sum())
    if min(wins, losses) < 2:
        raise ValueError("positive: found fewer than two samples of a kind, expected two or more of both.")
    of_positives = _placements(one[positive], one[~positive]) - _placements(other[positive], other[~positive])
    of_negatives = _placements(one[~positive], one[positive]) - _placements(other[~positive], other[positive])
    error = math.sqrt(of_positives.var(ddof=1) / wins + of_negatives.var(ddof=1) / losses)
    return float(of_positives.mean()), error


def _sorted(pieces: list[Scores]) -> Scores:
    together = np.concatenate(pieces) if pieces else np.empty(0)
    together.sort()
    return together


def _halves_below(scores: Scores, others: Scores) -> tuple[int, float]:
    """Of two sorted arrays: twice the pairs in which ``scores`` is above (a tie is one), and a variance.

    The variance is that, over ``scores``, of the share of ``others`` that each is above.
    """
    total, squares = 0, 0.0
    count, size = len(scores), len(others)
    for start in range(0, count, BLOCK):
        block = scores[start : start + BLOCK]
        halves = np.searchsorted(others, block, side="left") + np.searchsorted(others, block, side="right")
        total += int(halves.sum())
        squares += float(np.square(halves / (2 * size) - 0.5).sum())  # around 1/2: little is lost in the difference
    centre = total / (2 * count * size) - 0.5
    return total, max(squares - count * centre * centre, 0.0) / max(count - 1, 1)


def _placements(scores: Scores, others: Scores) -> NDArray[np.float64]:
    """(len(scores),): the share of ``others`` that each is above; a tie counts half."""
    ordered = np.sort(others)
    halves = np.searchsorted(ordered, scores, side="left") + np.searchsorted(ordered, scores, side="right")
    shares: NDArray[np.float64] = halves / (2 * len(others))
    return shares


def exact_auc(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The mean over the classes that occur, one against the rest, of the exact area.

    Args:
        scores: (samples, classes).
        labels: (samples,), below the number of classes.

    Raises:
        ValueError: Only one class occurs.
    """
    return float(np.mean([binary_auc(scores[:, label], labels == label) for label in np.unique(labels)]))


def thresholded_auc(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The area as the runner of v0.7 gives it: trapezia over the thresholds 0.01 to 1.00, and the point (1, 1).

    A sample counts as found where its score is above the threshold, not where it equals it. Arguments and errors as
    for :func:`exact_auc`.
    """
    areas = []
    for label in np.unique(labels):
        positive = labels == label
        if positive.all():
            raise ValueError("labels: found one class only, expected two or more.")
        above = scores[:, label][:, None] > THRESHOLDS  # (samples, thresholds)
        found = np.concatenate([[1.0], above[positive].mean(axis=0)])
        false = np.concatenate([[1.0], above[~positive].mean(axis=0)])
        areas.append(float(((false[:-1] - false[1:]) * (found[:-1] + found[1:]) / 2).sum()))
    return float(np.mean(areas))
