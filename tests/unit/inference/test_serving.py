from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from levelfield.errors import UsageError
from levelfield.inference.benchmarks import benchmark_named, registry
from levelfield.inference.request import RunRequest, ServingOverrides
from levelfield.inference.serving import Serving, default_serving, serve
from levelfield.inference.under_test import serving_of, task_of
from levelfield.rules.load import load
from levelfield.terms import Scenario
from levelfield.workloads.task import IndexArray, PayloadArray
from samples.slow_task import SlowTask


@pytest.mark.parametrize("scenario", list(Scenario))
def test_defaults_leave_the_load_generator_its_core(scenario: Scenario) -> None:
    found = default_serving(scenario, offline_batch=32)
    assert found.threads == 1
    assert (found.workers == 0) == (scenario in {Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM})
    assert found.batch_size == {Scenario.MULTI_STREAM: 8, Scenario.OFFLINE: 32}.get(scenario, 1)


def test_a_model_with_a_fixed_batch_is_not_given_more() -> None:
    task = SlowTask()
    task.max_batch = 1  # type: ignore[assignment]
    with serve(task, Serving(threads=1, workers=1, batch_size=32), name="s") as system:
        assert system.batch_size == 1


@pytest.mark.parametrize(
    ("scenario", "overrides", "batch", "instances"),
    [
        (Scenario.SERVER, ServingOverrides(workers=3), 1, 3),
        (Scenario.SERVER, ServingOverrides(workers=3, latency_budget_ms=2.5), 32, 3),
        (Scenario.SERVER, ServingOverrides(workers=3, latency_budget_ms=2.5, batch_size=4), 4, 3),
        (Scenario.SINGLE_STREAM, ServingOverrides(latency_budget_ms=2.5), 1, 1),
    ],
)
def test_who_gives_a_latency_budget_in_server_wants_batches(
    scenario: Scenario, overrides: ServingOverrides, batch: int, instances: int
) -> None:
    rules = load("inference-v2.0")
    request = RunRequest(benchmark="resnet50", scenarios=(scenario,), out=Path("out"), serving=overrides)
    benchmark = benchmark_named("resnet50", rules)
    serving = serving_of(request, benchmark, rules.rule("resnet50", scenario))
    assert (serving.batch_size, serving.instances) == (batch, instances)
    assert serving.latency_budget_ns == (2_500_000 if overrides.latency_budget_ms else 0)
    facts = task_of(request, benchmark, serving, rules.rule("resnet50", scenario)).describe()
    assert facts["instances"] == str(instances)
    assert serving.describe()["latency_budget_ns"] == str(serving.latency_budget_ns)


def test_an_older_request_is_read_without_what_it_lacks() -> None:
    request = RunRequest(benchmark="resnet50", scenarios=(Scenario.SERVER,), out=Path("out"))
    data = json.loads(request.to_json())
    del data["arithmetic"], data["provider"], data["serving"]["latency_budget_ms"]
    assert RunRequest.from_dict(data) == request


def test_unknown_benchmark_names_the_nearest() -> None:
    with pytest.raises(Exception, match="resnet50"):
        benchmark_named("resnet5", load("inference-v2.0"))


def test_benchmark_of_the_round_that_cannot_be_run_yet_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BENCHMARKS", (benchmark_named("resnet50", load("inference-v2.0")),))
    with pytest.raises(
        UsageError, match=r"bert-99 is a benchmark of inference-v2\.0, but levelfield cannot run it yet"
    ):
        benchmark_named("bert-99", load("inference-v2.0"))


class ManyLengths(SlowTask):
    """Sample i is i % 4 long."""

    def lengths(self, indices: IndexArray) -> IndexArray:
        return indices % 4

    def infer(self, indices: IndexArray) -> PayloadArray:
        self.seen = [*getattr(self, "seen", []), indices.tolist()]
        return indices.reshape(-1, 1)


class Told:
    """Keeps what was completed."""

    def __init__(self) -> None:
        self.outputs: dict[int, list[int]] = {}

    def __call__(self, ids: IndexArray, payloads: object = None, token_counts: object = None) -> None:
        self.outputs.update(zip(ids.tolist(), np.asarray(payloads).tolist(), strict=True))

    def first_token(self, ids: IndexArray, payloads: object = None) -> None: ...

    def fail(self, error: BaseException) -> None:
        raise error


def test_query_of_many_batches_is_run_in_the_order_of_lengths() -> None:
    task, told = ManyLengths(), Told()
    with serve(task, Serving(threads=1, workers=0, batch_size=3), name="s") as system:
        system.issue(np.arange(100, 110), np.arange(10), told)
        assert task.seen == [[3, 7, 2], [6, 1, 5], [9, 0, 4], [8]]
        assert told.outputs == {100 + index: [index] for index in range(10)}
        task.seen = []
        system.issue(np.arange(3), np.arange(3), told)
        assert task.seen == [[0, 1, 2]]  # one batch: nothing is gained by an order
