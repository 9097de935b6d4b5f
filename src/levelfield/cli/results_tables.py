"""Imports and tables of results on a terminal and as JSON, made to read well in 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.cli.results_drawing import (
    SHORT,
    add_number_column,
    add_row,
    console_for_results,
    notes_json,
    number_text,
    plain_table,
    power_text,
    print_notes,
    results_text,
    say,
    submitter_text,
    system_text,
    title_text,
    value_text,
)
from levelfield.results.derived import Derived, per_accelerator, per_watt
from levelfield.results.messaging import footnotes
from levelfield.results.model import Result
from levelfield.results.query import SortKey
from levelfield.results.store import Imported
from levelfield.results.table import WideCell, WideRow, WideTable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["imported_json", "print_imported", "print_long", "print_wide", "wide_json"]


def imported_json(done: Sequence[Imported]) -> list[dict[str, object]]:
    """What imports did, for programs."""
    return [
        {
            "source": one.source,
            "results": one.results,
            "added": one.added,
            "changed": one.changed,
            "removed": one.removed,
            "elsewhere": one.elsewhere,
            "set_aside": [{"path": aside.path, "reason": aside.reason} for aside in one.set_aside],
        }
        for one in done
    ]


def print_imported(done: Sequence[Imported], database: Path) -> None:
    """Say what imports did: a line for each source, and every result that was set aside."""
    console = console_for_results()
    for one in done:
        counts = ((one.added, "new"), (one.changed, "changed"), (one.removed, "removed"))
        told = ", ".join(f"{count:,} {what}" for count, what in counts if count) or "nothing new"
        say(console, f"{one.source}: {results_text(one.results)} ({told})", "bold")
        if one.elsewhere:
            say(console, f"  {results_text(one.elsewhere)} of them are in another source too; each is shown once.")
        for aside in one.set_aside:
            say(console, f"  set aside: {aside.path}: {aside.reason}", "yellow")
    say(console, f"database    {database}")


def print_long(results: Sequence[Result], by: SortKey, *, limit: int) -> None:
    """Print results: a table for each benchmark and scenario where the order keeps them together, else one."""
    console = console_for_results()
    if not results:
        say(console, "No result is what was asked for.")
        return
    shown = results[:limit]
    groups = [list(group) for _, group in groupby(shown, key=_by_measure if by is SortKey.VALUE else _by_sheet)]
    if by is SortKey.VALUE or (by is SortKey.NATURAL and len(groups) * 2 <= len(shown)):
        for group in groups:
            varying = _varying(group)
            same = [getattr(group[0], name) for name in _ROUND_AND_DIVISION if name not in varying]
            say(console, title_text(group[0], *same), "bold")
            console.print(_long_table(group, console, columns=varying, by=by))
            console.print()
    else:
        console.print(_long_table(shown, console, columns=["benchmark", *_varying(shown)], by=by))
        console.print()
    if len(results) > len(shown):
        say(console, f"{len(results) - len(shown):,} more results; --limit {len(results)} shows them all.", "yellow")
    derived = _DERIVED.get(by)
    numbers = [derived(result) for result in shown] if derived else []
    print_notes(console, footnotes(shown, derived=[number for number in numbers if number.value is not None]))


_ROUND_AND_DIVISION = ("division", "round")
_DERIVED: dict[SortKey, Callable[[Result], Derived]] = {
    SortKey.PER_ACCELERATOR: per_accelerator,
    SortKey.PER_WATT: per_watt,
}
"""What a derived order is by has a column of its own."""


def _varying(results: Sequence[Result]) -> list[str]:
    """What of division and round is not the same for all."""
    return [name for name in _ROUND_AND_DIVISION if len({getattr(result, name) for result in results}) > 1]


def _by_measure(result: Result) -> tuple[object, ...]:
    return result.benchmark, result.scenario, result.unit, result.edition, result.official


def _by_sheet(result: Result) -> tuple[object, ...]:
    return result.round, result.division, *_by_measure(result)


def _long_table(results: Sequence[Result], console: Console, *, columns: Sequence[str], by: SortKey) -> Table:
    """A table of results.

    Args:
        results: In order.
        console: Where it is to be shown.
        columns: What is not the same for all of them: fields of a result.
        by: What they are ordered by.
    """
    derived = _DERIVED.get(by)
    with_power = any(result.power_value is not None for result in results)
    table = plain_table(console)
    for column in columns:
        table.add_column(column, overflow="fold", min_width=8)
    table.add_column("submitter", overflow="fold", min_width=9)
    table.add_column("system", overflow="fold", ratio=1, min_width=12)
    table.add_column("result", justify="right", overflow="fold", min_width=10)
    if with_power:
        table.add_column("power", justify="right", no_wrap=True)
    if derived:
        table.add_column(f"{by.value.replace('-', ' ')}\n(derived)", justify="right", no_wrap=True)
    for result in results:
        number = value_text(result)
        cells = [getattr(result, column) for column in columns]
        if "benchmark" in columns:
            cells[0] = f"{result.benchmark}\n{result.scenario}".strip()
            value, _, marks = number.partition("\n")
            number = f"{value} {SHORT.get(result.unit, result.unit)}\n{marks}".strip()
        cells += [submitter_text(result), system_text(result), number]
        cells += [power_text(result)] if with_power else []
        cells += [number_text(derived(result))] if derived else []
        add_row(table, console, cells, "dim" if result.void else "")
    return table


def print_wide(sheets: Sequence[WideTable], *, total: int) -> None:
    """Print wide tables, a block for each benchmark: a terminal is no spreadsheet."""
    console = console_for_results()
    if not total:
        say(console, "No result is what was asked for.")
        return
    for sheet in sheets:
        title = " · ".join(part for part in (sheet.round, sheet.system_type, sheet.division) if part)
        say(console, title, "bold cyan")
        for benchmark in dict.fromkeys(column.benchmark for column in sheet.measured):
            say(console, benchmark, "bold")
            console.print(_wide_block(sheet, benchmark, console))
            console.print()
        if sheet.left_out:
            say(
                console,
                f"{results_text(sheet.left_out)} void, mini or quick: no part of the table of a round.",
                "yellow",
            )
    print_notes(console, [note for sheet in sheets for note in sheet.footnotes])


def _wide_block(sheet: WideTable, benchmark: str, console: Console) -> Table:
    """A column for each scenario; power stands below performance, so that 80 columns are enough."""
    places: dict[str, list[int]] = {}
    for index, column in enumerate(sheet.measured):
        if column.benchmark == benchmark:
            places.setdefault(column.scenario, []).append(index)
    table = plain_table(console)
    table.add_column("system", overflow="fold", ratio=1, min_width=12)
    for scenario, indices in places.items():
        unit = sheet.measured[indices[0]].unit
        add_number_column(table, console, f"{scenario}\n{SHORT.get(unit, unit)}")
    for row in sheet.rows:
        cells = [[cell for index in indices if (cell := row.cells[index])] for indices in places.values()]
        if any(cells):
            texts = (_wide_system(sheet, row, benchmark), *("\n".join(map(_wide_cell, found)) for found in cells))
            add_row(table, console, texts)
    return table


def _wide_system(sheet: WideTable, row: WideRow, benchmark: str) -> str:
    head = dict(zip(sheet.head, row.head, strict=True))
    model = head.get("Model used", benchmark)
    details = (
        f"{head['Total accelerators']}x" if head["Total accelerators"] else "",
        f"model {model}" if model != benchmark else "",
    )
    return ", ".join([f"{head['Submitter']}: {head['System']}", *(detail for detail in details if detail)])


def _wide_cell(cell: WideCell) -> str:
    """Performance with its marks, or power with its unit."""
    if cell.value == cell.result.power_value and cell.unit == cell.result.power_unit:
        return power_text(cell.result)
    return value_text(cell.result)


def wide_json(sheets: Sequence[WideTable]) -> list[dict[str, object]]:
    """Wide tables for programs."""
    return [
        {
            "name": sheet.name,
            "columns": [*sheet.head, *(column.title for column in sheet.measured)],
            "rows": [
                [*row.head, *(None if c is None else {"value": c.value, "marks": list(c.marks)} for c in row.cells)]
                for row in sheet.rows
            ],
            "left_out": sheet.left_out,
            "footnotes": notes_json(sheet.footnotes),
        }
        for sheet in sheets
    ]
