from __future__ import annotations

import dataclasses

import pytest

from levelfield.inference.accuracy import gate
from levelfield.rules.load import load
from levelfield.workloads.task import Score

METRIC = load("inference-v2.0").rule("resnet50", "Offline").accuracy[0]


def score(good: int, total: int = 1000) -> Score:
    line = f"accuracy={100 * good / total:.3f}%, good={good}, total={total}"
    return Score(metric="top-1", value=100 * good / total, unit="%", good=good, total=total, line=line)


def test_mini_gate_is_the_fraction_of_its_own_reference() -> None:
    found = gate(score(950), METRIC, reference=95.0)
    assert found.target == pytest.approx(94.05)
    assert found.passed
    assert (found.confidence_low, found.confidence_high) == pytest.approx((93.4686, 96.1870), abs=0.0001)


@pytest.mark.parametrize(("good", "passed"), [(941, True), (940, False)])
def test_gate_is_not_rounded(good: int, passed: bool) -> None:
    assert gate(score(good), METRIC, reference=95.0).passed is passed


@pytest.mark.parametrize(("good", "passed"), [(37848, True), (37847, False)])
def test_full_gate_is_the_rounds(good: int, passed: bool) -> None:
    found = gate(score(good, 50_000), METRIC, reference=None)
    assert found.target == pytest.approx(75.6954)
    assert found.reference == 76.46
    assert found.passed is passed


def test_an_upper_bound_holds_too() -> None:
    bounded = dataclasses.replace(METRIC, upper=96.0)
    assert gate(score(960), bounded, reference=95.0).passed
    assert not gate(score(961), bounded, reference=95.0).passed
