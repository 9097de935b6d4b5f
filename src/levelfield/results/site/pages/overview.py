"""The first page: what is here, the rounds with their tables, and how to read the numbers."""

from __future__ import annotations

from levelfield.page.markup import Markup, element
from levelfield.results.messaging import UNVERIFIED_MARK, is_verified
from levelfield.results.site.catalog import Entry
from levelfield.results.site.frame import Page
from levelfield.results.site.pages.context import Context, heading, table_title
from levelfield.results.site.publication import publications, soon_after
from levelfield.results.site.words import plural, round_title, submission_title

__all__ = ["not_found", "overview", "tables"]


def overview(context: Context) -> Page:
    """``index.html``."""
    catalog, places = context.catalog, context.places
    results = [entry.result for entry in catalog.entries]
    powered = sum(result.power_value is not None for result in results)
    counts = (
        (plural(len(results), "result"), "explore.html", ""),
        (plural(len(catalog.systems), "system"), "compare.html", ""),
        (plural(len({result.submitter for result in results} - {""}), "submitter"), "tables.html", ""),
        (plural(len(catalog.benchmarks), "benchmark"), "distribution.html", ""),
        (f"{powered:,} with power", "pareto.html", ""),
    )
    tiles = [element("li", places.link(path, *_split(text))) for text, path, _ in counts]
    lead = "Every result with its system, its marks and its source: in tables, plots and side by side."
    return Page(
        path="index.html",
        title="Overview",
        main=element(
            "div",
            heading(context.inputs.title, lead),
            _early(context),
            element("ul", *tiles, class_="tiles"),
            element("h2", "Rounds"),
            element("div", *(_round(name, some, context) for name, some in catalog.rounds.items()), class_="cards"),
            element("h2", "Benchmarks"),
            _benchmarks(context),
            element("h2", "How to read the numbers"),
            _reading(),
        ),
    )


def _split(text: str) -> tuple[Markup, str]:
    count, _, word = text.partition(" ")
    return element("strong", count), f" {word}"


def _early(context: Context) -> Markup | None:
    early = soon_after(context.catalog.rounds, context.inputs.retrieved)
    if not early:
        return None
    text = f"Published less than two weeks ago: {', '.join(early)}. Until then only submitters may compare its results."
    return element("p", text, class_="caution", role="note")


def _round(name: str, entries: tuple[Entry, ...], context: Context) -> Markup:
    known = publications().get(name)
    systems = len({entry.system for entry in entries})
    unverified = sum(not is_verified(entry.result) for entry in entries)
    date = known.published.isoformat() if known else ""
    said = ("Published ", element("time", date, datetime=date), ".") if known else ("Not known to be published.",)
    links = [
        element("li", context.places.link(f"tables/{table}.html", _short(table_title(some, table), name)))
        for table, some in context.catalog.tables.items()
        if some[0].result.round == name
    ]
    return element(
        "section",
        element("h3", round_title(name)),
        element("p", f"{plural(len(entries), 'result')}, {plural(systems, 'system')}. ", *said, class_="muted"),
        element("p", f"{plural(unverified, 'result')} {UNVERIFIED_MARK}.", class_="muted") if unverified else None,
        element("ul", *links, class_="links"),
        class_="card",
    )


def _short(title: str, round_name: str) -> str:
    return title.removeprefix(round_title(round_name)).strip() or title


def _benchmarks(context: Context) -> Markup:
    items = []
    for name, entries in context.catalog.benchmarks.items():
        label = entries[0].result.benchmark
        link = context.places.link(f"benchmarks/{name}.html", label)
        items.append(element("li", link, element("span", f" {entries[0].suite}, {len(entries):,}", class_="muted")))
    return element("ul", *items, class_="columns")


READING = """\
Closed, open, network | Closed results follow the reference model and are meant to be compared. Open ones may change \
the model; what they used stands in their table.
Verified and unverified | Verified results went through the review of their round. Everything else carries the word \
unverified next to its number.
≈ inferred | Computed from the log of another scenario, as the rules allow; never on a front or best of a round.
(derived) | Computed here from official numbers, such as per accelerator or per watt. Not an official metric; the \
formula stands beneath.
✗ void | Our own check of the logs refuses the result; the finding says why. The published verdict may differ.
Systems differ | In accelerators, nodes, availability and software. Compare names every difference."""
"""What the words and signs mean, a line each."""


def _reading() -> Markup:
    items = [line.split(" | ") for line in READING.splitlines()]
    return element("dl", *(element("div", element("dt", a), element("dd", b)) for a, b in items), class_="reading")


def tables(context: Context) -> Page:
    """``tables.html``: the official tables and the submissions, listed."""
    rounds = []
    for name in context.catalog.rounds:
        official = [
            element(
                "li",
                context.places.link(f"tables/{table}.html", table_title(some, table)),
                element("span", f" {plural(len(some), 'result')}", class_="muted"),
            )
            for table, some in context.catalog.tables.items()
            if some[0].result.round == name
        ]
        submissions = [
            element(
                "li",
                context.places.link(
                    f"submissions/{slug}.html",
                    submission_title(some[0].result.submitter, some[0].result.division),
                ),
                element("span", f" {plural(len(some), 'result')}", class_="muted"),
            )
            for slug, some in context.catalog.submissions.items()
            if some[0].result.round == name
        ]
        rounds.append(
            element(
                "section",
                element("h2", round_title(name)),
                element("ul", *official, class_="links"),
                element("h3", "Submissions"),
                element("ul", *submissions, class_="columns"),
            )
        )
    lead = "A table for each round, system type and division, with the columns of the published ones."
    return Page(path="tables.html", title="Tables", main=element("div", heading("Tables", lead), *rounds))


def not_found(context: Context) -> Page:
    """``404.html``: for servers; its links hold from the root of the site only."""
    return Page(
        path="404.html",
        title="Not found",
        main=element(
            "div",
            heading("There is no such page", "It may belong to a round that this site does not hold."),
            element("p", context.places.link("index.html", "To the overview")),
        ),
    )
