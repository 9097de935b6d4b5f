"""A page for each official table, system, submission and benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from levelfield.page.markup import Markup, element
from levelfield.results.messaging import full_name, not_closed
from levelfield.results.model import Processors
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.frame import Page, external
from levelfield.results.site.pages.context import Context, facts, figures_of, heading, long_table, table_title
from levelfield.results.site.pages.findings import findings_table
from levelfield.results.site.views import View, drawn
from levelfield.results.site.wide import wide_table
from levelfield.results.site.words import (
    availability_words,
    division_of,
    plural,
    round_title,
    submission_title,
    submitter_of,
    suite_title,
)

__all__ = ["benchmark_page", "submission_page", "system_page", "table_page"]


def table_page(name: str, entries: Sequence[Entry], context: Context) -> Page:
    """One official table: performance, and power where it was measured."""
    title = table_title(entries, name)
    first = entries[0].result
    state = [("division", first.division), ("round", first.round)]
    state += [("type", one) for one in sorted({entry.result.system.type for entry in entries} - {""})]
    power = wide_table(entries, context.places, label=title, power=True)
    return Page(
        path=f"tables/{name}.html",
        title=title,
        wide=True,
        main=element(
            "div",
            heading(title, f"{plural(len(entries), 'result')} in the columns of the published table."),
            element("p", context.places.link("explore.html", "Filter and sort these results", state=state)),
            wide_table(entries, context.places, label=title),
            element("h2", "Power") if power else None,
            power,
            context.notes(entries),
        ),
    )


def system_page(name: str, entries: Sequence[Entry], context: Context) -> Page:
    """One system: what it is, and all its results."""
    result = entries[0].result
    system = result.system
    title = system.name or system.id
    divisions = grouped(entries, lambda entry: entry.result.division)
    submissions = [
        context.places.link(f"submissions/{some[0].submission}.html", submission_title(result.submitter, division))
        for division, some in divisions.items()
    ]
    described = facts(
        (
            ("submitter", result.submitter),
            ("round", round_title(result.round)),
            ("system type", ", ".join(sorted({entry.result.system.type for entry in entries} - {""}))),
            ("availability", availability_words(result.availability)),
            ("nodes", f"{system.nodes:,}" if system.nodes else "not stated"),
            ("processors", _processors(system.host)),
            ("accelerators", _processors(system.accelerator) or "none stated"),
            ("accelerator memory", system.accelerator_memory),
            ("interconnect", system.interconnect),
            ("software", system.software),
            ("operating system", system.operating_system),
            ("folder", element("code", system.id)),
        )
    )
    return Page(
        path=f"systems/{name}.html",
        title=f"{title}, {submitter_of(result)}",
        main=element(
            "div",
            heading(title, f"{submitter_of(result)} · {round_title(result.round)}", eyebrow="System"),
            element("p", context.places.link("compare.html", "Compare with other systems", state=[("system", name)])),
            described,
            _said("Hardware notes", [system.hardware_notes]),
            _said("Software notes", [system.software_notes]),
            _said("Notes on results", [entry.result.notes for entry in entries]),
            *(
                element(
                    "section",
                    element("h2", f"{division_of(division)}: results"),
                    long_table(some, context, label=f"{title}: results", columns=_columns(some)),
                )
                for division, some in divisions.items()
            ),
            context.notes(entries),
            _latencies(entries, title),
            element("h2", "Submissions"),
            element("ul", *(element("li", link) for link in submissions), class_="links"),
            findings_table(context.findings_of(entries), label=f"Findings about {title}"),
        ),
    )


def submission_page(name: str, entries: Sequence[Entry], context: Context) -> Page:
    """All results of one submitter in one division of a round."""
    result = entries[0].result
    title = submission_title(result.submitter, result.division)
    open_notes = sorted({(e.result.benchmark, not_closed(e.result)) for e in entries if e.result.division == "open"})
    places = sorted({entry.result.provenance.url for entry in entries} - {""})
    paths = sorted({(entry.result.provenance.source, entry.result.provenance.commit) for entry in entries})
    sources = [element("li", source, f" at {commit}" if commit else None) for source, commit in paths]
    return Page(
        path=f"submissions/{name}.html",
        title=f"{title}, {round_title(result.round)}",
        main=element(
            "div",
            heading(title, round_title(result.round), eyebrow="Submission" if result.submitter else None),
            long_table(entries, context, label=f"{title}: results", columns=("system", "accelerators", "model used")),
            context.notes(entries),
            element("h2", "What keeps these results from the closed division") if open_notes else None,
            element(
                "dl", *(element("div", element("dt", a), element("dd", b)) for a, b in open_notes), class_="reading"
            )
            if open_notes
            else None,
            element("h2", "Sources"),
            element("ul", *sources, *(element("li", external(url)) for url in places[:50]), class_="links"),
            findings_table(context.findings_of(entries), label=f"Findings about {title}"),
        ),
    )


def benchmark_page(name: str, entries: Sequence[Entry], context: Context) -> Page:
    """One benchmark in all its rounds: every view that it has, and all results."""
    result = entries[0].result
    suite = suite_title(entries[0].suite)
    sections = []
    for view, words in _VIEWS:
        figures = figures_of(shown.figure.markup() for shown in drawn(view, entries, context.drawing))
        if figures:
            sections += [element("h2", words, id=context.places.identifier(view)), figures]
    rounds = sorted({entry.result.round for entry in entries})
    return Page(
        path=f"benchmarks/{name}.html",
        title=f"{result.benchmark}, {suite}",
        main=element(
            "div",
            heading(result.benchmark, _names(entries), eyebrow="Benchmark"),
            element(
                "p",
                context.places.link(
                    "explore.html",
                    f"Explore {plural(len(entries), 'result')}",
                    state=[("benchmark", result.benchmark), *(("round", one) for one in rounds)],
                ),
            ),
            *sections,
            element("h2", "All results"),
            long_table(
                entries,
                context,
                label=f"{result.benchmark}: all results",
                columns=("round", "division", "submitter", "system", "accelerators", "model used"),
            ),
            context.notes(entries),
        ),
    )


_VIEWS = (
    (View.DISTRIBUTION, "Distribution"),
    (View.PARETO, "Performance against power"),
    (View.SCALING, "Scaling with accelerators"),
    (View.RATIO, "Server to Offline"),
    (View.ROUNDS, "Across rounds"),
)


def _names(entries: Sequence[Entry]) -> str:
    """The full names, which carry suite, version and division."""
    found = sorted({full_name(entry.result).removesuffix(f" {entry.result.scenario}") for entry in entries})
    return "; ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")


def _columns(entries: Sequence[Entry]) -> tuple[str, ...]:
    return ("model used",) if any(e.result.model_used != e.result.benchmark for e in entries) else ()


def _processors(some: Processors) -> str:
    if not some.model and not some.total:
        return ""
    per_node = "" if some.per_node is None else f", {some.per_node:,} per node"
    return f"{some.total if some.total is not None else '?'} x {some.model or 'not named'}{per_node}"


def _said(title: str, texts: Sequence[str]) -> Markup | None:
    """What the submitter wrote, once each."""
    shown = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not shown:
        return None
    return element("section", element("h2", title), *(element("p", text, class_="said") for text in shown))


def _latencies(entries: Sequence[Entry], title: str) -> Markup | None:
    """Percentiles that the logs state."""
    some = [entry.result for entry in entries if entry.result.latencies_ns]
    if not some:
        return None
    labels = list(dict.fromkeys(label for result in some for label, _ in result.latencies_ns))
    rows = []
    for result in some:
        known = dict(result.latencies_ns)
        cells = [element("td", _ms(known.get(label)), class_="number") for label in labels]
        rows.append(element("tr", element("th", f"{result.benchmark} {result.scenario}", scope="row"), *cells))
    head = element("tr", *(element("th", name, scope="col") for name in ("", *(f"p{label}" for label in labels))))
    label = f"{title}: latency percentiles, ms"
    table = element("table", element("caption", label), element("thead", head), element("tbody", *rows))
    return element(
        "section",
        element("h2", "Latency percentiles"),
        element("div", table, class_="scroll", role="region", aria_label=label, tabindex="0"),
    )


def _ms(nanoseconds: int | None) -> str:
    return "" if nanoseconds is None else f"{nanoseconds / 1e6:,.3f}"
