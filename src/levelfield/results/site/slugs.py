"""Names of pages: short, safe in every file system and address, and the same whatever else is on the site."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

__all__ = ["slugs_of"]

LONGEST = 72
"""Characters of a name before its hash; a folder and ``.html`` still fit in every file system."""

Key = TypeVar("Key", bound=Hashable)


def slugs_of(keys: Iterable[Key], parts: dict[Key, Sequence[str]]) -> dict[Key, str]:
    """One name for each key, from its parts.

    A name that was cut, that is empty, or that two keys share, ends with a hash of the whole, so no two are equal.

    Args:
        keys: In any order.
        parts: What each is called, as its submitter wrote it.
    """
    plain = {key: _plain("-".join(part for part in parts[key] if part)) for key in keys}
    sharing: dict[str, list[Key]] = defaultdict(list)
    for key, (name, _) in plain.items():
        sharing[name].append(key)
    return {
        key: name if whole and len(sharing[name]) == 1 else f"{name}-{_hash(parts[key])}".lstrip("-")
        for key, (name, whole) in plain.items()
    }


def _plain(text: str) -> tuple[str, bool]:
    """The name, and whether it says all of the text."""
    name = re.sub(r"[^a-z0-9._]+|\.\.+", "-", text.casefold()).strip("-.")
    return name[:LONGEST].rstrip("-."), 0 < len(name) <= LONGEST


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:8]
