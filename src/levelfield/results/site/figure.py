"""Plots as SVG: points in series, lines, and categories with dots. Looks are in ``site.css``; here is geometry only.

The same geometry is in ``assets/chart.js`` for what a reader selects in the page; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from levelfield.page.axis import Axis
from levelfield.page.markup import Child, Markup, element, join, table

__all__ = ["BOTTOM", "LEFT", "RIGHT", "SERIES", "TOP", "Figure", "Line", "Mark", "Point", "Series", "figures", "shape"]

WIDTH, HEIGHT = 560.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 544.0, 40.0, 292.0
"""The field between the axes."""
SERIES = 7
"""Series that look different; further ones share the last look and are told apart by the table."""
SIZE = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How sure a point is: hollow for unverified, dashed for inferred or derived."""

    hollow: bool = False
    """Unverified."""
    inferred: bool = False
    derived: bool = False
    void: bool = False
    """Refused by our own check."""

    @property
    def dashed(self) -> bool:
        """Whether the outline is broken: the number was not measured as such."""
        return self.inferred or self.derived


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a plot and its row in the table beneath."""

    x: float
    y: float
    cells: tuple[Child, ...]
    mark: Mark = Mark()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points that belong together; joined by a line in the order given, or not."""

    name: str
    points: tuple[Point, ...]
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that is no series: a front, an ideal."""

    name: str
    class_: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One plot: picture, legend, values as a table, footnotes."""

    identifier: str
    title: str
    subtitle: str
    description: str
    """What it shows, in a sentence for those who cannot see it."""
    x: Axis
    y: Axis
    head: tuple[str, ...]
    series: tuple[Series, ...]
    lines: tuple[Line, ...] = ()
    footnotes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Names of the rows of a plot whose y axis has no numbers; then y is the row from 0."""
    numbers_from: int = 1
    """The first column of the table that holds numbers."""

    @property
    def height(self) -> float:
        """Of the view box."""
        return self._bottom + 48

    @property
    def _bottom(self) -> float:
        return max(self.y.start, self.y.end)

    @property
    def _top(self) -> float:
        return min(self.y.start, self.y.end)

    def markup(self) -> Markup:
        """The whole figure."""
        points = [point for one in self.series for point in one.points]
        name, text = f"{self.identifier}-title", f"{self.identifier}-desc"
        picture = element(
            "svg",
            element("title", self.title, id=name),
            element("desc", self.description, id=text),
            *self._grid(),
            *(_line(line.class_, [(self.x.at(x), self.y.at(y)) for x, y in line.points]) for line in self.lines),
            *self._series(),
            viewBox=f"0 0 {WIDTH:g} {self.height:g}",
            role="img",
            aria_labelledby=f"{name} {text}",
        )
        places = " ".join(f"{self.x.at(p.x):.1f},{self.y.at(p.y):.1f}" for p in points)
        return element(
            "figure",
            element("figcaption", element("h3", self.title), element("p", self.subtitle, class_="muted")),
            element("div", picture, class_="plot", data_points=places),
            self._legend(),
            element(
                "details",
                element("summary", f"Values ({len(points):,})"),
                table(self.head, [p.cells for p in points], label=f"Values of: {self.title}", class_="data numbers"),
            ),
            element("div", *(element("p", note) for note in self.footnotes), class_="footnotes"),
            id=self.identifier,
        )

    def _series(self) -> list[Markup]:
        found = []
        for number, one in enumerate(self.series):
            look = min(number, SERIES - 1)
            places = [(self.x.at(point.x), self.y.at(point.y), point.mark) for point in one.points]
            if one.joined and len(places) > 1:
                found.append(_line(f"join s{look}", [(x, y) for x, y, _ in places]))
            found += [_mark(look, x, y, mark) for x, y, mark in places]
        return found

    def _legend(self) -> Markup | None:
        keys: list[Child] = []
        for number, one in enumerate(self.series):
            look = min(number, SERIES - 1)
            shape = element("svg", _mark(look, 7, 7, Mark()), viewBox="0 0 14 14", class_="key", aria_hidden="true")
            keys.append(element("li", shape, one.name))
        keys += [
            element("li", element("span", class_=f"stroke {line.class_}", aria_hidden="true"), line.name)
            for line in self.lines
        ]
        marks = [point.mark for one in self.series for point in one.points]
        if any(mark.hollow for mark in marks):
            keys.append(element("li", element("span", class_="hollow", aria_hidden="true"), "hollow: unverified"))
        if any(mark.void for mark in marks):
            keys.append(
                element("li", element("span", class_="void", aria_hidden="true"), "dotted: ✗ void by our check")
            )
        for word, broken in (
            ("≈ inferred", any(mark.inferred for mark in marks)),
            ("derived", any(mark.derived for mark in marks)),
        ):
            if broken:
                keys.append(element("li", element("span", class_="dashed", aria_hidden="true"), f"dashed: {word}"))
        if len(keys) < 2 and not self.lines:
            return None
        return element("ul", *keys, class_="legend")

    def _grid(self) -> list[Markup]:
        bottom = self._bottom
        found = []
        for value, word in self.x.ticks:
            place = self.x.at(value)
            found += [
                element("line", class_="grid", x1=place, x2=place, y1=self._top, y2=bottom),
                element("text", word, x=place, y=bottom + 18, text_anchor="middle"),
            ]
        if self.categories:
            for row, word in enumerate(self.categories):
                place = self.y.at(float(row))
                found += [
                    element("line", class_="grid", x1=self.x.start, x2=RIGHT, y1=place, y2=place),
                    element("text", _short(word), x=self.x.start - 8, y=place + 4, text_anchor="end", class_="row"),
                ]
        else:
            for value, word in self.y.ticks:
                place = self.y.at(value)
                found += [
                    element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=place, y2=place),
                    element("text", word, x=LEFT - 7, y=place + 4, text_anchor="end"),
                ]
        return [
            *found,
            element("line", class_="axis", x1=self.x.start, x2=RIGHT, y1=bottom, y2=bottom),
            element("text", self.y.title, class_="name", x=2, y=16) if self.y.title else Markup(),
            element("text", self.x.title, class_="name", x=RIGHT, y=bottom + 40, text_anchor="end"),
        ]


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _line(class_: str, points: Sequence[tuple[float, float]]) -> Markup:
    return element("polyline", class_=class_, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def _mark(look: int, x: float, y: float, mark: Mark) -> Markup:
    """A point: shape and colour say the series, the outline how sure it is."""
    class_ = f"m s{look}{' hollow' if mark.hollow else ''}{' dashed' if mark.dashed else ''}{' void' * mark.void}"
    return element("path", class_=class_, d=shape(look, x, y))


def shape(look: int, x: float, y: float) -> str:
    """The outline of a series' mark around a place."""
    s = SIZE
    match look:
        case 0:
            return f"M{x - s:.1f} {y:.1f}a{s} {s} 0 1 0 {2 * s:g} 0a{s} {s} 0 1 0 {-2 * s:g} 0z"
        case 1:
            return f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z"
        case 2:
            return f"M{x:.1f} {y - 5.5:.1f}l5.2 9.5h-10.4z"
        case 3:
            return f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"
        case 4:
            return f"M{x:.1f} {y + 5.5:.1f}l5.2 -9.5h-10.4z"
        case 5:
            return f"M{x - 1.7:.1f} {y - 5.5:.1f}h3.4v3.8h3.8v3.4h-3.8v3.8h-3.4v-3.8h-3.8v-3.4h3.8z"
        case _:
            return f"M{x - 3:.1f} {y:.1f}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"


def figures(items: Sequence[Figure]) -> Markup:
    """Several, side by side where there is room."""
    return element("div", join(item.markup() for item in items), class_="plots")
