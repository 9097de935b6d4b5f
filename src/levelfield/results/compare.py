"""An own run beside the published results of the same benchmark, scenario and division.

Only what may be compared is ranked (messaging guidelines, section 4): a run of a mini edition, a quick one, one that
does not hold or whose accuracy was not measured is shown beside the round with the reason, and has neither rank nor
ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from levelfield.results.compatibility import obstacles, round_of
from levelfield.results.derived import Derived, per_accelerator, per_watt
from levelfield.results.messaging import Footnote, difference_line, differences, footnotes, not_closed
from levelfield.results.model import Direction, Result
from levelfield.results.query import SortKey, folded, sort

__all__ = ["Comparison", "Standing", "compare", "disqualifications"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One result in a comparison."""

    result: Result
    rank: int | None
    """1 for the best; equal results share a rank. ``None`` where it is not ranked."""
    reasons: tuple[str, ...]
    """Why it is not ranked."""
    ratio: float | None
    """How many times better the own run is: above 1 it is better, whichever way the metric goes."""
    per_accelerator: Derived
    per_watt: Derived
    differences: tuple[tuple[str, tuple[str, ...]], ...]
    """In what it differs from the own run: name, own value and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An own run and what it is compared with."""

    own: Standing
    others: tuple[Standing, ...]
    """The best first; those that are not ranked after those that are."""
    ranked: int
    """How many results the own rank is among, itself included; 0 where it has none."""
    division: str
    """Of the published results."""
    difference_line: str
    """Empty where there is nothing to compare with."""
    caveats: tuple[str, ...]
    """What a reader must know, as sentences."""
    footnotes: tuple[Footnote, ...]


def compare(own: Result, published: Sequence[Result], *, division: str = "closed", system_type: str = "") -> Comparison:
    """Compare an own run with published results.

    Args:
        own: The run.
        published: Results of a round; those of other benchmarks, scenarios and divisions are passed over.
        division: Whose results are taken.
        system_type: ``datacenter`` or ``edge``; empty for the own run's type, or all if it has none.
    """
    wanted = {word.strip() for word in folded(system_type or own.system.type).split(",")} - {""}
    taken = [result for result in published if _belongs(result, own, division, wanted)]
    barred = disqualifications(own)
    unranked = {id(result): _reasons(own, result) for result in taken}
    field = [] if barred else [result for result in taken if not unranked[id(result)]]
    ordered = sort(taken, SortKey.VALUE)
    others = [
        _standing(
            result,
            own,
            rank=None if barred or unranked[id(result)] else _rank(result, [*field, own]),
            reasons=unranked[id(result)],
            ratio=None if barred or unranked[id(result)] else _times_better(own, result),
        )
        for result in ordered
    ]
    others.sort(key=lambda standing: bool(standing.reasons))
    alone = () if barred or field else ("there is no published result that it may be compared with",)
    rank = _rank(own, [*field, own]) if field else None
    standing = _standing(own, own, rank=rank, reasons=(*barred, *alone), ratio=None)
    everything = [own, *ordered]
    return Comparison(
        own=standing,
        others=tuple(others),
        ranked=len(field) + 1 if field else 0,
        division=division,
        difference_line=difference_line(everything) if ordered else "",
        caveats=_caveats(own, ordered, division),
        footnotes=footnotes(everything, derived=_shown_derived([standing, *others])),
    )


def disqualifications(result: Result) -> tuple[str, ...]:
    """Why a result is no result of a round, whatever it is compared with; empty where it is one."""
    found = []
    if result.edition != "full":
        found.append(f"it is of the {result.edition} edition, a smaller task than the round's")
    if not result.official:
        found.append("it is a quick run, without the round's full durations and counts")
    if result.void:
        what = f" ({', '.join(result.findings)})" if result.findings else ""
        found.append(f"it does not hold{what}")
    if not result.accuracy:
        found.append("its accuracy was not measured")
    if not (math.isfinite(result.value) and result.value > 0):
        found.append(f"its result is {result.value:g}")
    return tuple(found)


def _belongs(result: Result, own: Result, division: str, system_types: set[str]) -> bool:
    types = {word.strip() for word in folded(result.system.type).split(",")} - {""}
    return (
        folded(result.division) == folded(division)
        and round_of(result.round).suite == round_of(own.round).suite
        and result.benchmark == own.benchmark
        and result.scenario == own.scenario
        and (not system_types or not types or not types.isdisjoint(system_types))
    )


def _reasons(own: Result, result: Result) -> tuple[str, ...]:
    """Why a published result is not ranked with the own one, beyond what bars the own one from any rank."""
    itself = disqualifications(result)
    against = tuple(
        reason for reason in obstacles(own, result) if own.edition == result.edition and own.official == result.official
    )
    return itself or against


def _rank(result: Result, field: Sequence[Result]) -> int:
    return 1 + sum(_times_better(other, result) > 1 for other in field)


def _times_better(one: Result, other: Result) -> float:
    return one.value / other.value if one.direction is Direction.HIGHER else other.value / one.value


def _standing(
    result: Result, own: Result, *, rank: int | None, reasons: tuple[str, ...], ratio: float | None
) -> Standing:
    return Standing(
        result=result,
        rank=rank,
        reasons=reasons,
        ratio=ratio,
        per_accelerator=per_accelerator(result),
        per_watt=per_watt(result),
        differences=differences([own, result]),
    )


def _shown_derived(standings: Sequence[Standing]) -> list[Derived]:
    numbers = [number for standing in standings for number in (standing.per_accelerator, standing.per_watt)]
    return [number for number in numbers if number.value is not None]


def _caveats(own: Result, others: Sequence[Result], division: str) -> tuple[str, ...]:
    found = []
    if barred := disqualifications(own):
        found.append(f"The own run is shown beside the round and not ranked: {'; '.join(barred)}.")
    if not own.division and others:
        found.append(f"The own run states no division; nobody has checked that it keeps the rules of {division}.")
    if own.division == "open" and division == "closed":
        found.append(f"As an open result it would not qualify as closed in: {not_closed(own)}.")
    if not others:
        found.append(f"No published {division} result of {own.benchmark} {own.scenario} is in the database.")
    return tuple(found)
