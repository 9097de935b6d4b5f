"""Sets of results that may share an axis, named once so that the page's script need not know the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from levelfield.results.compatibility import model_of, obstacles, round_of
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
    sets: dict[tuple[object, ...], list[list[Result]]] = defaultdict(list)
    found: dict[int, str] = {}
    for kind in sorted(kinds, key=repr):
        result = replace(kinds[kind][0].result, power_value=None)
        subject = _subject(result)
        near = sets[subject]
        place = next((n for n, members in enumerate(near) if _belongs(result, members)), len(near))
        if place == len(near):
            near.append([])
        near[place].append(result)
        name = f"{'|'.join(map(str, subject))}|{place}"
        found |= dict.fromkeys((entry.number for entry in kinds[kind]), name)
    return found


def _subject(result: Result) -> tuple[object, ...]:
    """What results of one set certainly share; it keeps the number of pairs to be looked at small."""
    model = model_of(result)
    return (
        round_of(result.round).suite.name,
        model.name if model else result.benchmark,
        result.scenario,
        result.unit,
        result.edition,
        result.official,
    )


def _belongs(result: Result, members: list[Result]) -> bool:
    """Whether one of them may be compared with it, and none of its own system type may not.

    The table of versions has a part for each system type: datacenter of one round meets edge of another by way of a
    result that shares the round with one and the type with the other.
    """
    fits = [(not obstacles(result, other), other.system.type == result.system.type) for other in members]
    return any(fit for fit, _ in fits) and all(fit for fit, same_type in fits if same_type)


def _kind(result: Result) -> tuple[object, ...]:
    """All that decides what a result may be compared with."""
    return (
        result.scenario,
        result.unit,
        result.edition,
        result.official,
        result.benchmark,
        result.round,
        result.system.type,
    )
