r"""How text from foreign files is spelled where a format cannot hold all of it.

A path may hold bytes that are not UTF-8 (lone surrogates in Python), text any control character. XML 1.0 has no way to
write most of these at all, many JSON readers stop at a lone surrogate; so both become visible escapes, ``\x1b``,
``\udce9``.
"""

from __future__ import annotations

import re

__all__ = ["printable", "well_formed"]

SURROGATE = re.compile("[\ud800-\udfff]")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 forbids or discourages (section 2.2), on the first plane."""


def well_formed(text: str) -> str:
    """Text that UTF-8 can hold: lone surrogates as escapes."""
    return SURROGATE.sub(_escape, text)


def printable(text: str) -> str:
    """Text that XML and a terminal can hold: also control characters as escapes, except tab and line ends."""
    return UNPRINTABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "backslashreplace").decode()
