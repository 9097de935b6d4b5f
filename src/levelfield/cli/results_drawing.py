"""What all views of results share: how a number, a system and a note look, and a plain table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from levelfield.cli.terminal import encodable
from levelfield.results.derived import Derived
from levelfield.results.messaging import Footnote, mark
from levelfield.results.model import Result
from levelfield.units import format_number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "DIGITS",
    "SHORT",
    "add_number_column",
    "add_row",
    "console_for_results",
    "marks_text",
    "notes_json",
    "number_text",
    "plain_table",
    "power_text",
    "print_notes",
    "results_text",
    "say",
    "submitter_text",
    "system_text",
    "title_text",
    "value_text",
]

DIGITS = 6
SHORT = {"Latency (ms)": "ms", "Samples/s": "samples/s", "Queries/s": "queries/s"}


def title_text(result: Result, *more: str) -> str:
    """A heading: benchmark and scenario, unit, and what else is given."""
    parts = (f"{result.benchmark} {result.scenario}".strip(), result.unit, *more)
    return " · ".join(part for part in parts if part)


def value_text(result: Result) -> str:
    """The number of a result, and below it what has to stand next to it."""
    sign, marks = "≈" if result.inferred else "", marks_text(result)
    return f"{sign}{format_number(result.value, digits=DIGITS)}" + (f"\n{marks}" if marks else "")


def number_text(number: Derived) -> str:
    """A derived number; nothing where it is not defined."""
    return "" if number.value is None else format_number(number.value, digits=4)


def power_text(result: Result) -> str:
    """The power or energy of a result with its unit."""
    if result.power_value is None:
        return ""
    unit = {"Watts": "W", "Joules": "J"}.get(result.power_unit, result.power_unit)
    return f"{format_number(result.power_value, digits=4)} {unit}"


def submitter_text(result: Result) -> str:
    """Who submitted it; an own run has nobody."""
    return result.submitter or "own"


def system_text(result: Result) -> str:
    """The system's name, with its accelerators where the name does not tell how many there are."""
    system = result.system
    count = system.accelerator.total
    told = f"{count}x" in system.name.replace(" ", "") or not count
    return system.name if told else f"{system.name} ({count}x {system.accelerator.model})"


def marks_text(result: Result) -> str:
    """What has to stand next to a score: refused, mini, quick, unverified."""
    words = (
        "✗" if result.void else "",
        result.edition if result.edition != "full" else "",
        "" if result.official else "quick",
        mark(result),
    )
    return " ".join(word for word in words if word)


def results_text(count: int) -> str:
    """``1 result``, ``12 results``."""
    return f"{count:,} result{'' if count == 1 else 's'}"


def notes_json(notes: Sequence[Footnote]) -> list[dict[str, str]]:
    """Footnotes for programs."""
    return [{"code": note.code, "text": note.text} for note in notes]


def console_for_results() -> Console:
    """Standard output, without colours where it is no terminal."""
    from rich.console import Console

    return Console(highlight=False)


def plain_table(console: Console) -> Table:
    """A table with a line under its headings, as wide as the terminal and no wider than the eye follows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
        width=min(console.width, 120),
    )


def add_row(table: Table, console: Console, cells: Iterable[str], style: str = "") -> None:
    """Add a row of texts as they are: what looks like a style of rich in a name is none."""
    from rich.text import Text

    table.add_row(*(Text(encodable(cell, console)) for cell in cells), style=style)


def add_number_column(table: Table, console: Console, heading: str) -> None:
    """Add a column of numbers; the heading may come from a submission."""
    from rich.text import Text

    table.add_column(Text(encodable(heading, console)), justify="right", overflow="fold")


def say(console: Console, text: str, style: str = "") -> None:
    """Print a text, wrapped."""
    from rich.text import Text

    console.print(Text(encodable(text, console), style=style))


def print_notes(console: Console, notes: Sequence[Footnote]) -> None:
    """Print footnotes, dim; the legend last."""
    legend = [note for note in notes if note.code == "legend"]
    for note in dict.fromkeys([*(note for note in notes if note.code != "legend"), *legend]):
        say(console, note.text, "dim")
