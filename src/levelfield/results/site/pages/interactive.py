"""Explore and compare: pages whose content the script makes, with what stands there without it."""

from __future__ import annotations

import json

from levelfield.page.markup import Markup, element
from levelfield.results.messaging import MIXED, UNVERIFIED, VERIFIED
from levelfield.results.site.data import COLUMNS, COMPARABLE
from levelfield.results.site.frame import Page
from levelfield.results.site.notes import footnotes_of
from levelfield.results.site.pages.context import Context, heading, table_title
from levelfield.results.site.words import plural, round_title

__all__ = ["compare_page", "explore_page"]

MOST_COMPARED = 6


def explore_page(context: Context) -> Page:
    """``explore.html``: the long table with filters."""
    lead = f"{plural(len(context.catalog.entries), 'result')}. Filters, columns and order are kept in the address."
    return Page(
        path="explore.html",
        title="Explore",
        wide=True,
        data=True,
        scripts=("table.js", "chart.js", "explore.js"),
        main=element(
            "div",
            heading("Explore", lead),
            _without_script(
                context, "The table with filters needs JavaScript. The same results stand in these tables:"
            ),
            element("div", class_="app", data_app="explore", data_setup=_setup(context)),
        ),
    )


def compare_page(context: Context) -> Page:
    """``compare.html``: two to six systems side by side."""
    lead = f"Two to {MOST_COMPARED} systems side by side, with every difference named."
    return Page(
        path="compare.html",
        title="Compare",
        wide=True,
        data=True,
        scripts=("table.js", "compare.js"),
        main=element(
            "div",
            heading("Compare", lead),
            _without_script(
                context, "Comparing needs JavaScript. Each system has its own page, linked from these tables:"
            ),
            element("div", class_="app", data_app="compare", data_setup=_setup(context)),
        ),
    )


def _without_script(context: Context, words: str) -> Markup:
    links = [
        element("li", context.places.link(f"tables/{name}.html", table_title(some, name)))
        for name, some in context.catalog.tables.items()
    ]
    return element("noscript", element("p", words), element("ul", *links, class_="links"))


def _setup(context: Context) -> str:
    """What the script has to know: columns, addresses, and the sentences that go beneath."""
    places = context.places
    columns = [
        {
            "key": column.key,
            "label": column.label,
            "kind": column.kind.value,
            **{name: True for name in ("facet", "shown", "hidden") if getattr(column, name)},
        }
        for column in (*COLUMNS, COMPARABLE)
    ]
    sources = {name: footnotes_of(some, context.inputs)[0] for name, some in context.catalog.rounds.items()}
    setup = {
        "rows": len(context.catalog.entries),
        "columns": columns,
        "pages": {
            kind: places.to(f"{kind}/@.html").replace("%40", "@") for kind in ("systems", "submissions", "benchmarks")
        },
        "compare": places.to("compare.html"),
        "titles": {name: round_title(name) for name in context.catalog.rounds},
        "most": MOST_COMPARED,
        "single": places.single,
        "notes": {"verified": VERIFIED, "unverified": UNVERIFIED, "mixed": MIXED, "sources": sources},
    }
    return json.dumps(setup, ensure_ascii=False, separators=(",", ":"))
