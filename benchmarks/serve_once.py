"""A served benchmark in this process, in turns: bare runtime, levelfield, bare runtime, wheel, bare runtime, and so on.

Turns are short and each figure is held against the bare loops just before and just after it, because a shared machine
changes its speed by half from second to second.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.inference.benchmarks import ModelChoice, benchmark_named
from levelfield.inference.serving import Serving, serve
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.rules.load import load as load_rules
from levelfield.terms import Edition, Scenario
from levelfield.workloads.task import InferenceTask, Precision

__all__ = ["Request", "Turn", "measure"]

ROUND = "inference-v2.0"
FEEDS = 16
"""Different batches that the bare loop goes round."""
NO_LIMIT_NS = 10**12
OVERLOAD = 1.5
"""Server is offered so much of the bare loop's rate, so that what it completes is what it can."""

Call = tuple[Any, Any, Any]
"""Session, names, feed."""


@dataclass(frozen=True)
class Request:
    """What to measure."""

    benchmark: str
    precision: str
    scenario: str
    workers: int
    threads: int
    """Of the runtime, in each call."""
    batch: int
    seconds: float
    """Of each of the five parts of a turn."""
    turns: int


@dataclass(frozen=True)
class Turn:
    """Samples per second, in the order in which they were measured."""

    bare_before: float
    levelfield: float
    bare_between: float
    wheel: float
    bare_after: float
    mean_batch: float
    """Of levelfield."""

    @property
    def levelfield_share(self) -> float:
        """Of the bare loops beside it."""
        return 2 * self.levelfield / (self.bare_before + self.bare_between)

    @property
    def wheel_share(self) -> float:
        """Of the bare loops beside it."""
        return 2 * self.wheel / (self.bare_between + self.bare_after)


def measure(request: Request) -> list[Turn]:
    """Measure turn by turn; logs go to the working directory."""
    # As in the backend: a session without threads of its own is shared by its callers.
    sessions = 1 if request.threads == 1 else request.workers
    work = [_recorded(request) for _ in range(sessions)] * (request.workers // sessions)
    task = _task(request, instances=max(request.workers, 1))
    serving = Serving(threads=request.threads, workers=request.workers, batch_size=request.batch)
    with serve(task, serving, name="served") as system:
        before = _bare(request, work)
        turns = []
        for _ in range(request.turns):
            levelfield = _levelfield(request, task, system, rate=before)
            mean_batch = float(system.describe().get("mean_batch", request.batch))
            between = _bare(request, work)
            wheel = _wheel(request, task, system, rate=between)
            after = _bare(request, work)
            turns.append(Turn(before, levelfield, between, wheel, after, mean_batch))
            before = after
    return turns


def _task(request: Request, *, instances: int) -> InferenceTask:
    rules = load_rules(ROUND)
    benchmark = benchmark_named(request.benchmark, rules)
    choice = ModelChoice(
        edition=Edition.MINI,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=request.threads, instances=instances),
        precision=Precision(request.precision),
        model=None,
        data=None,
    )
    return benchmark.make(choice, rules.rule(benchmark.name, Scenario(request.scenario)).sizes)


def _samples(request: Request, rate: float) -> int:
    return max(int(rate * request.seconds), 8 * request.batch * request.workers)


def _recorded(request: Request) -> list[list[Call]]:
    """Several batches, each as the calls of the runtime that the task makes for it, with their arrays as they were."""
    import onnxruntime

    calls: list[Call] = []
    plain = onnxruntime.InferenceSession.run

    def recording(session: Any, names: Any, feed: Any, options: Any = None) -> Any:
        calls.append((session, names, feed))
        return plain(session, names, feed, options)

    onnxruntime.InferenceSession.run = recording
    task = _task(request, instances=1)
    loaded = np.arange(task.dataset.performance_sample_count)
    task.dataset.load(loaded)
    draw = np.random.default_rng(1)
    batches = []
    for _ in range(FEEDS):
        calls.clear()
        task.infer(draw.choice(loaded, request.batch))
        batches.append(list(calls))
    onnxruntime.InferenceSession.run = plain
    return batches


def _bare(request: Request, work: Sequence[Sequence[Sequence[Call]]]) -> float:
    """These calls again and again, from as many threads as there are workers, and nothing around them."""
    done = [0] * len(work)
    gate = threading.Barrier(len(work) + 1)
    ends: list[float] = [0.0] * len(work)

    def loop(worker: int) -> None:
        batches = work[worker]
        for session, names, feed in batches[0]:
            session.run(names, feed)
        gate.wait()
        deadline, turns = time.perf_counter() + request.seconds, 0
        while time.perf_counter() < deadline:
            for session, names, feed in batches[turns % FEEDS]:
                session.run(names, feed)
            turns += 1
        done[worker], ends[worker] = turns * request.batch, time.perf_counter()

    threads = [threading.Thread(target=loop, args=(worker,)) for worker in range(len(work))]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(done) / (max(ends) - began)


def _levelfield(request: Request, task: InferenceTask, system: FunctionSystem, *, rate: float) -> float:
    from levelfield.loadgen.logs import LogOptions
    from levelfield.loadgen.run import RunOptions, run_test
    from levelfield.loadgen.settings import Offline, Server, Settings

    load = (
        Offline(expected_qps=rate)
        if request.scenario == "Offline"
        else Server(target_qps=OVERLOAD * rate, target_latency_ns=NO_LIMIT_NS)
    )
    settings = Settings(load=load, min_duration_ms=0, min_query_count=_samples(request, rate))
    finished = run_test(
        system, task.dataset, settings, logs=LogOptions(folder=Path()), options=RunOptions(strict=False)
    )
    if finished.failure is not None:
        raise finished.failure
    return _logged_rate(request)


def _wheel(request: Request, task: InferenceTask, system: FunctionSystem, *, rate: float) -> float:
    import mlperf_loadgen as lg

    class Complete:
        wants_payloads = False

        def __call__(self, ids: Any, *_: Any) -> None:
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample, 0, 0) for sample in ids.tolist()])

        def fail(self, error: BaseException) -> None:
            raise error

    complete: Any = Complete()

    def issue(samples: list[Any]) -> None:
        ids = np.array([sample.id for sample in samples])
        system.issue(ids, np.array([sample.index for sample in samples]), complete)

    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, request.scenario)
    settings.min_duration_ms = 0
    settings.min_query_count = _samples(request, rate)
    settings.offline_expected_qps = rate
    settings.server_target_qps = OVERLOAD * rate
    settings.server_target_latency_ns = NO_LIMIT_NS
    logs = lg.LogSettings()
    logs.enable_trace = False
    count = task.dataset.performance_sample_count
    task.dataset.load(np.arange(count))
    nothing: Callable[[Any], None] = lambda _: None  # noqa: E731
    sut = lg.ConstructSUT(issue, system.flush)
    qsl = lg.ConstructQSL(count, count, nothing, nothing)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    return _logged_rate(request)


def _logged_rate(request: Request) -> float:
    """Samples per second, from the detail log."""
    key = "result_samples_per_second" if request.scenario == "Offline" else "result_completed_samples_per_sec"
    lines = Path("mlperf_log_detail.txt").read_text(encoding="utf-8").splitlines()
    values = (json.loads(line.removeprefix(":::MLLOG ")) for line in lines)
    return float(next(line["value"] for line in values if line["key"] == key))
