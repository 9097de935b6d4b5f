from __future__ import annotations

import pytest

from levelfield.loadgen.steadiness import Steadiness, measure_steadiness


class Processor:
    """A piece takes 100 µs; from 100 to 120 ms after the start, and at 500 ms, eleven times as long."""

    def __init__(self) -> None:
        self.shown_ns = 0

    def now(self) -> int:
        return self.shown_ns

    def work(self) -> None:
        slowed = 100_000_000 <= self.shown_ns < 120_000_000 or 500_000_000 <= self.shown_ns < 500_100_000
        self.shown_ns += 1_100_000 if slowed else 100_000


def test_slow_times_are_found_with_their_length() -> None:
    processor = Processor()
    found = measure_steadiness(1.0, now=processor.now, work=processor.work)
    assert found.usual_ns == 100_000
    assert found.slowest == 11.0
    assert found.longest_slow_ns == 19 * 1_100_000
    assert found.slow_share == pytest.approx(20 * 1_100_000 / processor.shown_ns)
    assert found.pieces == 20 + (processor.shown_ns - 22_000_000) // 100_000


def test_an_even_pace_has_no_slow_time() -> None:
    clock = iter(range(0, 10**9, 100_000))
    found = measure_steadiness(0.5, now=lambda: next(clock), work=lambda: None)
    assert found == Steadiness(pieces=5_000, usual_ns=100_000, slow_share=0.0, longest_slow_ns=0, slowest=1.0)


def test_the_default_piece_is_real_work() -> None:
    assert measure_steadiness(0.01).usual_ns > 1_000
