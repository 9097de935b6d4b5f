"""Wilson's interval against published values."""

from __future__ import annotations

import pytest

from levelfield.stats.intervals import wilson_interval


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I,
# method 3 (score method without continuity correction), 95 %.
@pytest.mark.parametrize(
    ("good", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_interval_of_the_literature(good: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(good, total) == pytest.approx((low, high), abs=5e-5)


def test_interval_is_mirrored() -> None:
    low, high = wilson_interval(20, 20)
    assert (low, high) == pytest.approx((1 - 0.1611, 1.0), abs=5e-5)
    assert high == 1.0


@pytest.mark.parametrize(("good", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_share_is_refused(good: int, total: int) -> None:
    with pytest.raises(ValueError, match="found"):
        wilson_interval(good, total)
