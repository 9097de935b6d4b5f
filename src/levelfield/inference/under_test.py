"""From a request to the system under test: how it is served in a scenario, and its task."""

from __future__ import annotations

from levelfield.backends.port import BackendOptions
from levelfield.inference.benchmarks import InferenceBenchmark, ModelChoice
from levelfield.inference.request import RunRequest
from levelfield.inference.serving import Serving, default_serving
from levelfield.rules.model import ScenarioRule
from levelfield.terms import Scenario
from levelfield.workloads.task import InferenceTask

__all__ = ["serving_of", "task_of"]


def serving_of(request: RunRequest, benchmark: InferenceBenchmark, rule: ScenarioRule) -> Serving:
    """Threads, workers and batches: what the user wants, else what suits the scenario on this machine."""
    wanted = request.serving
    usual = default_serving(
        rule.runs_as, offline_batch=benchmark.offline_batch, samples_per_query=rule.samples_per_query
    )
    delay, budget = wanted.batch_delay_ms, wanted.latency_budget_ms
    # Who allows time for fuller batches wants batches.
    size = benchmark.offline_batch if budget and rule.runs_as is Scenario.SERVER else usual.batch_size
    return Serving(
        threads=usual.threads if wanted.threads is None else wanted.threads,
        workers=usual.workers if wanted.workers is None else wanted.workers,
        batch_size=size if wanted.batch_size is None else wanted.batch_size,
        batch_delay_ns=usual.batch_delay_ns if delay is None else round(delay * 1e6),
        latency_budget_ns=usual.latency_budget_ns if budget is None else round(budget * 1e6),
    )


def task_of(request: RunRequest, benchmark: InferenceBenchmark, serving: Serving, rule: ScenarioRule) -> InferenceTask:
    """Model and dataset, loaded.

    Raises:
        UsageError: The full edition lacks model or data.
        InputError, MissingError: A model, dataset or runtime is missing or damaged.
    """
    choice = ModelChoice(
        edition=request.edition,
        backend=request.backend,
        options=BackendOptions(
            threads=serving.threads,
            instances=serving.instances,
            provider=request.provider,
            arithmetic=request.arithmetic,
        ),
        precision=request.precision,
        model=request.model,
        data=request.data,
    )
    return benchmark.make(choice, rule.sizes)
