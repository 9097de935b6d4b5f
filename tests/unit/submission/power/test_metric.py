"""Power from samples: which count, which mean, gaps, energy, and the figure of each scenario."""

from __future__ import annotations

import math

import pytest

from levelfield.errors import UsageError
from levelfield.formats.power_time import parse_power_time
from levelfield.rules import load
from levelfield.submission.power.metric import MeasuredPower, measured_power, power_metric
from levelfield.units import NS_PER_S

RULES = load("inference-v2.0")
BEGIN = parse_power_time("02-07-2022 11:00:00.000")


def spl(*samples: tuple[float, float | str]) -> bytes:
    """Lines from seconds after 11:00:00 and watts."""
    lines = []
    for second, watts in samples:
        text = f"{int(second // 60):02}:{second % 60:06.3f}"
        lines.append(f"Time,02-07-2022 11:{text},Watts,{watts},Volts,230.0,Amps,0.5,PF,0.9,Mark,s_testing\n")
    return "".join(lines).encode()


def measured(*samples: tuple[float, float | str], end_s: int = 4) -> MeasuredPower:
    return measured_power(spl(*samples), begin_ns=BEGIN, end_ns=BEGIN + end_s * NS_PER_S)


def test_samples_at_begin_and_end_do_not_count() -> None:
    found = measured((0, 1000), (1, 10), (2, 20), (3, 30), (4, 1000))
    assert (found.sample_count, found.mean_watts, found.duration_s, found.joules) == (3, 20.0, 4.0, 80.0)


def test_negative_sample_counts_in_one_mean_only() -> None:
    found = measured((1, 10), (2, -10), (3, 30))
    assert (found.mean_watts, found.positive_mean_watts) == (10.0, 20.0)
    assert (found.non_positive_count, found.non_finite_count) == (1, 0)


def test_nan_spoils_the_mean_and_is_counted() -> None:
    found = measured((1, 10), (2, "nan"), (3, "inf"))
    assert found.mean_watts is not None
    assert math.isnan(found.mean_watts)
    assert (found.non_positive_count, found.non_finite_count) == (0, 2)
    assert found.trapezoid_joules == 40.0


def test_energy_takes_uneven_sampling_into_account() -> None:
    # 10 W until 1 s, up to 20 W at 3 s, 20 W until the end: 10 + 30 + 20 J.
    found = measured((1, 10), (3, 20))
    assert found.trapezoid_joules == 60.0
    assert found.trapezoid_fraction == 0.0


def test_largest_gap_counts_begin_and_end() -> None:
    found = measured((0.5, 10), (1, 10), (1.5, 10))
    assert (found.largest_gap_ns, found.largest_gap_at_ns) == (2_500_000_000, BEGIN + 1_500_000_000)


def test_order_of_lines_does_not_matter_and_is_counted() -> None:
    found = measured((3, 30), (1, 10), (2, 20))
    assert (found.mean_watts, found.trapezoid_joules, found.backward_count) == (20.0, 80.0, 1)


def test_no_sample_inside() -> None:
    found = measured((5, 10))
    assert (found.sample_count, found.mean_watts, found.positive_mean_watts) == (0, None, None)
    assert (found.trapezoid_joules, found.joules, found.trapezoid_fraction) == (None, None, None)
    assert found.largest_gap_ns == 4 * NS_PER_S


@pytest.mark.parametrize("data", [b"", b"\n", b"nonsense\n"])
def test_empty_log(data: bytes) -> None:
    found = measured_power(data, begin_ns=BEGIN, end_ns=BEGIN + 1)
    assert (found.sample_count, found.damaged_count) == (0, data.count(b"s") // 2)


def test_window_that_ends_before_it_begins() -> None:
    found = measured((1, 10), end_s=-4)
    assert (found.sample_count, found.trapezoid_joules, found.largest_gap_ns) == (0, None, 0)


@pytest.mark.parametrize(
    ("folder", "log", "queries", "expected"),
    [
        ("Offline", "Offline", 1, (20.0, "Watts", False, 1)),
        ("Offline", "SingleStream", 5, (20.0, "Watts", False, 1)),
        ("Server", "Server", 5, (20.0, "Watts", False, 1)),
        ("SingleStream", "SingleStream", 5, (16.0, "Joules", True, 1)),
        ("MultiStream", "MultiStream", 5, (16.0, "Joules", True, 1)),
        ("MultiStream", "SingleStream", 5, (128.0, "Joules", True, 8)),
        ("multistream", "SingleStream", 5, (128.0, "Joules", True, 8)),
        ("SingleStream", "SingleStream", 0, None),
        ("SingleStream", "SingleStream", None, None),
        ("SingleStream", "SingleStream", -5, None),
    ],
)
def test_figure_of_a_scenario(folder: str, log: str, queries: int | None, expected: object) -> None:
    found = power_metric(
        measured((1, 10), (2, 20), (3, 30)),
        rules=RULES,
        folder_scenario=folder,
        log_scenario=log,
        query_count=queries,
    )
    assert (found and (found.value, found.unit, found.per_query, found.factor)) == expected


def test_unknown_scenario_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Offline"):
        power_metric(measured((1, 10)), rules=RULES, folder_scenario="Ofline", log_scenario="Offline", query_count=1)
