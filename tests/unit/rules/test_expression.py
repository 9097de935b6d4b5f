"""Expressions of rule files: what they give, what is refused and where, and what cannot grow."""

from __future__ import annotations

import math

import pytest

from levelfield.rules.expression import FORMULAS, Dialect, is_integer, read_expression

WIDE = Dialect(
    names=frozenset({"v", "s", "ll"}),
    functions={"len": len, "sorted": sorted, "float": float, "min": min},
    members={"math": {"log2": math.log2, "inf": math.inf, "isclose": math.isclose}},
    attributes={"ll": frozenset({"real"})},
    methods=frozenset({"format", "get", "lower"}),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("7 // 2, 7 % 4, 2 ** 10, -3, +3", (3, 3, 1024, -3, 3)),
        ("1 < 2 <= 2 != 3", True),
        ("1 < 2 > 5", False),
        ("3 in [1, 2, 3] and 'a' not in 'xyz'", True),
        ("not 0 or 5", True),
        ("0 or 5", 5),
        ("1 and 0", 0),
        ("'a' if 2 > 1 else 'b'", "a"),
        ("{'a': 1}['a']", 1),
        ("[1, [2, 3]][1][0]", 2),
        ("(1, 2) + (3,)", (1, 2, 3)),
        ("5 | 2", 7),
        ("{'a': 1} | {'b': 2}", {"a": 1, "b": 2}),
        ("None is None", True),
        ("True == 1", True),
        ("abs(-2) + max(1, 3) + min([4, 5]) + len('ab')", 11),
        ("ceil(1.2) + floor(1.8)", 3),
        ("log2(8)", 3.0),
        ("is_integer(3.000001)", True),
        ("is_integer(3.1)", False),
    ],
)
def test_values(text: str, value: object) -> None:
    assert read_expression(text, FORMULAS).value({}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("math.log2(v / 0.5)", 2.0),
        ("v in [1, float('inf'), math.inf]", False),
        ("math.isclose(v, 2.0000001, rel_tol=1e-3)", True),
        ("ll.real", 7),
        ("isinstance(v, int)", True),
        ("isinstance(v, (str, list))", False),
        ("isinstance(v, str | float)", False),
        ("'training/{}_{}.yaml'.format(v, 'x')", "training/2_x.yaml"),
        ("'AbC'.lower()", "abc"),
        ("s.get('a', 4) + s.get('b', 5)", 9),
        ("sorted([3, 1])", [1, 3]),
    ],
)
def test_what_a_wider_dialect_has(text: str, value: object) -> None:
    assert read_expression(text, WIDE).value({"v": 2, "s": {"a": 4}, "ll": 7}) == value


def test_names_are_told() -> None:
    expression = read_expression("global_batch_size >= 32768 or value == 0.9")
    assert expression.names == {"global_batch_size", "value"}
    assert expression.value({"global_batch_size": 1, "value": 0.9}) is True
    assert expression == read_expression(" global_batch_size >= 32768 or value == 0.9 ")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "column 1: "),
        ("1 +", "invalid syntax"),
        ("x = 1", "invalid syntax"),
        ("1; 2", "invalid syntax"),
        ("\0", "null bytes"),
        ("lambda: 1", "column 1: found a function, which no rule may use"),
        ("1 + [x for x in y]", "column 5: found ListComp"),
        ("(x := 1)", "column 2: found an assignment"),
        ("f'{x}'", "column 1: found an f-string"),
        ("v[0:2]", "column 1: found Subscript"),
        ("{**v}", "column 1: found Dict"),
        ("b'x'", "column 1: found Constant"),
        ("1j", "column 1: found Constant"),
        ("...", "column 1: found Constant"),
        ("~1", "column 1: found UnaryOp"),
        ("1 << 9", "column 1: found BinOp"),
        ("v.x", "column 1: found the attribute 'x'"),
        ("v.__class__", "column 1: found the attribute '__class__'"),
        ("ll.imag", "column 1: found the attribute 'imag'"),
        ("math.sin(1)", "column 1: found a call of something else"),
        ("math", "column 1: found the name 'math'"),
        ("math.log2", "column 1: found the attribute 'log2'"),
        ("eval('1')", "column 1: found a call of something else"),
        ("__import__('os')", "column 1: found a call of something else"),
        ("len", "column 1: found the name 'len'"),
        ("v()", "column 1: found a call of something else"),
        ("'x'.upper()", "column 1: found a call of something else"),
        ("len(*v)", "column 1: found a call with * or **"),
        ("len(**v)", "column 1: found a call with * or **"),
        ("isinstance(v, object)", "column 15: found a type other than int, float"),
        ("__debug__", "column 1: found the name '__debug__'"),
        ("-" * 100 + "1", "60 levels"),
        ("(" * 1000 + "1", "too many nested"),
        ("[" + "1," * 5000 + "]", "more than 5,000 nodes"),
        ("1" * 300_000, "found 300,000 characters"),
    ],
)
def test_what_is_refused(text: str, answer: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_expression(text, WIDE)
    assert answer in str(caught.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("v > 1", "'>' not supported"),
        ("v / 2", "str is no number"),
        ("v * 1000000", "str is no number"),
        ("[0] * 1000000000", "list is no number"),
        ("'%1000000d' % 1", "str is no number"),
        ("s['missing']", "there is no 'missing'"),
        ("[1][3]", "list index out of range"),
        ("1 / 0", "division by zero"),
        ("9 ** 9 ** 9", "the exponent is larger than 1000"),
        ("(2 ** 999) ** 999", "too many digits"),
        ("(2 ** 1000) * (2 ** 1000) * (2 ** 1000) ** 62 * (2 ** 1000) ** 3 * (2 ** 1000)", "too many digits"),
        ("math.log2(0 - 1)", "math domain error"),
        ("float('x')", "could not convert"),
        ("'{:>9999999999}'.format(1)", "is more than a number"),
        ("'{0.real}'.format(1)", "is more than a number"),
        ("'{!r}'.format(1)", "is more than a number"),
        ("'{'.format(1)", "Single '{'"),
        ("'{5}'.format(1)", "Replacement index 5"),
        ("v.lower(1)", "has no lower"),
        ("s.lower()", "dict has no lower"),
        ("{[1]: 2}", "unhashable"),
        ("sorted([1, 'a'])", "'<' not supported"),
    ],
)
def test_what_cannot_be_applied_says_why(text: str, answer: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        read_expression(text, WIDE).value({"v": "x", "s": {}, "ll": 0})
    assert answer in str(caught.value)


def test_texts_and_lists_do_not_grow_without_end() -> None:
    names = {"v": "x" * 600_000, "s": [0] * 600_000}
    for text in ("v + v", "s + s", "'{}{}'.format(v, v)"):
        with pytest.raises(ValueError, match="longer than 1,000,000"):
            read_expression(text, WIDE).value(names)


def test_whole_numbers_are_whole_to_within_a_hundred_thousandth() -> None:
    assert is_integer(2.999991)
    assert not is_integer(2.99998)
