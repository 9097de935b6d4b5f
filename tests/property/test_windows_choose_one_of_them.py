"""Law: the score of more runs is that of one of their windows, and slower runs never make it better."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.stats.olympic import olympic
from levelfield.stats.olympic_window import Median, choose_window

TIMES = st.lists(st.none() | st.integers(1, 100).map(float), min_size=5, max_size=12)


def rank(score: float | None) -> float:
    return float("inf") if score is None else score


@given(TIMES, st.sampled_from(Median))
@settings(max_examples=80, deadline=None)
def test_the_choice_is_a_window_of_its_own(times: list[float | None], median: Median) -> None:
    found = choose_window(times, runs=5, dropped=1, median=median)
    assert found.chosen in found.windows
    assert rank(found.lower.score) <= rank(found.upper.score)
    inside = times[found.chosen.first : found.chosen.first + 5]
    good = [time for time in inside if time is not None]
    own = olympic(good, failed=5 - len(good), dropped=1)
    assert found.chosen.score == (None if own is None else own.score)
    faster = sum(rank(window.score) < rank(found.chosen.score) for window in found.windows)
    slower = sum(rank(window.score) > rank(found.chosen.score) for window in found.windows)
    assert max(faster, slower) <= len(found.windows) / 2


@given(TIMES, st.integers(0, 11), st.sampled_from(Median))
@settings(max_examples=80, deadline=None)
def test_a_slower_run_never_improves_it(times: list[float | None], which: int, median: Median) -> None:
    which %= len(times)
    time = times[which]
    slower = [*times[:which], None if time is None else time + 50, *times[which + 1 :]]
    before = choose_window(times, runs=5, dropped=1, median=median).chosen.score
    after = choose_window(slower, runs=5, dropped=1, median=median).chosen.score
    assert rank(after) >= rank(before) * (1 - 1e-12)
