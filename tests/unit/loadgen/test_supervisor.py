from __future__ import annotations

import numpy as np
from fakes import FakeClock, ServiceSystem, phase_state

from levelfield.loadgen.progress import Snapshot
from levelfield.loadgen.settings import Server, Settings
from levelfield.loadgen.supervisor import RECENT, Supervisor


class Listener:
    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []

    def update(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)


def latencies_shown(*, issued: int, completed: int, block: int = 4096) -> list[int]:
    """What progress shows of Server queries due every 1,000 ns, where query k takes k ns."""
    clock = FakeClock()
    state = phase_state(Settings(load=Server(target_qps=1e6)), ServiceSystem(clock, lambda _: 1), clock.keeper())
    window = state.open(0, queries=20_000, block=None)
    state.start_ns = 5
    for first in range(0, issued, block):
        places = np.arange(first, first + block)
        state.recent.append((places, places * 1_000))
    done = np.arange(completed)
    window.done_ns[done] = done * 1_000 + 5 + done
    window.done_ns[completed:issued] = -1
    state.queries_issued, state.recorder.completed = issued, completed
    listener = Listener()
    supervisor = Supervisor(state, listener)
    return supervisor._snapshot().latencies_ns.tolist()


def test_progress_shows_the_last_thousand_that_are_complete() -> None:
    assert sorted(latencies_shown(issued=9_000, completed=8_900)) == list(range(8_900 - RECENT, 8_900))


def test_they_may_lie_in_two_blocks_or_all_before_the_last() -> None:
    assert sorted(latencies_shown(issued=8_300, completed=8_250)) == list(range(8_250 - RECENT, 8_250))
    assert sorted(latencies_shown(issued=12_300, completed=8_000)) == list(range(8_000 - RECENT, 8_000))


def test_before_anything_is_complete_there_are_none() -> None:
    assert latencies_shown(issued=100, completed=0) == []
    assert sorted(latencies_shown(issued=100, completed=40)) == list(range(40))
