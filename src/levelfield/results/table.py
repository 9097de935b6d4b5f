"""Tables as values: the long one (a row for each result), and the wide one of a round's spreadsheets.

The wide table has a row for each system and a column for each benchmark, scenario and unit, as the official tool lays
them out (mlcommons/inference at b66003e1, ``tools/submission/generate_final_report.py``), with what readers asked for
beside it: totals and counts per node are named, power stands next to performance and is joined by key, not by its
neighbours, and two results for one cell are an error and no average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from levelfield.errors import InputError
from levelfield.results.columns import LONG, Cell, row_of
from levelfield.results.compatibility import round_of
from levelfield.results.messaging import ID_NOT_ASSIGNED, Footnote, Retrieval, footnotes, mark
from levelfield.results.model import Result
from levelfield.results.query import folded, sort

__all__ = ["LongTable", "Measured", "WideCell", "WideRow", "WideTable", "long_table", "wide_tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTable:
    """Results with all their fields."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footnotes: tuple[Footnote, ...]


def long_table(results: Sequence[Result], *, retrieved: Mapping[str, Retrieval] | None = None) -> LongTable:
    """The long table, in natural order.

    Args:
        results: In any order.
        retrieved: Where and when they were retrieved, by round.
    """
    ordered = sort(results)
    return LongTable(
        columns=tuple(column.name for column in LONG),
        rows=tuple(tuple(row_of(result).values()) for result in ordered),
        footnotes=footnotes(ordered, retrieved=retrieved),
    )


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Measured:
    """The heading of a column of numbers: three levels."""

    benchmark: str
    scenario: str
    unit: str

    @property
    def title(self) -> str:
        """The levels in one line; a metric that names its unit says it once."""
        unit = "" if self.unit.lower() in self.scenario.lower() else self.unit
        return " ".join(part for part in (self.benchmark, self.scenario, unit) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class WideCell:
    """A number as it was given, and what stands beside it."""

    value: float
    unit: str
    marks: tuple[str, ...]
    """``≈`` for inferred, ``unverified``."""
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class WideRow:
    """A system: its description, and its numbers by column."""

    head: tuple[str, ...]
    """Texts for :attr:`WideTable.head`."""
    cells: tuple[WideCell | None, ...]
    """For :attr:`WideTable.measured`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WideTable:
    """One sheet: a round, a system type and a division."""

    round: str
    system_type: str
    division: str
    head: tuple[str, ...]
    measured: tuple[Measured, ...]
    rows: tuple[WideRow, ...]
    left_out: int
    """Results that are no part of it: void ones, and those of own mini editions or quick runs."""
    footnotes: tuple[Footnote, ...]

    @property
    def name(self) -> str:
        """For a file: ``inference-v2.0-edge-closed``."""
        parts = (self.round, self.system_type.replace(",", "+"), self.division)
        return "-".join(part for part in parts if part)


def wide_tables(
    results: Sequence[Result], *, retrieved: Mapping[str, Retrieval] | None = None
) -> tuple[WideTable, ...]:
    """The sheets of these results: one for each round, system type and division, in that order.

    A system of both types is in the sheets of both, as in the spreadsheets.

    Raises:
        InputError: Two results claim one cell; all such pairs are listed with both places.
    """
    sheets: dict[tuple[str, str, str], list[Result]] = {}
    for result in sort(results):
        for system_type in _types(result):
            sheets.setdefault((result.round, system_type, result.division), []).append(result)
    problems: list[str] = []
    tables = [_wide(key, sheets[key], retrieved, problems) for key in sorted(sheets)]
    if problems:
        raise InputError(
            "Two results claim the same place in a table.",
            problems=dict.fromkeys(problems),
            hint="Import each submission once, or take one of the two out of the selection.",
        )
    return tuple(tables)


def _wide(
    key: tuple[str, str, str],
    results: Sequence[Result],
    retrieved: Mapping[str, Retrieval] | None,
    problems: list[str],
) -> WideTable:
    shown = [result for result in results if not result.void and result.edition == "full" and result.official]
    head = _OPEN_HEAD if key[2] == "open" else _HEAD
    measured = tuple(sorted({column for result in shown for column, _ in _numbers(result)}, key=_place))
    rows: dict[tuple[str, ...], dict[Measured, WideCell]] = {}
    for result in shown:
        row = rows.setdefault((*(text(result) for _, text in head), result.system.id), {})
        for column, value in _numbers(result):
            if column in row:
                other = row[column].result.provenance
                problems.append(
                    f"{column.title} of {result.system.id}: {other.source}:{other.path} and "
                    f"{result.provenance.source}:{result.provenance.path}."
                )
                continue
            row[column] = WideCell(value=value, unit=column.unit, marks=_marks(result), result=result)
    return WideTable(
        round=key[0],
        system_type=key[1],
        division=key[2],
        head=tuple(name for name, _ in head),
        measured=measured,
        rows=tuple(
            WideRow(head=texts[:-1], cells=tuple(rows[texts].get(column) for column in measured))
            for texts in sorted(rows, key=lambda texts: (texts[2], folded(texts[1]), folded(texts[3]), texts))
        ),
        left_out=len(results) - len(shown),
        footnotes=footnotes(shown, retrieved=retrieved),
    )


def _types(result: Result) -> tuple[str, ...]:
    if round_of(result.round).suite.name != "inference":
        return ("",)
    return tuple(sorted({word.strip() for word in result.system.type.split(",")} - {""})) or ("",)


def _numbers(result: Result) -> list[tuple[Measured, float]]:
    """The performance and, where it was measured, the power of a result, with their columns."""
    column = Measured(benchmark=result.benchmark, scenario=result.scenario, unit=result.unit)
    if round_of(result.round).suite.name != "inference" and result.metric and not result.scenario:
        column = Measured(benchmark=result.benchmark, scenario=result.metric, unit=result.unit)
    found = [(column, result.value)]
    if result.power_value is not None:
        found.append(
            (Measured(benchmark=column.benchmark, scenario=column.scenario, unit=result.power_unit), result.power_value)
        )
    return found


def _place(column: Measured) -> tuple[str, str, bool, str]:
    """Power comes after performance."""
    return column.benchmark, column.scenario, column.unit in {"Watts", "Joules"}, column.unit


def _marks(result: Result) -> tuple[str, ...]:
    return tuple(word for word in ("≈" if result.inferred else "", mark(result)) if word)


def _count(number: int | None) -> str:
    """Nothing, as in the spreadsheets, for none and for a number that is not stated."""
    return str(number) if number else ""


def _accuracy(result: Result) -> str:
    return ", ".join(f"{name} {value:.8g}" for name, value in result.accuracy)


_HEAD: tuple[tuple[str, Callable[[Result], str]], ...] = (
    ("ID", lambda _: ID_NOT_ASSIGNED),
    ("Submitter", lambda r: r.submitter),
    ("Availability", lambda r: r.availability),
    ("System", lambda r: r.system.name),
    ("Nodes", lambda r: _count(r.system.nodes)),
    ("Processor", lambda r: r.system.host.model),
    ("Processors per node", lambda r: _count(r.system.host.per_node)),
    ("Total processors", lambda r: _count(r.system.host.total)),
    ("Accelerator", lambda r: "" if r.system.accelerator.model == "-" else r.system.accelerator.model),
    ("Accelerators per node", lambda r: _count(r.system.accelerator.per_node)),
    ("Total accelerators", lambda r: _count(r.system.accelerator.total)),
    ("Software", lambda r: r.system.software),
    ("Notes", lambda r: r.notes),
)
_OPEN_HEAD = (*_HEAD, ("Model used", lambda r: r.model_used), ("Accuracy", _accuracy))
"""Open results may be of any model, and their accuracy is for the reader to judge."""
