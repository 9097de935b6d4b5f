from __future__ import annotations

import pytest

from levelfield.inference.report.chart import duration_axis
from levelfield.page.axis import Axis, linear_axis


def words_of(axis: Axis) -> list[str]:
    return [word for _, word in axis.ticks]


def test_linear_axis_ends_at_a_round_value() -> None:
    axis = linear_axis("t", 912.0, start=0, end=100, word=lambda value: f"{value:g}")
    assert words_of(axis) == ["0", "500", "1000"]
    assert axis.at(500) == 50


def test_linear_axis_of_nothing_but_zero_is_still_an_axis() -> None:
    assert linear_axis("t", 0.0, start=0, end=100, word=str).high > 0


@pytest.mark.parametrize(
    ("high", "title", "ticks"),
    [
        (5.1e9, "time, s", ["0", "2", "4"]),
        (1.88e9, "time, s", ["0.0", "0.5", "1.0", "1.5"]),
        (420.0, "time, ns", ["0", "200", "400"]),
    ],
)
def test_linear_duration_axis_ends_with_the_values_and_names_its_unit(
    high: float, title: str, ticks: list[str]
) -> None:
    axis = duration_axis("time, {unit}", 0, high, start=0, end=100, log=False)
    assert (axis.title, words_of(axis), axis.at(high)) == (title, ticks, 100)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (300e3, 6e6, ["500 µs", "1 ms", "2 ms", "5 ms"]),
        (1e3, 1e9, ["1 µs", "100 µs", "10 ms", "1 s"]),
        (2.1e6, 5.5e6, ["3 ms", "4 ms", "5 ms"]),
        (2.01e6, 2.2e6, ["2.01 ms", "3.02 ms"]),
    ],
)
def test_log_axis_has_ticks_with_units(low: float, high: float, ticks: list[str]) -> None:
    axis = duration_axis("t, {unit}", low, high, start=0, end=100, log=True)
    assert (axis.title, words_of(axis)) == ("t, log scale", ticks)


def test_values_beyond_the_axis_stay_on_its_edge() -> None:
    axis = duration_axis("t", 10, 1000, start=0, end=100, log=True)
    assert (axis.at(0), axis.at(100), axis.at(1e9)) == (0, pytest.approx(50), 100)
