"""Derived numbers by hand, and the reasons where there are none."""

from __future__ import annotations

import math

import pytest
from results import accelerators, result

from levelfield.results.derived import efficiency, per_accelerator, per_node, per_watt, server_offline_ratio
from levelfield.results.model import Direction, Processors

TRAINING = {"unit": "minutes", "direction": Direction.LOWER, "scenario": "", "round": "training-v1.1"}


def test_per_accelerator_counts_all_nodes() -> None:
    found = per_accelerator(result(value=8000.0, system=accelerators(4, nodes=2)))
    assert (found.value, found.unit, found.name) == (1000.0, "Samples/s per accelerator", "per accelerator (derived)")
    assert per_node(result(value=8000.0, system=accelerators(4, nodes=2))).value == 4000.0


def test_training_works_in_accelerator_minutes() -> None:
    found = per_accelerator(result(value=28.5, system=accelerators(8), **TRAINING))
    assert (found.value, found.unit, found.direction) == (228.0, "accelerator-minutes", Direction.LOWER)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"system": accelerators(0, model="")}, "the system has no accelerators"),
        (
            {"system": {"accelerator": Processors(model="x", per_node=None, total=None)}},
            "the number of accelerators is not stated",
        ),
        ({"unit": "Latency (ms)"}, "latency does not add up over accelerators or watts"),
        ({"unit": "bananas"}, "what bananas measures is not known"),
        ({"value": 0.0}, "the result is 0"),
        ({"value": -1.0}, "the result is -1"),
        ({"value": math.nan}, "the result is nan"),
        ({"value": math.inf}, "the result is inf"),
    ],
)
def test_per_accelerator_is_not_defined(changes, reason) -> None:
    found = per_accelerator(result(**changes))
    assert (found.value, found.reason) == (None, reason)


def test_per_watt() -> None:
    found = per_watt(result(value=8000.0, power_value=400.0, power_unit="Watts"))
    assert (found.value, found.unit) == (20.0, "Samples/s per watt")


def test_energy_of_a_query_turned_over() -> None:
    found = per_watt(
        result(value=2.5, unit="Latency (ms)", scenario="SingleStream", power_value=0.25, power_unit="Joules")
    )
    assert (found.value, found.unit, found.name) == (4.0, "queries per joule", "per joule (derived)")


def test_microjoules_of_an_inference() -> None:
    found = per_watt(result(value=59.5, unit="inf/s", scenario="", power_value=2000.0, power_unit="uJ/inf"))
    assert (found.value, found.unit) == (500.0, "inferences per joule")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "the submission has no power result"),
        ({"power_value": 0.0, "power_unit": "Watts"}, "its power is 0"),
        ({"power_value": math.nan, "power_unit": "Watts"}, "its power is nan"),
        ({"power_value": 5.0, "power_unit": "Joules"}, "energy per query says nothing of Samples/s"),
        ({"power_value": 5.0, "power_unit": ""}, "what no unit measures is not known"),
        (
            {"power_value": 5.0, "power_unit": "Watts", "unit": "Latency (ms)"},
            "latency does not add up over accelerators or watts",
        ),
    ],
)
def test_per_watt_is_not_defined(changes, reason) -> None:
    found = per_watt(result(**changes))
    assert (found.value, found.reason) == (None, reason)


def test_server_to_offline() -> None:
    offline, server = result(value=8000.0), result(value=6000.0, scenario="Server", unit="Queries/s")
    assert server_offline_ratio(server, offline).value == 0.75
    swapped = server_offline_ratio(offline, server)
    assert swapped.reason == "it needs Server and Offline, not Offline and Server"
    other = result(value=8000.0, system={"id": "other"})
    assert server_offline_ratio(server, other).reason.startswith("the two results are not of the same system")
    other_target = result(accuracy_target=70.0)
    assert server_offline_ratio(server, other_target).value is None


def test_efficiency_of_training_and_of_throughput() -> None:
    small, large = (result(value=v, system=accelerators(n), **TRAINING) for v, n in ((100.0, 8), (16.0, 64)))
    assert efficiency(large, small).value == pytest.approx(0.78125)
    assert efficiency(small, small).value == 1.0
    one, eight = result(value=1000.0, system=accelerators(1)), result(value=7200.0, system=accelerators(8))
    assert efficiency(eight, one).value == 0.9
    assert efficiency(eight, small).reason == "the units differ: Samples/s and minutes"
    assert efficiency(result(system=accelerators(0)), one).reason == "the system has no accelerators"
    assert efficiency(result(value=0.0, system=accelerators(8), **TRAINING), small).value is None
