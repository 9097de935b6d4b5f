from __future__ import annotations

import pytest

from levelfield.units import format_bytes, format_compact, format_ns, format_number, format_rate, ns_unit, unit_suffix


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ns"), (850, "850 ns"), (12_345, "12.3 µs"), (4_560_000, "4.56 ms"), (7.89e9, "7.89 s"), (-2e6, "-2.00 ms")],
)
def test_durations_read_in_their_best_unit(value: float, text: str) -> None:
    assert format_ns(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12_340, "12,340"),
        (0.0123456, "0.01235"),
        (-3.14159, "-3.142"),
        (float("inf"), "inf"),
        (0.5, "0.5000"),
    ],
)
def test_numbers_keep_their_significant_digits(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (250, "250"), (999.6, "1k"), (12_500, "12.5k"), (999_600, "1M"), (3e9, "3G")]
)
def test_compact_numbers_have_at_most_three_digits(value: float, text: str) -> None:
    assert format_compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(17, "17 B"), (32_768, "32 KiB"), (1_600_000, "1.53 MiB"), (1 << 41, "2.00 TiB")]
)
def test_sizes_are_exact_where_they_are_round(value: float, text: str) -> None:
    assert format_bytes(value) == text


def test_rates_and_units() -> None:
    assert format_rate(12_340) == "12,340 samples/s"
    assert ns_unit(5_000) == (1_000, "µs")


def test_plain_numbers_have_no_unit() -> None:
    assert (unit_suffix("1"), unit_suffix("%")) == ("", " %")
