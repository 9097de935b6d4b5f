"""The olympic mean, by the vectors of the rules."""

from __future__ import annotations

import pytest

from levelfield.stats.olympic import olympic


@pytest.mark.parametrize(
    ("good", "failed", "dropped", "score", "kept"),
    [
        ([10, 11, 12, 13, 14], 0, 1, 12.0, (11, 12, 13)),
        ([13, 10, 12, 11], 1, 1, 12.0, (11, 12, 13)),
        (list(range(40, 0, -1)), 0, 4, 20.5, tuple(range(5, 37))),
        (list(range(1, 39)), 2, 4, 20.5, tuple(range(5, 37))),
        ([1.0, 5.0, 9.0], 0, 1, 5.0, (5.0,)),
        ([7.0], 0, 0, 7.0, (7.0,)),
    ],
)
def test_score(good, failed: int, dropped: int, score: float, kept: tuple[float, ...]) -> None:
    found = olympic(good, failed=failed, dropped=dropped)
    assert found is not None
    assert (found.score, found.kept) == (score, kept)


@pytest.mark.parametrize(
    ("good", "failed", "dropped"),
    [([10, 11, 12], 2, 1), ([], 0, 0), ([], 0, 1), ([10, 11], 0, 1), ([10], 1, 1), ([1, 2, 3, 4], 1, 0)],
)
def test_no_score(good, failed: int, dropped: int) -> None:
    assert olympic(good, failed=failed, dropped=dropped) is None


def test_the_sum_is_rounded_at_each_step_from_the_smallest() -> None:
    """0.1 + 0.2 + 0.3 in that order is 0.6000000000000001; a compensated sum gives 0.6."""
    found = olympic([9.0, 0.3, 0.1, 0.2, 0.0], failed=0, dropped=1)
    assert found is not None
    assert found.score == 0.6000000000000001 / 3
