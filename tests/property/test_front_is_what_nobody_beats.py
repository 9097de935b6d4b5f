"""A point is on the front exactly if no other is as good in both numbers and better in one, in any directions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelfield.results.model import Direction
from levelfield.results.site.front import front_of

NUMBERS = st.integers(0, 6).map(float)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=25)
DIRECTIONS = st.sampled_from(Direction)


def no_worse(a: float, b: float, direction: Direction) -> bool:
    return a >= b if direction is Direction.HIGHER else a <= b


def beats(a: tuple[float, float], b: tuple[float, float], x: Direction, y: Direction) -> bool:
    return a != b and no_worse(a[0], b[0], x) and no_worse(a[1], b[1], y)


@given(POINTS, DIRECTIONS, DIRECTIONS)
def test_front_is_what_nobody_beats(points: list[tuple[float, float]], x: Direction, y: Direction) -> None:
    expected = {n for n, point in enumerate(points) if not any(beats(other, point, x, y) for other in points)}
    assert set(front_of(points, x, y)) == expected
