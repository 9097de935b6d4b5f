"""What the views share: groups that may stand on one axis, cells that name a result, axes and footnotes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from levelfield.page.axis import Axis, linear_axis, log_axis
from levelfield.page.markup import Child
from levelfield.results.derived import Derived
from levelfield.results.messaging import is_verified
from levelfield.results.model import Result
from levelfield.results.quantity import Quantity, quantity_of
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.figure import BOTTOM, RIGHT, TOP, Figure, Mark, Point, Series
from levelfield.results.site.frame import Places
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.notes import footnotes_of
from levelfield.results.site.words import arrow, count_of, division_of, plural, round_title, submitter_of

__all__ = [
    "ROWS",
    "Drawing",
    "Shown",
    "Subject",
    "accelerators_text",
    "by_submitter",
    "category_axes",
    "groups_of",
    "mark_of",
    "notes_of",
    "subject_of",
    "subtitle_of",
    "title_of",
    "value_axis",
    "who",
]

ROWS = 24
"""Rows of a plot of categories; further ones stay in the tables."""
NAMES = 178.0
"""Room for the names of categories."""
ROW_HEIGHT = 24.0
ROWS_FROM = 8.0
MOST_SERIES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Where figures end up: what links and footnotes they need."""

    places: Places
    inputs: SiteInputs


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """What a figure is about, to choose it by."""

    round: str
    division: str
    type: str
    benchmark: str
    scenario: str
    unit: str = ""
    edition: str = "full"
    official: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure and what it is about."""

    subject: Subject
    figure: Figure


def subject_of(result: Result) -> Subject:
    """The group that a result belongs to."""
    return Subject(
        round=result.round,
        division=result.division,
        type=result.system.type,
        benchmark=result.benchmark,
        scenario=result.scenario,
        unit=result.unit,
        edition=result.edition,
        official=result.official,
    )


def groups_of(entries: Iterable[Entry], key: Callable[[Result], Subject] = subject_of) -> dict[Subject, list[Entry]]:
    """Results that may share an axis: finite numbers of one round, division, type, benchmark, scenario and unit."""
    found: dict[Subject, list[Entry]] = defaultdict(list)
    for entry in entries:
        result = entry.result
        if math.isfinite(result.value) and quantity_of(result.unit) is not Quantity.QUALITY:
            found[key(result)].append(entry)
    return {subject: found[subject] for subject in sorted(found)}


def title_of(subject: Subject, what: str) -> str:
    """``resnet50 Offline: performance against system power``."""
    return f"{subject.benchmark} {subject.scenario}".strip() + f": {what}"


def subtitle_of(subject: Subject) -> str:
    """Suite with its mark, version, division, type."""
    parts = [f"{round_title(subject.round)} {division_of(subject.division)}", subject.type]
    if subject.edition != "full":
        parts.append(f"{subject.edition} edition, no result of a published round")
    elif not subject.official:
        parts.append("quick run, no result of a published round")
    return " · ".join(part for part in parts if part)


def who(entry: Entry, drawing: Drawing) -> tuple[Child, Child]:
    """The cells that name a system and its submitter."""
    result = entry.result
    name = drawing.places.link(f"systems/{entry.system}.html", result.system.name or result.system.id)
    return name, submitter_of(result)


def mark_of(result: Result) -> Mark:
    """How sure a result is."""
    return Mark(hollow=not is_verified(result), inferred=result.inferred, void=result.void)


def value_axis(subject: Subject, entries: Sequence[Entry]) -> Axis:
    """The upright axis of results, from 0."""
    direction = arrow(entries[0].result.direction)
    most = max(entry.result.value for entry in entries)
    return linear_axis(f"{subject.unit}  {direction}", most, start=BOTTOM, end=TOP)


def by_submitter(entries: Sequence[Entry], point: Callable[[Entry], Point]) -> tuple[Series, ...]:
    """A series for each submitter, those with most results first; the smallest share the last one."""
    members = sorted(
        grouped(entries, lambda e: submitter_of(e.result)).items(), key=lambda item: (-len(item[1]), item[0])
    )
    if len(members) > MOST_SERIES:
        rest = [entry for _, some in members[MOST_SERIES - 1 :] for entry in some]
        name = f"{len(members) - MOST_SERIES + 1} more submitters"
        members = [*members[: MOST_SERIES - 1], (name, tuple(sorted(rest, key=lambda entry: entry.number)))]
    return tuple(Series(name=name, points=tuple(map(point, some))) for name, some in members)


def category_axes(title: str, low: float, high: float, rows: int, *, log: bool = False) -> tuple[Axis, Axis]:
    """A lying axis of numbers and an upright one of so many rows."""
    bottom = ROWS_FROM + ROW_HEIGHT * rows
    x = (
        log_axis(f"{title}, log scale", low / 1.2, high * 1.2, start=NAMES, end=RIGHT - 6)
        if log
        else linear_axis(title, high, start=NAMES, end=RIGHT - 6)
    )
    # Row 0 is at the top: the axis runs from the bottom, where the last row is.
    y = Axis(title="", low=-0.5, high=rows - 0.5, start=ROWS_FROM, end=bottom, ticks=())
    return x, y


def notes_of(
    shown: Sequence[Entry],
    group: Sequence[Entry],
    drawing: Drawing,
    *,
    missing: str,
    derived: Derived | None = None,
    power: bool = False,
) -> tuple[str, ...]:
    """The footnotes of a figure; what could not be drawn is counted, with the reason."""
    left = len(group) - len(shown)
    gone = (f"{plural(left, 'result')} of this group {missing}.",) if left else ()
    numbers = [derived] if derived else []
    return footnotes_of(shown, drawing.inputs, derived=numbers, extra=gone, power=power)


def accelerators_text(result: Result) -> str:
    """How many accelerators, and which."""
    count = count_of(result.system.accelerator.total)
    return f"{count} x {result.system.accelerator.model}" if count else ""
