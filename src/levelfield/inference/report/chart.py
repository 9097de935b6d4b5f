"""Axes, ticks and frames of the plots. Looks are in ``report.css``; here is geometry only, in units of the view box."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from levelfield.inference.report.markup import Markup, element, table
from levelfield.units import format_ns, ns_unit

__all__ = ["BOTTOM", "LEFT", "RIGHT", "TOP", "Axis", "Plot", "area", "duration_axis", "line", "linear_axis"]

WIDTH, HEIGHT = 460.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 438.0, 40.0, 228.0
"""The field between the axes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From values to places, with ticks and a title."""

    title: str
    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    transform: Callable[[float], float] = float
    """What makes the axis straight: identity, or a logarithm."""

    def at(self, value: float) -> float:
        """The place of a value, kept within the axis."""
        low, high = self.transform(self.low), self.transform(self.high)
        share = (self.transform(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.end - self.start)


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


def linear_axis(
    title: str, high: float, *, start: float, end: float, word: Callable[[float], str], low: float = 0.0
) -> Axis:
    """An axis from ``low`` (usually 0) to a round value at or above ``high``, with about five ticks."""
    step = _round_step((high - low) / 4 or 1)
    top = low + step * math.ceil((high - low) / step - 1e-9) if high > low else low + step
    count = round((top - low) / step)
    values = [low + step * number for number in range(count + 1)]
    return Axis(
        title=title, low=low, high=top, start=start, end=end, ticks=tuple((value, word(value)) for value in values)
    )


def duration_axis(title: str, low_ns: float, high_ns: float, *, start: float, end: float, log: bool) -> Axis:
    """An axis of durations: logarithmic with a unit at each tick, or linear from 0 with the unit in the title.

    A linear axis ends where the values end; its last tick is the last round value before.

    ``{unit}`` in the title is replaced by the unit, or by the word ``log`` where every tick has its own.
    """
    if log:
        return _log_axis(title.replace("{unit}", "log scale"), max(1.0, low_ns), high_ns, start, end)
    divisor, unit = ns_unit(high_ns)
    step = _round_step(high_ns / divisor / 4 or 1)
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


def _log_axis(title: str, low: float, high: float, start: float, end: float) -> Axis:
    """Ticks at 1, 2, 5 of each decade where they fit, else finer, else at 1, else at every second or third decade."""
    high = max(high, low * 1.5)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**power for power in range(first, last + 1)]
    finest = [decade * part for decade in decades for part in (1, 2, 5)]
    whole = [decade * part for decade in decades for part in range(1, 10)]
    choices = [finest, whole, *(decades[::every] for every in (1, 2, 3, 4))]
    within = [[value for value in choice if low / 1.001 <= value <= high * 1.001] for choice in choices]
    values = next((choice for choice in within if 3 <= len(choice) <= 6), [low, high])
    digits = 1 if values != [low, high] else 3
    return Axis(
        title=title,
        low=low,
        high=high,
        start=start,
        end=end,
        transform=math.log10,
        ticks=tuple((value, format_ns(value, digits=digits)) for value in values),
    )


def _round_step(wanted: float) -> float:
    """The smallest of 1, 2, 5, 10 times a power of ten that is not below what is wanted."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * part for part in (1, 2, 5, 10) if power * part >= wanted * (1 - 1e-9))


def line(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    return element("polyline", class_=class_, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def area(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A closed area."""
    return element("polygon", class_=class_, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
