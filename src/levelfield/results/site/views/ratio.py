"""How much of its Offline throughput each system holds in the Server scenario."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from levelfield.results.derived import Derived, server_offline_ratio
from levelfield.results.model import Result
from levelfield.results.site.catalog import Entry
from levelfield.results.site.figure import Figure, Point, Series
from levelfield.results.site.notes import footnotes_of, score
from levelfield.results.site.views.parts import (
    ROWS,
    Drawing,
    Shown,
    Subject,
    category_axes,
    groups_of,
    mark_of,
    subject_of,
    subtitle_of,
    title_of,
    who,
)
from levelfield.results.site.words import number, plural

__all__ = ["ratio"]


def ratio(entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """A figure for each benchmark with both scenarios."""
    found: list[Shown] = []
    for subject, group in groups_of(entries, lambda result: replace(subject_of(result), scenario="", unit="")).items():
        pairs = _pairs(group)
        if pairs:
            identifier = drawing.places.identifier(f"ratio-{len(found)}")
            found.append(Shown(subject=subject, figure=_figure(subject, pairs, drawing, identifier)))
    return found


def _pairs(group: Sequence[Entry]) -> list[tuple[Derived, Entry, Entry]]:
    """Server and Offline results of the same system and model, highest ratio first."""
    offline = {_system(entry.result): entry for entry in group if entry.result.scenario == "Offline"}
    found = []
    for entry in group:
        base = offline.get(_system(entry.result))
        if entry.result.scenario == "Server" and base is not None:
            derived = server_offline_ratio(entry.result, base.result)
            if derived.value is not None:
                found.append((derived, entry, base))
    return sorted(found, key=lambda item: (-(item[0].value or 0), item[1].number))


def _system(result: Result) -> tuple[object, ...]:
    return (result.submitter, result.system.id, result.model_used, result.system.software, result.accuracy_target)


def _figure(
    subject: Subject, pairs: Sequence[tuple[Derived, Entry, Entry]], drawing: Drawing, identifier: str
) -> Figure:
    shown = pairs[:ROWS]
    highest = max(1.0, *(derived.value or 0 for derived, _, _ in pairs))
    x, y = category_axes("Server result / Offline result (derived)", 0, highest, len(shown))

    def point(row: int) -> Point:
        derived, server, base = shown[row]
        cells = (*who(server, drawing), score(server.result), score(base.result), number(derived.value, 4))
        return Point(x=derived.value or 0, y=row, cells=cells, mark=replace(mark_of(server.result), derived=True))

    left = (f"{plural(len(pairs) - ROWS, 'system')} with lower ratios are not drawn.",) if len(pairs) > ROWS else ()
    return Figure(
        identifier=identifier,
        title=title_of(subject, "Server to Offline"),
        subtitle=subtitle_of(subject),
        description=f"The share of Offline throughput that {plural(len(pairs), 'system')} hold in Server.",
        x=x,
        y=y,
        head=("system", "submitter", "Server, queries/s", "Offline, samples/s", pairs[0][0].name),
        series=(Series(name="ratio", points=tuple(point(row) for row in range(len(shown)))),),
        footnotes=footnotes_of(
            [entry for _, server, base in pairs for entry in (server, base)],
            drawing.inputs,
            derived=[pairs[0][0]],
            extra=left,
            power=False,
        ),
        categories=tuple(entry.result.system.name or entry.result.system.id for _, entry, _ in shown),
    )
