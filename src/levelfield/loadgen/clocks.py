"""Comparing the monotonic clock, which latencies are measured by, with the wall clock, which power meters go by.

LoadGen has this test, but compares one clock with itself (``loadgen.cc``, RunPerformanceMode, at b66003e).
"""

from __future__ import annotations

from levelfield.loadgen.measurement import Event, Severity

__all__ = ["clock_events"]

ERROR_SHARE = 0.01
WARNING_SHARE = 0.001
LEAST_NS = 100_000_000
"""Below this the reading of the clocks themselves weighs too much to compare them to a thousandth."""


def clock_events(monotonic_ns: int, wall_ns: int) -> tuple[Event, ...]:
    """An error where the same interval differs by more than 1 % between the clocks, a warning above 0.1 %.

    Args:
        monotonic_ns: How long a phase took by the monotonic clock.
        wall_ns: How long it took by the wall clock.
    """
    if monotonic_ns < LEAST_NS:
        return ()
    share = abs(wall_ns - monotonic_ns) / monotonic_ns
    if share <= WARNING_SHARE:
        return ()
    is_error = share > ERROR_SHARE
    text = (
        f"PerfClock and system_clock differ by more than {'1' if is_error else '0.1'}%! "
        f"pc_delta: {monotonic_ns} sc_delta: {wall_ns}"
    )
    if is_error:
        return (Event(key="error_runtime", text=text, severity=Severity.ERROR),)
    return (Event(key="warning_generic_message", text=text, severity=Severity.WARNING),)
