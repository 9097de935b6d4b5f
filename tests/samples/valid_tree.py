"""A valid closed submission tree of round v2.0, run, audited and packaged by levelfield itself, in virtual time.

Ten minutes of each run pass in a second: the clock moves only when the system under test says so. What is replaced is
that clock, the system (a service time with seeded jitter) and its dataset (labels that it meets to 76.1 %). Everything
else is the path that a submitter goes: ``run_benchmark --official``, ``audit_run``, ``package``. So one change to the
tree makes exactly one thing wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from fakes import FakeClock

from levelfield.inference.audit.run import AuditRequest, audit_run
from levelfield.inference.benchmarks import InferenceBenchmark, ModelChoice
from levelfield.inference.capacity import Capacity
from levelfield.inference.request import RunRequest
from levelfield.inference.run import run_benchmark
from levelfield.inference.serving import Serving
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.run import IssuingChoice, RunOptions, TestRun, run_test
from levelfield.metrics.top1 import ClassType, top1
from levelfield.rules.load import load
from levelfield.rules.model import Sizes
from levelfield.submission.package.package import package
from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Division, Edition, Scenario
from levelfield.workloads.task import IndexArray, InferenceTask, ModelFacts, PayloadArray, Score

__all__ = ["ORGANISATION", "SYSTEM", "write_valid_tree"]

ORGANISATION, SYSTEM = "Example", "virtual"
SAMPLE_NS = 5_000_000
OFFLINE_SAMPLE_NS = 20_000_000
"""So that the least number of samples takes more than ten minutes."""
CAPACITY = Capacity(per_s=62.5, finished_ns=np.zeros(0, np.int64))
"""What the system is said to take: some 19 queries per second in Server, where it could take 200."""


def write_valid_tree(folder: Path, scenarios: tuple[Scenario, ...] = tuple(Scenario)) -> Path:
    """Write ``tree/closed/Example`` below ``folder``: ``resnet50`` on one system, in these scenarios."""
    suites = "datacenter,edge" if Scenario.SERVER in scenarios else "edge"
    statement = folder / "statement.json"
    statement.write_text(json.dumps(stated(suites)))
    with virtual_time():
        run = run_benchmark(
            RunRequest(
                benchmark="resnet50",
                scenarios=scenarios,
                out=folder / "run",
                edition=Edition.FULL,
                official=True,
                model=Path("resnet50_v1.onnx"),
                data=Path("imagenet"),
                system_name=SYSTEM,
                settings=("min_query_count=24576",),
                issuing=IssuingChoice.INLINE,
            )
        )
        assert run.holds, [result.verdict for result in run.results]
        audits = audit_run(AuditRequest(folder=folder / "run", pairs=0))
        assert audits.holds, [(result.test, result.scenario, result.problems) for result in audits.results]
    made = package(
        PackageRequest(
            folders=(folder / "run",),
            organisation=ORGANISATION,
            division=Division.CLOSED,
            out=folder / "tree",
            system_json=statement,
        )
    )
    return made.out


@contextmanager
def virtual_time() -> Iterator[None]:
    """Runs of ``inference`` take virtual time, on the virtual system."""
    serve = partial(VirtualSystem.serving)
    with ExitStack() as patched:
        for place, replacement in (
            ("levelfield.inference.run.serve", serve),
            ("levelfield.inference.audit.run.serve", serve),
            ("levelfield.inference.run.measure_capacity", lambda *_, **__: CAPACITY),
            ("levelfield.inference.run.run_test", run_in_virtual_time),
            ("levelfield.inference.audit.bench.run_test", run_in_virtual_time),
            ("levelfield.inference.benchmarks.registry.BENCHMARKS", (VIRTUAL,)),
        ):
            patched.enter_context(mock.patch(place, replacement))
        yield


def run_in_virtual_time(system: VirtualSystem, *arguments: object, options: RunOptions, **named: object) -> TestRun:
    """A test run by the system's own clock."""
    keeper = system.clock.keeper(margin_ns=0)
    options = replace(options, keeper=keeper, wall_ns=system.clock.now)
    return run_test(system, *arguments, options=options, **named)  # type: ignore[arg-type]


@dataclass
class VirtualSystem:
    """Takes a service time for each sample, a little different each time, and answers with a class number."""

    sample_ns: int
    name: str = SYSTEM
    clock: FakeClock = field(default_factory=lambda: FakeClock(poll_ns=1_000))
    workers: int = 0
    batch_size: int = 1

    def __post_init__(self) -> None:
        self._jitter = np.random.default_rng(1)

    @classmethod
    @contextmanager
    def serving(cls, task: InferenceTask, serving: Serving, *, name: str) -> Iterator[VirtualSystem]:
        """In the place of ``serve``: a batch of more than the eight of MultiStream is Offline's."""
        yield cls(OFFLINE_SAMPLE_NS if serving.batch_size > 8 else SAMPLE_NS, name=name)

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        self.clock.pass_ns(int(self.sample_ns * len(ids) * (1 + 0.05 * self._jitter.random())))
        complete(ids, answers(indices) if complete.wants_payloads else None)

    def flush(self) -> None:
        pass

    def describe(self) -> dict[str, str]:
        return {"warm_up": "none"}


def answers(indices: IndexArray) -> PayloadArray:
    """(samples, 1) float32 class numbers: the label, and for 239 of 1,000 samples another one."""
    return ((indices + (indices % 1000 >= 761)) % 1000).astype("<f4").reshape(-1, 1)


@dataclass
class VirtualDataset:
    """As many samples as the round's, of which nothing is loaded."""

    total_sample_count: int
    performance_sample_count: int
    name: str = "imagenet"
    complete: bool = True

    def load(self, indices: IndexArray) -> None:
        pass

    def unload(self, indices: IndexArray) -> None:
        pass


@dataclass
class VirtualTask:
    """Labels for the outputs of the virtual system."""

    dataset: VirtualDataset
    reference: float | None = None
    max_batch: int | None = None

    def infer(self, indices: IndexArray) -> PayloadArray:
        return answers(indices)

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        labels = np.arange(self.dataset.total_sample_count) % 1000
        found = top1(entries, labels, ClassType.FLOAT32)
        return Score(metric="top-1", value=found.percent, unit="%", good=found.good, total=found.total, line=found.line)

    def describe(self) -> dict[str, str]:
        return {"backend": "virtual", "version": "1", "model": "resnet50_v1.onnx", "precision": "fp32"}

    def model_facts(self) -> ModelFacts:
        return ModelFacts(
            file_name="resnet50_v1.onnx",
            input_types=("fp32",),
            weight_types=("fp32",),
            weight_transformations="none",
            retraining="No",
        )


def _make(_: ModelChoice, sizes: Sizes) -> VirtualTask:
    return VirtualTask(VirtualDataset(sizes.dataset, sizes.performance))


VIRTUAL = InferenceBenchmark(name="resnet50", title="image classification", offline_batch=32, make=_make)


def stated(suites: str) -> dict[str, str]:
    """What a submitter states of a system: something in every field."""
    fields = load("inference-v2.0").fields.system
    return dict.fromkeys(fields, "as stated") | {
        "division": "closed",
        "submitter": ORGANISATION,
        "status": "available",
        "system_name": "Virtual system",
        "system_type": suites,
        "number_of_nodes": "1",
        "host_processors_per_node": "1",
        "host_processor_core_count": "8",
        "host_processor_model_name": "Virtual processor",
        "host_memory_capacity": "64 GB",
        "host_memory_configuration": "8x 8GB DDR4 ECC",
        "accelerators_per_node": "0",
        "accelerator_model_name": "",
        "hw_notes": "",
        "sw_notes": "",
    }
