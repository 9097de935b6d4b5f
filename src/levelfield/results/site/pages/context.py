"""What every page is made from, and the parts that several pages have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from levelfield.page.markup import Child, Markup, element
from levelfield.results.site.catalog import Catalog, Entry
from levelfield.results.site.frame import Places
from levelfield.results.site.inputs import SiteFinding, SiteInputs
from levelfield.results.site.notes import footnotes_of, notes_markup, score
from levelfield.results.site.views.parts import Drawing
from levelfield.results.site.words import division_of, number, round_title, submitter_of

__all__ = ["Context", "facts", "figures_of", "heading", "long_table", "table_title"]


NUMBERS = {"result", "power", "accelerators"}
KEPT = {"benchmark", "result"}
"""Columns that a table has even where all their cells are empty; others go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The site and the page that is being made."""

    catalog: Catalog
    inputs: SiteInputs
    places: Places

    @property
    def drawing(self) -> Drawing:
        """For the figures of this page."""
        return Drawing(places=self.places, inputs=self.inputs)

    def notes(self, entries: Sequence[Entry]) -> Markup:
        """The footnotes of a table of these results."""
        return notes_markup(footnotes_of(entries, self.inputs))

    def findings_of(self, entries: Sequence[Entry]) -> list[SiteFinding]:
        """What was found in the folders of these results."""
        folders = {(entry.result.round, entry.result.provenance.path) for entry in entries}
        return [one for one in self.inputs.findings if (one.round, one.subject) in folders]


def heading(title: str, lead: Child, *, eyebrow: Child = None) -> Markup:
    """The head of a page."""
    return element(
        "div",
        element("p", eyebrow, class_="eyebrow") if eyebrow else None,
        element("h1", title),
        element("p", lead, class_="lead") if lead else None,
        class_="head",
    )


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Names and values; what is empty is left out."""
    shown = [element("div", element("dt", name), element("dd", value)) for name, value in pairs if value]
    return element("dl", *shown, class_="facts")


def long_table(entries: Sequence[Entry], context: Context, *, label: str, columns: Sequence[str] = ()) -> Markup:
    """Results one below the other, with the columns that are asked for between benchmark and result."""
    head = ["benchmark", "scenario", *columns, "result", "unit", "accuracy", "power", "findings"]
    rows: list[list[Child]] = []
    for entry in entries:
        result = entry.result
        power = f"{number(result.power_value)} {result.power_unit}" if result.power_value is not None else ""
        cells: list[Child] = [
            context.places.link(f"benchmarks/{entry.benchmark}.html", result.benchmark),
            result.scenario,
            *(_cell(entry, name, context) for name in columns),
            score(result),
            result.unit,
            ", ".join(f"{name} {number(value)}" for name, value in result.accuracy),
            power,
            " ".join(result.findings),
        ]
        rows.append(cells)
    kept = [n for n, name in enumerate(head) if name in KEPT or any(row[n] for row in rows)]
    table = element(
        "table",
        element("caption", label),
        element(
            "thead",
            element(
                "tr",
                *(
                    element("th", name, scope="col", class_="number" if name in NUMBERS else None)
                    for name in (head[n] for n in kept)
                ),
            ),
        ),
        element("tbody", *(_row([(head[n], row[n]) for n in kept]) for row in rows)),
    )
    return element("div", table, class_="scroll", role="region", aria_label=label, tabindex="0")


def _row(cells: Sequence[tuple[str, Child]]) -> Markup:
    return element(
        "tr",
        element("th", cells[0][1], scope="row"),
        *(element("td", cell, class_="number" if name in NUMBERS else None) for name, cell in cells[1:]),
    )


def _cell(entry: Entry, name: str, context: Context) -> Child:
    result = entry.result
    match name:
        case "system":
            return context.places.link(f"systems/{entry.system}.html", result.system.name or result.system.id)
        case "submitter":
            return submitter_of(result)
        case "round":
            return result.round
        case "division":
            return result.division
        case "accelerators":
            count = result.system.accelerator.total
            return f"{count:,}" if count else ""
        case _:
            return result.model_used if result.model_used != result.benchmark else ""


def figures_of(figures: Iterable[Markup]) -> Markup | None:
    """Figures side by side where there is room."""
    shown = list(figures)
    return element("div", *shown, class_="plots") if shown else None


def table_title(entries: Sequence[Entry], name: str) -> str:
    """``MLPerf® Inference v2.0 Closed, datacenter``."""
    result = entries[0].result
    types = {entry.result.system.type for entry in entries}
    kind = next((part for part in ("datacenter", "edge") if f"-{part}-" in f"-{name}-"), ", ".join(sorted(types)))
    return f"{round_title(result.round)} {division_of(result.division)}" + (f", {kind}" if kind else "")
