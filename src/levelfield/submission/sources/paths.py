"""What a path in a source may look like. One place for all sources, so that a name is refused everywhere or nowhere."""

from __future__ import annotations

import re
from posixpath import dirname

from levelfield.submission.sources.bounds import Bounds

__all__ = ["clean", "from_bytes", "is_plain", "problem_of", "shown", "target_of"]

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DRIVE = re.compile(r"[A-Za-z]:")
PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b"\\:")
"""Printable ASCII without what some system takes for a separator."""
SHOWN = 200


def from_bytes(raw: bytes) -> str:
    """A path from its bytes, whatever encoding an archive claims: UTF-8, other bytes as surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def clean(path: str) -> str:
    """A path without ``.`` parts, doubled and closing slashes: ``./a//b/`` is ``a/b``. ``..`` and a root stay."""
    kept = "/".join(part for part in path.split("/") if part not in {"", "."})
    return f"/{kept}" if path.startswith("/") else kept


def is_plain(path: str, bounds: Bounds) -> bool:
    """Whether a path is surely clean and without a problem, as all but a few are; told in a fraction of the time.

    Several paths with slashes between them are plain one by one if they are together.
    """
    return (
        path.isascii()
        and not path.encode().translate(None, PLAIN)
        and "//" not in path
        and "/." not in path
        and 0 < len(path) <= bounds.path_bytes
        and path[0] not in "/."
        and path[-1] != "/"
        and path.count("/") <= bounds.depth
    )


def problem_of(path: str, bounds: Bounds) -> str:
    """Why a path is not read; empty for a good one."""
    if CONTROL.search(path):
        return "a control character in the name"
    if "\\" in path:
        return "a backslash in the name: on some systems it parts folders"
    if path.startswith("/"):
        return "an absolute path"
    if DRIVE.match(path):
        return "a drive letter"
    parts = path.split("/")
    if ".." in parts:
        return "a path with '..'"
    if not path:
        return "an empty name"
    if len(path.encode("utf-8", "surrogateescape")) > bounds.path_bytes:
        return f"a path of more than {bounds.path_bytes} bytes"
    if len(parts) - 1 > bounds.depth:
        return f"more than {bounds.depth} folders deep"
    return ""


def target_of(link: str, text: str) -> str | None:
    """Where a link points, relative to the root; ``None`` where that is outside of it. ``""`` is the root."""
    if text.startswith("/") or DRIVE.match(text) or "\\" in text or CONTROL.search(text):
        return None
    parts = [part for part in dirname(link).split("/") if part]
    for part in text.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def shown(path: str) -> str:
    """A path for a message: one line, printable, not longer than a screen is wide."""
    text = path.encode("utf-8", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: SHOWN + 1])
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
