"""The long table: every field of a result as a named column, in one order, for the store and for all exports.

Cells are texts, numbers, truth values or nothing; what has parts of its own (accuracy by metric, percentiles, findings)
is JSON text, so that a row is the same in SQLite, CSV and Parquet. :func:`result_of` reads a row back.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeGuard, TypeVar

from levelfield.errors import InputError
from levelfield.results.compatibility import round_of
from levelfield.results.messaging import footnote_codes
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification

__all__ = ["LONG", "Cell", "Column", "Kind", "digest_of", "result_id", "result_of", "row_of"]

Cell: TypeAlias = str | int | float | bool | None
Choice = TypeVar("Choice", bound=StrEnum)
Instead = TypeVar("Instead")


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    JSON = "json"
    """The text of a JSON array or object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the long table."""

    name: str
    kind: Kind
    about: str
    """What it holds, with its unit."""
    value: Callable[[Result], Cell]


def digest_of(*parts: str) -> int:
    """63 bits that stand for texts in an order: a key of a table that does not depend on what else is in it."""
    text = "\0".join(parts).encode(errors="backslashreplace")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def result_id(result: Result) -> str:
    """What a result is called in links and exports: the same wherever it was imported from. Not an official ID."""
    return f"{digest_of(*result.key):016x}"


def row_of(result: Result) -> dict[str, Cell]:
    """A result as a row of the long table."""
    return {column.name: column.value(result) for column in LONG}


def _column(name: str, kind: Kind, about: str, value: Callable[[Result], Cell]) -> Column:
    return Column(name=name, kind=kind, about=about, value=value)


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


LONG: tuple[Column, ...] = (
    _column("result_id", Kind.TEXT, "of levelfield, not the official one", result_id),
    _column("round", Kind.TEXT, "suite and version", lambda r: r.round),
    _column("suite", Kind.TEXT, "", lambda r: round_of(r.round).suite.name),
    _column("version", Kind.TEXT, "of the suite", lambda r: round_of(r.round).version),
    _column("division", Kind.TEXT, "closed, open or network", lambda r: r.division),
    _column("availability", Kind.TEXT, "category: available, preview or rdi", lambda r: r.availability),
    _column("system_type", Kind.TEXT, "datacenter, edge or both", lambda r: r.system.type),
    _column("submitter", Kind.TEXT, "", lambda r: r.submitter),
    _column("system_name", Kind.TEXT, "system under test", lambda r: r.system.name),
    _column("system_id", Kind.TEXT, "the folder of the system", lambda r: r.system.id),
    _column("nodes", Kind.INTEGER, "", lambda r: r.system.nodes),
    _column("processor", Kind.TEXT, "", lambda r: r.system.host.model),
    _column("processors_per_node", Kind.INTEGER, "", lambda r: r.system.host.per_node),
    _column("processors_total", Kind.INTEGER, "in all nodes", lambda r: r.system.host.total),
    _column("accelerator", Kind.TEXT, "", lambda r: r.system.accelerator.model),
    _column("accelerators_per_node", Kind.INTEGER, "", lambda r: r.system.accelerator.per_node),
    _column("accelerators_total", Kind.INTEGER, "in all nodes", lambda r: r.system.accelerator.total),
    _column("accelerator_memory", Kind.TEXT, "", lambda r: r.system.accelerator_memory),
    _column("interconnect", Kind.TEXT, "", lambda r: r.system.interconnect),
    _column("software", Kind.TEXT, "", lambda r: r.system.software),
    _column("operating_system", Kind.TEXT, "", lambda r: r.system.operating_system),
    _column("hardware_notes", Kind.TEXT, "", lambda r: r.system.hardware_notes),
    _column("software_notes", Kind.TEXT, "", lambda r: r.system.software_notes),
    _column("benchmark", Kind.TEXT, "as the round names it", lambda r: r.benchmark),
    _column("model_used", Kind.TEXT, "the folder's name", lambda r: r.model_used),
    _column("scenario", Kind.TEXT, "", lambda r: r.scenario),
    _column("metric", Kind.TEXT, "what value measures", lambda r: r.metric),
    _column("unit", Kind.TEXT, "of value", lambda r: r.unit),
    _column("direction", Kind.TEXT, "which way is better: higher or lower", lambda r: r.direction.value),
    _column("value", Kind.NUMBER, "in unit", lambda r: r.value),
    _column("accuracy", Kind.JSON, "object: achieved accuracy by metric", lambda r: _json(dict(r.accuracy))),
    _column("accuracy_target", Kind.NUMBER, "least accuracy of the first metric", lambda r: r.accuracy_target),
    _column("latencies_ns", Kind.JSON, "object: ns by percentile", lambda r: _json(dict(r.latencies_ns))),
    _column("power_value", Kind.NUMBER, "in power_unit", lambda r: r.power_value),
    _column("power_unit", Kind.TEXT, "Watts or Joules", lambda r: r.power_unit),
    _column("inferred", Kind.BOOLEAN, "computed from another scenario's log", lambda r: r.inferred),
    _column("verification", Kind.TEXT, "verified, unverified or unknown", lambda r: r.verification.value),
    _column("compliant", Kind.BOOLEAN, "all required audits hold", lambda r: r.compliant),
    _column("void", Kind.BOOLEAN, "our check refuses it", lambda r: r.void),
    _column("findings", Kind.JSON, "array: codes of the check", lambda r: _json(r.findings)),
    _column("run_minutes", Kind.JSON, "array: minutes of each run (training)", lambda r: _json(r.run_minutes)),
    _column("weight_types", Kind.TEXT, "", lambda r: r.weight_types),
    _column("notes", Kind.TEXT, "", lambda r: r.notes),
    _column("edition", Kind.TEXT, "full or mini", lambda r: r.edition),
    _column("official", Kind.BOOLEAN, "full durations and counts", lambda r: r.official),
    _column("footnotes", Kind.TEXT, "codes of the notes that belong to it", lambda r: " ".join(footnote_codes(r))),
    _column("source", Kind.TEXT, "what it was read from", lambda r: r.provenance.source),
    _column("source_commit", Kind.TEXT, "", lambda r: r.provenance.commit),
    _column("source_path", Kind.TEXT, "its folder in the source", lambda r: r.provenance.path),
    _column("sha256", Kind.TEXT, "of the file that holds the number", lambda r: r.provenance.sha256),
    _column("url", Kind.TEXT, "public address of its folder", lambda r: r.provenance.url),
)
"""The columns in their order."""
_DERIVED = {"result_id", "suite", "version", "footnotes"}
"""They follow from the others, and are not read back."""


def result_of(row: Mapping[str, object], *, place: str = "row") -> Result:
    """The result that a row of the long table holds.

    Args:
        row: Cells by column; more columns than the long table has are passed over. JSON may be given as objects.
        place: Where the row is from, for the error.

    Raises:
        InputError: Columns are missing or hold something else; every one is named.
    """
    cells = _Cells(row)
    system = System(
        id=cells.text("system_id"),
        name=cells.text("system_name"),
        type=cells.text("system_type"),
        nodes=cells.count("nodes"),
        host=cells.processors("processor", "processors"),
        accelerator=cells.processors("accelerator", "accelerators"),
        accelerator_memory=cells.text("accelerator_memory"),
        interconnect=cells.text("interconnect"),
        software=cells.text("software"),
        operating_system=cells.text("operating_system"),
        hardware_notes=cells.text("hardware_notes"),
        software_notes=cells.text("software_notes"),
    )
    result = Result(
        round=cells.text("round"),
        division=cells.text("division"),
        availability=cells.text("availability"),
        submitter=cells.text("submitter"),
        system=system,
        benchmark=cells.text("benchmark"),
        model_used=cells.text("model_used"),
        scenario=cells.text("scenario"),
        metric=cells.text("metric"),
        value=cells.number("value") or 0.0,
        unit=cells.text("unit"),
        direction=cells.choice("direction", Direction, Direction.HIGHER),
        accuracy=tuple((name, float(value)) for name, value in cells.pairs("accuracy")),
        accuracy_target=cells.number("accuracy_target", needed=False),
        latencies_ns=tuple((name, int(value)) for name, value in cells.pairs("latencies_ns")),
        power_value=cells.number("power_value", needed=False),
        power_unit=cells.text("power_unit"),
        inferred=cells.truth("inferred") is True,
        verification=cells.choice("verification", Verification, Verification.UNKNOWN),
        compliant=cells.truth("compliant", needed=False),
        void=cells.truth("void") is True,
        findings=tuple(str(code) for code in cells.items("findings", str)),
        run_minutes=tuple(float(str(value)) for value in cells.items("run_minutes", float)),
        weight_types=cells.text("weight_types"),
        notes=cells.text("notes"),
        edition=cells.text("edition"),
        official=cells.truth("official") is True,
        provenance=Provenance(
            source=cells.text("source"),
            commit=cells.text("source_commit"),
            path=cells.text("source_path"),
            sha256=cells.text("sha256"),
            url=cells.text("url"),
        ),
    )
    if cells.problems:
        raise InputError(f"{place} is not a row of the long table of results.", problems=cells.problems)
    return result


class _Cells:
    """Typed cells of one row; what is wrong is collected."""

    def __init__(self, row: Mapping[str, object]) -> None:
        self._row = row
        self.problems = [
            f"{column.name}: missing." for column in LONG if column.name not in row and column.name not in _DERIVED
        ]

    def text(self, name: str) -> str:
        value = self._row.get(name, "")
        return value if isinstance(value, str) else self._wrong(name, "text", "")

    def number(self, name: str, *, needed: bool = True) -> float | None:
        value = self._row.get(name)
        if value is None and (not needed or name not in self._row):
            return None
        if _is_number(value):
            return float(value)
        return self._wrong(name, "a finite number", None)

    def count(self, name: str) -> int | None:
        value = self._row.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        return self._wrong(name, "a whole number or nothing", None)

    def truth(self, name: str, *, needed: bool = True) -> bool | None:
        value = self._row.get(name)
        if value is None and (not needed or name not in self._row):
            return None
        if isinstance(value, int) and value in {0, 1}:  # SQLite has no truth values of its own
            return bool(value)
        return self._wrong(name, "true or false", None)

    def choice(self, name: str, choices: type[Choice], default: Choice) -> Choice:
        value = self._row.get(name, default.value)
        try:
            return choices(str(value))
        except ValueError:
            return self._wrong(name, f"one of {', '.join(choices)}", default)

    def processors(self, model: str, counts: str) -> Processors:
        return Processors(
            model=self.text(model), per_node=self.count(f"{counts}_per_node"), total=self.count(f"{counts}_total")
        )

    def pairs(self, name: str) -> list[tuple[str, float]]:
        value = self._parsed(name, {})
        if isinstance(value, dict) and all(_is_number(number) for number in value.values()):
            return [(str(key), number) for key, number in value.items()]
        return self._wrong(name, "an object of numbers", [])

    def items(self, name: str, kind: type[str | float]) -> list[object]:
        value = self._parsed(name, [])
        if isinstance(value, list) and all(
            isinstance(item, str) if kind is str else _is_number(item) for item in value
        ):
            return value
        return self._wrong(name, "an array of texts" if kind is str else "an array of numbers", [])

    def _parsed(self, name: str, default: object) -> object:
        value = self._row.get(name, default)
        if not isinstance(value, str):
            return list(value) if isinstance(value, tuple) else value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None

    def _wrong(self, name: str, expected: str, instead: Instead) -> Instead:
        shown = repr(self._row[name])
        shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
        self.problems.append(f"{name}: found {shown}, expected {expected}.")
        return instead


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number that a float can hold; JSON knows others."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
