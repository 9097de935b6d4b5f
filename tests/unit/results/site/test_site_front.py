from __future__ import annotations

from levelfield.results.model import Direction
from levelfield.results.site.front import front_of

UP, DOWN = Direction.HIGHER, Direction.LOWER


def test_points_that_another_beats_in_both_are_not_on_the_front() -> None:
    points = [(100.0, 5.0), (50.0, 4.0), (60.0, 3.0), (120.0, 5.0), (30.0, 1.0)]
    assert [points[n] for n in front_of(points, DOWN, UP)] == [(30.0, 1.0), (50.0, 4.0), (100.0, 5.0)]


def test_ties_are_all_kept() -> None:
    assert front_of([(1.0, 2.0), (1.0, 2.0), (1.0, 1.0)], DOWN, UP) == (0, 1)


def test_latency_and_energy_are_both_better_when_lower() -> None:
    points = [(1.0, 9.0), (2.0, 3.0), (3.0, 3.0), (4.0, 1.0)]
    assert front_of(points, DOWN, DOWN) == (0, 1, 3)


def test_no_point_has_an_empty_front() -> None:
    assert front_of([], DOWN, UP) == ()
