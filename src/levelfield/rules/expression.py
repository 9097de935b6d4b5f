"""Expressions in rule files: a small part of Python's grammar, read into closures and never handed to ``eval``.

A rule such as ``is_integer(log2(value / 0.0001))`` is parsed by :mod:`ast`, every node is looked at, and what is not on
the list is refused with its column. A :class:`Dialect` says which names, functions and attributes there are. Reading
and evaluating take bounded time and memory whatever the text says: the tree is limited, only numbers are multiplied,
and texts and lists have a largest length.
"""

from __future__ import annotations

import ast
import math
import operator
import string
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

__all__ = [
    "FORMULAS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_NODES",
    "Dialect",
    "Expression",
    "is_integer",
    "parsed",
    "read_expression",
    "read_node",
]

MAX_NODES, MAX_DEPTH, MAX_TEXT = 5_000, 60, 200_000
MAX_EXPONENT, MAX_BITS, MAX_LENGTH = 1_000, 1 << 16, 1_000_000

Names: TypeAlias = Mapping[str, object]
Evaluate: TypeAlias = Callable[[Names], object]

_TYPES = {"int": int, "float": float, "str": str, "list": list, "dict": dict, "bool": bool}
_CAUGHT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def is_integer(value: float) -> bool:
    """Whether a number is whole to within 1e-5, as the official rules take it."""
    return abs(round(value) - value) < 0.00001


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What an expression may name."""

    names: frozenset[str] | None
    """``None`` for any; the caller then looks at :attr:`Expression.names`."""
    functions: Mapping[str, Callable[..., object]]
    members: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What stands behind a dot after a word that is no value: ``math.log2``."""
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By name of a value, the attributes that may be read of it."""
    methods: frozenset[str] = frozenset()
    """Of ``format``, ``get``, ``lower``: those that may be called on values."""


FORMULAS = Dialect(
    names=None,
    functions={
        "abs": abs,
        "ceil": math.ceil,
        "floor": math.floor,
        "is_integer": is_integer,
        "len": len,
        "log2": math.log2,
        "max": max,
        "min": min,
    },
)
"""What our own rule files use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One expression that was read. Equal texts of one dialect are equal."""

    text: str
    names: frozenset[str]
    """What it needs."""
    _evaluate: Evaluate = field(repr=False, compare=False)

    def value(self, names: Names) -> object:
        """Its value for what the names stand for.

        Raises:
            ValueError: It cannot be applied to them: a missing member, a comparison of a text with a number, a result
                beyond the bounds. The message says which.
        """
        try:
            return self._evaluate(names)
        except _CAUGHT as problem:
            raise ValueError(_cause(problem)) from problem


def _cause(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"there is no {problem.args[0]!r}" if problem.args else "there is no such member"
    return str(problem) or type(problem).__name__


def read_expression(text: str, dialect: Dialect = FORMULAS) -> Expression:
    """Read an expression.

    Raises:
        ValueError: It is no expression, or holds what the dialect has not; the message names the column, from 1.
    """
    text = text.strip()
    return read_node(parsed(text, "eval").body, text, dialect)


def parsed(text: str, mode: str) -> ast.Expression:
    """The tree of a text.

    Raises:
        ValueError: It has none.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"found {len(text):,} characters, expected {MAX_TEXT:,} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful escapes, which are no matter of ours
            return cast("ast.Expression", ast.parse(text, mode=mode))
    except SyntaxError as problem:
        raise ValueError(f"column {problem.offset or 1}: {problem.msg}") from problem
    except (MemoryError, RecursionError) as problem:
        raise ValueError("nested too deep") from problem


def read_node(node: ast.expr, text: str, dialect: Dialect) -> Expression:
    """The same for a node that was parsed already.

    Raises:
        ValueError: It holds what the dialect has not.
    """
    reader = _Reader(dialect=dialect)
    evaluate = reader.read(node, 0)
    return Expression(text=text, names=frozenset(reader.names), _evaluate=evaluate)


# ------------------------------------------------------------------------------------------------------- reading


@dataclass(slots=True, kw_only=True)
class _Reader:
    dialect: Dialect
    names: set[str] = field(default_factory=set)
    nodes: int = 0

    def read(self, node: ast.expr, depth: int) -> Evaluate:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise _refused(node, f"more than {MAX_NODES:,} nodes or {MAX_DEPTH} levels")

        def read(inner: ast.expr) -> Evaluate:
            return self.read(inner, depth + 1)

        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return lambda _: value
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.List(elts=elements):
                parts = [read(element) for element in elements]
                return lambda names: [part(names) for part in parts]
            case ast.Tuple(elts=elements):
                parts = [read(element) for element in elements]
                return lambda names: tuple(part(names) for part in parts)
            case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
                pairs = [(read(cast("ast.expr", key)), read(value)) for key, value in zip(keys, values, strict=True)]
                return lambda names: {key(names): value(names) for key, value in pairs}
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                return _subscript(read(value), read(index))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return _unary(_UNARY[type(op)], read(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _binary(_BINARY[type(op)], read(left), read(right))
            case ast.BoolOp(op=op, values=values):
                return _logical([read(value) for value in values], both=isinstance(op, ast.And))
            case ast.Compare(left=left, ops=ops, comparators=others):
                operators = [_COMPARE[type(op)] for op in ops]
                return _comparison(read(left), list(zip(operators, map(read, others), strict=True)))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return _choice(read(test), read(body), read(orelse))
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node, read)
        raise _refused(node, _what(node))

    def _name(self, node: ast.expr, name: str) -> Evaluate:
        if (self.dialect.names is not None and name not in self.dialect.names) or name.startswith("_"):
            raise _refused(node, f"the name {name!r}")
        self.names.add(name)
        return operator.itemgetter(name)

    def _attribute(self, node: ast.Attribute) -> Evaluate:
        if isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            members = self.dialect.members.get(owner, {})
            if name in members:
                value = members[name]
                if not callable(value):
                    return lambda _: value
            elif name in self.dialect.attributes.get(owner, ()):
                self.names.add(owner)
                return lambda names: getattr(names[owner], name)
        raise _refused(node, f"the attribute {node.attr!r}")

    def _call(self, node: ast.Call, read: Callable[[ast.expr], Evaluate]) -> Evaluate:
        function = self._function(node)
        named = {word.arg: read(word.value) for word in node.keywords if word.arg is not None}
        if len(named) < len(node.keywords) or any(isinstance(one, ast.Starred) for one in node.args):
            raise _refused(node, "a call with * or **")
        if function is not None:
            parts = [read(one) for one in node.args]
            return lambda names: function(
                *(part(names) for part in parts), **{word: part(names) for word, part in named.items()}
            )
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, kind], keywords=[]):
                return _instance(read(value), _types(kind))
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args, keywords=[]) if (
                name in self.dialect.methods
            ):
                return _method(name, read(owner), [read(one) for one in args])
        raise _refused(node, "a call of something else than the known functions")

    def _function(self, node: ast.Call) -> Callable[..., object] | None:
        match node.func:
            case ast.Name(id=name):
                return self.dialect.functions.get(name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                member = self.dialect.members.get(owner, {}).get(name)
                return member if callable(member) else None
        return None


def _types(node: ast.expr) -> tuple[type, ...]:
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return (_TYPES[name],)
        case ast.Tuple(elts=elements):
            return tuple(one for element in elements for one in _types(element))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _types(left) + _types(right)
    raise _refused(node, "a type other than " + ", ".join(_TYPES))


def _refused(node: ast.expr, what: str) -> ValueError:
    return ValueError(f"column {node.col_offset + 1}: found {what}, which no rule may use")


def _what(node: ast.expr) -> str:
    return {"Lambda": "a function", "Await": "an await", "NamedExpr": "an assignment", "JoinedStr": "an f-string"}.get(
        type(node).__name__, f"{type(node).__name__}"
    )


# ---------------------------------------------------------------------------------------------------- evaluating


def _numbers(*values: object) -> None:
    for value in values:
        if not isinstance(value, int | float):
            raise TypeError(f"{type(value).__name__} is no number")


def _bits(value: object) -> int:
    return value.bit_length() if isinstance(value, int) else 64


def _multiply(left: object, right: object) -> object:
    _numbers(left, right)
    if _bits(left) + _bits(right) > MAX_BITS:
        raise OverflowError("the product has too many digits")
    return left * right  # type: ignore[operator]


def _power(left: object, right: object) -> object:
    _numbers(left, right)
    if abs(right) > MAX_EXPONENT or _bits(left) * abs(right) > MAX_BITS:  # type: ignore[arg-type]
        raise OverflowError(f"the exponent is larger than {MAX_EXPONENT}, or the power has too many digits")
    return left**right  # type: ignore[operator]


def _add(left: object, right: object) -> object:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        if len(left) + len(right) > MAX_LENGTH:
            raise OverflowError(f"the sum is longer than {MAX_LENGTH:,}")
    else:
        _numbers(left, right)
    return left + right  # type: ignore[operator]


def _of_numbers(operate: Callable[[object, object], object]) -> Callable[[object, object], object]:
    def checked(left: object, right: object) -> object:
        _numbers(left, right)
        return operate(left, right)

    return checked


def _union(left: object, right: object) -> object:
    if isinstance(left, dict) and isinstance(right, dict):
        if len(left) + len(right) > MAX_LENGTH:
            raise OverflowError(f"the union is larger than {MAX_LENGTH:,}")
        return left | right
    return operator.or_(left, right)


_UNARY: Mapping[type, Callable[[Any], object]] = {
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_BINARY: Mapping[type, Callable[[object, object], object]] = {
    ast.Add: _add,
    ast.Sub: _of_numbers(operator.sub),
    ast.Mult: _multiply,
    ast.Div: _of_numbers(operator.truediv),
    ast.FloorDiv: _of_numbers(operator.floordiv),
    ast.Mod: _of_numbers(operator.mod),
    ast.Pow: _power,
    ast.BitOr: _union,
}
_COMPARE: Mapping[type, Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def _subscript(value: Evaluate, index: Evaluate) -> Evaluate:
    return lambda names: value(names)[index(names)]  # type: ignore[index]


def _unary(operate: Callable[[object], object], operand: Evaluate) -> Evaluate:
    return lambda names: operate(operand(names))


def _binary(operate: Callable[[object, object], object], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda names: operate(left(names), right(names))


def _choice(test: Evaluate, body: Evaluate, orelse: Evaluate) -> Evaluate:
    return lambda names: body(names) if test(names) else orelse(names)


def _instance(value: Evaluate, types: tuple[type, ...]) -> Evaluate:
    return lambda names: isinstance(value(names), types)


def _logical(parts: list[Evaluate], *, both: bool) -> Evaluate:
    def evaluate(names: Names) -> object:
        value: object = None
        for part in parts:
            value = part(names)
            if bool(value) is not both:
                return value
        return value

    return evaluate


def _comparison(left: Evaluate, rest: list[tuple[Callable[[object, object], object], Evaluate]]) -> Evaluate:
    def evaluate(names: Names) -> object:
        value = left(names)
        result: object = True
        for compare, part in rest:
            other = part(names)
            result = compare(value, other)
            if not result:
                return result
            value = other
        return result

    return evaluate


def _method(name: str, owner: Evaluate, args: list[Evaluate]) -> Evaluate:
    def evaluate(names: Names) -> object:
        value = owner(names)
        found = [part(names) for part in args]
        match name, value:
            case "lower", str() if not found:
                return value.lower()
            case "get", dict() if len(found) in {1, 2}:
                return value.get(*found)
            case "format", str():
                return _format(value, found)
        raise TypeError(f"{type(value).__name__} has no {name}, or not with {len(found)} arguments")

    return evaluate


def _format(text: str, values: list[object]) -> str:
    """Fill plain fields only: a width makes a text of any length, and a dot reaches into objects."""
    fields = 0
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is not None and (spec or conversion or not (name == "" or name.isdecimal())):
            raise ValueError(f"the field {{{name}}} is more than a number")
        fields += name is not None
    shown = [str(value) for value in values]
    if len(text) + fields * max(map(len, shown), default=0) > MAX_LENGTH:
        raise OverflowError(f"the text is longer than {MAX_LENGTH:,}")
    return text.format(*shown)
