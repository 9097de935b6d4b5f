"""Law: the rank of an own run never improves when it gets slower or less of it is known or right.

A disqualified run has no rank, which is the worst.
"""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from results import result

from levelfield.results.compare import compare
from levelfield.results.model import Direction, Result, Verification

VALUES = st.floats(0.001, 1e6)
FIELDS = st.lists(st.tuples(VALUES, st.booleans(), st.booleans()), max_size=8)


def rank(own: Result, others: list[Result]) -> float:
    found = compare(own, others)
    ranks = [standing.rank for standing in found.others if standing.rank is not None]
    assert all(1 <= place <= found.ranked for place in ranks)
    assert len(ranks) == max(0, found.ranked - 1)
    return math.inf if found.own.rank is None else found.own.rank


def published(field: list[tuple[float, bool, bool]], direction: Direction) -> list[Result]:
    return [
        result(
            value=value,
            direction=direction,
            void=void,
            power_value=1.0 if power else None,
            power_unit="Watts" if power else "",
            system={"id": f"s{number}"},
        )
        for number, (value, void, power) in enumerate(field)
    ]


@given(VALUES, FIELDS, st.sampled_from(Direction), st.data())
def test_rank(value: float, field: list[tuple[float, bool, bool]], direction: Direction, data: st.DataObject) -> None:
    own = result(value=value, direction=direction, source="own", verification=Verification.UNVERIFIED)
    others = published(field, direction)
    before = rank(own, others)
    factor = data.draw(st.floats(1, 100))
    slower = value / factor if direction is Direction.HIGHER else value * factor
    worse = data.draw(
        st.sampled_from(
            [
                {"value": slower},
                {"void": True},
                {"accuracy": ()},
                {"edition": "mini"},
                {"official": False},
                {"value": math.nan},
                {"round": "inference-v5.1"},
            ]
        )
    )
    assert rank(replace(own, **worse), others) >= before


@given(VALUES, FIELDS, st.sampled_from(Direction), st.randoms())
def test_rank_does_not_depend_on_order(
    value: float, field: list[tuple[float, bool, bool]], direction: Direction, random
) -> None:
    own = result(value=value, direction=direction, source="own", verification=Verification.UNVERIFIED)
    others = published(field, direction)
    shuffled = random.sample(others, len(others))
    assert compare(own, shuffled) == compare(own, others)
