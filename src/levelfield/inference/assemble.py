"""From a finished test run to the result that is published: values in, one record out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from levelfield.files import sha256_of
from levelfield.inference.command import command_of
from levelfield.inference.plan import Plan
from levelfield.inference.request import RunRequest
from levelfield.inference.result import (
    Accuracy,
    Condition,
    FileReference,
    Implementation,
    InferenceResult,
    Lateness,
    Metric,
    Performance,
    RulesReference,
    Verdict,
)
from levelfield.loadgen.run import PhaseOutcome, TestRun
from levelfield.loadgen.statistics import Latencies, Statistics
from levelfield.loadgen.verdict import default_lateness_bound_ns
from levelfield.rules.model import RuleSet
from levelfield.stats.percentile import PERCENTILES
from levelfield.system.contention import Contention
from levelfield.terms import Edition, Scenario, Validity
from levelfield.units import NS_PER_S, format_ns, unit_suffix
from levelfield.workloads.task import Dataset, ModelFacts

__all__ = ["OVERHEAD_SHARE", "Circumstances", "assemble"]

OVERHEAD_SHARE = 0.02
"""The load generator may use up two percent of the time that a query (in Offline: a sample) takes."""

NAMES = {
    Scenario.SINGLE_STREAM: "early-stopping p90 latency",
    Scenario.MULTI_STREAM: "early-stopping p99 latency per query",
    Scenario.SERVER: "scheduled samples per second",
    Scenario.OFFLINE: "samples per second",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a result says beside what was measured."""

    request: RunRequest
    benchmark: str
    rules: RuleSet
    plan: Plan
    backend: dict[str, str]
    system: dict[str, str]
    software: dict[str, str]
    overhead_ns: float
    """The load generator's CPU time per query (in Offline: per sample) against a null system, in ns."""
    dataset: Dataset
    model: ModelFacts
    system_id: str
    """The name of the system's folders."""
    folder: Path
    """Where ``result.json`` lies."""
    logs: Path
    """The scenario's folder of logs."""
    contention: Contention | None
    """During the performance phase."""


def assemble(
    run: TestRun, phase: PhaseOutcome, accuracy: Accuracy | None, circumstances: Circumstances
) -> InferenceResult:
    """The result of one scenario."""
    request, rules = circumstances.request, circumstances.rules
    settings = run.effective.requested
    return InferenceResult(
        benchmark=circumstances.benchmark,
        edition=request.edition,
        scenario=run.effective.scenario,
        official=request.official,
        rules=RulesReference(
            name=rules.name, sha256=rules.sha256, profile=settings.profile, draw_variant=settings.variant
        ),
        backend=circumstances.backend,
        metric=_metric(phase.statistics, circumstances.plan, run.effective.scenario),
        verdict=_verdict(run, phase, accuracy, circumstances),
        accuracy=accuracy,
        performance=_performance(run, phase.statistics),
        lateness=_lateness(run, phase, circumstances),
        settings=tuple(
            line
            for line in circumstances.plan.configured.lines
            if line.name != "mode"  # accuracy and performance are two runs with the same settings
        ),
        seeds={
            "qsl_rng_seed": settings.seeds.qsl,
            "sample_index_rng_seed": settings.seeds.sample_index,
            "schedule_rng_seed": settings.seeds.schedule,
            "accuracy_log_rng_seed": settings.seeds.accuracy_log,
        },
        system=circumstances.system,
        software=circumstances.software,
        started=run.began.isoformat(timespec="milliseconds"),
        finished=run.ended.isoformat(timespec="milliseconds"),
        files=_files(circumstances),
        system_id=circumstances.system_id,
        implementation=_implementation(circumstances),
        contention=circumstances.contention,
    )


def _implementation(circumstances: Circumstances) -> Implementation:
    """What the model's file, its maker and the request say."""
    request, model = circumstances.request, circumstances.model
    return Implementation(
        name=f"levelfield-{request.backend}",
        input_data_types=", ".join(model.input_types),
        weight_data_types=None if model.weight_types is None else ", ".join(model.weight_types),
        starting_weights_filename=model.file_name,
        weight_transformations=model.weight_transformations,
        retraining=model.retraining,
        command=command_of(request, circumstances.plan.rule.runs_as),
    )


def _metric(statistics: Statistics, plan: Plan, scenario: Scenario) -> Metric:
    field = plan.rule.result
    value: float | None
    match scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            value = statistics.headline.estimate_ns
        case Scenario.SERVER:
            value = statistics.scheduled_samples_per_s
        case Scenario.OFFLINE:
            value = statistics.offline_samples_per_s
    return Metric(
        name=NAMES[scenario],
        value=None if value is None else value / field.divisor,
        unit="ms" if field.divisor > 1 else "samples/s",
        higher_is_better=field.higher_is_better,
        raw_field=field.key,
    )


def _verdict(run: TestRun, phase: PhaseOutcome, accuracy: Accuracy | None, circumstances: Circumstances) -> Verdict:
    outcome = phase.outcome
    conditions = [
        Condition(
            name=condition.name,
            met=condition.met,
            required=condition.required,
            measured=condition.measured,
            advice=condition.advice,
            clause=condition.clause,
        )
        for condition in outcome.conditions
    ]
    overhead = _overhead_condition(phase.statistics, circumstances)
    conditions.append(overhead)
    if circumstances.request.edition is Edition.FULL:
        conditions.append(_dataset_condition(circumstances))
    if accuracy is not None:
        conditions.append(_accuracy_condition(accuracy, circumstances.plan))
    unmet = [condition.name for condition in conditions if not condition.met]
    validity = Validity.INVALID if unmet or run.failure or run.interrupted else outcome.validity
    return Verdict(
        validity=validity,
        conditions=tuple(conditions),
        errors=outcome.errors,
        summary=_sentence(run, unmet, len(conditions), len(outcome.errors)),
    )


def _sentence(run: TestRun, unmet: list[str], conditions: int, errors: int) -> str:
    """The verdict in one sentence."""
    if run.failure is not None:
        return run.failure.message
    if run.interrupted:
        return "The run was interrupted."
    if unmet:
        return f"Not met: {', '.join(unmet)}."
    if errors:
        return f"Every condition is met, but {errors} logged error{'s' if errors > 1 else ''} make the run unusable."
    return f"All {conditions} conditions are met."


def _overhead_condition(statistics: Statistics, circumstances: Circumstances) -> Condition:
    per_unit_ns, unit = _time_per_unit_ns(statistics)
    share = circumstances.overhead_ns / per_unit_ns if per_unit_ns else 1.0
    return Condition(
        name="load generator overhead",
        met=share <= OVERHEAD_SHARE,
        required=f"at most {OVERHEAD_SHARE:.0%} of the time per {unit}",
        measured=f"{share:.2%} ({format_ns(circumstances.overhead_ns)} of {format_ns(per_unit_ns)})",
        advice=None
        if share <= OVERHEAD_SHARE
        else "This system is faster than the load generator can measure to two percent; batch its queries.",
        clause="levelfield: the measuring side knows its own error",
    )


def _time_per_unit_ns(statistics: Statistics) -> tuple[float, str]:
    """The time that the overhead is held against: a query's mean latency, or in Offline the time per sample."""
    if statistics.scenario is Scenario.OFFLINE:
        return (statistics.samples.max_ns / statistics.sample_count if statistics.sample_count else 0.0), "sample"
    return float(statistics.headline.mean_ns), "query"


def _dataset_condition(circumstances: Circumstances) -> Condition:
    """The whole set counts: accuracy on a part of it cannot be held against the gate."""
    dataset, rule = circumstances.dataset, circumstances.plan.rule
    return Condition(
        name="whole dataset",
        met=dataset.complete,
        required=f"{rule.sizes.dataset:,} samples",
        measured=f"{dataset.total_sample_count:,} samples",
        advice=None if dataset.complete else "Give the complete dataset with --data.",
        clause=str(rule.citation("dataset_samples").clause),
    )


def _accuracy_condition(accuracy: Accuracy, plan: Plan) -> Condition:
    missing, unit = accuracy.target - accuracy.value, unit_suffix(accuracy.unit)
    return Condition(
        name="accuracy",
        met=accuracy.passed,
        required=f"{accuracy.metric} of at least {accuracy.target:.4f}{unit} "
        f"({accuracy.fraction:g} of {accuracy.reference:g}{unit})",
        measured=f"{accuracy.value:.4f}{unit}"
        + (f" ({accuracy.good} of {accuracy.total})" if accuracy.good is not None else ""),
        advice=None
        if accuracy.passed
        else f"{missing:.3g}{unit} are missing: check pre-processing and quantisation of the model.",
        clause=str(plan.rule.accuracy[0].citation.clause),
    )


def _performance(run: TestRun, statistics: Statistics) -> Performance:
    effective = run.effective
    latencies: Latencies = statistics.headline
    judged = effective.scenario is not Scenario.OFFLINE
    return Performance(
        query_count=statistics.query_count,
        sample_count=statistics.sample_count,
        duration_s=statistics.active_ns / NS_PER_S,
        samples_per_s=statistics.samples_per_s or 0.0,
        latency_min_ns=latencies.min_ns,
        latency_mean_ns=latencies.mean_ns,
        latency_max_ns=latencies.max_ns,
        latency_percentiles_ns={
            f"{fraction * 100:.2f}": value
            for fraction, value in zip(PERCENTILES, latencies.percentiles_ns, strict=True)
        },
        target_latency_ns=effective.target_latency_ns or None,
        target_percentile=effective.target_latency_percentile if judged else None,
        early_stopping_ns=latencies.estimate_ns,
    )


def _lateness(run: TestRun, phase: PhaseOutcome, circumstances: Circumstances) -> Lateness:
    found, issuing = phase.statistics.lateness, phase.measurement.issuing
    server = run.effective.scenario is Scenario.SERVER
    bound_ns = default_lateness_bound_ns(run.effective.target_latency_ns) if server else None
    return Lateness(
        p50_ns=found.p50_ns,
        p99_ns=found.p99_ns,
        p999_ns=found.p999_ns,
        max_ns=found.max_ns,
        bound_ns=bound_ns,
        met=bound_ns is None or found.p99_ns <= bound_ns,
        issuing_mode=issuing.mode,
        issuing_reason=issuing.reason,
        overhead_ns_per_query=circumstances.overhead_ns,
    )


def _files(circumstances: Circumstances) -> dict[str, FileReference]:
    roles = {
        "summary": "performance/run_1/mlperf_log_summary.txt",
        "detail": "performance/run_1/mlperf_log_detail.txt",
        "record": "record-performance.npz",
        "accuracy_summary": "accuracy/mlperf_log_summary.txt",
        "accuracy_detail": "accuracy/mlperf_log_detail.txt",
        "accuracy_log": "accuracy/mlperf_log_accuracy.json",
        "accuracy": "accuracy/accuracy.txt",
        "accuracy_record": "record-accuracy.npz",
    }
    found = {}
    for role, name in roles.items():
        path = circumstances.logs / name
        if path.exists():
            found[role] = FileReference(
                path=str(path.relative_to(circumstances.folder)),
                sha256=sha256_of(path),
                bytes=path.stat().st_size,
            )
    return found
