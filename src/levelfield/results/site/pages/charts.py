"""A page for each view: all its figures, and with a script a choice among them that the address keeps."""

from __future__ import annotations

from levelfield.page.markup import Markup, element
from levelfield.results.compatibility import compatibility_source
from levelfield.results.site.frame import Page
from levelfield.results.site.pages.context import Context, heading
from levelfield.results.site.views import View, drawn
from levelfield.results.site.views.parts import Shown
from levelfield.results.site.words import plural

__all__ = ["chart_page"]

TEXTS = {
    View.PARETO: (
        "Performance against power",
        "Only power that was measured for the same submission. The front joins results that no other beats in both.",
        "No result here has measured power.",
    ),
    View.SCALING: (
        "Scaling with accelerators",
        "Both axes are logarithmic. A line joins one submitter's systems with the same accelerator and software.",
        "No benchmark here has systems with different numbers of accelerators.",
    ),
    View.RATIO: (
        "Server to Offline",
        "How much of its throughput a system keeps when every query has a latency limit. A derived number.",
        "No system here has both a Server and an Offline result of one benchmark.",
    ),
    View.ROUNDS: (
        "Across rounds",
        f"Only versions of a benchmark that may be compared share an axis ({compatibility_source()}).",
        "No benchmark here has two rounds that may be compared.",
    ),
    View.DISTRIBUTION: (
        "Distribution",
        "Every result of a benchmark, a row for each submitter, best first.",
        "There are no results.",
    ),
}


def chart_page(view: View, context: Context) -> Page:
    """The page of one view."""
    title, lead, nothing = TEXTS[view]
    shown = drawn(view, context.catalog.entries, context.drawing)
    body = element("div", *map(_figure, shown), class_="plots", data_charts=True)
    return Page(
        path=f"{view}.html",
        title=title,
        main=element(
            "div",
            heading(title, lead),
            element("p", plural(len(shown), "figure"), class_="muted", role="status", data_count=True)
            if shown
            else element("p", nothing, class_="empty"),
            body if shown else None,
        ),
    )


def _figure(shown: Shown) -> Markup:
    """A figure with what it can be chosen by."""
    subject = shown.subject
    choice = {
        "data_round": subject.round,
        "data_division": subject.division,
        "data_type": subject.type or None,
        "data_benchmark": subject.benchmark,
        "data_scenario": subject.scenario or None,
    }
    return element("div", shown.figure.markup(), class_="chosen", **choice)
