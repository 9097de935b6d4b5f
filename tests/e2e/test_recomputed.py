"""Every figure and verdict of our own runs is computed again from the raw record file alone, bit for bit."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import Library
from recompute import NAMES, Expected
from small_runs import run_in, settings_of, whole

from levelfield.cli.app import run as levelfield
from levelfield.loadgen import FunctionSystem, IssuingChoice, MultiStream, Offline, Server, Settings, read_record
from levelfield.loadgen.settings import Load, SingleStream
from levelfield.terms import Mode, Profile, Scenario

AUTO, INLINE, PROCESS = IssuingChoice


def lines_of(folder: Path) -> list[tuple[str, str]]:
    """Key and value, as spelled, of every line of the detail log."""
    found = []
    for line in (folder / "mlperf_log_detail.txt").read_text().splitlines():
        parts = re.match(r':::MLLOG \{"key": "([\w.]+)", "value": (.*), "time_ms": [\d.]+, "namespace": ', line)
        assert parts, line
        found.append((parts[1], parts[2]))
    return found


def varied(factor_us: int) -> Callable[[np.ndarray], list[bytes]]:
    """Takes from 0 to 20 times the factor, in an order that looks like none."""
    calls = 0

    def infer(indices: np.ndarray) -> list[bytes]:
        nonlocal calls
        calls += 1
        until = time.perf_counter_ns() + (calls * 7919 % 21) ** 2 * factor_us * 50
        while time.perf_counter_ns() < until:
            time.sleep(0)
        return [int(index).to_bytes(2, "little") for index in indices]

    return infer


CASES: dict[str, tuple[Load, dict[str, Any], int, IssuingChoice]] = {
    # name: load, other settings, workers, issuing
    "single stream, no estimate": (SingleStream(), {"min_query_count": 40, "min_duration_ms": 1}, 0, AUTO),
    "single stream, p90 only": (SingleStream(), {"min_query_count": 300, "min_duration_ms": 1}, 2, AUTO),
    "single stream, both": (SingleStream(), {"min_query_count": 1500, "min_duration_ms": 5}, 0, AUTO),
    "single stream, p99": (
        SingleStream(target_latency_percentile=0.99), {"min_query_count": 900, "min_duration_ms": 5}, 0,
        AUTO,
    ),
    "multi stream, no estimate": (MultiStream(samples_per_query=3), {"min_query_count": 100}, 2, AUTO),
    "multi stream": (
        MultiStream(samples_per_query=3), {"min_query_count": 700, "min_duration_ms": 5}, 2, AUTO
    ),
    "server": (
        Server(target_qps=2500, target_latency_ns=100_000_000), {"min_duration_ms": 300}, 2, INLINE
    ),
    "server, some over": (
        Server(target_qps=1000, target_latency_ns=2_000_000, target_latency_percentile=0.5), {"min_duration_ms": 400},
        2, INLINE,
    ),
    "server, all over": (Server(target_qps=2000, target_latency_ns=100), {"min_duration_ms": 150}, 1, AUTO),
    "server, process": (
        Server(target_qps=2500, target_latency_ns=1_500_000), {"min_duration_ms": 300}, 2, PROCESS
    ),
    "server, too few": (Server(target_qps=500, target_latency_ns=10**9), {"min_duration_ms": 60}, 1, INLINE),
    "offline": (Offline(expected_qps=2000), {"min_duration_ms": 10, "min_query_count": 500}, 2, AUTO),
    "offline, too short": (Offline(expected_qps=1), {"min_duration_ms": 5000, "min_query_count": 64}, 2, AUTO),
}  # fmt: skip


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("case", CASES)
def test_detail_and_summary_follow_from_the_record(tmp_path: Path, case: str, profile: Profile) -> None:
    load, changes, workers, issuing = CASES[case]
    settings = Settings(**{"load": load, "min_query_count": 1, "min_duration_ms": 20, "profile": profile, **changes})
    with FunctionSystem(varied(1), workers=workers, batch_size=2, name="varied") as system:
        run_in(tmp_path, system, settings, issuing=issuing, lateness_bound_ns=10**12, stall_s=20)
    (measurement,) = whole(tmp_path)
    expected = Expected(measurement)
    lines = lines_of(tmp_path)
    keys = [key for key, _ in lines]
    assert lines[keys.index("result_validity") :] == expected.detail()
    summary = (tmp_path / "mlperf_log_summary.txt").read_text()
    assert summary.startswith(expected.summary("varied"))
    assert dict(lines)["generated_query_count"] == str(measurement.generated_query_count)
    assert json.loads(dict(lines)["loaded_qsl_set"]) == measurement.loaded_set.tolist()
    begin, end = (
        datetime.strptime(json.loads(dict(lines)[key]) + "000Z", "%m-%d-%Y %H:%M:%S.%f%z")
        for key in ("power_begin", "power_end")
    )
    assert abs((end - begin).total_seconds() * 1000 - expected.ended / 1e6) <= 1


def test_the_cases_reach_every_outcome(tmp_path: Path) -> None:
    """The table above would prove little if all runs were VALID."""
    outcomes = set()
    for name in (
        "single stream, no estimate",
        "server, all over",
        "server, too few",
        "offline, too short",
        "single stream, both",
    ):
        load, changes, workers, issuing = CASES[name]
        settings = Settings(**{"load": load, "min_query_count": 1, "min_duration_ms": 20, **changes})
        with FunctionSystem(varied(0), workers=workers) as system:
            run_in(tmp_path / name, system, settings, issuing=issuing)
        found = dict(lines_of(tmp_path / name))
        outcomes.add(
            tuple(found.get(key) for key in ("result_validity", "result_min_duration_met", "early_stopping_met"))
        )
    assert outcomes >= {
        ('"INVALID"', "true", "false"),
        ('"INVALID"', "false", "true"),
        ('"VALID"', "true", "true"),
    }


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("scenario", list(Scenario))
def test_accuracy_log_and_loaded_sets_follow_from_the_record(
    tmp_path: Path, scenario: Scenario, profile: Profile
) -> None:
    settings = settings_of(scenario, mode=Mode.SUBMISSION, profile=profile, accuracy_log_probability=0.3)
    library = Library(total_sample_count=50, performance_sample_count=16)
    with FunctionSystem(varied(0), workers=2, batch_size=4) as system:
        run = run_in(tmp_path, system, settings, library=library, lateness_bound_ns=10**12)
    assert run.failure is None
    *accuracy, performance = whole(tmp_path)
    assert len(accuracy) == 4  # 50 samples, 16 at a time
    lines = lines_of(tmp_path)
    loaded = [json.loads(value) for key, value in lines if key == "loaded_qsl_set"]
    assert loaded == [m.loaded_set.tolist() for m in (*accuracy, performance)]
    issued = np.concatenate([m.sample_indices for m in (*accuracy, performance)]).tolist()
    entries = json.loads((tmp_path / "mlperf_log_accuracy.json").read_text())
    in_accuracy = sum(m.sample_count for m in accuracy)
    assert sorted(entry["seq_id"] for entry in entries if entry["seq_id"] < in_accuracy) == list(range(in_accuracy))
    for entry in entries:
        assert entry["qsl_idx"] == issued[entry["seq_id"]]
        assert entry["data"] == entry["qsl_idx"].to_bytes(2, "little").hex().upper()
    assert set(issued[:in_accuracy]) == set(range(50))
    sampled = len(entries) - in_accuracy
    assert 0 < sampled < performance.sample_count
    keys = [key for key, _ in lines]
    assert lines[keys.index("result_validity") :] == Expected(performance).detail()


def test_result_file_follows_from_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("levelfield.inference.run.capacity_seconds", lambda _: 0.05)
    levelfield([
        "inference", "run", "-b", "resnet50", "-s", "all", "--duration", "0.3", "--out", "out", "--precision", "int8",
        "--json",
    ])  # fmt: skip
    text = (tmp_path / "out" / "result.json").read_text()
    assert capsys.readouterr().out == text
    document = json.loads(text)
    assert [result["scenario"] for result in document["results"]] == [scenario.value for scenario in Scenario]
    for result in document["results"]:
        check_result(result, tmp_path / "out")
        assert result["accuracy"]["value"] == document["accuracy"][0]["value"]


def check_result(result: dict[str, Any], folder: Path) -> None:
    files = {role: folder / entry["path"] for role, entry in result["files"].items()}
    for role, entry in result["files"].items():
        content = files[role].read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
    (measurement,) = read_record(files["record"])
    expected = Expected(measurement)
    spread = expected.queries if result["scenario"] == "MultiStream" else expected.samples
    performance = result["performance"]
    assert performance["query_count"] == expected.query_count
    assert performance["sample_count"] == expected.n
    assert performance["duration_s"] == expected.ended / 1e9
    assert performance["samples_per_s"] == expected.n / (expected.ended / 1e9)
    assert performance["latency_min_ns"] == spread.ordered[0]
    assert performance["latency_mean_ns"] == sum(spread.ordered) // len(spread.ordered)
    assert performance["latency_max_ns"] == spread.ordered[-1]
    assert list(performance["latency_percentiles_ns"].items()) == [
        (name, spread.at(float(name) / 100)) for name in NAMES
    ]
    estimate = expected.estimate or None
    assert performance["early_stopping_ns"] == estimate
    metric = {
        "SingleStream": estimate and estimate / 1e6,
        "MultiStream": estimate and estimate / 1e6,
        "Server": expected.scheduled_rate() if result["scenario"] == "Server" else 0,
        "Offline": expected.offline_rate(),
    }[result["scenario"]]
    assert result["metric"]["value"] == metric
    lines = lines_of(files["detail"].parent)
    assert lines[[key for key, _ in lines].index("result_validity") :] == expected.detail()
    assert result["metric"]["raw_field"] in dict(lines)
    late = measurement.issue_delay_ns if measurement.own_delay_ns is None else measurement.own_delay_ns
    late = np.sort(np.maximum(late.astype(np.int64), 0))
    assert [result["lateness"][name] for name in ("p50_ns", "p99_ns", "p999_ns", "max_ns")] == [
        int(late[int(len(late) * share)]) for share in (0.5, 0.99, 0.999)
    ] + [int(late[-1])]
    met = {condition["name"]: condition["met"] for condition in result["verdict"]["conditions"]}
    assert met["minimum duration"] == expected.duration
    assert met["minimum queries"] == expected.count
    assert met.get("early stopping", True) == expected.stopping
    assert met.get("performance constraints", True) == expected.constraint
    assert (result["verdict"]["validity"] == "VALID") == (all(met.values()) and not measurement.errors)
    accuracy = result["accuracy"]
    labels = np.load(next((Path(__file__).parents[2] / "src").rglob("image_classification/data/*.npz")))["labels"]
    entries = json.loads(files["accuracy_log"].read_text())
    first = {entry["qsl_idx"]: entry for entry in reversed(entries)}
    good = sum(
        int(np.frombuffer(bytes.fromhex(entry["data"]), "<f4")[0]) == labels[index] for index, entry in first.items()
    )
    assert (accuracy["good"], accuracy["total"]) == (good, len(labels))
    assert accuracy["value"] == 100 * good / len(labels)
    assert accuracy["passed"] == (accuracy["value"] >= 0.99 * accuracy["reference"])


def test_a_record_whose_values_were_touched_is_noticed(tmp_path: Path) -> None:
    """The comparison above can fail: one nanosecond more in one latency, and the texts differ."""
    with FunctionSystem(varied(0), workers=0) as system:
        run_in(tmp_path, system, settings_of(Scenario.SINGLE_STREAM, min_query_count=100, min_duration_ms=1))
    (measurement,) = whole(tmp_path)
    latencies = measurement.latency_ns.astype(np.int64)
    latencies[latencies.argmax()] += 1
    touched = Expected(replace(measurement, latency_ns=latencies))
    lines = lines_of(tmp_path)
    assert lines[[key for key, _ in lines].index("result_validity") :] != touched.detail()
