"""Area under the ROC curve, twice: exactly, and as the host runner of MLPerf Tiny v0.7 prints it.

The runner steps through a hundred thresholds. Scores of a device are quantised and printed with three decimals, so
saturated outputs fall on one threshold and lose area: a published 0.83 is 0.88 exactly. Rules from v1.2 on name the
exact form, ``roc_auc_score(..., multi_class="ovr")``. Both are kept, each under its name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["binary_auc", "exact_auc", "thresholded_auc"]

THRESHOLDS = np.arange(1, 101) / 100
"""0.01 to 1.00."""


def binary_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The exact area: pairs that are ordered right, half of the ties, divided by all pairs (Mann-Whitney).

    Args:
        scores: (samples,), higher where the class is likelier.
        positive: (samples,), which samples are of the class.

    Raises:
        ValueError: All samples are of one kind.
    """
    wins = int(positive.sum())
    losses = len(positive) - wins
    if not wins or not losses:
        raise ValueError("positive: found samples of one kind only, expected both.")
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return float((ranks[positive].sum() - wins * (wins + 1) / 2) / (wins * losses))


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
