"""The official wide table of a round: a row for each system, a column for each benchmark, scenario and unit.

Columns and their order are those of the tables that MLCommons publishes (mlcommons/inference at b66003e,
``tools/submission/generate_final_report.py``): performance and power stand apart. What that tool leaves to chance is
fixed here: counts say whether they are per node or in total, and two results for one cell are both shown and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from levelfield.page.markup import Child, Markup, element, join
from levelfield.results.site.catalog import Entry
from levelfield.results.site.frame import Places, external
from levelfield.results.site.notes import score
from levelfield.results.site.words import accuracy_text, availability_words, count_of, number, plural, submitter_of

__all__ = ["wide_table"]

CATEGORIES = ("available", "preview", "rdi")
"""In the order of the published tables."""
SYSTEM = 2
"""The column that heads a row and stays in sight."""
NO_ACCELERATOR = {"-", "N/A", "n/a", "none", "None"}


def wide_table(entries: Sequence[Entry], places: Places, *, label: str, power: bool = False) -> Markup | None:
    """One table; ``None`` where no result has what it shows.

    Args:
        entries: Of one round, system type and division.
        places: For links.
        label: What it is, for its caption.
        power: Whether it shows measured power instead of performance.
    """
    shown = [entry for entry in entries if entry.result.power_value is not None] if power else list(entries)
    if not shown:
        return None
    with_model = any(entry.result.division == "open" for entry in shown)
    columns = sorted({_column(entry, power=power) for entry in shown})
    rows: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in shown:
        rows[_row(entry, with_model=with_model)].append(entry)
    ordered = sorted(rows.items())
    fixed = [
        "Submitter", "Availability", "System", "Nodes", "Processor", "p# per node", "Accelerator", "a# per node",
        "Total Accelerators", "Software", "Notes", *(["UsedModel", "Accuracy"] if with_model else []), "Details",
    ]  # fmt: skip
    body = [_cells(members, columns, places, power=power, with_model=with_model) for _, members in ordered]
    caption = f"{label}{', power' if power else ''}: {plural(len(ordered), 'system')}, {plural(len(shown), 'result')}"
    table = element(
        "table",
        element("caption", caption),
        element("thead", *_head(fixed, columns)),
        element("tbody", *body),
        class_="official",
    )
    return element("div", table, class_="scroll tall", role="region", aria_label=caption, tabindex="0")


def _row(entry: Entry, *, with_model: bool) -> tuple[str, ...]:
    """What makes a row, in the order of the published tables: category, submitter, system."""
    result = entry.result
    category = result.availability.lower()
    place = str(CATEGORIES.index(category)) if category in CATEGORIES else "9"
    used = result.model_used if with_model else ""
    system = result.system
    return (place, result.submitter.casefold(), system.id, used, system.software, entry.submission)


def _column(entry: Entry, *, power: bool) -> tuple[str, str, str]:
    result = entry.result
    return (result.benchmark, result.scenario, result.power_unit if power else result.unit)


def _head(fixed: Sequence[str], columns: Sequence[tuple[str, str, str]]) -> list[Markup]:
    """Three levels: benchmark, scenario, unit."""
    plain = [element("th", name, scope="col", rowspan=3) for name in fixed]
    models = [
        element("th", name, scope="colgroup", colspan=width, class_="group")
        for name, width in _runs(c[:1] for c in columns)
    ]
    scenarios = [
        element("th", name or "result", scope="colgroup", colspan=width, class_="group")
        for name, width in _runs(c[:2] for c in columns)
    ]
    units = [element("th", unit, scope="col", class_="number") for _, _, unit in columns]
    return [element("tr", *plain, *models), element("tr", *scenarios), element("tr", *units)]


def _runs(keys: Iterable[tuple[str, ...]]) -> list[tuple[str, int]]:
    """The last part of each key and over how many columns in a row it holds."""
    found: list[tuple[tuple[str, ...], int]] = []
    for key in keys:
        if found and found[-1][0] == key:
            found[-1] = (key, found[-1][1] + 1)
        else:
            found.append((key, 1))
    return [(key[-1], count) for key, count in found]


def _cells(
    members: Sequence[Entry], columns: Sequence[tuple[str, str, str]], places: Places, *, power: bool, with_model: bool
) -> Markup:
    first = members[0]
    result, system = first.result, first.result.system
    accelerator = "" if system.accelerator.model in NO_ACCELERATOR else system.accelerator.model
    fixed: list[Child] = [
        submitter_of(result),
        availability_words(result.availability),
        join(
            [
                places.link(f"systems/{first.system}.html", system.name or system.id),
                element("span", f" {system.id}", class_="id") if system.name not in {"", system.id} else None,
            ]
        ),
        count_of(system.nodes),
        system.host.model,
        count_of(system.host.per_node),
        accelerator,
        count_of(system.accelerator.per_node),
        count_of(system.accelerator.total),
        system.software,
        _notes(members),
    ]
    if with_model:
        fixed += [result.model_used, "; ".join(dict.fromkeys(filter(None, map(_accuracy, members))))]
    fixed.append(_details(first, places))
    by_column: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in members:
        by_column[_column(entry, power=power)].append(entry)
    cells = [element("th", c, scope="row") if n == SYSTEM else element("td", c) for n, c in enumerate(fixed)]
    cells += [element("td", _value(by_column[column], power=power), class_="number") for column in columns]
    return element("tr", *cells)


def _accuracy(entry: Entry) -> str:
    return accuracy_text(entry.result)


def _value(found: Sequence[Entry], *, power: bool) -> Markup | None:
    """The number of a cell; two for one cell are an error of the source, and both are shown."""
    if not found:
        return None
    shown = [score(e.result) if not power else element("span", number(e.result.power_value)) for e in found]
    if len(shown) == 1:
        return shown[0]
    return join([*shown, element("span", f"{len(shown)} results for one cell", class_="tag bad")])


def _notes(members: Sequence[Entry]) -> Markup | None:
    texts = list(dict.fromkeys(entry.result.notes.strip() for entry in members if entry.result.notes.strip()))
    if not texts:
        return None
    if len(" ".join(texts)) < 60:
        return element("span", " ".join(texts))
    return element("details", element("summary", "notes"), *(element("p", text) for text in texts))


def _details(entry: Entry, places: Places) -> Markup:
    submission = places.link(f"submissions/{entry.submission}.html", "submission")
    url = entry.result.provenance.url
    return join([submission, " ", external(url, "source")] if url else [submission])
