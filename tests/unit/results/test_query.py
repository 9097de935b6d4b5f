"""Filters and orders on results by hand and on a published round."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from results import accelerators, result, summary_results

from levelfield.results.model import Direction, Verification
from levelfield.results.query import Filter, SortKey, sort, values_of


@pytest.mark.parametrize(
    "asked",
    [
        Filter(),
        Filter(rounds=("INFERENCE-v2.0",)),
        Filter(suites=("inference",)),
        Filter(divisions=("open", "Closed")),
        Filter(availabilities=("available",)),
        Filter(system_types=("Datacenter",)),
        Filter(benchmarks=("resnet50",), scenarios=("offline",), editions=("full",)),
        Filter(
            submitters=("acm",), systems=("big",), processors=("9000",), accelerators=("a100",), software=("runtime",)
        ),
        Filter(systems=("box-8",)),
        Filter(accelerators_at_least=8, accelerators_at_most=8, nodes_at_least=2, nodes_at_most=2),
        Filter(power=False, verified=True, inferred=False, official=True, void=False),
        Filter(text="chip ACME"),
        Filter(text="  "),
    ],
)
def test_matches(asked: Filter) -> None:
    assert asked.matches(result())


@pytest.mark.parametrize(
    "asked",
    [
        Filter(rounds=("inference",)),
        Filter(suites=("training",)),
        Filter(divisions=("open",)),
        Filter(system_types=("edge",)),
        Filter(benchmarks=("resnet",)),
        Filter(submitters=("acne",)),
        Filter(submitters=("acme",), systems=("small",)),
        Filter(accelerators_at_least=9),
        Filter(nodes_at_most=1),
        Filter(power=True),
        Filter(verified=False),
        Filter(void=True),
        Filter(text="chip zebra"),
    ],
)
def test_does_not_match(asked: Filter) -> None:
    assert not asked.matches(result())


def test_what_is_not_stated_is_in_no_range() -> None:
    unknown = result(system={"nodes": None})
    assert not Filter(nodes_at_most=5).matches(unknown)
    assert Filter().matches(unknown)


def test_system_for_both_types_has_both() -> None:
    both = result(system={"type": "datacenter, edge"})
    assert Filter(system_types=("edge",)).matches(both)
    assert Filter(system_types=("datacenter",)).matches(both)


def test_unknown_verification_is_not_verified() -> None:
    assert Filter(verified=False).matches(result(verification=Verification.UNKNOWN))


def test_best_first_whichever_way_is_better() -> None:
    rates = [result(value=value, system=accelerators(n)) for n, value in ((1, 10.0), (2, 30.0), (3, 20.0))]
    assert [found.value for found in sort(rates, SortKey.VALUE)] == [30.0, 20.0, 10.0]
    times = [
        result(value=value, unit="Latency (ms)", direction=Direction.LOWER, system=accelerators(n))
        for n, value in ((1, 10.0), (2, 30.0), (3, 20.0))
    ]
    assert [found.value for found in sort(times, SortKey.VALUE)] == [10.0, 20.0, 30.0]


@pytest.mark.parametrize("reverse", [False, True])
def test_what_has_no_number_comes_last(reverse: bool) -> None:
    found = sort(
        [
            result(power_value=None),
            *(result(power_value=p, power_unit="Watts", system=accelerators(int(p))) for p in (2.0, 1.0)),
        ],
        SortKey.PER_WATT,
        reverse=reverse,
    )
    assert [one.power_value for one in found] == ([2.0, 1.0, None] if reverse else [1.0, 2.0, None])
    nan = sort([result(value=math.nan), result(value=1.0, system=accelerators(1))], SortKey.VALUE, reverse=reverse)
    assert nan[0].value == 1.0


def test_order_does_not_depend_on_the_order_of_what_comes_in() -> None:
    many = [result(system=accelerators(n), submitter=name) for n in range(4) for name in ("b", "A", "c")]
    for key in SortKey:
        assert sort(many, key) == sort(reversed(many), key)


def test_values_with_counts() -> None:
    found = values_of([result(submitter=name) for name in ("b", "A", "b")], lambda one: one.submitter)
    assert found == (("A", 1), ("b", 2))


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (Filter(), 111),
        (Filter(divisions=("open",)), 14),
        (Filter(power=True), 53),
        (Filter(inferred=True), 17),
        (Filter(scenarios=("server",)), 15),
        (Filter(submitters=("krai",), benchmarks=("bert-99.9",)), 6),
        (Filter(accelerators_at_least=8), 30),
        (Filter(text="qualcomm bert"), 20),
    ],
)
def test_published_round(shared_data: Path, asked: Filter, count: int) -> None:
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    assert len([one for one in found if asked.matches(one)]) == count
