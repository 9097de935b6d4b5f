from __future__ import annotations

import ctypes
import sys
import threading
import time

import pytest
from fakes import FakeClock

from levelfield.loadgen.waiting import (
    LEAST_MARGIN_NS,
    LEAST_SLEEP_NS,
    MOST_MARGIN_NS,
    NEAR_NS,
    POLLED_NS,
    SLICE_NS,
    Timekeeper,
    calibrate,
    checksums,
    fine_timers,
)


def test_sleeps_until_the_margin_and_polls_the_rest() -> None:
    clock = FakeClock(poll_ns=300)
    slept: list[float] = []
    keeper = clock.keeper(margin_ns=1_000)
    keeper = type(keeper)(
        now=clock.now,
        sleep=lambda s: (slept.append(s), clock.sleep(s))[0],
        make_poll=lambda: clock.poll,
        rest=lambda _: clock.poll(),
        margin_ns=1_000,
    )
    due_ns = clock.now() + 2 * SLICE_NS + 50_000
    assert due_ns <= keeper.wait_until(due_ns) < due_ns + 300
    assert slept == [SLICE_NS / 1e9, SLICE_NS / 1e9, 49_000 / 1e9]


def test_a_short_wait_is_polled_since_waking_up_may_take_as_long() -> None:
    clock = FakeClock(poll_ns=300)
    keeper = Timekeeper(
        now=clock.now, sleep=pytest.fail, make_poll=lambda: clock.poll, rest=lambda _: clock.poll(), margin_ns=1_000
    )
    due_ns = clock.now() + LEAST_SLEEP_NS + 1_000
    assert due_ns <= keeper.wait_until(due_ns) < due_ns + 300


def test_until_the_last_thirty_microseconds_the_interpreter_is_left_to_others() -> None:
    clock = FakeClock(poll_ns=300)
    rests: list[int] = []
    polls: list[int] = []

    def rest(left_ns: int) -> None:
        rests.append(clock.now())
        clock.pass_ns(left_ns // 2)

    def poll() -> None:
        polls.append(clock.now())
        clock.poll()

    keeper = Timekeeper(now=clock.now, sleep=pytest.fail, make_poll=lambda: poll, rest=rest, margin_ns=200_000)
    due_ns = clock.now() + 150_000
    assert due_ns <= keeper.wait_until(due_ns) < due_ns + 300
    assert len(rests) == 3  # with 150, 75 and 37 µs left
    assert max(rests) < due_ns - POLLED_NS <= min(polls)
    assert len(polls) == 63  # the last 18.6 µs


def test_other_threads_run_while_it_rests() -> None:
    # They would not if zlib kept the interpreter: what is computed must be more than 5 KiB.
    turns = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal turns
        while not ended.is_set():
            turns += 1
            time.sleep(0)  # it gives the interpreter back

    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        other = threading.Thread(target=count)
        rest = checksums()
        other.start()
        turns_before = turns
        for _ in range(200):
            rest(0)
        turns_after = turns
        ended.set()
        other.join()
    finally:
        sys.setswitchinterval(before)
    assert turns_after > turns_before


def test_the_last_millisecond_is_slept_in_slices() -> None:
    clock = FakeClock(poll_ns=300)
    slept: list[int] = []
    keeper = Timekeeper(
        now=clock.now,
        sleep=lambda s: (slept.append(round(s * 1e9)), clock.sleep(s))[0],
        make_poll=lambda: clock.poll,
        rest=lambda _: clock.poll(),
        margin_ns=1_000,
    )
    due_ns = clock.now() + NEAR_NS + SLICE_NS + 8_001_000
    assert due_ns <= keeper.wait_until(due_ns) < due_ns + 300
    assert slept[0] == pytest.approx(8_000_000 + SLICE_NS, abs=100)
    assert max(slept[1:]) <= SLICE_NS
    assert sum(slept) == pytest.approx(NEAR_NS + SLICE_NS + 8_000_000, abs=1_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="timer slack is Linux's")
def test_fine_timers_are_for_a_while() -> None:
    prctl = ctypes.CDLL(None).prctl
    before = prctl(30, 0, 0, 0, 0)
    with fine_timers():
        assert prctl(30, 0, 0, 0, 0) == 1
    assert prctl(30, 0, 0, 0, 0) == before


def test_a_moment_in_the_past_does_not_wait() -> None:
    clock = FakeClock()
    before = clock.now()
    assert clock.keeper().wait_until(before - 5) == before


def test_margin_follows_how_late_sleeping_is() -> None:
    def margin_when_late_by(late_ns: int) -> int:
        clock = FakeClock()
        keeper = clock.keeper()
        keeper = type(keeper)(
            now=clock.now,
            sleep=lambda s: clock.pass_ns(round(s * 1e9) + late_ns),
            make_poll=lambda: clock.poll,
            rest=lambda _: clock.poll(),
            margin_ns=0,
        )
        return calibrate(keeper).margin_ns

    assert margin_when_late_by(100_000) == 200_000
    assert margin_when_late_by(0) == LEAST_MARGIN_NS
    assert margin_when_late_by(10_000_000) == MOST_MARGIN_NS


def test_margin_ignores_sleeps_that_no_margin_could_mend() -> None:
    clock = FakeClock()
    overshoots = iter([50_000] * 80 + [90_000] * 10 + [3_000_000] * 10)
    keeper = type(clock.keeper())(
        now=clock.now,
        sleep=lambda s: clock.pass_ns(round(s * 1e9) + next(overshoots)),
        make_poll=lambda: clock.poll,
        rest=lambda _: clock.poll(),
        margin_ns=0,
    )
    assert calibrate(keeper).margin_ns == 180_000
