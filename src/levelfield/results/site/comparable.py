"""Sets of results that may share an axis, named once so that the page's script need not know the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from levelfield.results.compatibility import obstacles
from levelfield.results.model import Result
from levelfield.results.site.catalog import Entry

__all__ = ["comparable_sets"]


def comparable_sets(entries: Iterable[Entry]) -> dict[int, str]:
    """The name of each result's set, by the result's number; results of one set may be compared with each other.

    Whether power was measured does not part sets: a plot shows performance, or only results with power.
    """
    kinds: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        kinds[_kind(entry.result)].append(entry)
    leaders: list[Result] = []
    found: dict[int, str] = {}
    for kind in sorted(kinds, key=repr):
        first = replace(kinds[kind][0].result, power_value=None)
        place = next((n for n, leader in enumerate(leaders) if not obstacles(leader, first)), len(leaders))
        if place == len(leaders):
            leaders.append(first)
        found |= dict.fromkeys((entry.number for entry in kinds[kind]), str(place))
    return found


def _kind(result: Result) -> tuple[object, ...]:
    """All that decides what a result may be compared with."""
    return (
        result.scenario,
        result.unit,
        result.edition,
        result.official,
        result.benchmark,
        result.system.type,
        result.round,
    )
