"""Tables and headings on the terminal, as the commands that explain things draw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["draw", "note", "table", "title"]


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True, right: Iterable[int] = ()
) -> RenderableType:
    """A table without frames; the first column is never broken.

    Args:
        columns: Their headings.
        rows: Cells in rich's markup.
        header: Whether headings are shown.
        right: Columns that are set to the right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    drawn = Table(box=SIMPLE_HEAD if header else None, show_header=header, show_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in set(right) else "left", no_wrap=index == 0)
    for row in rows:
        drawn.add_row(*row)
    return drawn


def title(text: str, detail: str) -> RenderableType:
    """A heading, with something smaller after it."""
    from rich.text import Text

    return Text.assemble("\n ", (text, "bold cyan"), "  " if detail else "", (detail, "dim"))


def note(text: str) -> RenderableType:
    """A remark, in rich's markup."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text.from_markup(text, style="dim"), (0, 1))


def draw(what: RenderableType) -> None:
    """Draw on stdout; rich leaves colours out where it is no terminal."""
    from rich.console import Console

    Console(highlight=False).print(what)
