"""The clock of a run, moved by hand."""

from __future__ import annotations

import pytest

from levelfield.errors import RunError
from levelfield.training.clock import Clock, Phase

MS = 1_000_000
S = 1_000 * MS


class Hands:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000 * S, 5 * S

    def pass_(self, nanoseconds: int) -> None:
        self.wall += nanoseconds
        self.steady += nanoseconds

    def clock(self, limit: int = 1_800 * S) -> Clock:
        return Clock(limit, wall_ns=lambda: self.wall, monotonic_ns=lambda: self.steady)


@pytest.fixture
def hands() -> Hands:
    return Hands()


def running(hands: Hands) -> Clock:
    clock = hands.clock()
    clock.start_init()
    clock.end_init()
    clock.start_run()
    return clock


def test_run_lasts_from_its_start_to_its_end(hands: Hands) -> None:
    clock = hands.clock()
    assert clock.start_init().time_ms == 1_000_000
    hands.pass_(20 * S)
    assert clock.end_init().time_ms == 1_020_000
    hands.pass_(3 * S)
    assert clock.start_run().time_ms == 1_023_000
    assert clock.elapsed_ns() == 0
    hands.pass_(7 * S)
    assert clock.elapsed_ns() == 7 * S
    assert clock.stop().time_ms == 1_030_000
    hands.pass_(7 * S)
    assert (clock.elapsed_ns(), clock.drift_ns(), clock.phase) == (7 * S, 0, Phase.STOPPED)


def test_init_at_its_limit_starts_the_run_by_itself(hands: Hands) -> None:
    clock = hands.clock(limit=60 * S)
    begun = clock.start_init()
    hands.pass_(75 * S)
    ended = clock.end_init()
    assert ended.time_ms - begun.time_ms == 59_999
    assert clock.started_by_itself
    hands.pass_(1 * S)
    started = clock.start_run()
    assert started.time_ms - begun.time_ms == 60_000
    assert clock.elapsed_ns() == 16 * S
    assert clock.stop().time_ms - started.time_ms == 16_000


def test_init_just_below_its_limit_does_not(hands: Hands) -> None:
    clock = hands.clock(limit=60 * S)
    clock.start_init()
    hands.pass_(60 * S - 1)
    clock.end_init()
    assert not clock.started_by_itself
    hands.pass_(5 * S)
    clock.start_run()
    assert clock.elapsed_ns() == 0


def test_a_moved_wall_clock_shows_as_drift_and_not_in_the_duration(hands: Hands) -> None:
    clock = running(hands)
    hands.pass_(10 * S)
    hands.wall += 6 * MS
    clock.stop()
    assert (clock.elapsed_ns(), clock.drift_ns()) == (10 * S, 6 * MS)


def test_run_may_stop_at_an_earlier_moment_of_itself(hands: Hands) -> None:
    clock = running(hands)
    hands.pass_(10 * S)
    passing = clock.now()
    hands.pass_(90 * S)
    assert clock.stop(passing) == passing
    assert clock.elapsed_ns() == 10 * S


@pytest.mark.parametrize("offset", [-1, 11 * S])
def test_run_cannot_stop_outside_of_itself(hands: Hands, offset: int) -> None:
    clock = running(hands)
    start = clock.now()
    hands.pass_(10 * S)
    with pytest.raises(RunError, match="outside of it"):
        clock.stop(start.later(offset))


MOVES = {
    "start_init": Phase.IDLE, "end_init": Phase.INIT, "start_run": Phase.READY, "stop": Phase.RUNNING,
}  # fmt: skip


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("move", MOVES)
def test_only_the_legal_move_is_possible(hands: Hands, steps: int, move: str) -> None:
    clock = hands.clock()
    for earlier in list(MOVES)[:steps]:
        getattr(clock, earlier)()
    before = clock.phase
    if MOVES[move] is before:
        getattr(clock, move)()
        assert clock.phase is not before
    else:
        with pytest.raises(RunError, match=f"found '{before.value}', expected '{MOVES[move].value}'"):
            getattr(clock, move)()
        assert clock.phase is before


def test_data_are_open_only_while_the_clock_runs(hands: Hands) -> None:
    clock = hands.clock()
    for move in MOVES:
        with pytest.raises(RunError, match=f"touched while the clock is in '{clock.phase.value}'"):
            clock.require_running()
        getattr(clock, move)()
        if clock.phase is Phase.RUNNING:
            clock.require_running()
            break
    clock.stop()
    with pytest.raises(RunError, match="'stopped'"):
        clock.require_running()
