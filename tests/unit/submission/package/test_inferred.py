"""Which scenarios an edge system may claim from which logs, and the values, worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from levelfield.formats.loadgen_line import detail_line
from levelfield.formats.loadgen_log import DetailLog
from levelfield.formats.system_description import SystemDescription
from levelfield.rules.load import load
from levelfield.submission.package.entry import (
    DescribedSystem,
    Entry,
    PackagedResult,
    inferred_results,
    inferred_value,
    suites_of,
)
from levelfield.terms import Suite

RULES = load("inference-v2.0")
SINGLE = {"early_stopping_latency_ms": 2_000_000, "result_qps_without_loadgen_overhead": 800.5}
MULTI = {"effective_samples_per_query": 8, "result_mean_query_latency_ns": 4_000_000}


@dataclass(frozen=True)
class Run:
    benchmark: str
    scenario: str


def result(scenario: str, numbers: dict[str, float], system_type: str = "edge") -> PackagedResult:
    events = tuple(
        detail_line(key, value, time_ns=0, file="x", line_no=1, pid=1, tid=1) for key, value in numbers.items()
    )
    entry = Entry(
        run=Run("resnet50", scenario),  # type: ignore[arg-type]
        log=DetailLog(path=Path("log"), events=events),
        rule=RULES.rule("resnet50", scenario),
    )
    system = DescribedSystem(
        id="s", measured_as="s", description=SystemDescription(system_type=system_type), to_be_said=()
    )
    return PackagedResult(entry=entry, system=system, scenario=scenario)


def claimed(*results: PackagedResult) -> list[tuple[str, str]]:
    return [(found.scenario, found.entry.run.scenario) for found in inferred_results(results, RULES)]


def test_single_stream_gives_multi_stream_and_offline() -> None:
    assert claimed(result("SingleStream", SINGLE)) == [("MultiStream", "SingleStream"), ("Offline", "SingleStream")]


def test_better_source_is_taken() -> None:
    """Offline: 800.5 samples/s from SingleStream, 8 / 4 ms = 2000 from MultiStream."""
    assert claimed(result("SingleStream", SINGLE), result("MultiStream", MULTI)) == [("Offline", "MultiStream")]
    slow = {**MULTI, "result_mean_query_latency_ns": 12_000_000}
    assert claimed(result("SingleStream", SINGLE), result("MultiStream", slow)) == [("Offline", "SingleStream")]


def test_measured_scenario_is_not_inferred() -> None:
    assert claimed(result("SingleStream", SINGLE), result("MultiStream", MULTI), result("Offline", {})) == []


@pytest.mark.parametrize("system_type", ["datacenter", "", "phone"])
def test_only_edge_systems_infer(system_type: str) -> None:
    assert claimed(result("SingleStream", SINGLE, system_type)) == []


def test_zero_and_missing_estimates_give_nothing() -> None:
    assert claimed(result("SingleStream", {"early_stopping_latency_ms": 0})) == []
    assert claimed(result("MultiStream", {"result_mean_query_latency_ns": 5})) == []


def test_values_are_those_of_the_rules() -> None:
    single, multi = result("SingleStream", SINGLE).entry, result("MultiStream", MULTI).entry
    values = {
        (how.source, how.target): inferred_value(
            single if how.source == "SingleStream" else multi,
            how,
            divisor=RULES.rule("resnet50", how.target).result.divisor,
        )
        for how in RULES.inferred
    }
    assert values == {
        ("SingleStream", "MultiStream"): 16.0,
        ("SingleStream", "Offline"): 800.5,
        ("MultiStream", "Offline"): 2000.0,
    }


@pytest.mark.parametrize(
    ("text", "suites"),
    [
        ("edge", {Suite.EDGE}),
        ("datacenter,edge", {Suite.EDGE, Suite.DATACENTER}),
        ("edge, datacenter", {Suite.EDGE, Suite.DATACENTER}),
        ("", set()),
        ("edge,phone", set()),
    ],
)
def test_suites_of_a_system_type(text: str, suites: set[Suite]) -> None:
    assert suites_of(text) == suites
