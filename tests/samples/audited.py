"""A bench for audits whose clock moves only when the system under test works, with an honest system and cheats.

Service times are drawn from a fixed sequence, so that a run takes milliseconds and gives the same figures each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fakes import FakeClock, Library

from levelfield.inference.audit.bench import Bench
from levelfield.inference.audit.record import AuditResult
from levelfield.inference.audit.scenario import ReferenceRun, audit_scenario, audits_asked
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.run import IssuingChoice, RunOptions, run_test
from levelfield.loadgen.schedule import loadable_sets
from levelfield.loadgen.settings import Load, MultiStream, Offline, Seeds, Server, Settings, SingleStream, derive
from levelfield.rules.load import load
from levelfield.terms import Mode, Profile, Scenario
from levelfield.workloads.task import Score

RULES = load("inference-v2.0")
SEEDS = Seeds(qsl=RULES.seeds.qsl, sample_index=RULES.seeds.sample_index, schedule=RULES.seeds.schedule)
SERVICE_NS = 1_000_000
BATCH = 8
LOADS: dict[Scenario, Load] = {
    Scenario.SINGLE_STREAM: SingleStream(expected_latency_ns=1_000_000),
    Scenario.MULTI_STREAM: MultiStream(expected_latency_ns=8_000_000),
    Scenario.SERVER: Server(target_qps=400, target_latency_ns=15_000_000),
    Scenario.OFFLINE: Offline(expected_qps=1050),
}


@dataclass
class Honest:
    """Takes about a millisecond a sample, whatever the sample is; the output is made from the index."""

    clock: FakeClock
    name: str = "system"
    served: int = 0
    noise: float = 0.04
    indices: list[int] = field(default_factory=list)

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        for first in range(0, len(ids), BATCH):
            piece = slice(first, first + BATCH)
            for index in indices[piece].tolist():
                self.served += 1
                self.clock.pass_ns(self.cost_ns(index, logged=complete.wants_payloads))
            complete(ids[piece], [self.output(index, complete) for index in indices[piece].tolist()])

    def cost_ns(self, index: int, *, logged: bool) -> int:
        spread = (self.served * 7919 % 101) / 101 - 0.5
        return round(SERVICE_NS * (1 + self.noise * spread))

    def output(self, index: int, complete: Completions) -> bytes:
        return bytes([7, index % 251, index // 251])

    def flush(self) -> None:
        pass


class Caching(Honest):
    """Answers what it has seen before from a cache."""

    def cost_ns(self, index: int, *, logged: bool) -> int:
        usual = super().cost_ns(index, logged=logged)
        if index in self.indices:
            return usual // 5
        self.indices.append(index)
        return usual


class Skipping(Honest):
    """Skips half of the work where nobody looks at the output."""

    def cost_ns(self, index: int, *, logged: bool) -> int:
        usual = super().cost_ns(index, logged=logged)
        return usual if logged else usual // 2


class Tuned(Honest):
    """Knows the samples that the published seed draws, and has prepared them."""

    def cost_ns(self, index: int, *, logged: bool) -> int:
        usual = super().cost_ns(index, logged=logged)
        return usual // 2 if index in PUBLISHED else usual


class Task:
    """Scores the share of right outputs of whole logs of 200 samples."""

    def __init__(self, total: int = 200) -> None:
        self.total = total

    def score(self, entries: Any) -> Score:
        found = dict(entries)
        good = sum(data == bytes([7, index % 251, index // 251]) for index, data in found.items())
        value = 100 * good / self.total
        return Score(metric="top-1", value=value, unit="%", good=good, total=self.total, line=f"accuracy={value:.3f}%")


def settings_of(scenario: Scenario, **changes: Any) -> Settings:
    return Settings(
        **{
            "load": LOADS[scenario], "min_duration_ms": 2_000, "min_query_count": 700, "seeds": SEEDS,
            "profile": Profile.V2_0, **changes,
        }
    )  # fmt: skip


def published_samples() -> frozenset[int]:
    effective = derive(settings_of(Scenario.SINGLE_STREAM), total_sample_count=200, performance_sample_count=64)
    return frozenset(loadable_sets(effective, Mode.PERFORMANCE)[0].indices.tolist())


PUBLISHED = published_samples()


def options_of(clock: FakeClock) -> RunOptions:
    return RunOptions(keeper=clock.keeper(), wall_ns=clock.now, issuing=IssuingChoice.INLINE, stall_s=20)


def bench_of(make: Callable[[FakeClock], Honest], scenario: Scenario, **changes: Any) -> Bench:
    clock = FakeClock(poll_ns=200)

    @contextmanager
    def fresh() -> Iterator[tuple[Honest, Library]]:
        yield make(clock), Library(total_sample_count=200, performance_sample_count=64)

    return Bench(fresh=fresh, settings=settings_of(scenario, **changes), options=options_of(clock))


def reference_of(bench: Bench, folder: Path) -> ReferenceRun:
    """The performance and the accuracy run that audits are held against."""
    bench.measure(None, folder / "performance", record=folder / "record.npz")
    (folder / "accuracy").mkdir()
    with bench.fresh() as (system, library):
        accuracy = replace(bench.settings, mode=Mode.ACCURACY)
        run_test(system, library, accuracy, logs=LogOptions(folder=folder / "accuracy"), options=bench.options)
    return ReferenceRun(
        performance=folder / "performance",
        record=folder / "record.npz",
        accuracy_log=folder / "accuracy" / "mlperf_log_accuracy.json",
    )


def audit(
    make: Callable[[FakeClock], Honest],
    scenario: Scenario,
    folder: Path,
    tests: tuple[str, ...] = (),
    *,
    pairs: int = 3,
    task: Any = None,
    reference: ReferenceRun | None = None,
    **changes: Any,
) -> dict[str, AuditResult]:
    """Run a system and its audits; the results by test."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = bench_of(make, scenario, **changes)
    run = reference or reference_of(bench, folder)
    rule = RULES.rule("resnet50", scenario)
    results = audit_scenario(
        bench,
        task or Task(),
        run,
        rule=rule,
        tests=audits_asked(rule, tests),
        folder=folder / "compliance",
        pairs=pairs,
    )
    return {result.test: result for result in results}
