"""Rule files as documents: how a round extends another, and what it changes.

A document is what TOML reads. A later round states only what differs: :func:`extend` lays that delta over its base,
:func:`difference` finds it again. Tables are merged key by key, everything else is replaced; what a round drops is
listed as paths under ``remove``, because TOML has no word for "nothing".
"""

from __future__ import annotations

from typing import Protocol, TypeAlias, TypeVar, cast

from levelfield.frozen import frozen
from levelfield.rules.model import Document

__all__ = ["Change", "Path", "Value", "diff", "difference", "extend", "get", "laid_over", "shown_path"]

Value: TypeAlias = "Document | list[Document] | list[str] | list[list[str]] | str | int | float | bool"
Path: TypeAlias = tuple[str, ...]
Copied = TypeVar("Copied")


@frozen
class Change:
    """One value that differs between two rounds. ``None`` stands for "not there"."""

    path: Path
    before: Value | None
    after: Value | None

    def __str__(self) -> str:
        """``benchmarks.resnet50.performance_samples: 1024 -> 2048``."""
        before = "-" if self.before is None else repr(self.before)
        after = "-" if self.after is None else repr(self.after)
        return f"{shown_path(self.path)}: {before} -> {after}"


def shown_path(path: Path) -> str:
    """A path as TOML writes it: ``benchmarks."bert-99.9".title``."""
    return ".".join(f'"{key}"' if "." in key or not key else key for key in path)


def get(document: Document, path: Path) -> Value | None:
    """What lies at a path, or ``None``."""
    found: Value | None = document
    for key in path:
        if not isinstance(found, dict):
            return None
        found = cast("Value | None", found.get(key))
    return found


def extend(base: Document, delta: Document) -> Document:
    """The document that a delta makes of its base. Neither is changed.

    Args:
        base: A whole document.
        delta: What differs. Its ``remove`` is a list of paths that the result does not have; a path that the base
            does not have either is no error here (the loader reports it).
    """
    result = _copy(base)
    removed = delta.get("remove", [])
    assert isinstance(removed, list)
    for path in removed:
        assert isinstance(path, list)
        _drop(result, tuple(path))
    return laid_over(result, {key: value for key, value in delta.items() if key != "remove"})


def difference(base: Document, whole: Document) -> Document:
    """The smallest delta that :func:`extend` turns back into the whole."""
    changes = _changes(base, whole, ())
    delta: Document = {}
    removed: list[list[str]] = []
    for change in changes:
        if change.after is None:
            removed.append(list(change.path))
            continue
        if change.before is not None and isinstance(change.before, dict) != isinstance(change.after, dict):
            # A table cannot be merged over a value, nor be emptied by merging: drop first, then write.
            removed.append(list(change.path))
        _put(delta, change.path, change.after)
    if removed:
        delta["remove"] = cast("list[Document]", removed)
    return delta


class Whole(Protocol):
    """A rule set of any family."""

    @property
    def document(self) -> Document:
        """The whole round, bases merged in."""


def diff(a: Whole, b: Whole) -> tuple[Change, ...]:
    """What the second round changes relative to the first, one entry per value, in the order of the files."""
    return tuple(_changes(a.document, b.document, ()))


def _changes(before: Document, after: Document, path: Path) -> list[Change]:
    found = []
    for key in dict.fromkeys((*before, *after)):
        here = (*path, key)
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _changes(old, new, here)
        elif type(old) is not type(new) or repr(old) != repr(new):
            # repr tells 1 from 1.0 and True, which == does not.
            found.append(Change(path=here, before=cast("Value", old), after=cast("Value", new)))
    return found


def _copy(value: Copied) -> Copied:
    """A copy of tables and lists all the way down; a rule set makes hundreds, so none of ``deepcopy``'s care."""
    if isinstance(value, dict):
        return cast("Copied", {key: _copy(one) for key, one in value.items()})
    if isinstance(value, list):
        return cast("Copied", [_copy(one) for one in value])
    return value


def laid_over(base: Document, delta: Document) -> Document:
    """A document with another laid over it, which removes nothing. It shares with its base what is not replaced."""
    result = dict(base)
    for key, value in delta.items():
        old = result.get(key)
        result[key] = laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else _copy(value)
    return result


def _drop(document: Document, path: Path) -> None:
    parent = get(document, path[:-1])
    if path and isinstance(parent, dict):
        parent.pop(path[-1], None)


def _put(document: Document, path: Path, value: Value) -> None:
    for key in path[:-1]:
        document = cast("Document", document.setdefault(key, {}))
    document[path[-1]] = _copy(value)  # type: ignore[assignment]
