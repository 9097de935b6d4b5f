"""What the test can see, against simulated submissions and worked cases."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.stats.rcp import Reference
from levelfield.stats.rcp_power import power_of_test, runs_needed
from levelfield.stats.student import student_t_quantile

REFERENCE = Reference(batch_size=1, mean=40.0, sd=1.0, runs=18)


def test_power_without_a_speed_up_is_the_risk() -> None:
    assert power_of_test(REFERENCE, runs=10, speed_up=0) == pytest.approx(0.05, abs=1e-9)


def test_power_is_what_simulated_tests_show() -> None:
    rng, n1, n2, speed_up = np.random.default_rng(3), 18, 8, 0.025
    a = rng.normal(40, 1, (20_000, n1))
    b = rng.normal(40 * (1 - speed_up), 1, (20_000, n2))
    pooled = ((n1 - 1) * a.var(axis=1, ddof=1) + (n2 - 1) * b.var(axis=1, ddof=1)) / (n1 + n2 - 2)
    t = (a.mean(axis=1) - b.mean(axis=1)) / np.sqrt(pooled * (1 / n1 + 1 / n2))
    seen = float((t > student_t_quantile(0.95, n1 + n2 - 2)).mean())
    assert power_of_test(REFERENCE, runs=10, speed_up=speed_up) == pytest.approx(seen, abs=0.015)


def test_runs_needed() -> None:
    needed = runs_needed(REFERENCE, speed_up=0.025)
    assert needed is not None
    assert power_of_test(REFERENCE, runs=needed, speed_up=0.025) >= 0.8
    assert power_of_test(REFERENCE, runs=needed - 1, speed_up=0.025) < 0.8
    assert runs_needed(REFERENCE, speed_up=0.5) == 3


def test_where_the_reference_has_too_few_runs() -> None:
    assert runs_needed(REFERENCE, speed_up=0.001) is None


def test_a_reference_without_spread_sees_everything() -> None:
    still = Reference(batch_size=1, mean=40.0, sd=0.0, runs=8)
    assert power_of_test(still, runs=5, speed_up=0.001) == 1
    assert power_of_test(still, runs=5, speed_up=0) == 0
    assert runs_needed(still, speed_up=0.001) == 3


@pytest.mark.parametrize(
    ("runs", "speed_up", "message"), [(2, 0.1, "runs: found 2"), (5, 1, "speed_up: found 1"), (5, -0.1, "speed_up")]
)
def test_arguments_out_of_range(runs: int, speed_up: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        power_of_test(REFERENCE, runs=runs, speed_up=speed_up)
    with pytest.raises(ValueError, match="power: found 1"):
        runs_needed(REFERENCE, speed_up=0.1, power=1)
