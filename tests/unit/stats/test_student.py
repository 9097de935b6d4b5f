"""Student's t against published quantiles and an independent library."""

from __future__ import annotations

import pytest
from scipy.special import betainc
from scipy.stats import nct, t

from levelfield.stats.student import power_of_t_test, regularised_beta, student_t_quantile, student_t_tail

QUANTILES_95 = {
    9: 1.8331129327,
    11: 1.7958848187,
    14: 1.7613101358,
    19: 1.7291328115,
    24: 1.7108820799,
    26: 1.7056179197,
    36: 1.6882977141,
    59: 1.6710930321,
    116: 1.6580957443,
}


@pytest.mark.parametrize("freedom", QUANTILES_95)
def test_quantiles_of_the_tables(freedom: int) -> None:
    assert student_t_quantile(0.95, freedom) == pytest.approx(QUANTILES_95[freedom], abs=1e-10)


@pytest.mark.parametrize("freedom", [1, 2, 5, 24, 116, 10_000])
@pytest.mark.parametrize("probability", [0.001, 0.3, 0.5, 0.9, 0.975, 0.9999])
def test_quantiles_of_another_library(probability: float, freedom: int) -> None:
    found = student_t_quantile(probability, freedom)
    assert found == pytest.approx(t.ppf(probability, freedom), rel=1e-9, abs=1e-12)
    assert student_t_tail(found, freedom) == pytest.approx(1 - probability, rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (4.5, 0.5), (58, 0.5), (3, 700), (900, 900)])
@pytest.mark.parametrize("x", [0, 1e-9, 0.03, 0.5, 0.8, 1 - 1e-9, 1])
def test_regularised_beta(a: float, b: float, x: float) -> None:
    assert regularised_beta(a, b, x) == pytest.approx(betainc(a, b, x), abs=2e-12)


@pytest.mark.parametrize("freedom", [1, 2, 9, 24, 2000])
@pytest.mark.parametrize("noncentrality", [0, 1, 2.5, 8])
def test_power(noncentrality: float, freedom: int) -> None:
    critical = student_t_quantile(0.95, freedom)
    expected = nct.sf(critical, freedom, noncentrality)
    assert power_of_t_test(noncentrality, freedom, critical) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("arguments", [(0, 1, 0.5), (1, -1, 0.5), (1, 1, 1.5), (1, 1, float("nan"))])
def test_arguments_out_of_range(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected a and b above 0"):
        regularised_beta(*arguments)


@pytest.mark.parametrize("probability", [0, 1, -0.5, float("nan")])
def test_probabilities_out_of_range(probability: float) -> None:
    with pytest.raises(ValueError, match="expected between 0 and 1"):
        student_t_quantile(probability, 9)
