"""One measurement of the load generator with a null system under test, in this process."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measurement", "Request", "measure"]

SAMPLES = 1024
SEEDS = {
    "qsl_rng_seed": 2085463073848966840,
    "sample_index_rng_seed": 2747215439041700203,
    "schedule_rng_seed": 16159082839903944936,
}


@dataclass(frozen=True)
class Request:
    """What to measure."""

    kind: str
    """``array``; ``object``, the compatibility module; ``wheel``; with a variant: ``array-process``, ``wheel-fast``."""
    scenario: str
    queries: int = 1
    """At least so many; in Offline, so many samples."""
    qps: float = 1.0
    seconds: float = 0.0
    busy_threads: int = 0


@dataclass(frozen=True)
class Measurement:
    """What was measured."""

    queries: int
    wall_s: float
    """Of the whole call, by the monotonic clock."""
    cpu_s: float
    """Of the whole call, by the process clock."""
    issuing_cpu_s: float
    """From the first query to the last."""
    extra_bytes: int
    """Peak resident memory above what there was before the call."""
    latency_ns: dict[str, int]
    """Percentiles, as the detail log reports them."""
    issue_delay_ns: dict[str, int]
    """Percentiles of how much later than due queries were issued; empty where it was not looked at."""
    rate: float
    """Completed queries per second, as the detail log reports it; 0 where it does not."""


class Marks:
    """CPU time at the first query and when no query follows; and what the system does besides."""

    def __init__(self, busy_threads: int) -> None:
        self.first = 0.0
        self.last = 0.0
        self._busy_threads = busy_threads

    def load(self, _: object) -> None:
        """Load no samples; from here on the busy threads are busy."""
        for _ in range(self._busy_threads):
            threading.Thread(target=_never_rest, daemon=True).start()

    def flush(self) -> None:
        self.last = time.process_time()


def measure(request: Request) -> Measurement:
    """Run one test with its logs in the working directory, and read the results from its detail log."""
    marks = Marks(request.busy_threads)
    start = {"array": array_test, "object": module_test, "wheel": module_test}[request.kind.split("-")[0]]
    test = start(request, marks)
    _reset_peak()
    resident, cpu, wall = _memory("VmRSS"), time.process_time(), time.monotonic()
    finished = test()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    logged = _logged()
    return Measurement(
        queries=request.queries if request.scenario == "Offline" else int(logged["result_query_count"]),
        wall_s=wall,
        cpu_s=cpu,
        issuing_cpu_s=marks.last - marks.first,
        extra_bytes=_memory("VmHWM") - resident,
        latency_ns={
            short: int(logged[f"result_{long}_percentile_latency_ns"])
            for short, long in (("50", "50.00"), ("99", "99.00"), ("99.9", "99.90"))
        },
        issue_delay_ns=_issue_delays(finished) if request.busy_threads else {},
        rate=float(logged.get("result_completed_samples_per_sec", 0)),
    )


def array_test(request: Request, marks: Marks) -> Callable[[], object]:
    """Our array interface."""
    from levelfield.loadgen.logs import LogOptions
    from levelfield.loadgen.run import IssuingChoice, RunOptions, run_test
    from levelfield.loadgen.settings import MultiStream, Offline, Seeds, Server, Settings, SingleStream

    class NullSystem:
        name = "null"

        def issue(self, ids: object, _: object, complete: Callable[[object], None]) -> None:
            if not marks.first:
                marks.first = time.process_time()
            complete(ids)

        def flush(self) -> None:
            marks.flush()

    class NullLibrary:
        name = "null"
        total_sample_count = performance_sample_count = SAMPLES

        def load(self, indices: object) -> None:
            marks.load(indices)

        def unload(self, _: object) -> None:
            pass

    load = {
        "SingleStream": SingleStream(),
        "MultiStream": MultiStream(),
        "Server": Server(target_qps=request.qps, target_latency_ns=10**12),
        "Offline": Offline(),
    }[request.scenario]
    settings = Settings(
        load=load,
        min_duration_ms=int(request.seconds * 1000),
        min_query_count=request.queries,
        seeds=Seeds(
            qsl=SEEDS["qsl_rng_seed"],
            sample_index=SEEDS["sample_index_rng_seed"],
            schedule=SEEDS["schedule_rng_seed"],
        ),
    )
    choice = IssuingChoice(request.kind.removeprefix("array-")) if "-" in request.kind else IssuingChoice.INLINE
    options = RunOptions(issuing=choice, strict=False)
    return lambda: run_test(NullSystem(), NullLibrary(), settings, logs=LogOptions(folder=Path()), options=options)


def module_test(request: Request, marks: Marks) -> Callable[[], object]:
    """The module interface: the wheel, or our compatibility module with the very same code."""
    if request.kind == "object":
        from levelfield.compat import mlperf_loadgen as lg
    else:
        import mlperf_loadgen as lg

    def issue(samples: list[object]) -> None:
        if not marks.first:
            marks.first = time.process_time()
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples])

    def issue_fast(ids: list[int], _: list[int]) -> None:
        if not marks.first:
            marks.first = time.process_time()
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample, 0, 0) for sample in ids])

    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, request.scenario)
    settings.min_duration_ms = int(request.seconds * 1000)
    settings.min_query_count = request.queries
    settings.server_target_qps = request.qps
    settings.server_target_latency_ns = 10**12
    for name, seed in SEEDS.items():
        setattr(settings, name, seed)
    logs = lg.LogSettings()
    logs.enable_trace = request.busy_threads > 0
    make = lg.ConstructFastSUT if request.kind == "wheel-fast" else lg.ConstructSUT
    sut = make(issue_fast if request.kind == "wheel-fast" else issue, marks.flush)
    qsl = lg.ConstructQSL(SAMPLES, SAMPLES, marks.load, lambda _: None)
    return lambda: lg.StartTestWithLogSettings(sut, qsl, settings, logs)


def _never_rest() -> None:
    number = 0
    while True:
        number = (number * 31 + 7) % 1_000_003


def _logged() -> dict[str, object]:
    lines = Path("mlperf_log_detail.txt").read_text().splitlines()
    values = (json.loads(line.removeprefix(":::MLLOG ")) for line in lines)
    return {line["key"]: line["value"] for line in values}


def _issue_delays(finished: object) -> dict[str, int]:
    """From our record, or for the wheel from its trace, the only place where it says so."""
    if finished is not None:
        delays = finished.measurements[-1].issue_delay_ns
    else:
        trace = Path("mlperf_log_trace.json").read_text()
        delays = [int(found) for found in re.findall(r'"name":"Sample".*?"issue_start_ns":(-?\d+)', trace)]
    ordered = sorted(int(delay) for delay in delays)
    return {name: ordered[int(len(ordered) * float(name) / 100)] for name in ("50", "99", "99.9")}


def _memory(name: str) -> int:
    """Bytes of resident memory: ``VmRSS`` now, ``VmHWM`` the peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")
