"""HTML and SVG elements. Text becomes markup only by escaping: what a user typed stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

__all__ = ["Child", "Markup", "element", "join", "table"]

_SPECIAL = re.compile("[&<>\"']")
VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | None


def join(children: Iterable[Child]) -> Markup:
    """One piece of markup from several; plain text is escaped, ``None`` left out."""
    return Markup("".join([_text(child) for child in children if child is not None]))


def element(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """One element.

    Args:
        tag: Its name.
        children: Markup as it is, text escaped, ``None`` left out.
        attributes: ``class_`` is ``class``, ``aria_label`` is ``aria-label``; ``None`` and ``False`` are left out,
            ``True`` is an attribute without a value, and numbers are rounded to a tenth.
    """
    written = "".join([_attribute(name, value) for name, value in attributes.items()])
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def table(head: Iterable[Child], rows: Iterable[Iterable[Child]], *, label: str, class_: str = "") -> Markup:
    """A table in a box that scrolls by itself, reachable by keyboard; the first cell of a row is its header."""
    heading = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = [
        element("tr", *(element("td", c) if n else element("th", c, scope="row") for n, c in enumerate(row)))
        for row in rows
    ]
    whole = element("table", element("thead", heading), element("tbody", *body), class_=class_ or None)
    return element("div", whole, class_="scroll", role="region", aria_label=label, tabindex="0")


def _text(child: str) -> str:
    """Markup as it is; a plain text escaped, which most need not be: a site has millions of them."""
    return child if type(child) is Markup or not _SPECIAL.search(child) else escape(child)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
    return f' {name}="{escape(text) if _SPECIAL.search(text) else text}"'
