"""Runs as a report gets them: generated latencies for the four scenarios, one Server run that does not hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from levelfield.inference.report import ReportedRun
from levelfield.inference.result import (
    Accuracy,
    Condition,
    FileReference,
    InferenceResult,
    Lateness,
    Metric,
    Performance,
    RulesReference,
    Verdict,
)
from levelfield.loadgen.configure import Provenance
from levelfield.terms import Edition, Scenario, Validity
from levelfield.units import format_ns

PERCENTILES = (0.5, 0.9, 0.95, 0.97, 0.99, 0.999)
MS = 1_000_000

ACCURACY = Accuracy(
    metric="top-1",
    value=97.2222,
    unit="%",
    target=96.2500,
    reference=97.2222,
    fraction=0.99,
    passed=True,
    good=350,
    total=360,
    confidence_low=94.96,
    confidence_high=98.48,
    line="accuracy=97.222%, good=350, total=360",
)
SETTINGS = (
    Provenance(name="min_duration_ms", value="5000", origin="quick", overridden=("60000 (rules)",)),
    Provenance(name="min_query_count", value="1024", origin="rules"),
    Provenance(name="target_latency_percentile", value="0.99", origin="rules"),
    Provenance(name="target_qps", value="900", origin="command line", overridden=("1 (default)", "500 (user.conf:3)")),
    *(Provenance(name=f"setting_{number:02}", value=str(number), origin="default") for number in range(20)),
)
SYSTEM = {
    "division": "",
    "submitter": "",
    "host_processor_model_name": "AMD EPYC",
    "host_processors_per_node": "1",
    "host_processor_core_count": "2",
    "host_processor_caches": "L1d 32 KiB, L1i 32 KiB, L2 1 MiB, L3 32 MiB shared by 2 CPUs",
    "host_memory_capacity": "23.5 GiB",
    "accelerators_per_node": "0",
    "accelerator_model_name": "",
    "framework": "onnxruntime 1.32.0",
    "operating_system": "Debian GNU/Linux 12 (bookworm), Linux 6.1.0",
    "hw_notes": "virtual machine: processor counts and caches are as the hypervisor shows them",
}


def performance_of(latencies: np.ndarray, end_ns: int, samples_per_query: int = 1, **changes: object) -> Performance:
    ascending = np.sort(latencies)
    at = {p: int(ascending[min(int(len(ascending) * p), len(ascending) - 1)]) for p in PERCENTILES}
    values: dict[str, object] = {
        "query_count": len(latencies),
        "sample_count": len(latencies) * samples_per_query,
        "duration_s": end_ns / 1e9,
        "samples_per_s": len(latencies) * samples_per_query / (end_ns / 1e9),
        "latency_min_ns": int(ascending[0]),
        "latency_mean_ns": int(ascending.mean()),
        "latency_max_ns": int(ascending[-1]),
        "latency_percentiles_ns": {f"{p * 100:.2f}": value for p, value in at.items()},
        "target_latency_ns": None,
        "target_percentile": 0.9,
        "early_stopping_ns": None,
    }
    return Performance(**(values | changes))


def result_of(scenario: Scenario, metric: Metric, performance: Performance, **changes: object) -> InferenceResult:
    values: dict[str, object] = {
        "benchmark": "resnet50",
        "edition": Edition.MINI,
        "scenario": scenario,
        "official": False,
        "rules": RulesReference(name="inference-v2.0", sha256="4f" * 32, profile="v6", draw_variant="lemire"),
        "backend": {
            "backend": "onnxruntime",
            "version": "1.32.0",
            "precision": "int8",
            "threads": "1",
            "model_file": "digits_resnet_int8.onnx",
            "model_sha256": "a1" * 32,
        },
        "metric": metric,
        "verdict": Verdict(
            validity=Validity.VALID,
            conditions=(
                Condition(
                    name="minimum duration",
                    met=True,
                    required="at least 5.00 s",
                    measured="5.02 s",
                    clause="inference_rules.adoc, Benchmark constraints",
                ),
                Condition(name="minimum queries", met=True, required="at least 1,024", measured="9,981"),
                Condition(
                    name="early stopping",
                    met=True,
                    required="at least 64 queries for the 90th percentile at 99 % confidence",
                    measured="9,981 queries",
                    clause="inference_rules.adoc, Early stopping criterion",
                ),
            ),
        ),
        "accuracy": ACCURACY,
        "performance": performance,
        "lateness": Lateness(
            p50_ns=0,
            p99_ns=0,
            p999_ns=0,
            max_ns=0,
            bound_ns=None,
            met=True,
            issuing_mode="inline",
            issuing_reason="the system under test spends its time in onnxruntime, which lets the interpreter go",
            overhead_ns_per_query=640.0,
        ),
        "settings": SETTINGS,
        "seeds": {
            "qsl": 6655344265603136530,
            "sample_index": 15863379492028895792,
            "schedule": 12662793979680847247,
            "accuracy_log": 0,
        },
        "system": SYSTEM,
        "software": {"levelfield": "0.1.0.dev0", "numpy": "2.4.6", "onnxruntime": "1.32.0", "python": "3.11.2"},
        "started": "2026-01-15T10:12:13Z",
        "finished": "2026-01-15T10:12:19Z",
        "files": {
            "record": FileReference(path="performance/run_1/record.npz", sha256="0c" * 32, bytes=160_123),
            "detail": FileReference(path="performance/run_1/mlperf_log_detail.txt", sha256="9e" * 32, bytes=18_432),
        },
    }
    return InferenceResult(**(values | changes))


def single_stream(seed: int = 1, queries: int = 9_981) -> ReportedRun:
    rng = np.random.default_rng(seed)
    latencies = (rng.gamma(9, 0.018, queries) * MS + 0.32 * MS).astype(np.int64)
    latencies[rng.random(queries) < 0.004] *= 9
    latencies[queries * 2 // 5 : queries * 2 // 5 + queries // 30] += MS // 3
    due = np.concatenate([[0], np.cumsum(latencies[:-1] + 900)])
    performance = performance_of(
        latencies, int(due[-1] + latencies[-1]), early_stopping_ns=int(np.sort(latencies)[int(queries * 0.91)])
    )
    metric = Metric(
        name="early-stopping 90th percentile latency",
        value=(performance.early_stopping_ns or 0) / MS,
        unit="ms",
        higher_is_better=False,
        raw_field="early_stopping_latency_ss",
    )
    return ReportedRun(
        result=result_of(Scenario.SINGLE_STREAM, metric, performance),
        scheduled_ns=due,
        issue_delay_ns=np.zeros(queries, np.int64),
        latency_ns=latencies,
    )


def multi_stream(seed: int = 2, queries: int = 700) -> ReportedRun:
    rng = np.random.default_rng(seed)
    samples = (rng.gamma(30, 0.07, (queries, 8)) * MS).astype(np.int64)
    slowest = samples.max(axis=1)
    due = np.concatenate([[0], np.cumsum(slowest[:-1] + 1_200)])
    performance = performance_of(
        slowest, int(due[-1] + slowest[-1]), 8, target_percentile=0.99, early_stopping_ns=int(slowest.max())
    )
    metric = Metric(
        name="early-stopping 99th percentile latency",
        value=int(slowest.max()) / MS,
        unit="ms",
        higher_is_better=False,
        raw_field="early_stopping_latency_ms",
    )
    return ReportedRun(
        result=result_of(Scenario.MULTI_STREAM, metric, performance),
        scheduled_ns=due,
        issue_delay_ns=np.zeros(queries, np.int64),
        latency_ns=samples.reshape(-1),
        samples_per_query=8,
    )


def server(seed: int = 3, queries: int = 6_000) -> ReportedRun:
    """A run that is late, too slow, and has errors."""
    rng = np.random.default_rng(seed)
    due = np.cumsum(rng.exponential(1e9 / 900, queries)).astype(np.int64)
    service = (rng.gamma(8, 0.125, queries) * MS).astype(np.int64)
    free, latencies = 0, np.empty(queries, np.int64)
    for n in range(queries):
        free = max(free, int(due[n])) + int(service[n])
        latencies[n] = free - due[n]
    delays = (rng.gamma(2, 900, queries) + 400).astype(np.int64)
    stalled = (due > 2_400 * MS) & (due < 2_900 * MS)
    delays[stalled] += (rng.random(int(stalled.sum())) * 6 * MS).astype(np.int64)
    latencies += delays
    latencies[-3:] = -1
    done = latencies[latencies >= 0]
    performance = performance_of(
        done, int((due + latencies).max()), query_count=queries, target_latency_ns=15 * MS, target_percentile=0.99
    )
    ascending = np.sort(delays)
    verdict = Verdict(
        validity=Validity.INVALID,
        conditions=(
            Condition(name="minimum duration", met=True, required="at least 5.00 s", measured="6.71 s"),
            Condition(
                name="latency limit",
                met=False,
                required="99 % of queries within 15.0 ms",
                measured=f"{(done <= 15 * MS).mean() * 100:.2f} % within 15.0 ms",
                advice="A target of 780 queries/s would have held in this run's record; try --target-qps 780.",
                clause="inference_rules.adoc, Benchmark constraints",
            ),
            Condition(
                name="load generator's lateness",
                met=False,
                required="p99 at most 1.00 ms",
                measured=format_ns(int(np.sort(delays)[int(queries * 0.99)])),
                advice="Leave a core to the load generator: --threads 1, or issue from a process of its own.",
            ),
        ),
        errors=("3 samples never completed within 10 s of the last query.",),
    )
    lateness = Lateness(
        p50_ns=int(ascending[queries // 2]),
        p99_ns=int(ascending[int(queries * 0.99)]),
        p999_ns=int(ascending[int(queries * 0.999)]),
        max_ns=int(ascending[-1]),
        bound_ns=MS,
        met=False,
        issuing_mode="process",
        issuing_reason="a thread of the system under test kept the interpreter busy",
        overhead_ns_per_query=2_310.0,
    )
    metric = Metric(
        name="scheduled samples per second",
        value=queries / (int(due[-1]) / 1e9),
        unit="samples/s",
        higher_is_better=True,
        raw_field="result_scheduled_samples_per_sec",
    )
    return ReportedRun(
        result=result_of(Scenario.SERVER, metric, performance, verdict=verdict, lateness=lateness),
        scheduled_ns=due,
        issue_delay_ns=delays,
        latency_ns=latencies,
    )


def offline(seed: int = 4, samples: int = 24_576) -> ReportedRun:
    rng = np.random.default_rng(seed)
    batches = np.cumsum(rng.gamma(40, 0.25, samples // 64) * MS)
    latencies = np.repeat(batches, 64).astype(np.int64)
    performance = performance_of(latencies, int(latencies[-1]), query_count=1, target_percentile=None)
    metric = Metric(
        name="samples per second",
        value=performance.samples_per_s,
        unit="samples/s",
        higher_is_better=True,
        raw_field="result_samples_per_second",
    )
    return ReportedRun(
        result=result_of(Scenario.OFFLINE, metric, performance),
        scheduled_ns=np.zeros(1, np.int64),
        issue_delay_ns=np.zeros(1, np.int64),
        latency_ns=latencies,
        samples_per_query=samples,
    )


def four_runs() -> list[ReportedRun]:
    return [single_stream(), multi_stream(), server(), offline()]


def hostile_run() -> ReportedRun:
    """Long names, markup in every text, and nothing that completed."""
    run = server(queries=50)
    evil = "<script>window.hacked=1</script>\"'><img src=x onerror=window.hacked=1>" + "very-long-name-" * 20
    result = replace(
        run.result,
        benchmark=evil,
        backend={evil: evil, "backend": evil},
        system={"host_processor_model_name": evil, evil: ""},
        software={evil: evil},
        settings=(Provenance(name=evil, value=evil, origin=evil, overridden=(evil,)),),
        files={evil: FileReference(path=evil, sha256=evil, bytes=1)},
        started=evil,
        verdict=Verdict(
            validity=Validity.WITH_ERRORS,
            conditions=(Condition(name=evil, met=False, required=evil, measured=evil, advice=evil, clause=evil),),
            errors=(evil,),
            summary=evil,
        ),
        metric=Metric(name=evil, value=None, unit=evil, higher_is_better=True, raw_field=evil),
        accuracy=replace(ACCURACY, metric=evil, line=evil, passed=False),
        lateness=replace(run.result.lateness, issuing_mode=evil, issuing_reason=evil),
    )
    return replace(run, result=result, latency_ns=np.full(50, -1, np.int64))


def bare_run() -> ReportedRun:
    """Empty sections everywhere, one single query."""
    run = single_stream(queries=1)
    result = replace(
        run.result,
        backend={},
        system={},
        software={},
        settings=(),
        seeds={},
        files={},
        accuracy=None,
        edition=Edition.FULL,
        official=True,
        verdict=Verdict(validity=Validity.VALID, conditions=()),
    )
    return replace(run, result=result)
