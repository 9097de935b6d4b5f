"""Performance against measured power, with the front of what no other beats in both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from levelfield.page.axis import linear_axis
from levelfield.page.markup import Child
from levelfield.results.derived import per_watt
from levelfield.results.messaging import is_verified
from levelfield.results.model import Direction
from levelfield.results.quantity import Quantity, quantity_of
from levelfield.results.site.catalog import Entry
from levelfield.results.site.figure import LEFT, RIGHT, Figure, Line, Point
from levelfield.results.site.front import front_of
from levelfield.results.site.notes import score
from levelfield.results.site.views.parts import (
    Drawing,
    Shown,
    Subject,
    accelerators_text,
    by_submitter,
    groups_of,
    mark_of,
    notes_of,
    subtitle_of,
    title_of,
    value_axis,
    who,
)
from levelfield.results.site.words import number, plural

__all__ = ["pareto"]


def pareto(entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """A figure for each group that has measured power."""
    found: list[Shown] = []
    for subject, group in groups_of(entries).items():
        usable = [entry for entry in group if _power(entry) > 0 and entry.result.value > 0]
        for unit in sorted({entry.result.power_unit for entry in usable}):
            some = [entry for entry in usable if entry.result.power_unit == unit]
            identifier = drawing.places.identifier(f"pareto-{len(found)}")
            found.append(Shown(subject=subject, figure=_figure(subject, some, group, drawing, identifier)))
    return found


def _figure(
    subject: Subject, usable: Sequence[Entry], group: Sequence[Entry], drawing: Drawing, identifier: str
) -> Figure:
    first = usable[0].result
    quantity = "energy per query" if quantity_of(first.power_unit) is Quantity.ENERGY else "system power"
    derived = per_watt(first)
    lines, on_front = _fronts(usable)

    def point(entry: Entry) -> Point:
        result = entry.result
        cells: tuple[Child, ...] = (
            *who(entry, drawing),
            score(result),
            number(result.power_value),
            number(per_watt(result).value),
            "yes" if entry.number in on_front else "",
            accelerators_text(result),
        )
        return Point(x=_power(entry), y=result.value, cells=cells, mark=mark_of(result))

    return Figure(
        identifier=identifier,
        title=title_of(subject, f"performance against {quantity}"),
        subtitle=subtitle_of(subject),
        description=f"{plural(len(usable), 'result')} with measured power, {len(on_front)} of them on the front.",
        x=linear_axis(
            f"{quantity}, {first.power_unit}  ← lower is better", max(map(_power, usable)), start=LEFT, end=RIGHT
        ),
        y=value_axis(subject, usable),
        head=("system", "submitter", subject.unit, first.power_unit, derived.name, "on the front", "accelerators"),
        series=by_submitter(usable, point),
        lines=tuple(lines),
        footnotes=notes_of(
            usable,
            group,
            drawing,
            derived=derived,
            missing="cannot be drawn: no power was measured for them",
            power=True,
        ),
    )


def _fronts(usable: Sequence[Entry]) -> tuple[list[Line], set[int]]:
    """One front for reviewed results and one for others; inferred and void results are on none."""
    lines, members = [], set()
    for checked, name in ((True, "Pareto front"), (False, "Pareto front of unverified results")):
        ranked = [e for e in usable if is_verified(e.result) is checked and not e.result.inferred and not e.result.void]
        places = [(_power(entry), entry.result.value) for entry in ranked]
        if not places:
            continue
        front = front_of(places, Direction.LOWER, ranked[0].result.direction)
        members |= {ranked[n].number for n in front}
        if len(front) > 1:
            look = "front" if checked else "front dashed"
            lines.append(Line(name=name, class_=look, points=tuple(_steps([places[n] for n in front]))))
    return lines, members


def _steps(front: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """The edge of what is dominated: what was best so far stays best until the next point's power is reached."""
    yield front[0]
    for (_, before), (x, after) in pairwise(front):
        yield x, before
        yield x, after


def _power(entry: Entry) -> float:
    power = entry.result.power_value
    return power if power is not None and 0 < power < float("inf") else 0.0
