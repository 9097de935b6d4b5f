"""The rows that the page's script reads: columns, texts stated once, one file for each suite.

A data file is one call with one string, ``LF.load('…')``, which the browser parses as JSON. That works from ``file://``,
where pages may not fetch, and is several times faster to read than the same rows as program text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from levelfield.results.compatibility import model_of, round_of
from levelfield.results.derived import per_accelerator, per_watt
from levelfield.results.messaging import is_verified
from levelfield.results.model import Result
from levelfield.results.site.catalog import Entry, grouped
from levelfield.results.site.words import accuracy_text, availability_words

__all__ = ["COLUMNS", "Column", "Kind", "data_file", "data_files"]

SCHEMA = "levelfield.site-data/1"

Value = str | float | None


class Kind(StrEnum):
    """How the page treats a column."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"


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


def _text(get: Callable[[Result], str]) -> Callable[[Entry], Value]:
    return lambda entry: get(entry.result)


def _of(get: Callable[[Result], float | None]) -> Callable[[Entry], Value]:
    return lambda entry: get(entry.result)


def _comparable(entry: Entry) -> str:
    """Equal exactly where results may share an axis: what is measured, and the run of versions that fit together."""
    result, the_round = entry.result, round_of(entry.result.round)
    model, order = model_of(result), the_round.suite.versions
    run = entry.result.round
    if model and the_round.version in order:
        here = order.index(the_round.version)
        run = next(
            (f"{first}-{last}" for first, last in model.runs if order.index(first) <= here <= order.index(last)), run
        )
    name = model.name if model else result.benchmark
    variant = next((ending for ending in ("-99.9", "-99") if result.benchmark.endswith(ending)), "")
    kind = f"{result.edition}{'' if result.official else ', quick'}"
    stream = "until v1.1" if result.scenario == "MultiStream" and the_round.version in {"v0.5", "v0.7", "v1.0", "v1.1"} else ""
    return "|".join((the_round.suite.name, name + variant, result.scenario, stream, result.unit, run, kind))


COLUMNS: tuple[Column, ...] = (
    Column(key="round", label="round", kind=Kind.TEXT, get=_text(lambda r: r.round), facet=True, shown=True),
    Column(key="division", label="division", kind=Kind.TEXT, get=_text(lambda r: r.division), facet=True, shown=True),
    Column(
        key="availability", label="availability", kind=Kind.TEXT, facet=True,
        get=_text(lambda r: availability_words(r.availability)),
    ),
    Column(key="type", label="system type", kind=Kind.TEXT, get=_text(lambda r: r.system.type), facet=True),
    Column(key="submitter", label="submitter", kind=Kind.TEXT, get=_text(lambda r: r.submitter), facet=True, shown=True),
    Column(key="system", label="system", kind=Kind.TEXT, get=_text(lambda r: r.system.name or r.system.id), shown=True),
    Column(key="benchmark", label="benchmark", kind=Kind.TEXT, get=_text(lambda r: r.benchmark), facet=True, shown=True),
    Column(key="scenario", label="scenario", kind=Kind.TEXT, get=_text(lambda r: r.scenario), facet=True, shown=True),
    Column(key="value", label="result", kind=Kind.NUMBER, get=_of(lambda r: r.value), shown=True),
    Column(key="unit", label="unit", kind=Kind.TEXT, get=_text(lambda r: r.unit), facet=True, shown=True),
    Column(key="accelerator", label="accelerator", kind=Kind.TEXT, get=_text(lambda r: r.system.accelerator.model),
           facet=True, shown=True),
    Column(key="accelerators", label="accelerators, all nodes", kind=Kind.NUMBER, shown=True,
           get=_of(lambda r: r.system.accelerator.total)),
    Column(key="per_accelerator", label="per accelerator (derived)", kind=Kind.NUMBER,
           get=_of(lambda r: per_accelerator(r).value)),
    Column(key="power", label="power", kind=Kind.NUMBER, get=_of(lambda r: r.power_value), shown=True),
    Column(key="power_unit", label="power unit", kind=Kind.TEXT, get=_text(lambda r: r.power_unit), facet=True),
    Column(key="per_watt", label="per watt or joule (derived)", kind=Kind.NUMBER, get=_of(lambda r: per_watt(r).value)),
    Column(key="accuracy", label="accuracy", kind=Kind.TEXT, get=_text(accuracy_text)),
    Column(key="model", label="model used", kind=Kind.TEXT, get=_text(lambda r: r.model_used)),
    Column(key="metric", label="metric", kind=Kind.TEXT, get=_text(lambda r: r.metric)),
    Column(key="nodes", label="nodes", kind=Kind.NUMBER, get=_of(lambda r: r.system.nodes)),
    Column(key="processor", label="processor", kind=Kind.TEXT, get=_text(lambda r: r.system.host.model), facet=True),
    Column(key="processors", label="processors, all nodes", kind=Kind.NUMBER, get=_of(lambda r: r.system.host.total)),
    Column(key="software", label="software", kind=Kind.TEXT, get=_text(lambda r: r.system.software), facet=True),
    Column(key="os", label="operating system", kind=Kind.TEXT, get=_text(lambda r: r.system.operating_system)),
    Column(key="verification", label="verification", kind=Kind.TEXT, facet=True,
           get=_text(lambda r: "verified" if is_verified(r) else "unverified")),
    Column(key="inferred", label="inferred", kind=Kind.FLAG, get=_text(lambda r: "yes" if r.inferred else "no"), facet=True),
    Column(key="void", label="void by our check", kind=Kind.FLAG, facet=True,
           get=_text(lambda r: "yes" if r.void else "no")),
    Column(key="edition", label="edition", kind=Kind.TEXT, facet=True,
           get=_text(lambda r: r.edition if r.official else f"{r.edition}, quick run")),
    Column(key="findings", label="findings", kind=Kind.TEXT, get=_text(lambda r: " ".join(r.findings))),
    Column(key="weights", label="weight types", kind=Kind.TEXT, get=_text(lambda r: r.weight_types)),
    Column(key="notes", label="notes", kind=Kind.TEXT, get=_text(lambda r: r.notes)),
    Column(key="path", label="path in the source", kind=Kind.TEXT, get=_text(lambda r: r.provenance.path)),
    Column(key="better", label="better", kind=Kind.TEXT, get=_text(lambda r: r.direction.value)),
    Column(key="system_page", label="", kind=Kind.TEXT, get=lambda entry: entry.system, hidden=True),
    Column(key="submission_page", label="", kind=Kind.TEXT, get=lambda entry: entry.submission, hidden=True),
    Column(key="benchmark_page", label="", kind=Kind.TEXT, get=lambda entry: entry.benchmark, hidden=True),
    Column(key="comparable", label="", kind=Kind.TEXT, get=_comparable, hidden=True),
)  # fmt: skip


def data_files(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Name and text of the data file of each suite."""
    groups = grouped(entries, lambda entry: entry.suite)
    return [(f"data/{name}.js", data_file(members)) for name, members in groups.items()]


def data_file(entries: Sequence[Entry]) -> str:
    """Some rows as the script loads them."""
    columns = {column.key: _coded(column, [column.get(entry) for entry in entries]) for column in COLUMNS}
    document = {"schema": SCHEMA, "rows": len(entries), "columns": columns}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"LF.load('{_as_string(text)}');\n"


def _coded(column: Column, values: list[Value]) -> object:
    """Numbers as they are; texts as places in a list that states each once."""
    if column.kind is Kind.NUMBER:
        return [_number(value) for value in values]
    texts = sorted({str(value or "") for value in values})
    place = {text: number for number, text in enumerate(texts)}
    return {"texts": [_clean(text) for text in texts], "rows": [place[str(value or "")] for value in values]}


def _number(value: Value) -> object:
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
