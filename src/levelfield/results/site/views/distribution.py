"""How the results of a benchmark are spread, a row for each submitter."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from levelfield.results.model import Direction
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.figure import Figure, Point, Series
from levelfield.results.site.notes import score
from levelfield.results.site.views.parts import (
    ROWS,
    Drawing,
    Shown,
    Subject,
    accelerators_text,
    category_axes,
    groups_of,
    mark_of,
    notes_of,
    subtitle_of,
    title_of,
    who,
)
from levelfield.results.site.words import arrow, number, plural, submitter_of

__all__ = ["distribution"]

LOG_FROM_RATIO = 30.0
"""What spans more than this is drawn on a logarithmic axis, and says so."""


def distribution(entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """A figure for each group."""
    found: list[Shown] = []
    for subject, group in groups_of(entries).items():
        usable = [entry for entry in group if entry.result.value > 0]
        if usable:
            identifier = drawing.places.identifier(f"distribution-{len(found)}")
            found.append(Shown(subject=subject, figure=_figure(subject, usable, group, drawing, identifier)))
    return found


def _figure(
    subject: Subject, usable: Sequence[Entry], group: Sequence[Entry], drawing: Drawing, identifier: str
) -> Figure:
    better = usable[0].result.direction
    rows = _rows(usable, better)
    values = [entry.result.value for entry in usable]
    log = max(values) / min(values) > LOG_FROM_RATIO
    x, y = category_axes(f"{subject.unit}  {arrow(better)}", min(values), max(values), len(rows), log=log)
    points = [
        Point(
            x=entry.result.value,
            y=row,
            cells=(*who(entry, drawing), score(entry.result), accelerators_text(entry.result)),
            mark=mark_of(entry.result),
        )
        for row, (_, members) in enumerate(rows)
        for entry in members
    ]
    middle = number(statistics.median(values))
    return Figure(
        identifier=identifier,
        title=title_of(subject, "distribution"),
        subtitle=subtitle_of(subject),
        description=f"{plural(len(usable), 'result')} from {number(min(values))} to {number(max(values))} "
        f"{subject.unit}, the median {middle}.",
        x=x,
        y=y,
        head=("system", "submitter", subject.unit, "accelerators"),
        series=(Series(name="result", points=tuple(points)),),
        footnotes=notes_of(usable, group, drawing, missing="cannot be drawn: their number is not above 0"),
        categories=tuple(f"{name} ({len(members)})" for name, members in rows),
    )


def _rows(usable: Sequence[Entry], better: Direction) -> list[tuple[str, list[Entry]]]:
    """Submitters with their results, best first; beyond the bound they share the last row."""
    sign = -1 if better is Direction.HIGHER else 1
    found = [
        (name, sorted(members, key=lambda entry: (sign * entry.result.value, entry.number)))
        for name, members in grouped(usable, lambda entry: submitter_of(entry.result)).items()
    ]
    found.sort(key=lambda item: (sign * item[1][0].result.value, item[0]))
    if len(found) > ROWS:
        rest = [entry for _, members in found[ROWS - 1 :] for entry in members]
        found = [*found[: ROWS - 1], (f"{len(found) - ROWS + 1} more submitters", rest)]
    return found
