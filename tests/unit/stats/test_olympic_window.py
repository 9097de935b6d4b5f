"""The window that counts, of more runs than the rules ask for."""

from __future__ import annotations

import pytest

from levelfield.stats.olympic_window import Median, choose_window


def scores(times: list[float | None]) -> list[float | None]:
    return [window.score for window in choose_window(times, runs=5, dropped=1).windows]


def test_two_windows_leave_two_medians() -> None:
    found = choose_window([10, 12, 11, 14, 13, 20], runs=5, dropped=1)
    assert [window.score for window in found.windows] == [12, 13]
    assert (found.lower.score, found.upper.score, found.chosen.score, found.chosen.first) == (12, 13, 12, 0)
    assert found.is_ambiguous
    upper = choose_window([10, 12, 11, 14, 13, 20], runs=5, dropped=1, median=Median.UPPER)
    assert (upper.chosen.score, upper.chosen.first) == (13, 1)


def test_failed_runs() -> None:
    assert scores([10, 12, 11, None, 13, 20]) == [12, 15]
    found = choose_window([10, 12, None, None, 13, 20], runs=5, dropped=1)
    assert [window.score for window in found.windows] == [None, None]
    assert found.chosen.score is None
    assert not found.is_ambiguous


def test_a_window_without_a_score_is_the_slowest() -> None:
    """Three windows: one has two failed runs, so the slower of the two others is the median."""
    found = choose_window([None, None, 10, 11, 12, 13, 14], runs=5, dropped=1)
    assert [window.score for window in found.windows] == [None, 12, 12]
    assert (found.lower, found.upper) == (found.windows[2], found.windows[2])


def test_one_window_is_the_submission() -> None:
    found = choose_window([14, 10, 12, 11, 13], runs=5, dropped=1)
    assert (len(found.windows), found.chosen.score, found.is_ambiguous) == (1, 12, False)


def test_too_few_runs() -> None:
    with pytest.raises(ValueError, match="found 4 runs, expected 5 or more"):
        choose_window([1, 2, 3, 4], runs=5, dropped=1)
