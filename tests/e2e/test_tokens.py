"""Token latencies (profile v6) through the array interface: keys, figures from the record, verdict."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import detail, errors, run_in, settings_of, whole

from levelfield.loadgen import Server, Tokens
from levelfield.terms import Mode, Scenario, Validity


class TokenSystem:
    """Gives a first token at once and the whole output a little later; sample ``i`` of the set has ``2 + i`` tokens."""

    name = "tokens"

    def __init__(self, *, first_token: bool = True, tokens: bool = True, first_delay_s: float = 0.0) -> None:
        self._first_token = first_token
        self._tokens = tokens
        self._first_delay_s = first_delay_s
        self._lock = threading.Lock()

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        if self._first_delay_s:
            time.sleep(self._first_delay_s)
        if self._first_token:
            complete.first_token(ids, [b"first"] * len(ids))
        until = time.perf_counter_ns() + 50_000
        while time.perf_counter_ns() < until:
            pass
        complete(ids, indices.astype("<f4"), indices + 2 if self._tokens else None)

    def flush(self) -> None:
        pass


def tokens_of(scenario: Scenario, **changes: Any) -> Any:
    load = {"load": Server(target_qps=500)} if scenario is Scenario.SERVER else {}
    return settings_of(scenario, **{**load, "tokens": Tokens(use=True), "min_query_count": 100, **changes})


def at(values: np.ndarray, fraction: float) -> int:
    return int(np.sort(values)[int(len(values) * fraction)])


@pytest.mark.parametrize("scenario", [Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM, Scenario.SERVER])
def test_first_and_further_tokens(tmp_path: Path, scenario: Scenario) -> None:
    run = run_in(tmp_path, TokenSystem(), tokens_of(scenario), lateness_bound_ns=10**12)
    assert run.failure is None
    assert run.performance is not None
    (measurement,) = whole(tmp_path)
    assert measurement.first_token_ns is not None
    assert measurement.token_counts is not None
    assert measurement.token_counts.tolist() == (measurement.sample_indices + 2).tolist()
    first, latency = measurement.first_token_ns.astype(np.int64), measurement.latency_ns.astype(np.int64)
    assert (first > 0).all()
    assert (first < latency).all()
    per_token = (latency - first) // (measurement.token_counts - 1)
    found = detail(tmp_path)
    assert found["result_first_token_min_latency_ns"] == first.min()
    assert found["result_first_token_max_latency_ns"] == first.max()
    assert found["result_first_token_mean_latency_ns"] == int(first.sum()) // len(first)
    assert found["result_time_to_output_token_min"] == per_token.min()
    assert found["result_time_to_output_token_mean"] == int(per_token.sum()) // len(per_token)
    for name, fraction in (("50.00", 0.5), ("90.00", 0.9), ("99.00", 0.99), ("99.90", 0.999)):
        assert found[f"result_first_token_{name}_percentile_latency_ns"] == at(first, fraction)
        assert found[f"result_time_per_output_token_{name}_percentile_ns"] == at(per_token, fraction)
    final = int(measurement.scheduled_ns[-1]) + int(measurement.query_latency_ns[-1])
    rate = int(measurement.token_counts.sum()) / (final / 1e9)
    assert f"{found['result_completed_tokens_per_second']:g}" == f"{rate:g}"
    assert "early_stopping_ttft_result" in found
    assert "early_stopping_tpot_result" in found
    assert "early_stopping_result" not in found
    assert found["requested_use_token_latencies"] is True


def test_offline_counts_tokens_alone(tmp_path: Path) -> None:
    run = run_in(tmp_path, TokenSystem(first_token=False), tokens_of(Scenario.OFFLINE))
    assert run.failure is None
    (measurement,) = whole(tmp_path)
    assert measurement.token_counts is not None
    found = detail(tmp_path)
    rate = int(measurement.token_counts.sum()) / (int(measurement.latency_ns.max()) / 1e9)
    assert f"{found['result_tokens_per_second']:g}" == f"{rate:g}"
    assert not [key for key in found if "first_token" in key]
    assert errors(tmp_path) == []


@pytest.mark.parametrize(
    ("limits", "valid"),
    [
        (Tokens(use=True, ttft_latency_ns=10**9, tpot_latency_ns=10**9), True),
        (Tokens(use=True, ttft_latency_ns=1, tpot_latency_ns=10**9), False),
        (Tokens(use=True, ttft_latency_ns=10**9, tpot_latency_ns=1), False),
    ],
)
def test_server_is_judged_by_both_limits(tmp_path: Path, limits: Tokens, valid: bool) -> None:
    load = Server(target_qps=1000, target_latency_ns=1)  # the whole latency is not judged
    settings = tokens_of(Scenario.SERVER, load=load, tokens=limits, min_duration_ms=500)
    run = run_in(tmp_path, TokenSystem(), settings, lateness_bound_ns=10**12)
    assert (run.validity is Validity.VALID) == valid
    assert detail(tmp_path)["result_perf_constraints_met"] is valid


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (TokenSystem(first_token=False), "completed without a first token"),
        (TokenSystem(tokens=False), "reports no n_tokens, or 0"),
    ],
)
def test_missing_tokens_make_a_run_unusable(tmp_path: Path, system: TokenSystem, words: str) -> None:
    run = run_in(tmp_path, system, tokens_of(Scenario.SINGLE_STREAM))
    assert run.failure is None
    assert not run.validity.usable
    assert any(words in text for text in errors(tmp_path))
    assert any("more faulty completions" in text for text in errors(tmp_path))
    whole(tmp_path)


def test_accuracy_log_holds_first_tokens_and_counts(tmp_path: Path) -> None:
    import json

    run_in(tmp_path, TokenSystem(), tokens_of(Scenario.SERVER, mode=Mode.ACCURACY))
    entries = json.loads((tmp_path / "mlperf_log_accuracy.json").read_text())
    assert len(entries) == 64
    for entry in entries:
        assert entry["token_data"] == b"first".hex().upper()
        assert entry["token_count"] == entry["qsl_idx"] + 2
