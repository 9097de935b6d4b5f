"""Run the reference LoadGen's wheel for a while; the tests start it as a program of its own, with a folder.

One folder per run, named scenario, mode and variant. The system under test completes inside issue(): the first byte of
its output is the low byte of the sample's index, and every eighth output is empty.
"""

from __future__ import annotations

import array
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlperf_loadgen as lg

RUNS: dict[str, dict[str, object]] = {
    "SingleStream-performance": {"min_query_count": 700, "single_stream_expected_latency_ns": 1_000},
    "SingleStream-ran-out": {"min_query_count": 100, "single_stream_expected_latency_ns": 100_000_000},
    "SingleStream-few": {"min_query_count": 90, "single_stream_expected_latency_ns": 10_000, "min_duration_ms": 0},
    "SingleStream-too-few": {"min_query_count": 20, "single_stream_expected_latency_ns": 10_000, "min_duration_ms": 0},
    "SingleStream-max-queries": {
        "min_query_count": 700,
        "max_query_count": 300,
        "single_stream_expected_latency_ns": 10_000,
    },
    "SingleStream-accuracy": {},
    "SingleStream-accuracy-tokens": {"use_token_latencies": True},
    "SingleStream-sampled": {
        "min_query_count": 100,
        "single_stream_expected_latency_ns": 10_000,
        "accuracy_log_sampling_target": 20,
    },
    "SingleStream-tokens": {"min_query_count": 80, "min_duration_ms": 0, "use_token_latencies": True},
    "SingleStream-submission": {"min_query_count": 70, "min_duration_ms": 0},
    "MultiStream-performance": {
        "min_query_count": 700,
        "multi_stream_expected_latency_ns": 4_000,
        "multi_stream_samples_per_query": 4,
    },
    "MultiStream-accuracy": {"multi_stream_samples_per_query": 4},
    "MultiStream-tokens": {"min_query_count": 670, "min_duration_ms": 0, "use_token_latencies": True},
    "Server-performance": {"min_query_count": 600, "server_target_qps": 2000, "server_target_latency_ns": 10_000_000},
    "Server-late": {"min_query_count": 500, "server_target_qps": 2000, "server_target_latency_ns": 1},
    "Server-short": {"min_query_count": 1, "min_duration_ms": 10, "server_target_qps": 2000},
    "Server-accuracy": {"server_target_qps": 2000},
    "Server-tokens": {"min_query_count": 500, "server_target_qps": 2000, "use_token_latencies": True},
    "Server-late-tokens": {
        "min_query_count": 500,
        "server_target_qps": 2000,
        "use_token_latencies": True,
        "ttft_latency": 1,
        "tpot_latency": 1,
    },
    "Server-inferred": {
        "min_query_count": 500,
        "server_target_qps": 2000,
        "infer_token_latencies": True,
        "token_latency_scaling_factor": 69,
    },
    "Offline-performance": {"min_query_count": 2000, "min_duration_ms": 0},
    "Offline-inferred": {
        "min_query_count": 2000,
        "min_duration_ms": 0,
        "infer_token_latencies": True,
        "token_latency_scaling_factor": 69,
    },
    "Offline-short": {"min_query_count": 200, "min_duration_ms": 10_000},
    "Offline-accuracy": {},
}
MODES = {"accuracy": lg.TestMode.AccuracyOnly, "submission": lg.TestMode.SubmissionRun}
SETTINGS = {"min_duration_ms": 100, "qsl_rng_seed": 42, "sample_index_rng_seed": 43, "schedule_rng_seed": 44}
TOTAL, LOADED = 100, 30


def issuer(tokens: bool) -> Callable[[list[lg.QuerySample]], None]:
    def issue(samples: list[lg.QuerySample]) -> None:
        held = []
        for sample in samples:
            payload = array.array("B", [] if sample.index % 8 == 0 else [sample.index % 256, 0xAB])
            held.append((sample.id, payload, *payload.buffer_info()))
        if tokens:
            lg.FirstTokenComplete([lg.QuerySampleResponse(i, address, size) for i, _, address, size in held])
            time.sleep(2e-6)
        lg.QuerySamplesComplete([lg.QuerySampleResponse(i, address, size, 3) for i, _, address, size in held])

    return issue


def run(folder: Path, name: str) -> None:
    scenario, _, kind = name.partition("-")
    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, scenario)
    settings.mode = MODES.get(kind.split("-")[0], lg.TestMode.PerformanceOnly)
    for key, value in {**SETTINGS, **RUNS[name]}.items():
        setattr(settings, key, value)
    output = lg.LogOutputSettings()
    output.outdir = str(folder / name)
    (folder / name).mkdir()
    log_settings = lg.LogSettings()
    log_settings.log_output = output
    log_settings.enable_trace = True
    sut = lg.ConstructSUT(issuer("tokens" in kind), lambda: None)
    qsl = lg.ConstructQSL(TOTAL, LOADED, lambda _: None, lambda _: None)
    lg.StartTestWithLogSettings(sut, qsl, settings, log_settings, "no-audit.config")
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)


if __name__ == "__main__":
    root = Path(sys.argv[1])
    for each in RUNS:
        run(root, each)
    (root / "runs.json").write_text(json.dumps({name: {**SETTINGS, **chosen} for name, chosen in RUNS.items()}))
