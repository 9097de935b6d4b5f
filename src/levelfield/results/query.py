"""Which results are asked for, and in which order: one frozen record that the store and the site understand alike.

A filter is a conjunction; within one field, any of the values will do. Closed vocabularies and benchmarks are compared
whole, names of things (submitter, system, processor, accelerator, software) by a part of them; case never matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from levelfield.results.compatibility import round_of
from levelfield.results.derived import per_accelerator, per_watt
from levelfield.results.messaging import is_verified
from levelfield.results.model import Direction, Result

__all__ = [
    "COUNTS",
    "FLAGS",
    "PARTS",
    "WHOLE",
    "Filter",
    "SortKey",
    "folded",
    "has_part",
    "is_one_of",
    "natural",
    "search_text",
    "sort",
    "values_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is asked for. An empty field asks for nothing."""

    rounds: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    """``inference``."""
    divisions: tuple[str, ...] = ()
    availabilities: tuple[str, ...] = ()
    system_types: tuple[str, ...] = ()
    """A system that is for both has both."""
    benchmarks: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    editions: tuple[str, ...] = ()
    submitters: tuple[str, ...] = ()
    """Parts of the name, as in the four fields that follow."""
    systems: tuple[str, ...] = ()
    """Of the name or the folder."""
    processors: tuple[str, ...] = ()
    accelerators: tuple[str, ...] = ()
    software: tuple[str, ...] = ()
    accelerators_at_least: int | None = None
    """In all nodes; a system that does not say how many has none of what is asked for."""
    accelerators_at_most: int | None = None
    nodes_at_least: int | None = None
    nodes_at_most: int | None = None
    power: bool | None = None
    """Whether there is a power result."""
    verified: bool | None = None
    inferred: bool | None = None
    official: bool | None = None
    """``False``: quick runs of our own."""
    void: bool | None = None
    text: str = ""
    """Words, each of which occurs somewhere in names, software or notes."""

    def matches(self, result: Result) -> bool:
        """Whether a result is what is asked for."""
        return (
            all(is_one_of(found(result), getattr(self, name)) for name, found in WHOLE.items())
            and all(has_part(found(result), getattr(self, name)) for name, found in PARTS.items())
            and all(getattr(self, name) in {None, found(result)} for name, found in FLAGS.items())
            and all(self._within(name, found(result)) for name, found in COUNTS.items())
            and (not self.text or all(word in search_text(result) for word in self.words))
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the free text, folded."""
        return tuple(folded(self.text).split())

    @property
    def is_empty(self) -> bool:
        """Whether everything is asked for."""
        return all(getattr(self, field.name) == field.default for field in fields(self))

    def bounds(self, name: str) -> tuple[int | None, int | None]:
        """The least and the most that is asked for of a count: ``accelerators`` or ``nodes``."""
        return getattr(self, f"{name}_at_least"), getattr(self, f"{name}_at_most")

    def _within(self, name: str, found: int | None) -> bool:
        low, high = self.bounds(name)
        if low is None and high is None:
            return True
        return found is not None and (low is None or found >= low) and (high is None or found <= high)


WHOLE: dict[str, Callable[[Result], str]] = {
    "rounds": lambda result: result.round,
    "suites": lambda result: round_of(result.round).suite.name,
    "divisions": lambda result: result.division,
    "availabilities": lambda result: result.availability,
    "system_types": lambda result: result.system.type,
    "benchmarks": lambda result: result.benchmark,
    "scenarios": lambda result: result.scenario,
    "editions": lambda result: result.edition,
}
"""By the filter's field: a text that is compared whole."""
PARTS: dict[str, Callable[[Result], str]] = {
    "submitters": lambda result: result.submitter,
    "systems": lambda result: f"{result.system.name}\n{result.system.id}",
    "processors": lambda result: result.system.host.model,
    "accelerators": lambda result: result.system.accelerator.model,
    "software": lambda result: result.system.software,
}
"""A text of which a part is enough."""
FLAGS: dict[str, Callable[[Result], bool]] = {
    "power": lambda result: result.power_value is not None,
    "verified": is_verified,
    "inferred": lambda result: result.inferred,
    "official": lambda result: result.official,
    "void": lambda result: result.void,
}
COUNTS: dict[str, Callable[[Result], int | None]] = {
    "accelerators": lambda result: result.system.accelerator.total,
    "nodes": lambda result: result.system.nodes,
}
"""By the beginning of two fields, ``…_at_least`` and ``…_at_most``."""


class SortKey(StrEnum):
    """What results can be ordered by."""

    NATURAL = "natural"
    """As in the tables of a round: by round, division, benchmark, scenario, category, submitter, system."""
    VALUE = "value"
    """The best first, within each benchmark, scenario and unit."""
    PER_ACCELERATOR = "per-accelerator"
    PER_WATT = "per-watt"
    ACCELERATORS = "accelerators"
    SUBMITTER = "submitter"
    SYSTEM = "system"


def sort(results: Iterable[Result], by: SortKey = SortKey.NATURAL, *, reverse: bool = False) -> tuple[Result, ...]:
    """Results in an order that is the same whatever order they come in; what has no such value comes last.

    Args:
        results: In any order.
        by: What to order by.
        reverse: From the other end; what has no value still comes last.
    """
    ordered = sorted(results, key=natural)
    match by:
        case SortKey.NATURAL:
            return tuple(reversed(ordered) if reverse else ordered)
        case SortKey.SUBMITTER:
            return tuple(sorted(ordered, key=lambda result: folded(result.submitter), reverse=reverse))
        case SortKey.SYSTEM:
            return tuple(sorted(ordered, key=lambda result: folded(result.system.name), reverse=reverse))
        case SortKey.ACCELERATORS:
            return _by_number(ordered, lambda result: result.system.accelerator.total, reverse=reverse)
        case SortKey.PER_ACCELERATOR:
            return _by_number(ordered, lambda result: per_accelerator(result).value, reverse=not reverse)
        case SortKey.PER_WATT:
            return _by_number(ordered, lambda result: per_watt(result).value, reverse=not reverse)
        case SortKey.VALUE:
            best = _by_number(ordered, _goodness, reverse=not reverse)
            return tuple(sorted(best, key=_kind_of_run))


def natural(result: Result) -> tuple[object, ...]:
    """The place of a result in the order of a round's tables."""
    return (
        result.round,
        result.division,
        result.benchmark,
        result.scenario,
        result.availability,
        folded(result.submitter),
        folded(result.system.name),
        *result.key,
        result.provenance.source,
    )


def values_of(results: Sequence[Result], field: Callable[[Result], str]) -> tuple[tuple[str, int], ...]:
    """The values of a field with how many results have them, by value: what a filter can offer."""
    counts: dict[str, int] = {}
    for result in results:
        value = field(result)
        counts[value] = counts.get(value, 0) + 1
    return tuple(sorted(counts.items(), key=lambda item: folded(item[0])))


def folded(text: str) -> str:
    """A text as it is compared: case does not matter."""
    return text.casefold()


def search_text(result: Result) -> str:
    """Everything that free text is looked for in, folded; parts are on lines of their own."""
    system = result.system
    parts = (
        result.round,
        result.division,
        result.availability,
        result.submitter,
        system.id,
        system.name,
        system.host.model,
        system.accelerator.model,
        system.accelerator_memory,
        system.interconnect,
        system.software,
        system.operating_system,
        system.hardware_notes,
        system.software_notes,
        result.benchmark,
        result.model_used,
        result.scenario,
        result.weight_types,
        result.notes,
    )
    return folded("\n".join(parts))


def is_one_of(found: str, asked: tuple[str, ...]) -> bool:
    """Whether a text, or one part of a list with commas, is among what is asked for; nothing asked is answered yes."""
    if not asked:
        return True
    values = {folded(found), *(folded(part.strip()) for part in found.split(","))}
    return not values.isdisjoint(folded(value) for value in asked)


def has_part(found: str, asked: tuple[str, ...]) -> bool:
    """Whether any of what is asked for is a part of a text; nothing asked is answered yes."""
    return not asked or any(folded(part) in folded(found) for part in asked)


def _kind_of_run(result: Result) -> tuple[object, ...]:
    """What is measured, and own mini and quick runs apart: they are not comparable."""
    return result.benchmark, result.scenario, result.unit, result.edition, not result.official


def _goodness(result: Result) -> float:
    return result.value if result.direction is Direction.HIGHER else -result.value


def _by_number(
    results: Sequence[Result], number: Callable[[Result], float | None], *, reverse: bool
) -> tuple[Result, ...]:
    """By a number, those without one last; equal ones keep their order in both directions."""
    numbers = [(number(result), result) for result in results]
    known = [(value, result) for value, result in numbers if value is not None and not math.isnan(value)]
    known.sort(key=lambda pair: -pair[0] if reverse else pair[0])
    missing = [result for value, result in numbers if value is None or math.isnan(value)]
    return (*(result for _, result in known), *missing)
