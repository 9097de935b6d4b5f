"""Make ``docs/models/backends.md``: accuracy, size, latency and throughput of every mini edition on every backend.

    python tools/backend_table.py [-b resnet50 ...] [--seconds 2] [--out docs/models/backends.md] [--json FILE]

Goes through the registered benchmarks, so a new one needs nothing here. Every line is measured in a process of its own.
A backend that cannot run a model stands in the table with its reason.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from levelfield import __version__
from levelfield.backends import Backend, shared
from levelfield.backends.port import Arithmetic, BackendOptions
from levelfield.errors import LevelfieldError
from levelfield.files import write_atomically
from levelfield.inference.accuracy import gate
from levelfield.inference.benchmarks import BENCHMARKS, InferenceBenchmark, ModelChoice, benchmark_named
from levelfield.inference.capacity import measure_capacity
from levelfield.inference.result import Accuracy
from levelfield.inference.serving import default_serving, serve
from levelfield.rules.load import load as load_rules
from levelfield.rules.model import ScenarioRule
from levelfield.system.machine import find_machine
from levelfield.system.software import python_version, versions_of
from levelfield.system.source import LiveSource
from levelfield.terms import Edition, Scenario
from levelfield.units import format_bytes, format_ns
from levelfield.workloads.task import InferenceTask, Precision

ROUND = "inference-v2.0"
OUT = Path(__file__).resolve().parents[1] / "docs/models/backends.md"
BOUND_S = 1800
ACCURACY_BATCH = 32
LEAST_CALLS = 20
QUIET_LOAD_PER_CORE = 0.5


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of the table, before it is measured."""

    benchmark: str
    precision: Precision
    backend: Backend
    arithmetic: Arithmetic
    seconds: float

    @classmethod
    def from_json(cls, text: str) -> Place:
        """As the parent process wrote it."""
        data = json.loads(text)
        return cls(
            benchmark=data["benchmark"],
            precision=Precision(data["precision"]),
            backend=Backend(data["backend"]),
            arithmetic=Arithmetic(data["arithmetic"]),
            seconds=data["seconds"],
        )


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line, measured; ``reason`` says why it was not."""

    reason: str = ""
    accuracy: float = 0.0
    unit: str = ""
    metric: str = ""
    low: float = 0.0
    high: float = 0.0
    target: float = 0.0
    passed: bool = False
    samples: int = 0
    model_bytes: int = 0
    p50_ns: float = 0.0
    p90_ns: float = 0.0
    calls: int = 0
    throughput_per_s: float = 0.0
    batch: int = 0
    workers: int = 0
    version: str = ""


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(asdict(measured(Place.from_json(arguments.child)))))
        return
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    found: list[tuple[Place, Line]] = []
    for place in _places(arguments.benchmark, arguments.seconds):
        line = _in_process(place)
        found.append((place, line))
        print(" ".join(_cells(place, line)), file=sys.stderr, flush=True)
    document = "\n".join(_page(found, load)) + "\n"
    write_atomically(arguments.out, document)
    if arguments.json:
        rows = [{**asdict(place), **asdict(line)} for place, line in found]
        write_atomically(arguments.json, json.dumps({"load_per_core": load, "rows": rows}, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", action="append", help="may be given several times  [default: all]")
    parser.add_argument("--seconds", type=float, default=2.0, help="for latency, and for throughput")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def _places(wanted: list[str] | None, seconds: float) -> Iterator[Place]:
    rules = load_rules(ROUND)
    chosen = [benchmark_named(name, rules) for name in wanted] if wanted else list(BENCHMARKS)
    for benchmark in chosen:
        for precision in Precision:
            for backend in Backend:
                for arithmetic in Arithmetic:
                    if arithmetic is Arithmetic.BF16 and backend is not Backend.OPENVINO:
                        continue  # the only backend that reads the shipped files and has it
                    yield Place(
                        benchmark=benchmark.name,
                        precision=precision,
                        backend=backend,
                        arithmetic=arithmetic,
                        seconds=seconds,
                    )


def _in_process(place: Place) -> Line:
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps(asdict(place))],
        stdout=subprocess.PIPE,
        text=True,
        timeout=BOUND_S,
        check=True,
    )
    return Line(**json.loads(ran.stdout.splitlines()[-1]))


def measured(place: Place) -> Line:
    """Measure one line in this process."""
    rules = load_rules(ROUND)
    benchmark = benchmark_named(place.benchmark, rules)
    rule = rules.benchmark(benchmark.name).rules[0]
    files: dict[Path, int] = {}
    hashed = shared.sha256_of

    def noting(path: Path) -> str:
        files[path] = path.stat().st_size
        return hashed(path)

    shared.sha256_of = noting  # every backend hashes the files that it loads
    try:
        task = _task(benchmark, rule, place, workers=1)
        shared.sha256_of = hashed
        accuracy = _accuracy(task, rule)
        latencies = _latencies(task, place.seconds)
        serving = default_serving(Scenario.OFFLINE, offline_batch=benchmark.offline_batch)
        offline = _task(benchmark, rule, place, workers=serving.workers)
        with serve(offline, serving, name="table") as system:
            capacity = measure_capacity(system, offline, seconds=place.seconds).per_s
            batch = system.batch_size
    except LevelfieldError as error:
        return Line(reason=_without_folders(error.message.rstrip(".")))
    p50, p90 = np.quantile(latencies, [0.5, 0.9])
    return Line(
        accuracy=accuracy.value,
        unit=accuracy.unit,
        metric=accuracy.metric,
        low=accuracy.confidence_low,
        high=accuracy.confidence_high,
        target=accuracy.target,
        passed=accuracy.passed,
        samples=accuracy.total,
        model_bytes=sum(files.values()),
        p50_ns=float(p50),
        p90_ns=float(p90),
        calls=len(latencies),
        throughput_per_s=capacity,
        batch=batch,
        workers=serving.workers,
        version=task.describe().get("version", ""),
    )


def _task(benchmark: InferenceBenchmark, rule: ScenarioRule, place: Place, *, workers: int) -> InferenceTask:
    choice = ModelChoice(
        edition=Edition.MINI,
        backend=place.backend,
        options=BackendOptions(threads=1, instances=workers, arithmetic=place.arithmetic),
        precision=place.precision,
        model=None,
        data=None,
    )
    return benchmark.make(choice, rule.sizes)


def _accuracy(task: InferenceTask, rule: ScenarioRule) -> Accuracy:
    """Of the whole dataset, loaded in parts as in an accuracy run."""
    dataset = task.dataset
    size = min(ACCURACY_BATCH, task.max_batch or ACCURACY_BATCH)
    entries: list[tuple[int, bytes]] = []
    for start in range(0, dataset.total_sample_count, dataset.performance_sample_count):
        part = np.arange(start, min(start + dataset.performance_sample_count, dataset.total_sample_count))
        dataset.load(part)
        for at in range(0, len(part), size):
            indices = part[at : at + size]
            payloads = task.infer(indices)
            entries += [
                (int(index), np.asarray(payload).tobytes()) for index, payload in zip(indices, payloads, strict=True)
            ]
        dataset.unload(part)
    return gate(task.score(entries), rule.accuracy[0], reference=task.reference)


def _latencies(task: InferenceTask, seconds: float) -> list[int]:
    """(calls,) ns from a loaded sample to its payload, one sample a call, one thread."""
    loaded = np.arange(min(task.dataset.performance_sample_count, task.dataset.total_sample_count))
    task.dataset.load(loaded)
    taken: list[int] = []
    draw = np.random.default_rng(1)
    for index in loaded[:LEAST_CALLS]:
        task.infer(np.array([index]))
    end = time.monotonic() + seconds
    while len(taken) < LEAST_CALLS or time.monotonic() < end:
        index = draw.choice(loaded, 1)
        began = time.perf_counter_ns()
        task.infer(index)
        taken.append(time.perf_counter_ns() - began)
    task.dataset.unload(loaded)
    return taken


def _without_folders(text: str) -> str:
    return re.sub(r"\S*/([^/\s]+)", r"\1", text)


HEADINGS = (
    "benchmark",
    "model",
    "backend",
    "accuracy",
    "95 % interval",
    "gate",
    "size",
    "p50",
    "p90",
    "samples/s",
)


def _cells(place: Place, line: Line) -> list[str]:
    backend = place.backend.value
    if place.arithmetic is not Arithmetic.MODEL:
        backend += f", {place.arithmetic}"
    start = [place.benchmark, place.precision.value, backend]
    if line.reason:
        return [*start, f"not run: {line.reason}", *[""] * (len(HEADINGS) - 4)]
    return [
        *start,
        f"{line.metric} {line.accuracy:#.4g} {line.unit}",
        f"{line.low:#.4g} to {line.high:#.4g}",
        f"{'meets' if line.passed else 'MISSES'} {line.target:#.4g}",
        format_bytes(line.model_bytes),
        format_ns(line.p50_ns),
        format_ns(line.p90_ns),
        f"{line.throughput_per_s:,.0f} (batch {line.batch}, {line.workers} workers)",
    ]


def _page(found: list[tuple[Place, Line]], load: float) -> Iterator[str]:
    machine = find_machine(LiveSource())
    packages = {
        name: version
        for name, version in versions_of(("numpy", *(backend.distribution for backend in Backend))).items()
        if version
    }
    yield "# The mini editions on every backend"
    yield ""
    yield "Made by `python tools/backend_table.py`; do not edit. A mini edition says nothing about the full-size model."
    yield ""
    yield f"* {machine.processor.model}, {machine.processor.logical_cpus} CPUs, {machine.operating_system.name}"
    yield f"* levelfield {__version__}, {python_version()}, " + ", ".join(f"{n} {v}" for n, v in packages.items())
    busy = (
        ""
        if load <= QUIET_LOAD_PER_CORE
        else " **Other processes were using the machine: times are not to be quoted.**"
    )
    yield f"* {datetime.now(UTC):%Y-%m-%d}, load per core before: {load:.2f}.{busy}"
    yield ""
    yield (
        "Accuracy is of the whole test set, with its 95 % interval, held against the edition's gate. Latency is from a "
        "loaded sample to its payload, one sample a call, one thread. Samples/s is what the system takes when it is "
        "never without work, served as Offline is: one thread a call, a worker for each core."
    )
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---" * len(HEADINGS) + "|"
    for place, line in found:
        yield f"| {' | '.join(_cells(place, line))} |"


if __name__ == "__main__":
    main()
