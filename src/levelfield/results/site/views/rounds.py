"""The same benchmark from round to round, as far as its versions fit together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from levelfield.page.axis import Axis
from levelfield.results.compatibility import obstacles, round_of
from levelfield.results.model import Direction, Result
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.figure import LEFT, RIGHT, Figure, Line, Point, Series
from levelfield.results.site.notes import footnotes_of, score
from levelfield.results.site.views.parts import (
    Drawing,
    Shown,
    Subject,
    groups_of,
    mark_of,
    subject_of,
    value_axis,
    who,
)
from levelfield.results.site.words import division_of, plural, submitter_of, suite_title

__all__ = ["rounds"]

NOTE = (
    "Submitters, systems, software and numbers of accelerators differ from round to round. The best of a round is its "
    "best result of this group, whoever submitted it; inferred and void results are never it."
)


def rounds(entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """A figure for each benchmark with two or more rounds that may be compared."""
    found: list[Shown] = []
    for subject, group in groups_of(entries, _subject).items():
        for chain in _chains(group):
            identifier = drawing.places.identifier(f"rounds-{len(found)}")
            if len(chain) > 1:
                found.append(Shown(subject=subject, figure=_figure(subject, chain, drawing, identifier)))
    return found


def _subject(result: Result) -> Subject:
    return replace(subject_of(result), round=round_of(result.round).suite.name)


def _chains(group: Sequence[Entry]) -> list[list[tuple[str, tuple[Entry, ...]]]]:
    """Rounds in their order, cut wherever a round may not be compared with the one before."""
    found: list[list[tuple[str, tuple[Entry, ...]]]] = []
    for name, members in sorted(grouped(group, lambda e: e.result.round).items(), key=lambda item: _place(item[0])):
        # Power is no obstacle here: each figure holds performance only, and the difference is named in its table.
        one, other = replace(members[0].result, power_value=None), found and found[-1][-1][1][0].result
        if other and not obstacles(one, replace(other, power_value=None)):
            found[-1].append((name, members))
        else:
            found.append([(name, members)])
    return found


def _place(round_name: str) -> tuple[int, str]:
    the_round = round_of(round_name)
    versions = the_round.suite.versions
    return (versions.index(the_round.version) if the_round.version in versions else -1, round_name)


def _figure(
    subject: Subject, chain: Sequence[tuple[str, Sequence[Entry]]], drawing: Drawing, identifier: str
) -> Figure:
    versions = [round_of(name).version for name, _ in chain]
    entries = [entry for _, members in chain for entry in members]
    column = {name: place for place, (name, _) in enumerate(chain)}
    last = len(chain) - 1
    x = Axis(
        title="version",
        low=-0.3,
        high=last + 0.3,
        start=LEFT,
        end=RIGHT,
        ticks=tuple((float(place), version) for place, version in enumerate(versions)),
    )

    def point(entry: Entry) -> Point:
        result = entry.result
        power = "with power" if result.power_value is not None else ""
        cells = (*who(entry, drawing), entry.version, score(result), power)
        return Point(x=column[result.round], y=result.value, cells=cells, mark=mark_of(result))

    series = sorted(grouped(entries, _family).items(), key=lambda item: (-len({e.version for e in item[1]}), item[0]))
    spanning = [(name, members) for name, members in series if len({e.version for e in members}) > 1]
    rest = sorted((e for name, some in series if (name, some) not in spanning for e in some), key=lambda e: e.number)
    shown = [Series(name=name, points=tuple(map(point, some)), joined=True) for name, some in spanning]
    if rest:
        shown.append(Series(name="systems of one round", points=tuple(map(point, rest))))
    title = f"{subject.benchmark} {subject.scenario}".strip()
    return Figure(
        identifier=identifier,
        title=f"{title}: across rounds",
        subtitle=f"{suite_title(subject.round)} {versions[0]} to {versions[-1]} {division_of(subject.division)}"
        + (f" · {subject.type}" if subject.type else ""),
        description=f"{plural(len(entries), 'result')} of {len(chain)} rounds that may be compared.",
        x=x,
        y=value_axis(subject, entries),
        head=("system", "submitter", "version", subject.unit, "power"),
        series=tuple(shown),
        lines=_best(chain, column),
        footnotes=footnotes_of(entries, drawing.inputs, extra=(NOTE,), power=False),
    )


def _best(chain: Sequence[tuple[str, Sequence[Entry]]], column: dict[str, int]) -> tuple[Line, ...]:
    points = []
    for name, members in chain:
        ranked = [entry.result for entry in members if not entry.result.inferred and not entry.result.void]
        if ranked:
            pick = max if ranked[0].direction is Direction.HIGHER else min
            points.append((float(column[name]), pick(result.value for result in ranked)))
    return (Line(name="best of the round", class_="front", points=tuple(points)),) if len(points) > 1 else ()


def _family(entry: Entry) -> str:
    """Submitter and kind of system: the same accelerators in the same number."""
    result = entry.result
    accelerator = result.system.accelerator
    kind = f"{accelerator.total} x {accelerator.model}" if accelerator.total else result.system.host.model
    return f"{submitter_of(result)}, {kind}"
