"""Results by number of accelerators, on logarithmic axes, with lines through systems of one kind and the ideal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from levelfield.page.axis import log_axis
from levelfield.results.derived import efficiency
from levelfield.results.model import Result
from levelfield.results.quantity import Quantity, quantity_of
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.figure import BOTTOM, LEFT, RIGHT, TOP, Figure, Line, Point, Series
from levelfield.results.site.notes import score
from levelfield.results.site.views.parts import (
    Drawing,
    Shown,
    Subject,
    groups_of,
    mark_of,
    notes_of,
    subtitle_of,
    title_of,
    who,
)
from levelfield.results.site.words import arrow, count_of, number, plural, submitter_of

__all__ = ["scaling"]

PAD = 1.15
"""Room around the points, so that none is cut by an edge."""


def scaling(entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """A figure for each group with two or more numbers of accelerators."""
    found: list[Shown] = []
    for subject, group in groups_of(entries).items():
        usable = [entry for entry in group if _count(entry) > 0 and entry.result.value > 0]
        adds_up = quantity_of(subject.unit) in {Quantity.THROUGHPUT, Quantity.TIME_TO_TRAIN}
        if adds_up and len({_count(entry) for entry in usable}) > 1:
            identifier = drawing.places.identifier(f"scaling-{len(found)}")
            found.append(Shown(subject=subject, figure=_figure(subject, usable, group, drawing, identifier)))
    return found


def _figure(
    subject: Subject, usable: Sequence[Entry], group: Sequence[Entry], drawing: Drawing, identifier: str
) -> Figure:
    counts = [_count(entry) for entry in usable]
    values = [entry.result.value for entry in usable]
    direction = arrow(usable[0].result.direction)
    families = _families(usable)
    smallest = {entry.number: members[0].result for _, members in families for entry in members}
    share = efficiency(usable[0].result, usable[0].result)

    def point(entry: Entry) -> Point:
        result = entry.result
        own = efficiency(result, smallest[entry.number])
        cells = (*who(entry, drawing), count_of(_count(entry)), score(result), number(own.value, 3))
        return Point(x=_count(entry), y=result.value, cells=cells, mark=mark_of(result))

    return Figure(
        identifier=identifier,
        title=title_of(subject, "scaling with accelerators"),
        subtitle=subtitle_of(subject),
        description=f"{plural(len(usable), 'result')} from {min(counts)} to {max(counts)} accelerators.",
        x=log_axis("accelerators, log scale", min(counts) / PAD, max(counts) * PAD, start=LEFT, end=RIGHT, word=_whole),
        y=log_axis(
            f"{subject.unit}, log scale  {direction}", min(values) / PAD, max(values) * PAD, start=BOTTOM, end=TOP
        ),
        head=("system", "submitter", "accelerators", subject.unit, share.name),
        series=tuple(Series(name=name, points=tuple(map(point, some)), joined=True) for name, some in families),
        lines=_ideal(subject, families[0][1], max(counts)),
        footnotes=notes_of(
            usable,
            group,
            drawing,
            derived=share,
            missing="cannot be drawn: they have no accelerators, or state no number",
        ),
    )


def _families(usable: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Systems of one submitter, accelerator and software, smallest first; the longest line comes first."""
    found = [
        (name, sorted(members, key=lambda entry: (_count(entry), entry.result.value, entry.number)))
        for name, members in grouped(usable, lambda entry: _family(entry.result)).items()
    ]
    return sorted(found, key=lambda item: (-len({_count(entry) for entry in item[1]}), item[0]))


def _family(result: Result) -> str:
    parts = (submitter_of(result), result.system.accelerator.model or "unnamed accelerator", result.system.software)
    return ", ".join(part for part in parts if part)


def _ideal(subject: Subject, members: Sequence[Entry], most: int) -> tuple[Line, ...]:
    start, value = _count(members[0]), members[0].result.value
    if start >= most:
        return ()
    ratio = start / most if quantity_of(subject.unit) is Quantity.TIME_TO_TRAIN else most / start
    points = ((float(start), value), (float(most), value * ratio))
    return (Line(name="ideal, from the smallest of the first line", class_="ideal", points=points),)


def _count(entry: Entry) -> int:
    return entry.result.system.accelerator.total or 0


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
