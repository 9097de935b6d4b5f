"""Laws of expressions.

1. Whatever a text says, reading it ends in an expression or in a ``ValueError``; so does evaluating it.
2. An expression that was read has the value that Python gives the same text.
3. No text calls, reads or changes anything that the dialect does not name.
"""

from __future__ import annotations

import ast
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelfield.rules.expression import is_integer
from levelfield.submission.training.expressions import Line, RunState, read_check, read_statements

PIECES = [
    "s", "v", "ll", "math", "is_integer", "len", "sorted", "min", "isinstance", "int", "str", "float", "'value'", "'x'",
    "'{}'", ".format", ".get", ".lower", ".log2", ".inf", ".timestamp", ".__class__", "__import__", "eval", "lambda",
    "0", "1", "-1", "1e9", "9", "True", "None", "(", ")", "[", "]", "{", "}", ",", ":", ";", "+", "-", "*", "**", "/",
    "//", "%", "|", "<", ">=", "==", "in", "not", "and", "or", "if", "else", "for", "=", "+=", ".append", ".update",
    " ", "\n", "enqueue_config", "print", "import", "os",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(TEXTS, JSON)
def test_any_text_is_read_or_refused_and_applied_or_not(text: str, value: object) -> None:
    line = Line(key="k", value={"value": value, "metadata": {"epoch_num": 1}}, timestamp=5.0, lineno=1)
    state = RunState(values={"a": 1})
    with suppress(ValueError):
        read_check(text).value(state.names(line))
    with suppress(ValueError):
        for statement in read_statements(text):
            statement.apply(state, line)


NUMBERS = st.one_of(st.integers(-99, 99).map(str), st.floats(-9, 9).map(lambda x: f"{x!r}"))
NUMERIC = st.recursive(
    st.one_of(NUMBERS, st.just("v['value']")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "<", ">=", "==", "!="]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"(-{part})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} in [{parts[1]}, 1])"),
        inner.map(lambda part: f"abs({part})"),
    ),
    max_leaves=8,
)


@given(NUMERIC, st.integers(-5, 5) | st.floats(-5, 5))
def test_values_are_those_of_python(text: str, value: float) -> None:
    line = Line(key="k", value={"value": value, "metadata": {}}, timestamp=0.0, lineno=0)
    try:
        expected = eval(text, {"__builtins__": {"max": max, "abs": abs}}, {"v": line.value})
    except (ArithmeticError, TypeError, ValueError):
        with pytest.raises(ValueError, match=r"\w"):
            read_check(text).value(RunState().names(line))
        return
    found = read_check(text).value(RunState().names(line))
    assert found == expected or (math.isnan(expected) and math.isnan(found))  # type: ignore[arg-type]
    assert type(found) is type(expected)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_is_reached_that_is_not_named(text: str) -> None:
    """What was read holds no dunder name, no attribute of a value, no call of an unknown function."""
    with suppress(ValueError):
        read_check(text)
        for node in ast.walk(ast.parse(text.strip(), mode="eval")):
            if isinstance(node, ast.Attribute):
                assert node.attr in {"format", "get", "lower", "log2", "inf", "timestamp"}
            if isinstance(node, ast.Name):
                assert node.id in {
                    "s", "v", "ll", "math", "is_integer", "len", "sorted", "min", "isinstance", "int", "str", "float",
                }  # fmt: skip


@given(st.floats(-1e6, 1e6))
def test_whole_numbers(value: float) -> None:
    assert is_integer(value) == (abs(round(value) - value) < 1e-5)
