"""Handles: whole numbers that stand for a system under test or a sample library, as the official module's do.

There they are addresses, and using one after its object was destroyed ends the process; here it is an error.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias, TypeVar

from levelfield.compat.loadgen.samples import QuerySample
from levelfield.errors import UsageError

__all__ = [
    "FastCallback",
    "FlushCallback",
    "IssueCallback",
    "Library",
    "System",
    "add",
    "checked_callback",
    "checked_count",
    "drop",
    "library_of",
    "system_of",
]

IssueCallback: TypeAlias = Callable[[list[QuerySample]], object]
FastCallback: TypeAlias = Callable[[list[int], list[int]], object]
FlushCallback: TypeAlias = Callable[[], object]
IndicesCallback: TypeAlias = Callable[[list[int]], object]
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system under test, as its callbacks."""

    issue: IssueCallback | None = None
    fast_issue: FastCallback | None = None
    """Takes (ids, indices) in place of objects; one of the two is set."""
    flush: FlushCallback
    name: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A sample library, as its callbacks."""

    total_count: int
    performance_count: int
    load: IndicesCallback
    unload: IndicesCallback


_numbers = count(1)
_objects: dict[int, System | Library] = {}


def add(made: System | Library) -> int:
    """Keep an object and give out its handle. A handle is never given out twice."""
    handle = next(_numbers)
    _objects[handle] = made
    return handle


def drop(handle: int, kind: type[System | Library]) -> None:
    """Forget an object.

    Raises:
        UsageError: The handle stands for nothing, or for something else.
    """
    _found(handle, kind)
    del _objects[handle]


def system_of(handle: int) -> System:
    """The system under test behind a handle.

    Raises:
        UsageError: There is none.
    """
    found = _found(handle, System)
    assert isinstance(found, System)
    return found


def library_of(handle: int) -> Library:
    """The sample library behind a handle.

    Raises:
        UsageError: There is none.
    """
    found = _found(handle, Library)
    assert isinstance(found, Library)
    return found


def _found(handle: int, kind: type[System | Library]) -> System | Library:
    what, maker = ("system under test", "SUT") if kind is System else ("sample library", "QSL")
    try:
        number = operator.index(handle)
    except TypeError:
        raise TypeError(f"The handle of a {what} is a whole number; found {handle!r}.") from None
    found = _objects.get(number)
    if not isinstance(found, kind):
        reason = (
            "it was destroyed or never made" if found is None else f"it stands for a {type(found).__name__.lower()}"
        )
        raise UsageError(
            f"No {what} has the handle {number}: {reason}.",
            hint=f"Use what Construct{maker} returned, and destroy it after the last test.",
        )
    return found


def checked_callback(callback: F, what: str) -> F:
    """A callback, if it can be called."""
    if not callable(callback):
        raise TypeError(f"{what}: found {callback!r}, expected something that can be called.")
    return callback


def checked_count(value: int, what: str) -> int:
    """A number of samples."""
    if isinstance(value, float) or not hasattr(value, "__index__") or not 0 <= operator.index(value) < 1 << 64:
        raise TypeError(f"{what}: found {value!r}, expected a whole number of 0 or more.")
    return operator.index(value)
