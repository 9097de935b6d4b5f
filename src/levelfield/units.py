"""Units: the only place that converts or formats them. Inside levelfield time is integer nanoseconds."""

from __future__ import annotations

__all__ = [
    "NS_PER_MS",
    "NS_PER_S",
    "NS_PER_US",
    "format_bytes",
    "format_ns",
    "format_rate",
    "percentile_name",
]

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def format_ns(nanoseconds: float, *, digits: int = 3) -> str:
    """A duration in the unit that reads best: ``850 ns``, ``12.3 µs``, ``4.56 ms``, ``7.89 s``."""
    magnitude = abs(nanoseconds)
    if magnitude < NS_PER_US:
        return f"{nanoseconds:.0f} ns"
    for limit, divisor, unit in ((NS_PER_MS, NS_PER_US, "µs"), (NS_PER_S, NS_PER_MS, "ms")):
        if magnitude < limit:
            return f"{_significant(nanoseconds / divisor, digits)} {unit}"
    return f"{_significant(nanoseconds / NS_PER_S, digits)} s"


def format_rate(per_s: float, unit: str = "samples/s", *, digits: int = 4) -> str:
    """A rate with thousands separators: ``12,340 samples/s``."""
    return f"{_significant(per_s, digits)} {unit}"


def format_bytes(count: float) -> str:
    """A size in binary units: ``15.3 MiB``, and ``32 KiB`` where it is exact."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if size.is_integer() else f"{_significant(size, 3)} {unit}"
        size /= 1024
    return f"{_significant(size, 3)} TiB"


def percentile_name(fraction: float) -> str:
    """``0.999`` as people write it: ``p99.9``."""
    return f"p{fraction * 100:g}"


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    decimals = max(0, digits - len(str(int(abs(value)))))
    return f"{value:,.{decimals}f}"
