"""One measurement of a served benchmark, in this process: the bare runtime, levelfield, or the wheel."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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

__all__ = ["Rate", "Request", "measure"]

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

    kind: str
    """``bare``, ``levelfield`` or ``wheel``."""
    benchmark: str
    precision: str
    scenario: str
    workers: int
    threads: int
    """Of the runtime, in each call."""
    batch: int
    seconds: float
    rate: float = 0.0
    """Samples per second that the bare loop reached; 0 for the bare loop itself."""


@dataclass(frozen=True)
class Rate:
    """What was measured."""

    samples_per_s: float
    samples: int
    cpu_s: float
    """Of the process, in the timed part and what belongs to it."""
    mean_batch: float


def measure(request: Request) -> Rate:
    """Measure once; logs go to the working directory."""
    if request.kind == "bare":
        return _bare(request)
    task = _task(request)
    serving = Serving(threads=request.threads, workers=request.workers, batch_size=request.batch)
    run = _levelfield if request.kind == "levelfield" else _wheel
    with serve(task, serving, name=request.kind) as system:
        if request.kind == "wheel":
            task.dataset.load(np.arange(task.dataset.performance_sample_count))
            system.warm_up(np.arange(min(request.batch, task.dataset.performance_sample_count)))
        cpu = time.process_time()
        run(request, task, system)
        cpu = time.process_time() - cpu
        mean = float(system.describe().get("mean_batch", request.batch))
    logged = _logged()
    offline = request.scenario == "Offline"
    key = "result_samples_per_second" if offline else "result_completed_samples_per_sec"
    samples = _samples(request) if offline else int(logged["result_query_count"])
    return Rate(samples_per_s=float(logged[key]), samples=samples, cpu_s=cpu, mean_batch=mean)


def _task(request: Request) -> InferenceTask:
    rules = load_rules(ROUND)
    benchmark = benchmark_named(request.benchmark, rules)
    choice = ModelChoice(
        edition=Edition.MINI,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=request.threads, instances=max(request.workers, 1)),
        precision=Precision(request.precision),
        model=None,
        data=None,
    )
    return benchmark.make(choice, rules.rule(benchmark.name, Scenario(request.scenario)).sizes)


def _samples(request: Request) -> int:
    return max(int(request.rate * request.seconds), 8 * request.batch * request.workers)


def _bare(request: Request) -> Rate:
    """The calls of the runtime that ``infer`` makes, with their arrays as they were, and nothing around them."""
    if request.threads == 1:  # as in the backend: a session without threads of its own is shared
        return _looped(request, [_recorded(request)] * request.workers)
    return _looped(request, [_recorded(request) for _ in range(request.workers)])


def _recorded(request: Request) -> list[list[Call]]:
    """Several batches, each as the calls that the task made for it."""
    import onnxruntime

    calls: list[Call] = []
    plain = onnxruntime.InferenceSession.run

    def recording(session: Any, names: Any, feed: Any, options: Any = None) -> Any:
        calls.append((session, names, feed))
        return plain(session, names, feed, options)

    onnxruntime.InferenceSession.run = recording
    task = _task(replace(request, workers=1))
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


def _looped(request: Request, work: Sequence[Sequence[Sequence[Call]]]) -> Rate:
    done = [0] * len(work)
    gate = threading.Barrier(len(work) + 1)
    ends: list[float] = [0.0] * len(work)

    def loop(worker: int) -> None:
        batches = work[worker]
        for batch in batches[:3]:
            for session, names, feed in batch:
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
    began, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    cpu = time.process_time() - cpu
    return Rate(
        samples_per_s=sum(done) / (max(ends) - began), samples=sum(done), cpu_s=cpu, mean_batch=float(request.batch)
    )


def _levelfield(request: Request, task: InferenceTask, system: FunctionSystem) -> None:
    from levelfield.loadgen.logs import LogOptions
    from levelfield.loadgen.run import RunOptions, run_test
    from levelfield.loadgen.settings import Offline, Server, Settings

    load = (
        Offline(expected_qps=request.rate)
        if request.scenario == "Offline"
        else Server(target_qps=OVERLOAD * request.rate, target_latency_ns=NO_LIMIT_NS)
    )
    settings = Settings(load=load, min_duration_ms=0, min_query_count=_samples(request))
    finished = run_test(
        system, task.dataset, settings, logs=LogOptions(folder=Path()), options=RunOptions(strict=False)
    )
    if finished.failure is not None:
        raise finished.failure


def _wheel(request: Request, task: InferenceTask, system: FunctionSystem) -> None:
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
    settings.min_query_count = _samples(request)
    settings.offline_expected_qps = request.rate
    settings.server_target_qps = OVERLOAD * request.rate
    settings.server_target_latency_ns = NO_LIMIT_NS
    logs = lg.LogSettings()
    logs.enable_trace = False
    count = task.dataset.performance_sample_count
    nothing: Callable[[Any], None] = lambda _: None  # noqa: E731
    sut = lg.ConstructSUT(issue, system.flush)
    qsl = lg.ConstructQSL(count, count, nothing, nothing)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)


def _logged() -> dict[str, Any]:
    lines = Path("mlperf_log_detail.txt").read_text(encoding="utf-8").splitlines()
    values = (json.loads(line.removeprefix(":::MLLOG ")) for line in lines)
    return {line["key"]: line["value"] for line in values}
