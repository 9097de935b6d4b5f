from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from dataclasses import replace

import pytest

from levelfield.loadgen.steadiness import Steadiness
from levelfield.loadgen.timekeeping import (
    Pace,
    Spread,
    Timekeeping,
    busy_thread,
    measure_timekeeping,
    spread_of,
    timekeeping_verdict,
)
from levelfield.loadgen.waiting import Timekeeper

STEADY = Steadiness(pieces=20_000, usual_ns=100_000, slow_share=0.001, longest_slow_ns=300_000, slowest=3.0)


class FakeClock:
    """Every look takes 50 ns, every sleep 70 µs more than asked."""

    def __init__(self) -> None:
        self.shown_ns = 0

    def now(self) -> int:
        self.shown_ns += 50
        return self.shown_ns

    def sleep(self, seconds: float) -> None:
        self.shown_ns += round(seconds * 1e9) + 70_000

    def make_poll(self):
        return lambda: None


def pace(per_s: int, p99_ns: int, *, busy: bool = False) -> Pace:
    spread = Spread(count=1_000, p50_ns=300, p99_ns=p99_ns, p999_ns=2 * p99_ns, max_ns=3 * p99_ns)
    return Pace(per_s=per_s, beside_busy_thread=busy, lateness=spread)


def found(*paces: Pace) -> Timekeeping:
    return Timekeeping(
        clock_step_ns=30,
        clock_call_ns=70,
        sleep_overshoot=pace(1, 90_000).lateness,
        margin_ns=150_000,
        paces=paces,
        switch_interval_s=0.005,
        steadiness=STEADY,
    )


def test_a_perfect_clock_is_found_to_be_one() -> None:
    clock = FakeClock()
    keeper = Timekeeper(now=clock.now, sleep=clock.sleep, make_poll=clock.make_poll)
    seen = measure_timekeeping(keeper, seconds=0.1, busy=nullcontext, steadiness=lambda _: STEADY)
    assert (seen.clock_step_ns, seen.clock_call_ns) == (50, 50)
    assert seen.sleep_overshoot == Spread(count=150, p50_ns=70_050, p99_ns=70_050, p999_ns=70_050, max_ns=70_050)
    assert [(one.per_s, one.beside_busy_thread, one.lateness.count) for one in seen.paces] == [
        (1_000, False, 100),
        (10_000, False, 1_000),
        (1_000, True, 100),
    ]
    assert all(one.lateness.max_ns < 50 for one in seen.paces)
    assert seen.switch_interval_s == sys.getswitchinterval()


def test_a_machine_that_stalls_is_found_to_be_late() -> None:
    clock = FakeClock()

    def stalling() -> int:
        clock.shown_ns += 5_000_000 if clock.shown_ns % 100_000_000 < 50 else 50
        return clock.shown_ns

    keeper = Timekeeper(now=stalling, sleep=clock.sleep, make_poll=clock.make_poll)
    seen = measure_timekeeping(keeper, seconds=0.5, busy=nullcontext, steadiness=lambda _: STEADY)
    assert max(one.lateness.max_ns for one in seen.paces) > 3_000_000


def test_spread_takes_loadgen_s_percentiles() -> None:
    assert spread_of(list(range(1000, 0, -1))) == Spread(count=1000, p50_ns=501, p99_ns=991, p999_ns=1000, max_ns=1000)


def test_verdict_of_a_good_machine() -> None:
    assert timekeeping_verdict(found(pace(1_000, 2_000), pace(10_000, 3_000), pace(1_000, 9_000, busy=True))) == (
        "This machine keeps time to 3.00 µs at p99 (p99.9 6.00 µs, at most 9.00 µs).",
        "Server results at 1,000 and 10,000 queries/s can be trusted.",
    )


def test_verdict_of_a_machine_that_is_late_at_the_high_rate_and_beside_a_busy_thread() -> None:
    told = timekeeping_verdict(found(pace(1_000, 2_000), pace(10_000, 3_000_000), pace(1_000, 5_000_000, busy=True)))
    assert told[0].startswith("This machine keeps time to 3.00 ms at p99")
    assert told[1] == "Server results at 1,000 queries/s can be trusted."
    assert told[2].startswith("Server results at 10,000 queries/s cannot be trusted: p99 is above 1.00 ms.")
    assert told[3].startswith("Beside a Python thread that never rests it is 5.00 ms")


def test_a_processor_that_does_not_keep_its_pace_is_told_of() -> None:
    slowed = replace(STEADY, slow_share=0.053, longest_slow_ns=25_000_000, slowest=11.4)
    told = timekeeping_verdict(replace(found(pace(1_000, 2_000), pace(10_000, 3_000)), steadiness=slowed))
    assert told[2].startswith(
        "Its processor is not steady: 5.3% of the time went to work that took 2.5 to 11 times as long as usual, up to "
        "25.0 ms on end."
    )


def test_verdict_never_improves_when_the_machine_gets_later() -> None:
    good = found(pace(1_000, 999_000), pace(10_000, 999_000))
    late = replace(good, paces=(pace(1_000, 1_000_001), pace(10_000, 999_000)))
    assert "1,000 and 10,000 queries/s can be trusted" in timekeeping_verdict(good)[1]
    assert timekeeping_verdict(late)[1] == "Server results at 10,000 queries/s can be trusted."


def test_the_busy_thread_ends_with_its_block() -> None:
    with busy_thread():
        assert any(thread.name == "levelfield-busy" for thread in threading.enumerate())
    assert not any(thread.name == "levelfield-busy" for thread in threading.enumerate())


def test_an_error_beside_the_busy_thread_ends_it_too() -> None:
    with pytest.raises(ValueError, match="x"), busy_thread():
        raise ValueError("x")
    assert not any(thread.name == "levelfield-busy" for thread in threading.enumerate())
