from __future__ import annotations

import os

import pytest

from levelfield.loadgen.issuer import ask_for_priority
from levelfield.loadgen.ring import Priority


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the operating system was asked for; it gives everything."""
    calls: list[object] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda _, policy, __: calls.append(policy))
    return calls


def test_real_time_where_queries_leave_time_to_sleep(asked: list[object]) -> None:
    assert ask_for_priority(1_000_000, 100_000) is Priority.REAL_TIME
    assert asked == [os.SCHED_RR]


def test_nothing_where_it_would_poll_all_the_time(asked: list[object]) -> None:
    assert ask_for_priority(100_000, 100_000) is Priority.USUAL
    assert asked == []


def test_usual_priority_where_more_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert ask_for_priority(1_000_000, 100_000) is Priority.USUAL
    assert Priority.USUAL.words == "the usual priority"
