"""The Pareto front: points that no other beats in both of two numbers."""

from __future__ import annotations

from collections.abc import Sequence

from levelfield.results.model import Direction

__all__ = ["front_of"]


def front_of(points: Sequence[tuple[float, float]], better_x: Direction, better_y: Direction) -> tuple[int, ...]:
    """The places in ``points`` of those that are not dominated, along x; points that tie are all kept.

    A point dominates another where it is as good in both and better in one.
    """
    sign_x = 1 if better_x is Direction.LOWER else -1
    sign_y = 1 if better_y is Direction.LOWER else -1
    ordered = sorted(range(len(points)), key=lambda n: (sign_x * points[n][0], sign_y * points[n][1], n))
    found: list[int] = []
    for n in ordered:
        if not found:
            found.append(n)
            continue
        best = points[found[-1]]
        if sign_y * points[n][1] < sign_y * best[1] or points[n] == best:
            found.append(n)
    return tuple(sorted(found, key=lambda n: (points[n], n)))
