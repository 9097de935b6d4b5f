"""Downloads and about: files with sizes and hashes; sources, terms, formulas and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from levelfield import __version__
from levelfield.page.markup import Markup, element
from levelfield.results.compatibility import compatibility_source
from levelfield.results.derived import Derived, efficiency, per_accelerator, per_watt, server_offline_ratio
from levelfield.results.messaging import LEGEND, MIXED, UNVERIFIED
from levelfield.results.site.frame import Page, external
from levelfield.results.site.notes import retrieval_of
from levelfield.results.site.pages.context import Context, heading
from levelfield.results.site.publication import publications
from levelfield.results.site.words import plural, round_title
from levelfield.units import format_bytes

__all__ = ["Download", "about_page", "downloads_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file that the site offers."""

    path: str
    """From the root of the site."""
    what: str
    size: int
    """In bytes."""
    sha256: str


def downloads_page(downloads: Sequence[Download], notes: Sequence[str]) -> Page:
    """``downloads.html``."""
    rows = [
        element(
            "tr",
            element("th", element("a", one.path.rpartition("/")[2], href=one.path, download=True), scope="row"),
            element("td", one.what),
            element("td", format_bytes(one.size), class_="number"),
            element("td", element("code", one.sha256, class_="hash")),
        )
        for one in downloads
    ]
    head = element(
        "tr",
        *(
            element("th", name, scope="col", class_="number" if name == "size" else None)
            for name in ("file", "what it holds", "size", "SHA-256")
        ),
    )
    table = element("table", element("caption", "Files"), element("thead", head), element("tbody", *rows))
    words = (
        "The same results in every format. What you filter in Explore can be saved there, as CSV or JSON."
        if downloads
        else "A site in one file holds no further files. Explore saves what you filter as CSV or JSON."
    )
    return Page(
        path="downloads.html",
        title="Downloads",
        main=element(
            "div",
            heading("Downloads", words),
            element("div", table, class_="scroll", role="region", aria_label="Files", tabindex="0") if rows else None,
            element("ul", *(element("li", note) for note in notes), class_="footnotes") if notes else None,
        ),
    )


def about_page(context: Context, digest: str) -> Page:
    """``about.html``."""
    return Page(
        path="about.html",
        title="About",
        main=element(
            "div",
            heading("About", "Where the results come from, what the words mean, and how derived numbers are computed."),
            element("h2", "Sources"),
            _sources(context),
            element("h2", "Verification"),
            element(
                "p", element("strong", UNVERIFIED), " stands by everything that is not known to be reviewed. ", MIXED
            ),
            element("h2", "Derived numbers"),
            element("p", "None of these is an official metric. Where one is not defined, its cell is empty."),
            _formulas(context),
            element("h2", "Comparability"),
            element(
                "p",
                "Results share an axis or a ranking only where benchmark, scenario and unit are the same and the "
                f"versions fit together by the compatibility table ({compatibility_source()}). Power is only what was "
                "measured for the same submission; ratings and estimates are never used.",
            ),
            element("h2", "This site"),
            element(
                "p",
                f"Written by levelfield {__version__}. Build {digest}. It loads nothing from elsewhere, stores nothing "
                "but the choice of theme, and works from a folder.",
            ),
            element("p", LEGEND),
        ),
    )


def _sources(context: Context) -> Markup:
    rows = []
    for name, entries in context.catalog.rounds.items():
        results = [entry.result for entry in entries]
        known = publications().get(name)
        given = sorted({(result.provenance.source, result.provenance.commit) for result in results})
        shown = "; ".join(f"{source} at {commit}" if commit else source for source, commit in given[:4])
        repository = external(known.repository) if known else "not known"
        published = element("time", known.published.isoformat()) if known else "not known"
        rows.append(
            element(
                "tr",
                element("th", round_title(name), scope="row"),
                element("td", published),
                element("td", repository),
                element("td", shown + (f" and {len(given) - 4} more" if len(given) > 4 else "")),
                element("td", retrieval_of(name, results, context.inputs).on.isoformat()),
                element("td", plural(len(results), "result")),
            )
        )
    head = ("round", "published", "repository", "read from", "retrieved", "results")
    table = element(
        "table",
        element("caption", "Rounds and their sources"),
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *rows),
    )
    return element("div", table, class_="scroll", role="region", aria_label="Rounds and their sources", tabindex="0")


def _formulas(context: Context) -> Markup:
    """Of each derived number that these results can have, in the words of the code that computes it."""
    found: dict[str, Derived] = {}
    for entry in context.catalog.entries:
        result = entry.result
        for one in (per_accelerator(result), per_watt(result), efficiency(result, result)):
            found.setdefault(f"{one.name}|{one.formula}", one)
    if context.catalog.entries:
        result = context.catalog.entries[0].result
        ratio = server_offline_ratio(result, result)
        found.setdefault(ratio.name, ratio)
    items = [element("div", element("dt", one.name), element("dd", one.formula)) for _, one in sorted(found.items())]
    return element("dl", *items, class_="reading")
