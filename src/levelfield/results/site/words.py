"""How results are named and numbers are written on the site."""

from __future__ import annotations

import math

from levelfield.results.compatibility import round_of, suite_named
from levelfield.results.model import Direction, Result
from levelfield.units import format_number

__all__ = [
    "accuracy_text",
    "arrow",
    "availability_words",
    "benchmark_title",
    "count_of",
    "division_of",
    "edition_words",
    "number",
    "plural",
    "round_title",
    "submission_title",
    "submitter_of",
    "suite_title",
]


def suite_title(suite: str) -> str:
    """The full name with its mark, as it must stand at every mention."""
    return f"MLPerf® {suite_named(suite).title}"


def round_title(round_name: str) -> str:
    """``MLPerf® Inference v2.0``."""
    return f"MLPerf® {round_of(round_name).title}"


def benchmark_title(result: Result) -> str:
    """``resnet50 Offline``."""
    return f"{result.benchmark} {result.scenario}".strip()


def number(value: float | None, digits: int = 6) -> str:
    """A number for a cell: thousands separated, six digits, ``n/a`` for what is none, as the log spells NaN."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value and not 1e-6 <= abs(value) < 1e15:
        return f"{value:.{digits - 1}e}"
    text = format_number(value, digits=digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def accuracy_text(result: Result) -> str:
    """Every metric that was reported."""
    return ", ".join(f"{name} {number(value)}" for name, value in result.accuracy)


def edition_words(result: Result) -> tuple[str, ...]:
    """What keeps a result from being one of its round: ``mini edition``, ``quick run``; nothing for a full one."""
    mini = () if result.edition == "full" else (f"{result.edition} edition",)
    return mini if result.official else (*mini, "quick run")


def submission_title(submitter: str, division: str) -> str:
    """``Acme, closed``; results that were never submitted have neither."""
    return ", ".join(part for part in (submitter, division) if part) or "Own runs"


def submitter_of(result: Result) -> str:
    """Who submitted it; our own runs have nobody."""
    return result.submitter or "no submitter"


def division_of(division: str) -> str:
    """``Closed``; our own runs are in none."""
    return division.title() or "No division"


def arrow(direction: Direction) -> str:
    """Which way is better, in words and as a sign."""
    return "↑ higher is better" if direction is Direction.HIGHER else "↓ lower is better"


def availability_words(text: str) -> str:
    """The categories as the tables of a round spell them."""
    return {"rdi": "RDI", "onprem": "available", "on-premise": "available"}.get(text, text)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 system``, ``2 systems``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def count_of(value: int | None) -> str:
    """Of nodes or processors; empty where none is stated or there are none, as in the official tables."""
    return f"{value:,}" if value else ""
