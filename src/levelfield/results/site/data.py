"""The rows that the page's script reads: columns, texts stated once, one file for each suite.

A data file is one call with one string, ``LF.load('…')``, which the browser parses as JSON. That works from ``file://``,
where pages may not fetch, and is several times faster to read than the same rows as program text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from levelfield.results.derived import per_accelerator, per_watt
from levelfield.results.messaging import UNVERIFIED_MARK, is_verified
from levelfield.results.model import Result
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.comparable import comparable_sets
from levelfield.results.site.words import accuracy_text, availability_words, edition_words

__all__ = ["COLUMNS", "COMPARABLE", "Column", "Kind", "data_file", "data_files"]

SCHEMA = "levelfield.site-data/1"

Value = str | float | None


class Kind(StrEnum):
    """How the page treats a column."""

    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the long table on the site."""

    key: str
    label: str
    kind: Kind
    get: Callable[[Entry], Value]
    facet: bool = False
    """Whether it is offered as a filter by value."""
    shown: bool = False
    """Whether the table shows it before anything is chosen."""
    hidden: bool = False
    """For links and checks; neither shown nor offered."""


def _text(key: str, label: str, get: Callable[[Result], str], *, facet: bool = False, shown: bool = False) -> Column:
    return Column(key=key, label=label, kind=Kind.TEXT, get=lambda e: get(e.result), facet=facet, shown=shown)


def _number(key: str, label: str, get: Callable[[Result], float | None], *, shown: bool = False) -> Column:
    return Column(key=key, label=label, kind=Kind.NUMBER, get=lambda e: get(e.result), shown=shown)


def _place(key: str, get: Callable[[Entry], str]) -> Column:
    return Column(key=key, label="", kind=Kind.TEXT, get=get, hidden=True)


COLUMNS: tuple[Column, ...] = (
    _text("system", "system", lambda r: r.system.name or r.system.id, shown=True),
    _text("submitter", "submitter", lambda r: r.submitter, facet=True, shown=True),
    _text("benchmark", "benchmark", lambda r: r.benchmark, facet=True, shown=True),
    _text("scenario", "scenario", lambda r: r.scenario, facet=True, shown=True),
    _number("value", "result", lambda r: r.value, shown=True),
    _text("unit", "unit", lambda r: r.unit, facet=True, shown=True),
    _text("accelerator", "accelerator", lambda r: r.system.accelerator.model, facet=True, shown=True),
    _number("accelerators", "accelerators, all nodes", lambda r: r.system.accelerator.total, shown=True),
    _number("power", "power", lambda r: r.power_value, shown=True),
    _text("power_unit", "power unit", lambda r: r.power_unit, facet=True, shown=True),
    _text("division", "division", lambda r: r.division, facet=True, shown=True),
    _text("round", "round", lambda r: r.round, facet=True, shown=True),
    _text("availability", "availability", lambda r: availability_words(r.availability), facet=True),
    _text("type", "system type", lambda r: r.system.type, facet=True),
    _number("per_accelerator", "per accelerator (derived)", lambda r: per_accelerator(r).value),
    _number("per_watt", "per watt or joule (derived)", lambda r: per_watt(r).value),
    _text("accuracy", "accuracy", accuracy_text),
    _text("model", "model used", lambda r: r.model_used),
    _text("metric", "metric", lambda r: r.metric),
    _number("nodes", "nodes", lambda r: r.system.nodes),
    _text("processor", "processor", lambda r: r.system.host.model, facet=True),
    _number("processors", "processors, all nodes", lambda r: r.system.host.total),
    _text("software", "software", lambda r: r.system.software, facet=True),
    _text("os", "operating system", lambda r: r.system.operating_system),
    _text("verification", "verification", lambda r: "verified" if is_verified(r) else UNVERIFIED_MARK, facet=True),
    _text("inferred", "inferred", lambda r: "yes" if r.inferred else "no", facet=True),
    _text("void", "void by our check", lambda r: "yes" if r.void else "no", facet=True),
    _text("edition", "edition", lambda r: ", ".join(edition_words(r)) or "full", facet=True),
    _text("findings", "findings", lambda r: " ".join(r.findings)),
    _text("weights", "weight types", lambda r: r.weight_types),
    _text("notes", "notes", lambda r: r.notes),
    _text("path", "path in the source", lambda r: r.provenance.path),
    _text("better", "better", lambda r: r.direction.value),
    _place("system_page", lambda entry: entry.system),
    _place("submission_page", lambda entry: entry.submission),
    _place("benchmark_page", lambda entry: entry.benchmark),
)
COMPARABLE = Column(key="comparable", label="", kind=Kind.TEXT, get=lambda _: "", hidden=True)
"""The set of results that one may be compared with; it depends on all of them, and is filled in for all at once."""


def data_files(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Name and text of the data file of each suite."""
    sets = comparable_sets(entries)
    groups = grouped(entries, lambda entry: entry.suite)
    return [(f"data/{name}.js", data_file(members, sets)) for name, members in groups.items()]


def data_file(entries: Sequence[Entry], sets: Mapping[int, str]) -> str:
    """Some rows as the script loads them.

    Args:
        entries: The rows.
        sets: The set of comparable results that each belongs to, by its number.
    """
    columns = {column.key: _coded(column, [column.get(entry) for entry in entries]) for column in COLUMNS}
    columns[COMPARABLE.key] = _coded(COMPARABLE, [sets[entry.number] for entry in entries])
    document = {"schema": SCHEMA, "rows": len(entries), "columns": columns}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"LF.load('{_as_string(text)}');\n"


def _coded(column: Column, values: list[Value]) -> object:
    """Numbers as they are; texts as places in a list that states each once."""
    if column.kind is Kind.NUMBER:
        return [_finite(value) for value in values]
    texts = sorted({str(value or "") for value in values})
    place = {text: number for number, text in enumerate(texts)}
    return {"texts": [_clean(text) for text in texts], "rows": [place[str(value or "")] for value in values]}


def _finite(value: Value) -> object:
    """JSON has no NaN and no infinity; they travel as texts and are shown as such."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _clean(text: str) -> str:
    """A lone surrogate, from a name that is not UTF-8, as its escape."""
    return text.encode(errors="backslashreplace").decode()


def _as_string(text: str) -> str:
    """JSON as a string of the script, in quotes, that can neither end the script nor break a line."""
    for what, escape in _ESCAPES:
        text = text.replace(what, escape)
    return text


_ESCAPES: Iterable[tuple[str, str]] = (
    ("\\", "\\\\"),
    ("'", "\\'"),
    ("<", "\\x3c"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)
