"""Tables of results in ``README.md``, each between two marks."""

from __future__ import annotations

from pathlib import Path

__all__ = ["publish"]

README = Path(__file__).with_name("README.md")


def publish(name: str, text: str) -> None:
    """Put a text between ``<!-- name -->`` and ``<!-- end of name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = README.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
