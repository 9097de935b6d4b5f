"""A comparison of an own run with published results on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from levelfield.cli.results_drawing import (
    SHORT,
    add_row,
    console_for_results,
    notes_json,
    number_text,
    plain_table,
    print_notes,
    results_text,
    say,
    submitter_text,
    system_text,
    title_text,
    value_text,
)
from levelfield.results.columns import row_of
from levelfield.results.compare import Comparison, Standing
from levelfield.results.derived import Derived
from levelfield.results.messaging import Footnote, mark
from levelfield.units import format_number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["comparison_json", "print_comparison"]

NARROW = 72


def print_comparison(comparisons: Sequence[Comparison], *, limit: int) -> None:
    """Print each own result beside the published ones, and what has to be said with it."""
    console = console_for_results()
    notes: list[Footnote] = []
    for comparison in comparisons:
        own = comparison.own.result
        say(console, title_text(own, comparison.division, own.round), "bold cyan")
        say(console, _verdict(comparison), "bold")
        ranked = [standing for standing in comparison.others if not standing.reasons]
        _print_standings(console, [*ranked[:limit]], comparison)
        if len(ranked) > limit:
            say(console, f"{len(ranked) - limit:,} more; --limit {len(ranked)} shows them all.", "yellow")
        unranked = [standing for standing in comparison.others if standing.reasons]
        for reasons, group in groupby(sorted(unranked, key=lambda s: s.reasons), key=lambda s: s.reasons):
            standings = list(group)
            say(console, f"\nNot ranked, {results_text(len(standings))}: {'; '.join(reasons)}.", "yellow")
            console.print(_standings_table(standings[:limit], console))
            if len(standings) > limit:
                say(console, f"{len(standings) - limit:,} more; --limit {len(standings)} shows them all.", "yellow")
        console.print()
        for sentence in (*comparison.caveats, comparison.difference_line):
            if sentence:
                say(console, sentence)
        console.print()
        notes += comparison.footnotes
    print_notes(console, notes)


def _verdict(comparison: Comparison) -> str:
    own = comparison.own
    unit = SHORT.get(own.result.unit, own.result.unit)
    number = value_text(own.result).partition("\n")[0]
    value = f"Own run: {number} {unit}, {mark(own.result) or 'verified'}"
    if own.rank is None:
        return f"{value}; not ranked."
    return f"{value}; rank {own.rank} of {comparison.ranked}."


def _print_standings(console: Console, standings: list[Standing], comparison: Comparison) -> None:
    """The own run in its place, or, where it has none, above the others."""
    own = comparison.own
    place = 0
    if own.rank is not None:
        place = sum(other.rank is not None and other.rank < own.rank for other in standings)
    console.print(_standings_table([*standings[:place], own, *standings[place:]], console, own=own))


def _standings_table(standings: Sequence[Standing], console: Console, *, own: Standing | None = None) -> Table:
    wide = console.width >= NARROW  # else there is no room for derived numbers; --json has them
    accelerated = wide and any(standing.per_accelerator.value is not None for standing in standings)
    powered = wide and any(standing.per_watt.value is not None for standing in standings)
    table = plain_table(console)
    table.add_column("rank", justify="right")
    table.add_column("system", overflow="fold", ratio=1, min_width=12)
    table.add_column("result", justify="right", overflow="fold", min_width=10)
    compared = any(standing.ratio is not None for standing in standings)
    if compared:
        table.add_column("own is", justify="right", no_wrap=True)
    if accelerated:
        table.add_column("per acc.\n(derived)", justify="right", no_wrap=True)
    if powered:
        table.add_column("per W or J\n(derived)", justify="right", no_wrap=True)
    for standing in standings:
        result = standing.result
        cells = [
            "-" if standing.rank is None else str(standing.rank),
            "own run: " + system_text(result)
            if standing is own
            else f"{submitter_text(result)}: {system_text(result)}",
            value_text(result),
            *([_ratio(standing)] if compared else []),
            *([number_text(standing.per_accelerator)] if accelerated else []),
            *([number_text(standing.per_watt)] if powered else []),
        ]
        add_row(table, console, cells, "bold green" if standing is own else "")
    return table


def _ratio(standing: Standing) -> str:
    """How many times better the own run is."""
    return "" if standing.ratio is None else f"{format_number(standing.ratio, digits=3)}x"


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison for programs."""
    return {
        "own": _standing_json(comparison.own),
        "others": [_standing_json(standing) for standing in comparison.others],
        "ranked": comparison.ranked,
        "division": comparison.division,
        "differences": comparison.difference_line,
        "caveats": list(comparison.caveats),
        "footnotes": notes_json(comparison.footnotes),
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "rank": standing.rank,
        "not_ranked": list(standing.reasons),
        "ratio": standing.ratio,
        "per_accelerator": _derived_json(standing.per_accelerator),
        "per_watt": _derived_json(standing.per_watt),
        "differences": {name: list(values) for name, values in standing.differences},
        "result": {name: _json_cell(name, cell) for name, cell in row_of(standing.result).items()},
    }


def _derived_json(number: Derived) -> dict[str, Any]:
    return {"value": number.value, "unit": number.unit, "formula": number.formula, "not_defined": number.reason or None}


def _json_cell(name: str, cell: object) -> object:
    """Parts as objects; a number that JSON does not have as nothing."""
    if name in {"accuracy", "latencies_ns", "findings", "run_minutes"}:
        return json.loads(str(cell), parse_constant=lambda _: None)
    return None if isinstance(cell, float) and not abs(cell) < float("inf") else cell
