"""Axes, ticks and frames of the plots. Looks are in ``report.css``; here is geometry only, in units of the view box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from levelfield.page.axis import Axis, log_axis, round_step
from levelfield.page.markup import Markup, element, table
from levelfield.units import format_ns, ns_unit

__all__ = ["BOTTOM", "LEFT", "RIGHT", "TOP", "Plot", "area", "duration_axis", "line"]

WIDTH, HEIGHT = 460.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 438.0, 40.0, 228.0
"""The field between the axes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One figure: picture, legend, and its values as a table, from which the page's script reads its tooltips."""

    identifier: str
    title: str
    description: str
    """What it shows, in a sentence for those who cannot see it."""
    x: Axis
    y: Axis
    marks: tuple[Markup, ...]
    legend: tuple[tuple[str, str], ...]
    """Class of the key and its text."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    places: tuple[float, ...]
    """Where on the x axis each row is."""

    def figure(self) -> Markup:
        """The whole figure."""
        name, text = f"{self.identifier}-title", f"{self.identifier}-desc"
        picture = element(
            "svg",
            element("title", self.title, id=name),
            element("desc", self.description, id=text),
            *self._grid(),
            *self.marks,
            element("line", class_="cursor", x1=LEFT, x2=LEFT, y1=TOP, y2=BOTTOM),
            viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
            role="img",
            aria_labelledby=f"{name} {text}",
        )
        keys = (
            element("li", element("span", class_=f"key {key}", aria_hidden="true"), word) for key, word in self.legend
        )
        return element(
            "figure",
            element("figcaption", element("h4", self.title)),
            element("div", picture, class_="plot", data_x=" ".join(f"{place:.1f}" for place in self.places)),
            element("ul", *keys, class_="legend") if self.legend else None,
            element(
                "details",
                element("summary", "Values of this plot"),
                table(self.head, self.rows, label=f"Values of: {self.title}", class_="data numbers"),
            ),
            id=self.identifier,
        )

    def _grid(self) -> list[Markup]:
        found = []
        for value, word in self.y.ticks:
            place = self.y.at(value)
            found += [
                element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=place, y2=place),
                element("text", word, class_="tick", x=LEFT - 6, y=place + 4, text_anchor="end"),
            ]
        for value, word in self.x.ticks:
            place = self.x.at(value)
            found += [
                element("line", class_="grid", x1=place, x2=place, y1=TOP, y2=BOTTOM),
                element("text", word, class_="tick", x=place, y=BOTTOM + 16, text_anchor="middle"),
            ]
        return [
            *found,
            element("line", class_="axis", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM),
            element("text", self.y.title, class_="name", x=4, y=14),
            element("text", self.x.title, class_="name", x=RIGHT, y=HEIGHT - 6, text_anchor="end"),
        ]


def duration_axis(title: str, low_ns: float, high_ns: float, *, start: float, end: float, log: bool) -> Axis:
    """An axis of durations: logarithmic with a unit at each tick, or linear from 0 with the unit in the title.

    A linear axis ends where the values end; its last tick is the last round value before.

    ``{unit}`` in the title is replaced by the unit, or by the word ``log`` where every tick has its own.
    """
    if log:
        return log_axis(
            title.replace("{unit}", "log scale"),
            max(1.0, low_ns),
            high_ns,
            start=start,
            end=end,
            word=partial(format_ns, digits=1),
            end_word=format_ns,
        )
    divisor, unit = ns_unit(high_ns)
    step = round_step(high_ns / divisor / 4 or 1)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    count = math.floor(high_ns / divisor / step + 1e-9)
    return Axis(
        title=title.replace("{unit}", unit),
        low=0.0,
        high=high_ns,
        start=start,
        end=end,
        ticks=tuple((step * number * divisor, f"{step * number:.{decimals}f}") for number in range(count + 1)),
    )


def line(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    return element("polyline", class_=class_, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def area(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A closed area."""
    return element("polygon", class_=class_, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
