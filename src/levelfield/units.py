"""Units: the only place that converts or formats them. Inside levelfield time is integer nanoseconds."""

from __future__ import annotations

import math

__all__ = [
    "NS_PER_MS",
    "NS_PER_S",
    "NS_PER_US",
    "format_bytes",
    "format_compact",
    "format_ns",
    "format_number",
    "format_rate",
    "ns_unit",
    "percentile_name",
    "unit_suffix",
]

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def ns_unit(nanoseconds: float) -> tuple[int, str]:
    """The unit in which a duration reads best, as nanoseconds in it and its symbol."""
    magnitude = abs(nanoseconds)
    for limit, divisor, unit in ((NS_PER_US, 1, "ns"), (NS_PER_MS, NS_PER_US, "µs"), (NS_PER_S, NS_PER_MS, "ms")):
        if magnitude < limit:
            return divisor, unit
    return NS_PER_S, "s"


def format_ns(nanoseconds: float, *, digits: int = 3) -> str:
    """A duration in the unit that reads best: ``850 ns``, ``12.3 µs``, ``4.56 ms``, ``7.89 s``."""
    divisor, unit = ns_unit(nanoseconds)
    return f"{nanoseconds:.0f} ns" if divisor == 1 else f"{format_number(nanoseconds / divisor, digits=digits)} {unit}"


def format_rate(per_s: float, unit: str = "samples/s", *, digits: int = 4) -> str:
    """A rate with thousands separators: ``12,340 samples/s``."""
    return f"{format_number(per_s, digits=digits)} {unit}"


def format_bytes(count: float) -> str:
    """A size in binary units: ``15.3 MiB``, and ``32 KiB`` where it is exact."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if size.is_integer() else f"{format_number(size, digits=3)} {unit}"
        size /= 1024
    return f"{format_number(size, digits=3)} TiB"


def percentile_name(fraction: float) -> str:
    """``0.999`` as people write it: ``p99.9``."""
    return f"p{fraction * 100:g}"


def format_number(value: float, *, digits: int = 4) -> str:
    """A number to so many significant digits, with thousands separators and never an exponent: ``0.01234``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, decimals)}f}"


def unit_suffix(unit: str) -> str:
    """What stands behind a number: `` %``; nothing for the unit 1, as the rule book spells a plain number's."""
    return "" if unit == "1" else f" {unit}"


def format_compact(value: float) -> str:
    """A number for an axis: ``250``, ``12.5k``, ``3M``."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit * 0.9995:  # what rounds to the unit is written in it
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"
