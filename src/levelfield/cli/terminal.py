"""What every table on a terminal needs: characters that it can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["encodable"]

_PLAIN = (("✓", "ok"), ("✗", "!!"), ("µ", "u"), ("…", "..."), ("≈", "~"), ("®", "(R)"))


def encodable(text: str, console: Console) -> str:
    """The text with what the terminal cannot show replaced, and without what would steer it (escape sequences)."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    if console.encoding.lower().replace("-", "").startswith("utf"):
        return text
    for beyond, plain in _PLAIN:
        text = text.replace(beyond, plain)
    return text.encode(console.encoding, "replace").decode(console.encoding)
