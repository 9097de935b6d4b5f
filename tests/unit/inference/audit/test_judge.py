from __future__ import annotations

import math

import pytest

from levelfield.inference.audit.judge import allowed_ratio
from levelfield.inference.audit.record import Allowed, AuditVerdict
from levelfield.rules.load import load
from levelfield.stats.ratio import Interval
from levelfield.terms import Scenario

SS, MS, SERVER, OFFLINE = Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM, Scenario.SERVER, Scenario.OFFLINE
RULES = load("inference-v2.0")
PASS, FAIL, UNDECIDED = AuditVerdict


@pytest.mark.parametrize(
    ("test", "scenario", "reference", "low", "high", "relaxed"),
    [
        ("TEST01", SS, 200_001, 0.9, 1.1, False),
        ("TEST01", SS, 200_000, 0.8, 1.2, True),
        ("TEST01", MS, 1_600_000, 0.8, 1.2, True),
        ("TEST01", MS, 1_600_001, 0.9, 1.1, False),
        ("TEST01", OFFLINE, 100.0, 0.9, 1.1, False),  # a rate, however small, is no short latency
        ("TEST05", SS, 500_000, 0.95, 1.05, False),
        ("TEST05", SS, 100_000, 0.8, 1.2, True),
        ("TEST05", MS, 100_000, 0.95, 1.05, False),  # relaxed for MultiStream in TEST01 only
        ("TEST05", SERVER, 100.0, 0.95, 1.05, False),
        ("TEST04-B", SS, 500_000, 0.9, math.inf, False),
        ("TEST04-B", SS, 200_000, 0.8, math.inf, True),
        ("TEST04-B", MS, 500_000, 0.9, math.inf, False),
        ("TEST04-B", OFFLINE, 900.0, 0.0, 1.1, False),
        ("TEST04-B", SERVER, 900.0, 0.0, 1.1, False),
    ],
)
def test_bounds_by_test_and_scenario(
    *, test: str, scenario: Scenario, reference: float, low: float, high: float, relaxed: bool
) -> None:
    audit = next(rule for rule in RULES.benchmark("resnet50").rules if rule.runs_as is scenario).audit(test)
    found = allowed_ratio(audit.thresholds, scenario, reference)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.relaxed is relaxed


BOTH = Allowed(low=0.95, high=1.05, fraction=0.05, relaxed=False)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.96, 1.04, PASS), (0.94, 1.0, UNDECIDED), (1.0, 1.06, UNDECIDED), (0.9, 1.1, UNDECIDED), (1.06, 1.2, FAIL),
        (0.5, 0.95, FAIL), (1.05, 1.05, FAIL),
    ],
)  # fmt: skip
def test_interval_decides_or_does_not(low: float, high: float, verdict: AuditVerdict) -> None:
    assert BOTH.decide(Interval(value=(low + high) / 2, low=low, high=high)) is verdict


def test_no_interval_decides_nothing() -> None:
    assert BOTH.decide(None) is UNDECIDED


@pytest.mark.parametrize(("ratio", "holds"), [(0.95, False), (0.9501, True), (1.0499, True), (1.05, False)])
def test_the_bounds_themselves_fail(ratio: float, holds: bool) -> None:
    assert BOTH.holds(ratio) is holds


@pytest.mark.parametrize(
    ("low", "high", "text"), [(0.95, 1.05, "0.95 to 1.05"), (0.0, 1.1, "below 1.10"), (0.9, math.inf, "above 0.90")]
)
def test_bounds_in_words(low: float, high: float, text: str) -> None:
    assert str(Allowed(low=low, high=high, fraction=0.1, relaxed=False)) == text
