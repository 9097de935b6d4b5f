from __future__ import annotations

from dataclasses import replace

import pytest
from machines import FakeSource

from levelfield.system.contention import Contention, ProcessorTimes, contention_between, processor_times

STAT = """cpu  1000 200 300 9000 50 10 40 25 0 0
cpu0 500 100 150 4500 25 5 20 12 0 0
cpu1 500 100 150 4500 25 5 20 13 0 0
"""
BEFORE = ProcessorTimes(wall_s=10.0, busy_s=15.5, stolen_s=0.25, own_s=3.0, processors=2)


def test_counters_are_those_of_the_line_of_all_processors() -> None:
    found = processor_times(FakeSource({"/proc/stat": STAT}), tick_hz=100)
    assert found is not None
    assert (found.busy_s, found.stolen_s, found.processors) == (15.5, 0.25, 2)
    assert found.own_s > 0


@pytest.mark.parametrize(
    "text", ["", "cpu  1 2 3\ncpu0 1 2 3\n", "cpu  1 2 3 4 5 6 7 x\ncpu0 1\n", STAT.splitlines()[0]]
)
def test_what_cannot_be_read_is_not_known(text: str) -> None:
    assert processor_times(FakeSource({"/proc/stat": text}), tick_hz=100) is None


def test_shares_are_of_all_processors() -> None:
    after = replace(BEFORE, wall_s=20.0, busy_s=25.5, stolen_s=0.65, own_s=9.0)
    assert contention_between(BEFORE, after) == Contention(others=pytest.approx(0.2), stolen=pytest.approx(0.02))


def test_rounded_counters_never_give_less_than_nothing() -> None:
    after = replace(BEFORE, wall_s=20.0, busy_s=16.49, own_s=4.0)
    assert contention_between(BEFORE, after) == Contention(others=0.0, stolen=0.0)


def test_nothing_is_known_without_counters_or_time() -> None:
    assert contention_between(None, BEFORE) is None
    assert contention_between(BEFORE, None) is None
    assert contention_between(BEFORE, BEFORE) is None
