"""Stand-ins for the outside: a clock that moves only when told, and small systems under test and libraries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from levelfield.loadgen.measurement import Issuing
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.recorder import Recorder
from levelfield.loadgen.schedule import loadable_sets, schedule
from levelfield.loadgen.settings import Settings, derive
from levelfield.loadgen.waiting import Timekeeper
from levelfield.terms import Mode

INLINE = Issuing(mode="inline", reason="test", switch_interval_s=0.005)


class FakeClock:
    """Nanoseconds that pass only by sleeping, polling, or :meth:`pass_ns`."""

    def __init__(self, *, poll_ns: int = 100) -> None:
        self.shown_ns = 1_000_000
        self._poll_ns = poll_ns

    def now(self) -> int:
        return self.shown_ns

    def pass_ns(self, duration_ns: int) -> None:
        self.shown_ns += duration_ns

    def sleep(self, duration_s: float) -> None:
        self.shown_ns += round(duration_s * 1e9)

    def poll(self) -> None:
        self.shown_ns += self._poll_ns

    def keeper(self, margin_ns: int = 1_000) -> Timekeeper:
        return Timekeeper(
            now=self.now, sleep=self.sleep, make_poll=lambda: self.poll, rest=lambda _: self.poll(), margin_ns=margin_ns
        )


@dataclass
class ServiceSystem:
    """Takes a fixed service time of the fake clock for each query and completes inside ``issue``."""

    clock: FakeClock
    service_ns: Callable[[int], int] = lambda _: 1_000
    name: str = "service"
    queries: list[list[int]] = field(default_factory=list)
    flushed: int = 0

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        self.queries.append(indices.tolist())
        self.clock.pass_ns(self.service_ns(len(self.queries) - 1))
        complete(ids, [bytes([index % 256]) for index in indices])

    def flush(self) -> None:
        self.flushed += 1


@dataclass
class Library:
    """A sample library that remembers what was loaded."""

    total_sample_count: int = 64
    performance_sample_count: int = 16
    name: str = "library"
    loaded: list[list[int]] = field(default_factory=list)
    unloaded: list[list[int]] = field(default_factory=list)

    def load(self, indices: IntArray) -> None:
        self.loaded.append(indices.tolist())

    def unload(self, indices: IntArray) -> None:
        self.unloaded.append(indices.tolist())


def phase_state(
    settings: Settings, system: object, keeper: Timekeeper, *, phase: Mode = Mode.PERFORMANCE, stall_s: float = 1.0
) -> PhaseState:
    """A phase that is ready to be issued, over a library of 64 samples of which 16 fit in memory."""
    effective = derive(settings, total_sample_count=64, performance_sample_count=16)
    loadable = loadable_sets(effective, phase)[0]
    return PhaseState(
        system=system,  # type: ignore[arg-type]
        schedule=schedule(effective, loadable, phase),
        effective=effective,
        recorder=Recorder(log_all=phase is Mode.ACCURACY, clock=keeper.now),
        keeper=keeper,
        timed=phase is Mode.PERFORMANCE,
        first_id=0,
        stall_s=stall_s,
    )
