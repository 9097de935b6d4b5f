"""Numbers that follow from results: per accelerator, per watt, Server to Offline, efficiency of scaling.

None of them is an official metric (messaging guidelines, section 8), so each carries its formula, and its heading says
that it is derived. Where one is not defined, the reason stands in place of the number; a missing count or power is
never filled in, and power is only what was measured for the same submission (section 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from levelfield.results.model import Direction, Result
from levelfield.results.quantity import Quantity, joules_in, quantity_of

__all__ = ["Derived", "efficiency", "per_accelerator", "per_node", "per_watt", "server_offline_ratio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One derived number, or why there is none."""

    name: str
    """The heading: ``per accelerator (derived)``."""
    value: float | None
    """In ``unit``."""
    unit: str
    direction: Direction
    formula: str
    """How it is computed, for the footnote."""
    reason: str
    """Why it is not defined; empty where it is."""


def per_accelerator(result: Result) -> Derived:
    """Throughput of one accelerator; for training, what one accelerator would have had to work: accelerator-minutes."""
    count = result.system.accelerator.total
    if quantity_of(result.unit) is Quantity.TIME_TO_TRAIN:
        name, unit, formula = "accelerator-minutes (derived)", "accelerator-minutes", "minutes * accelerators"
        reason = _no_count(count, "accelerators")
        value = None if reason or not count else result.value * count
        return _derived(value, reason, name=name, unit=unit, formula=formula, direction=Direction.LOWER)
    name, formula = "per accelerator (derived)", "result / accelerators in all nodes"
    reason = _no_throughput(result) or _no_count(count, "accelerators")
    value = None if reason or not count else result.value / count
    return _derived(value, reason, name=name, unit=f"{result.unit} per accelerator", formula=formula)


def per_node(result: Result) -> Derived:
    """Throughput of one node."""
    count = result.system.nodes
    reason = _no_throughput(result) or _no_count(count, "nodes")
    value = None if reason or not count else result.value / count
    name, unit, formula = "per node (derived)", f"{result.unit} per node", "result / nodes"
    return _derived(value, reason, name=name, unit=unit, formula=formula)


def per_watt(result: Result) -> Derived:
    """Throughput for a watt, or queries for a joule where the round measures the energy of one query or inference."""
    name, power, what = "per watt (derived)", result.power_value, "query"
    measured = quantity_of(result.power_unit)
    if measured is Quantity.ENERGY:
        each = result.power_unit.lower().rstrip(".").endswith("/inf")
        what, unit = ("inference", "inferences per joule") if each else ("query", "queries per joule")
        name, formula = "per joule (derived)", f"1 / measured joules of one {what}"
    else:
        unit, formula = f"{result.unit} per watt", "result / measured watts of the system"
    if power is None:
        reason = "the submission has no power result"
    elif not _positive(power):
        reason = f"its power is {power:g}"
    elif measured is Quantity.ENERGY:
        known = quantity_of(result.unit) is Quantity.LATENCY or what == "inference"
        reason = "" if known else f"energy per query says nothing of {result.unit}"
    elif measured is Quantity.POWER:
        reason = _no_throughput(result)
    else:
        reason = f"what {result.power_unit or 'no unit'} measures is not known"
    value = None
    if power is not None and not reason:
        value = 1 / (power * joules_in(result.power_unit)) if measured is Quantity.ENERGY else result.value / power
    return _derived(value, reason, name=name, unit=unit, formula=formula)


def server_offline_ratio(server: Result, offline: Result) -> Derived:
    """How much of the throughput without latency limit is left under it, for one system, benchmark and target."""
    reason = ""
    if (server.scenario, offline.scenario) != ("Server", "Offline"):
        reason = f"it needs Server and Offline, not {server.scenario or 'none'} and {offline.scenario or 'none'}"
    elif _subject(server) != _subject(offline):
        reason = "the two results are not of the same system, benchmark and accuracy target"
    else:
        reason = _no_throughput(server) or _no_throughput(offline)
    value = None if reason else server.value / offline.value
    formula = "Server result / Offline result"
    return _derived(value, reason, name="Server to Offline (derived)", unit="", formula=formula)


def efficiency(result: Result, smallest: Result) -> Derived:
    """How well a larger system uses its accelerators, against the smallest one of the same kind: 1 is ideal.

    Args:
        result: Of the larger system.
        smallest: The point that the ideal line goes through.
    """
    here, base = result.system.accelerator.total, smallest.system.accelerator.total
    training = quantity_of(result.unit) is Quantity.TIME_TO_TRAIN
    formula = "(t₁·n₁) / (t·n)" if training else "(r/n) / (r₁/n₁)"
    reason = _no_count(here, "accelerators") or _no_count(base, "accelerators")
    if result.unit != smallest.unit:
        reason = f"the units differ: {result.unit} and {smallest.unit}"
    elif not training:
        reason = reason or _no_throughput(result) or _no_throughput(smallest)
    elif not (_positive(result.value) and _positive(smallest.value)):
        reason = reason or "a time to train is not above 0"
    value = None
    if not reason and here and base:
        value = (
            (smallest.value * base) / (result.value * here)
            if training
            else (result.value / here) / (smallest.value / base)
        )
    return _derived(value, reason, name="scaling efficiency (derived)", unit="", formula=formula)


def _derived(
    value: float | None,
    reason: str,
    *,
    name: str,
    unit: str,
    formula: str,
    direction: Direction = Direction.HIGHER,
) -> Derived:
    if value is not None and not math.isfinite(value):
        value, reason = None, "it is not a finite number"
    return Derived(name=name, value=value, unit=unit, direction=direction, formula=formula, reason=reason)


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _no_count(count: int | None, what: str) -> str:
    if count is None:
        return f"the number of {what} is not stated"
    return "" if count > 0 else f"the system has no {what}"


def _no_throughput(result: Result) -> str:
    match quantity_of(result.unit):
        case Quantity.THROUGHPUT:
            return "" if _positive(result.value) else f"the result is {result.value:g}"
        case None:
            return f"what {result.unit or 'no unit'} measures is not known"
        case quantity:
            return f"{quantity} does not add up over accelerators or watts"


def _subject(result: Result) -> tuple[object, ...]:
    return (
        result.round,
        result.division,
        result.submitter,
        result.system.id,
        result.system.software,
        result.benchmark,
        result.model_used,
        result.accuracy_target,
        result.edition,
        result.official,
    )
