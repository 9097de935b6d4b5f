"""SingleStream through its single slot: every way to report, and every way to report wrongly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from fakes import FakeClock, phase_state

from levelfield.errors import CompletionError, SystemUnderTestError
from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.recorder import PENDING
from levelfield.loadgen.settings import MultiStream, Settings, SingleStream
from levelfield.loadgen.single_slot import fits_single_slot
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode

QUERIES = 20


class Reporter:
    """A system whose way to report is a function (ids, complete, number of the query)."""

    name = "reporter"

    def __init__(self, report: Callable[[Any, Any, int], object]) -> None:
        self.report = report
        self.issued = 0

    def issue(self, ids: np.ndarray, _: np.ndarray, complete: object) -> None:
        self.issued += 1
        self.report(ids, complete, self.issued - 1)

    def flush(self) -> None:
        pass


def a_phase(report: Callable[[Any, Any, int], object], *, keeper: Timekeeper | None = None) -> PhaseState:
    settings = Settings(load=SingleStream(), min_duration_ms=0, min_query_count=QUERIES)
    return phase_state(settings, Reporter(report), keeper or FakeClock().keeper(), stall_s=0.2)


def done_of(state: PhaseState) -> list[int]:
    return [int(done) for window in state.windows for done in window.done_ns[: state.queries_issued]]


def in_a_thread(ids: np.ndarray, complete: Callable[[object], None], _: int) -> None:
    threading.Thread(target=complete, args=(ids,)).start()


@pytest.mark.parametrize(
    "report",
    [
        lambda ids, complete, _: complete(ids),
        lambda ids, complete, _: complete(ids, [b"x"]),
        lambda ids, complete, _: complete(ids.tolist()),
        lambda ids, complete, _: complete.one(ids.item()),
        lambda ids, complete, _: complete(ids[0]),
        in_a_thread,
    ],
    ids=["array", "payload", "list", "one", "number", "thread"],
)
def test_every_way_to_report(monkeypatch: pytest.MonkeyPatch, report: Callable[[Any, Any, int], object]) -> None:
    monkeypatch.setattr("levelfield.loadgen.closed_loop.CLOSED_LOOP_BLOCK", 7)
    state = a_phase(report, keeper=Timekeeper())
    assert fits_single_slot(state)
    issue_phase(state)
    assert state.queries_issued == state.recorder.completed == QUERIES
    assert state.recorder.failure is None
    assert all(done > 0 for window in state.windows[:-1] for done in window.done_ns)


def test_the_callable_of_the_first_query_serves_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.closed_loop.CLOSED_LOOP_BLOCK", 7)
    kept: list[Callable[[object], None]] = []

    def report(ids: np.ndarray, complete: Callable[[object], None], _: int) -> None:
        kept.append(complete)
        kept[0](ids)

    state = a_phase(report)
    issue_phase(state)
    assert state.recorder.completed == QUERIES


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (lambda ids, complete: (complete(ids), complete(ids)), "Sample 3 completed twice."),
        (lambda ids, complete: (complete(ids.tolist()), complete(ids)), "Sample 3 completed twice."),
        (lambda ids, complete: (complete(ids), complete(ids.tolist())), "Sample 3 completed twice."),
        (lambda ids, complete: (complete.one(3), complete.one(3)), "Sample 3 completed twice."),
        (lambda ids, complete: complete(ids - 1), "Sample 2 completed twice."),
        (lambda ids, complete: complete(ids + 1), "Sample 4 completed, which was never issued."),
        (lambda ids, complete: complete.one(99), "Sample 99 completed, which was never issued."),
        (lambda ids, complete: complete(np.array([3, 3])), "Sample 3 completed twice."),
    ],
)
def test_a_wrong_report_is_refused(report: Callable[[Any, Any], object], message: str) -> None:
    def wrong_once(ids: np.ndarray, complete: Any, number: int) -> None:
        if number == 3:
            report(ids, complete)
        else:
            complete(ids)

    state = a_phase(wrong_once)
    with pytest.raises(CompletionError, match=message.replace(".", r"\.")):
        issue_phase(state)
    assert isinstance(state.recorder.failure, CompletionError)
    assert [event.text for event in state.recorder.events] == [message]
    assert [done > 0 for done in state.windows[0].done_ns[:3]] == [True] * 3


def test_good_ones_beside_an_unknown_one_count() -> None:
    def report(ids: np.ndarray, complete: Any, number: int) -> None:
        with suppress(CompletionError):
            complete(np.array([ids[0], 77]) if number == 3 else ids)

    state = a_phase(report)
    issue_phase(state)
    assert state.windows[0].done_ns[3] > 0
    assert [event.text for event in state.recorder.events] == ["Sample 77 completed, which was never issued."]


def test_a_late_second_report_does_not_complete_the_next_query() -> None:
    previous: list[np.ndarray] = []

    def report(ids: np.ndarray, complete: Any, number: int) -> None:
        if number == 5:
            with pytest.raises(CompletionError, match="Sample 4 completed twice"):
                complete(previous[-1])
            assert state.recorder.completed == 5
        complete(ids)
        previous.append(ids)

    state = a_phase(report)
    issue_phase(state)
    assert isinstance(state.recorder.failure, CompletionError)


def test_no_answer_is_bounded_and_the_record_says_pending() -> None:
    state = a_phase(lambda ids, complete, number: complete(ids) if number < 4 else None, keeper=Timekeeper())
    with pytest.raises(SystemUnderTestError, match=r"no completion for 0\.2 s, 1 samples outstanding \(ids 4\)"):
        issue_phase(state)
    assert state.windows[0].done_ns[4] == PENDING
    assert state.recorder.completed == 4


def test_a_failure_wakes_who_waits() -> None:
    def report(ids: np.ndarray, complete: Any, number: int) -> None:
        if number < 4:
            complete(ids)
        else:
            threading.Timer(0.02, complete.fail, [OSError("broken")]).start()

    settings = Settings(load=SingleStream(), min_duration_ms=0, min_query_count=QUERIES)
    state = phase_state(settings, Reporter(report), Timekeeper(), stall_s=60)
    issue_phase(state)
    assert isinstance(state.recorder.failure, OSError)
    assert state.windows[0].done_ns[4] == PENDING


def test_an_exception_of_the_system_leaves_its_query_pending() -> None:
    def report(ids: np.ndarray, complete: Any, number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt
        complete(ids)

    state = a_phase(report)
    with pytest.raises(KeyboardInterrupt):
        issue_phase(state)
    assert state.windows[0].done_ns[:6].tolist()[4:] == [PENDING, 0]


def test_where_it_does_not_fit() -> None:
    clock = FakeClock()
    settings = Settings(load=SingleStream(), min_duration_ms=0, min_query_count=QUERIES)
    assert not fits_single_slot(phase_state(settings, Reporter(print), clock.keeper(), phase=Mode.ACCURACY))
    several = Settings(load=MultiStream(), min_duration_ms=0, min_query_count=QUERIES)
    assert not fits_single_slot(phase_state(several, Reporter(print), clock.keeper()))
