"""Law: a submission whose runs need less never gets a better verdict, whatever the points; and order means nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.stats.rcp import (
    Convergence,
    Floor,
    Point,
    Status,
    floor_of,
    interpolate,
    judge_convergence,
    reference_of,
)

FIGURES = st.lists(st.integers(10, 200).map(float), min_size=10, max_size=20)
POINTS = st.dictionaries(st.integers(1, 50), FIGURES, min_size=1, max_size=4).map(
    lambda sizes: [Point(batch_size=size, figures=tuple(figures)) for size, figures in sizes.items()]
)
RUNS = st.lists(st.integers(10, 200).map(float), min_size=5, max_size=5)
RANK = {Status.PASS: 2, Status.MISSING: 1, Status.FAIL: 1}


def judged(figures: list[float], batch_size: int, points: list[Point], how: Floor = Floor.CLOSED_FORM) -> Convergence:
    return judge_convergence(figures, failed=0, batch_size=batch_size, points=points, runs=5, dropped=1, how=how)


@given(RUNS, st.integers(1, 60), POINTS, st.tuples(st.integers(0, 4), st.floats(0.5, 1)), st.sampled_from(Floor))
@settings(max_examples=60, deadline=None)
def test_faster_is_never_better(
    figures: list[float], batch_size: int, points: list[Point], change: tuple[int, float], how: Floor
) -> None:
    before = judged(figures, batch_size, points, how)
    which, factor = change
    faster = [figure * factor if index == which else figure for index, figure in enumerate(figures)]
    after = judged(faster, batch_size, points, how)
    assert RANK[after.status] <= RANK[before.status]
    assert after.method == before.method


@given(RUNS, st.integers(1, 60), POINTS, st.randoms())
@settings(max_examples=60, deadline=None)
def test_order_means_nothing(
    figures: list[float], batch_size: int, points: list[Point], shuffle: random.Random
) -> None:
    before = judged(figures, batch_size, points)
    figures, points = list(figures), list(points)
    shuffle.shuffle(figures)
    shuffle.shuffle(points)
    assert judged(figures, batch_size, points) == before


@given(FIGURES, st.integers(3, 60))
@settings(max_examples=60, deadline=None)
def test_the_floor_lies_below_the_mean_and_rises_with_more_runs(figures: list[float], runs: int) -> None:
    """Not without limit: the reference's own runs bound it."""
    reference = reference_of(Point(batch_size=1, figures=tuple(figures)), dropped=1)
    floor, next_floor = floor_of(reference, runs=runs), floor_of(reference, runs=runs + 1)
    assert floor <= next_floor <= reference.mean
    searched = floor_of(reference, runs=runs, how=Floor.BISECT)
    assert abs(searched - max(floor, 0)) <= 1e-4


@given(FIGURES, FIGURES, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_an_interpolated_point_lies_between(low: list[float], high: list[float], share: float) -> None:
    ends = [
        reference_of(Point(batch_size=size, figures=tuple(figures)), dropped=1)
        for size, figures in ((100, low), (200, high))
    ]
    found = interpolate(ends[0], ends[1], 100 + 100 * share, runs=5)
    for name in ("mean", "sd"):
        a, b = sorted(getattr(end, name) for end in ends)
        assert a - 1e-9 <= getattr(found, name) <= b + 1e-9
