from __future__ import annotations

import pytest

from levelfield.loadgen.clocks import clock_events

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("wall_ns", "keys"),
    [
        (10 * SECOND, []),
        (10 * SECOND + 9_999_999, []),
        (10 * SECOND + 10_000_001, ["warning_generic_message"]),
        (10 * SECOND - 50_000_000, ["warning_generic_message"]),
        (10 * SECOND + 100_000_001, ["error_runtime"]),
        (7 * SECOND, ["error_runtime"]),
        (-3600 * SECOND, ["error_runtime"]),
    ],
)
def test_an_hour_set_back_is_an_error_and_a_slow_drift_a_warning(wall_ns: int, keys: list[str]) -> None:
    assert [event.key for event in clock_events(10 * SECOND, wall_ns)] == keys


def test_a_moment_is_too_short_to_compare() -> None:
    assert clock_events(50_000_000, 60_000_000) == ()
