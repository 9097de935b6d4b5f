"""What checks found, by weight, code and place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from levelfield.page.markup import Child, Markup, element, join
from levelfield.results.site.frame import Page
from levelfield.results.site.inputs import SiteFinding
from levelfield.results.site.pages.context import Context, heading
from levelfield.results.site.words import plural

__all__ = ["findings_page", "findings_table"]

WEIGHTS = ("void", "error", "warning", "note")
PLURALS = {"void": "void", "error": "errors", "warning": "warnings", "note": "notes"}
MOST = 2000
"""Findings on one page; further ones are counted, and are in the report of the check."""
LOOKS = {"void": "bad", "error": "bad", "warning": "warn"}


def findings_page(context: Context) -> Page:
    """``findings.html``: the codes with what they mean, and every finding."""
    found = sorted(context.inputs.findings, key=_order)
    counted = Counter(one.severity for one in found)
    lead = (
        ", ".join(plural(counted[one], one, PLURALS[one]) for one in WEIGHTS if counted[one])
        or "No check report was given for these results. Codes that the results carry themselves are listed beneath."
    )
    main = element(
        "div",
        heading("Findings", lead),
        _codes(found) if found else _own_codes(context),
        findings_table(found, label="All findings"),
    )
    return Page(path="findings.html", title="Findings", main=main)


def findings_table(found: Sequence[SiteFinding], *, label: str) -> Markup | None:
    """Findings with their places; ``None`` where there are none."""
    if not found:
        return None
    rows = []
    for one in sorted(found, key=_order)[:MOST]:
        place = f"{one.path}:{one.line}" if one.line else one.path
        rows.append(
            element(
                "tr",
                element("th", one.code, scope="row"),
                element("td", _tag(one.severity)),
                element("td", element("code", place)),
                element("td", one.found),
                element("td", one.expected),
                element("td", one.fix),
            )
        )
    left = len(found) - len(rows)
    head = ("code", "weight", "place", "found", "expected", "next step")
    table = element(
        "table",
        element("caption", f"{label}: {len(found):,}"),
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *rows),
        class_="findings",
    )
    return join(
        [
            element("h2", label),
            element("div", table, class_="scroll", role="region", aria_label=label, tabindex="0"),
            element("p", f"{plural(left, 'finding')} more are in the report of the check.", class_="muted")
            if left
            else None,
        ]
    )


def _codes(found: Sequence[SiteFinding]) -> Markup:
    titles = {one.code: (one.severity, one.title) for one in reversed(found)}
    counted = Counter(one.code for one in found)
    rows: list[Child] = []
    for code, (severity, title) in sorted(titles.items()):
        cells = (element("td", _tag(severity)), element("td", title))
        count = element("td", f"{counted[code]:,}", class_="number")
        rows.append(element("tr", element("th", code, scope="row"), *cells, count))
    names = ("code", "weight", "what it looks at", "found")
    head = element(
        "tr", *(element("th", name, scope="col", class_="number" if name == "found" else None) for name in names)
    )
    table = element("table", element("caption", "Codes"), element("thead", head), element("tbody", *rows))
    return element("div", table, class_="scroll", role="region", aria_label="Codes", tabindex="0")


def _own_codes(context: Context) -> Markup | None:
    counted = Counter(code for entry in context.catalog.entries for code in entry.result.findings)
    if not counted:
        return element("p", "No result carries a finding.", class_="muted")
    rows = [
        element("tr", element("th", code, scope="row"), element("td", f"{count:,}", class_="number"))
        for code, count in sorted(counted.items())
    ]
    head = element("tr", element("th", "code", scope="col"), element("th", "results", scope="col", class_="number"))
    table = element("table", element("caption", "Codes"), element("thead", head), element("tbody", *rows))
    return element("div", table, class_="scroll", role="region", aria_label="Codes", tabindex="0")


def _tag(severity: str) -> Markup:
    return element("span", severity, class_=f"tag {LOOKS.get(severity, 'plain')}")


def _order(one: SiteFinding) -> tuple[object, ...]:
    weight = WEIGHTS.index(one.severity) if one.severity in WEIGHTS else len(WEIGHTS)
    return (weight, one.code, one.round, one.path, one.line, one.found)
