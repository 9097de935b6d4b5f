"""The small language of the official rule files: expressions over a line and a state, and statements that change it.

Names are ``s`` (the state of one rule file), ``ll`` (a line) and ``v`` (its value and metadata). Expressions are read
by :mod:`levelfield.rules.expression`; statements are known by their shape: ``s.update({…})``, ``s[k] = e``,
``s[k] += e``, ``s[k].append(e)``, ``enqueue_config(e)``. Nothing of a text is ever executed. Source: mlcommons/logging,
``compliance_checker/mlp_compliance.py`` at beaf26d, which hands both to ``eval`` and ``exec``.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from levelfield.rules.expression import (
    MAX_LENGTH,
    MAX_NODES,
    Dialect,
    Expression,
    is_integer,
    parsed,
    read_expression,
    read_node,
)

__all__ = ["OFFICIAL", "Line", "RunState", "Statement", "read_check", "read_statements"]

OFFICIAL = Dialect(
    names=frozenset({"s", "v", "ll"}),
    functions={
        "abs": abs,
        "float": float,
        "int": int,
        "is_integer": is_integer,
        "len": len,
        "max": max,
        "min": min,
        "sorted": sorted,
    },
    members={
        "math": {
            "ceil": math.ceil,
            "floor": math.floor,
            "inf": math.inf,
            "isclose": math.isclose,
            "log2": math.log2,
        }
    },
    attributes={"ll": frozenset({"timestamp", "key", "lineno", "value"})},
    methods=frozenset({"format", "get", "lower"}),
)
"""What rule files of the official checker use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as rules see it."""

    key: str
    value: Mapping[str, object]
    """``value`` and ``metadata``."""
    timestamp: float
    """Milliseconds since 1970."""
    lineno: int
    """How many lines with the token come before it."""


@dataclass(slots=True, kw_only=True)
class RunState:
    """What the statements of one rule file have said so far."""

    values: dict[object, object] = field(default_factory=dict)
    enqueued: list[str] = field(default_factory=list)
    """Rule files that follow."""

    def names(self, line: Line | None) -> dict[str, object]:
        """What an expression sees; without a line there is only the state."""
        return {"s": self.values} if line is None else {"s": self.values, "ll": line, "v": line.value}


Change: TypeAlias = Callable[[RunState, Mapping[str, object]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement that was read."""

    text: str
    _change: Change = field(repr=False, compare=False)

    def apply(self, state: RunState, line: Line | None) -> None:
        """Change the state.

        Raises:
            ValueError: An expression in it cannot be applied; the message says why.
        """
        try:
            self._change(state, state.names(line))
        except (LookupError, TypeError, OverflowError) as problem:
            raise ValueError(str(problem)) from problem


def read_check(text: str) -> Expression:
    """Read a ``CHECK``.

    Raises:
        ValueError: It is no expression of this language; the message names the column.
    """
    return read_expression(text, OFFICIAL)


def read_statements(text: str) -> tuple[Statement, ...]:
    """Read a ``PRE``, ``POST`` or ``CODE``. Calls of ``print`` say nothing about a log and are left out.

    Raises:
        ValueError: It holds a statement of another shape; the message names the column.
    """
    text = text.strip()
    nodes = cast("list[ast.stmt]", parsed(text, "exec").body)
    if len(nodes) > MAX_NODES:
        raise ValueError(f"found {len(nodes):,} statements, expected {MAX_NODES:,} at most")
    found = []
    for node in nodes:
        words = ast.get_source_segment(text, node) or text
        change = _change(node, words)
        if change is not None:
            found.append(Statement(text=words, _change=change))
    return tuple(found)


def _change(node: ast.stmt, text: str) -> Change | None:
    match node:
        case ast.Pass():
            return None
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="s"), slice=key)], value=value):
            return _assignment(_read(key, text), _read(value, text))
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id="s"), slice=key), op=ast.Add(), value=value):
            return _addition(_read(key, text), _read(value, text))
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return None
        case ast.Expr(value=ast.Call(func=ast.Name(id="enqueue_config"), args=[value], keywords=[])):
            return _enqueue(_read(value, text))
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="s"), attr="update"), args=[value], keywords=[])
        ):
            return _update(_read(value, text))
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Subscript(value=ast.Name(id="s"), slice=key), attr="append"),
                args=[value],
                keywords=[],
            )
        ):
            return _append(_read(key, text), _read(value, text))
    raise ValueError(
        f"line {node.lineno}, column {node.col_offset + 1}: found {text[:60]!r}, expected s.update({{…}}), s[k] = e, "
        "s[k] += e, s[k].append(e) or enqueue_config(e)"
    )


def _read(node: ast.expr, text: str) -> Expression:
    return read_node(node, text, OFFICIAL)


def _own(value: object) -> object:
    """A value for the state alone: what is appended to it must not reach the log."""
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value


def _assignment(key: Expression, value: Expression) -> Change:
    def change(state: RunState, names: Mapping[str, object]) -> None:
        state.values[key.value(names)] = _own(value.value(names))

    return change


def _addition(key: Expression, value: Expression) -> Change:
    def change(state: RunState, names: Mapping[str, object]) -> None:
        at, more = key.value(names), value.value(names)
        there = state.values[at]
        if isinstance(there, list) and isinstance(more, list):
            _extend(there, more)
        elif isinstance(there, int | float) and isinstance(more, int | float):
            state.values[at] = there + more
        else:
            raise TypeError(f"{type(more).__name__} cannot be added to {type(there).__name__}")

    return change


def _extend(there: list[object], more: list[object]) -> None:
    if len(there) + len(more) > MAX_LENGTH:
        raise OverflowError(f"the list is longer than {MAX_LENGTH:,}")
    there.extend(more)


def _append(key: Expression, value: Expression) -> Change:
    def change(state: RunState, names: Mapping[str, object]) -> None:
        there = state.values[key.value(names)]
        if not isinstance(there, list):
            raise TypeError(f"{type(there).__name__} is no list")
        _extend(there, [value.value(names)])

    return change


def _update(value: Expression) -> Change:
    def change(state: RunState, names: Mapping[str, object]) -> None:
        more = value.value(names)
        if not isinstance(more, dict):
            raise TypeError(f"{type(more).__name__} is no mapping")
        state.values.update({key: _own(one) for key, one in more.items()})

    return change


def _enqueue(value: Expression) -> Change:
    def change(state: RunState, names: Mapping[str, object]) -> None:
        state.enqueued.append(str(value.value(names)))

    return change
