"""Loaded sets, sample order, arrivals, counts and sampled logging equal the reference wheel's, to the nanosecond.

The reference is ``mlcommons-loadgen`` 6.0.17 (profile v6, lemire), run with a system that completes at once.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from levelfield.loadgen.schedule import AccuracySampler, loadable_sets, schedule
from levelfield.loadgen.settings import (
    EffectiveSettings,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    derive,
)
from levelfield.terms import Mode

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mlperf_loadgen") is None, reason="the reference wheel mlcommons-loadgen is not installed"
)

CASES_PER_PROCESS = 12
TIMEOUT_S = 60
OFFICIAL = Seeds(
    qsl=6655344265603136530,
    sample_index=15863379492028895792,
    schedule=12662793979680847247,
    accuracy_log=720381539243781796,
)
OTHERS = Seeds(qsl=42, sample_index=1, schedule=2, accuracy_log=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of the reference."""

    name: str
    settings: Settings
    total: int = 100
    performance: int = 40
    trace: bool = False


SINGLE = Settings(
    load=SingleStream(expected_latency_ns=100_000), min_duration_ms=20, min_query_count=50, seeds=OFFICIAL
)
MULTI = replace(SINGLE, load=MultiStream(expected_latency_ns=200_000, samples_per_query=8))
SERVER = replace(SINGLE, load=Server(target_qps=10_000.0))
OFFLINE = replace(SINGLE, load=Offline(expected_qps=50_000.0))


def variations() -> list[Case]:
    """Every scenario with everything that changes what is generated."""
    cases = []
    for base in (SINGLE, MULTI, SERVER, OFFLINE):
        scenario = base.scenario
        for what, settings in {
            "plain": base,
            "zero seeds": replace(base, seeds=Seeds()),
            "other seeds": replace(base, seeds=OTHERS),
            "many queries": replace(base, min_query_count=1500, min_duration_ms=0),
            "accuracy": replace(base, mode=Mode.ACCURACY),
            "accuracy, fewer samples": replace(base, mode=Mode.ACCURACY, accuracy_sample_count_override=53),
            "accuracy, too many samples": replace(base, mode=Mode.ACCURACY, accuracy_sample_count_override=530),
            "accuracy, equal issue": replace(base, mode=Mode.ACCURACY, sample_concatenate_permutation=True),
            "accuracy, unique": replace(base, mode=Mode.ACCURACY, performance_issue_unique=True),
            "accuracy, same": replace(
                base, mode=Mode.ACCURACY, performance_issue_same=True, performance_issue_same_index=7
            ),
            "submission, logging": replace(base, mode=Mode.SUBMISSION, accuracy_log_probability=0.3),
            "unique": replace(base, performance_issue_unique=True),
            "same": replace(base, performance_issue_same=True, performance_issue_same_index=11),
            "fewer in memory": replace(base, performance_sample_count_override=9),
            "more in memory": replace(base, performance_sample_count_override=77),
            "logging by probability": replace(base, accuracy_log_probability=0.25),
            "logging by target": replace(base, accuracy_log_sampling_target=40),
            "equal issue": replace(base, sample_concatenate_permutation=True),
            "equal issue, fewer in memory": replace(
                base, sample_concatenate_permutation=True, performance_sample_count_override=9
            ),
            "equal issue, no duration": replace(base, sample_concatenate_permutation=True, min_duration_ms=0),
        }.items():
            cases.append(Case(name=f"{scenario}: {what}", settings=settings))
        for total, performance in ((1, 1), (2, 2), (7, 3), (64, 64), (300, 299), (70_000, 66_000)):
            cases.append(
                Case(name=f"{scenario}: {performance} of {total}", settings=base, total=total, performance=performance)
            )
        for total, performance in ((7, 3), (64, 64)):
            accuracy = replace(base, mode=Mode.ACCURACY)
            cases.append(
                Case(
                    name=f"{scenario}: accuracy {performance} of {total}",
                    settings=accuracy,
                    total=total,
                    performance=performance,
                )
            )
    for latency_ns in (33_333.3, 12_345.6789, 99_999.5, 7_001.0, 33_000.0, 49_000.0):
        settings = replace(SINGLE, load=SingleStream(expected_latency_ns=latency_ns))
        cases.append(Case(name=f"SingleStream: {latency_ns} ns", settings=settings))
    for width in (1, 2, 3, 41, 100):
        settings = replace(MULTI, load=MultiStream(expected_latency_ns=500_000, samples_per_query=width))
        cases.append(Case(name=f"MultiStream: {width} a query", settings=settings))
        cases.append(
            Case(name=f"MultiStream: accuracy {width} a query", settings=replace(settings, mode=Mode.ACCURACY))
        )
    for qps in (123.456, 3_333.3, 20_000.0):
        settings = replace(SERVER, load=Server(target_qps=qps), min_query_count=10, min_duration_ms=40)
        cases.append(Case(name=f"Server: {qps} a second", settings=settings, trace=True))
    return cases


CASES = variations()


def attributes(settings: Settings) -> dict[str, Any]:
    """Settings as the reference's object has them."""
    load = settings.load
    of_load: dict[str, Any]
    match load:
        case SingleStream():
            of_load = {"single_stream_expected_latency_ns": load.expected_latency_ns}
        case MultiStream():
            of_load = {
                "multi_stream_expected_latency_ns": load.expected_latency_ns,
                "multi_stream_samples_per_query": load.samples_per_query,
            }
        case Server():
            of_load = {"server_target_qps": load.target_qps}
        case Offline():
            of_load = {"offline_expected_qps": load.expected_qps}
    names = (
        "min_duration_ms",
        "min_query_count",
        "accuracy_log_probability",
        "accuracy_log_sampling_target",
        "performance_issue_unique",
        "performance_issue_same",
        "performance_issue_same_index",
        "performance_sample_count_override",
        "accuracy_sample_count_override",
        "sample_concatenate_permutation",
    )
    return {
        "scenario": str(settings.scenario),
        "mode": str(settings.mode),
        **{f"{name}_rng_seed": getattr(settings.seeds, name) for name in Seeds.__slots__},
        **{name: getattr(settings, name) for name in names},
        **of_load,
    }


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], dict[str, Any]]:
    """What the reference did in a case; cases are run a few to a process when the first of them is asked for."""
    results: dict[str, dict[str, Any]] = {}

    def result(case: Case) -> dict[str, Any]:
        if case.name not in results:
            first = CASES.index(case) // CASES_PER_PROCESS * CASES_PER_PROCESS
            group = CASES[first : first + CASES_PER_PROCESS]
            results.update(zip((one.name for one in group), run(group), strict=True))
        return results[case.name]

    def run(group: list[Case]) -> list[dict[str, Any]]:
        folder = tmp_path_factory.mktemp("wheel")
        asked = [
            {
                "settings": attributes(case.settings),
                "total": case.total,
                "performance": case.performance,
                "trace": case.trace,
            }
            for case in group
        ]
        (folder / "cases.json").write_text(json.dumps(asked))
        program = Path(__file__).with_name("wheel_runs.py")
        subprocess.run(
            [sys.executable, program, folder / "cases.json", folder / "results.json"], check=True, timeout=TIMEOUT_S
        )
        return json.loads((folder / "results.json").read_text())

    return result


def effective_of(case: Case) -> EffectiveSettings:
    return derive(case.settings, total_sample_count=case.total, performance_sample_count=case.performance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_generation_equals_the_reference(case: Case, reference: Callable[[Case], dict[str, Any]]) -> None:
    expected = reference(case)
    effective = effective_of(case)
    phases = {
        Mode.ACCURACY: [Mode.ACCURACY],
        Mode.PERFORMANCE: [Mode.PERFORMANCE],
        Mode.SUBMISSION: [Mode.ACCURACY, Mode.PERFORMANCE],
    }[case.settings.mode]
    sampler = AccuracySampler()
    loaded, generated, logged = [], [], []
    issued, scheduled_ns = np.empty(0, np.int64), np.empty(0, np.int64)
    for phase in phases:
        sets = loadable_sets(effective, phase)
        for loadable in sets if phase is Mode.ACCURACY else sets[:1]:
            loaded.append(loadable.indices.tolist())
            made = schedule(effective, loadable, phase, sampler)
            generated.append([made.generated.query_count, made.generated.samples_per_query, made.generated.duration_ns])
            blocks = made.blocks(100)
            if not made.finite:
                blocks = itertools.islice(blocks, made.generated.query_count // 100 + 1)
            for block in blocks:
                first = len(issued)
                issued = np.concatenate((issued, block.indices))
                scheduled_ns = np.concatenate((scheduled_ns, block.scheduled_ns))
                if phase is Mode.ACCURACY:
                    logged += range(first, len(issued))
                elif block.logged is not None:
                    logged += (first + np.flatnonzero(block.logged)).tolist()
    assert loaded == expected["loaded"]
    assert generated == expected["generated"]
    # A run that waits for completions ends when it may; its samples are the first of ours.
    assert len(expected["issued"]) >= min(effective.min_query_count, len(issued))
    assert issued[: len(expected["issued"])].tolist() == expected["issued"]
    assert [sample for sample in logged if sample < len(expected["issued"])] == expected["logged"]
    if made.finite:
        assert len(issued) == len(expected["issued"])
    if case.trace:
        assert scheduled_ns.tolist() == expected["scheduled_ns"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_effective_settings_equal_the_reference(case: Case, reference: Callable[[Case], dict[str, Any]]) -> None:
    expected = reference(case)["effective"]
    effective = effective_of(case)
    for name in (
        "samples_per_query",
        "target_latency_ns",
        "target_duration_ms",
        "min_duration_ms",
        "max_duration_ms",
        "min_query_count",
        "max_query_count",
        "min_sample_count",
        "performance_sample_count",
        "accuracy_sample_count",
        "max_async_queries",
        "target_latency_percentile",
    ):
        assert getattr(effective, name) == expected[f"effective_{name}"], name
    assert f"{effective.target_qps:.6g}" == f"{expected['effective_target_qps']:.6g}"
