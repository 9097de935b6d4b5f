"""Official rule files, imported and applied: small ones of our own in their language, and what they find in a log."""

from __future__ import annotations

import pytest
from training_logs import Line, data_of

from levelfield.errors import FormatError, InputError
from levelfield.formats.mllog import read_mllog
from levelfield.submission.training.expressions import Line as SeenLine
from levelfield.submission.training.expressions import RunState, read_check, read_statements
from levelfield.submission.training.rule_files import FileVerdict, RuleFile, apply_rule_files, import_rule_file

COMMON = """
- BEGIN:
    CODE: " s.update({'started': False, 'names': []}) "
- KEY:
    NAME: start
    REQ: EXACTLY_ONE
    CHECK: " not s['started'] "
    POST: " s['started'] = True; s['names'] += [v['metadata']['lineno']] "
- KEY:
    NAME: quality
    REQ: AT_LEAST_ONE
    CHECK:
        - "s['started']"
        - "'epoch_num' in v['metadata']"
    ATLEAST_ONE_CHECK: "v['value'] >= 0.75 and v['value'] < 1.0"
- KEY:
    NAME: division
    REQ: EXACTLY_ONE
    CHECK: " v['value'] in ['closed', 'open'] "
    POST: " enqueue_config('{}.yaml'.format(v['value'])) "
- KEY:
    NAME: block
    REQ: AT_LEAST_ONE_OR(epoch)
- KEY:
    NAME: epoch
    REQ: AT_LEAST_ONE_OR(block)
- END:
    CHECK: " len(s['names']) == 1 "
"""
CLOSED = """
- KEY:
    NAME: rate
    REQ: EXACTLY_ONE
    CHECK: " is_integer(math.log2(v['value'] / 0.0001)) "
"""
OPEN = """
- KEY:
    NAME: quality
    REQ: AT_LEAST_ONE
"""
FILES = {"common.yaml": COMMON, "closed.yaml": CLOSED, "open.yaml": OPEN}
GOOD = [
    Line(key="division", value="closed"),
    Line(key="rate", value=0.0002),
    Line(key="start"),
    Line(key="epoch"),
    Line(key="quality", value=0.1, metadata={"epoch_num": 1}),
    Line(key="quality", value=0.75, metadata={"epoch_num": 2}),
    Line(key="anything", value="else"),
]


def load(name: str) -> RuleFile | None:
    return import_rule_file(FILES[name], name=name) if name in FILES else None


def judged(lines: list[Line]) -> FileVerdict:
    return apply_rule_files(read_mllog(data_of(lines)).events, load, start="common.yaml")


def told(lines: list[Line]) -> list[tuple[str, str, int]]:
    return [(one.file, one.key, one.line) for one in judged(lines).complaints]


def test_a_good_log() -> None:
    verdict = judged(GOOD)
    assert verdict.compliant
    assert verdict.warnings == ()
    assert verdict.files == ("common.yaml", "closed.yaml")


@pytest.mark.parametrize(
    ("lines", "complaints"),
    [
        (
            GOOD[:2] + GOOD[3:],
            [
                ("common.yaml", "quality", 5),
                ("common.yaml", "quality", 6),
                ("common.yaml", "start", 0),
                ("common.yaml", "", 0),
            ],
        ),
        ([*GOOD[:5], GOOD[6]], [("common.yaml", "quality", 0)]),
        ([*GOOD, Line(key="quality", value="high", metadata={"epoch_num": 3})], [("common.yaml", "quality", 9)]),
        ([*GOOD, Line(key="quality", value=0.8)], [("common.yaml", "quality", 9)]),
        ([*GOOD, Line(key="quality", value=0.8, metadata=None)], [("common.yaml", "quality", 9)]),
        (GOOD[:1] + GOOD[2:], [("closed.yaml", "rate", 0)]),
        ([GOOD[0], Line(key="rate", value=0.0003), *GOOD[2:]], [("closed.yaml", "rate", 3)]),
        ([GOOD[0], Line(key="rate", value="x"), *GOOD[2:]], [("closed.yaml", "rate", 3)]),
        ([*GOOD, Line(key="rate", value=0.0004)], [("closed.yaml", "rate", 0)]),
        (GOOD[:3] + GOOD[4:], [("common.yaml", "", 0), ("common.yaml", "", 0)]),
        ([Line(key="division", value="ajar"), *GOOD[1:]], [("common.yaml", "division", 2), ("ajar.yaml", "", 0)]),
    ],
)
def test_what_is_found(lines: list[Line], complaints: list[tuple[str, str, int]]) -> None:
    assert told(lines) == complaints


def test_equal_lines_are_a_warning() -> None:
    verdict = judged([*GOOD, GOOD[1]])
    assert verdict.compliant
    assert [(one.key, one.found) for one in verdict.warnings] == [("rate", "2 lines")]


def test_a_later_file_withdraws_what_was_found_for_its_keys_but_not_that_no_line_holds() -> None:
    lines = [Line(key="division", value="open"), *GOOD[1:4], Line(key="quality", value=0.8)]
    assert told(lines) == []
    lines = [Line(key="division", value="open"), *GOOD[1:4], Line(key="quality", value=0.1)]
    assert told(lines) == [("common.yaml", "quality", 0)]


def test_a_file_is_applied_once_however_many_lines_bring_it() -> None:
    verdict = judged([*GOOD, *[GOOD[0]] * 50])
    assert verdict.files == ("common.yaml", "closed.yaml")


def test_files_that_bring_each_other_come_to_an_end() -> None:
    text = "- KEY:\n    NAME: division\n    POST: enqueue_config('{}.yaml'.format(ll.lineno))\n"
    events = read_mllog(data_of([GOOD[0]] * 1000)).events
    verdict = apply_rule_files(events, lambda name: import_rule_file(text, name=name), start="0.yaml")
    assert len(verdict.files) == 100


def test_differing_weights_are_a_warning_in_this_round() -> None:
    text = """
- BEGIN:
    CODE: " s['initialized_tensors'] = [] "
- KEY:
    NAME: weights_initialization
    REQ: AT_LEAST_ONE
    POST: " s['initialized_tensors'] += [v['metadata']['tensor']] "
- END:
    CHECK: sorted(s['initialized_tensors']) == sorted(['a', 'b'])
"""
    rules = import_rule_file(text, name="w.yaml")

    def verdict(*names: object) -> FileVerdict:
        lines = [Line(key="weights_initialization", metadata={"tensor": name}) for name in names]
        return apply_rule_files(read_mllog(data_of(lines)).events, lambda _: rules, start="w.yaml")

    assert verdict("b", "a").warnings == ()
    assert (verdict("a").compliant, len(verdict("a").warnings)) == (True, 1)
    assert (verdict().compliant, len(verdict().warnings)) == (True, 2)
    assert not verdict("a", 1).compliant, "they cannot be sorted"


def test_later_words_of_the_language() -> None:
    text = """
- KEY:
    NAME: a
    REQ: AT_LEAST(2)
    FIRST_CHECK: " v['value'] == 1 "
- KEY:
    NAME: b
    REQ: OPTIONAL
"""
    rules = import_rule_file(text, name="x")

    def complaints(*values: int) -> list[str]:
        events = read_mllog(data_of([Line(key="a", value=value) for value in values])).events
        return [one.rule for one in apply_rule_files(events, lambda _: rules, start="x").complaints]

    assert complaints(1, 5) == []
    assert complaints(1) == ["AT_LEAST(2)"]
    assert complaints(2, 1) == ["v['value'] == 1"]


def test_repeated_fields_are_told_and_both_hold_where_asked() -> None:
    text = "- KEY:\n    NAME: a\n    CHECK: v['value'] > 1\n    CHECK: v['value'] > 2\n"
    last, every = import_rule_file(text, name="x"), import_rule_file(text, name="x", every=True)
    assert [(one.record, one.field, one.line) for one in last.repeated] == [("KEY a", "CHECK", 3)]
    assert [check.text for check in last.keys[0].checks] == ["v['value'] > 2"]
    assert [check.text for check in every.keys[0].checks] == ["v['value'] > 1", "v['value'] > 2"]


def test_everything_that_cannot_be_imported_is_listed() -> None:
    text = """
- BEGIN:
    CODE: import os
- KEY:
    NAME: a
    REQ: SOMETIMES
    CHECK:
        - "eval('1')"
        - "v['value'] > 0"
        - "[x for x in v]"
    CHEK: " v "
    POST: " s['a'] = 1; del s['a'] "
- KEY:
    REQ: EXACTLY_ONE
- KEZ:
    NAME: b
- END:
    CHECK: "1"
- END:
    CHECK: "1"
"""
    with pytest.raises(InputError) as caught:
        import_rule_file(text, name="bad.yaml")
    assert caught.value.message == "bad.yaml holds rules that cannot be imported."
    assert [str(problem).partition(", ")[2].partition(", ")[0] for problem in caught.value.problems[1:]] == [
        "BEGIN: CODE",
        "KEY a: found REQ 'SOMETIMES'",
        "KEY a: CHECK",
        "KEY a: CHECK",
        "KEY a: found the field CHEK",
        "KEY a: POST",
        "KEY: found no NAME",
        "KEZ b: found a record KEZ",
    ]
    lines = [str(problem).partition(",")[0] for problem in caught.value.problems]
    assert lines == ["found 2 records END", *(f"line {line}" for line in (3, 4, 8, 10, 11, 12, 13, 15))]
    text = str(caught.value)
    assert "column 1: found 'import os', expected s.update({…}), s[k] = e," in text
    assert "column 13: found \"del s['a']\"" in text
    assert "column 1: found a call of something else than the known functions, which no rule may use." in text
    with pytest.raises(FormatError, match="line 1"):
        import_rule_file("KEY: a", name="bad.yaml")


# ---------------------------------------------------------------------------------------------------- statements


def after(text: str, state: dict[object, object], value: object = None) -> RunState:
    run = RunState(values=state)
    line = SeenLine(key="k", value={"value": value, "metadata": {}}, timestamp=5.0, lineno=3)
    for statement in read_statements(text):
        statement.apply(run, line)
    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s.update({'b': 2, 'a': [ll.lineno]})", {"a": [3], "b": 2}),
        ("s['a'] = v['value']", {"a": [7]}),
        ("s['a'] += [ll.timestamp]", {"a": [0, 5.0]}),
        ("s['a'].append(ll.key)", {"a": [0, "k"]}),
        ("s['b'] = 1; s['b'] += 2", {"a": [0], "b": 3}),
        ("print('x', s)\npass", {"a": [0]}),
        ("s['a'] = min(s['a'][0], 1)", {"a": 0}),
    ],
)
def test_statements(text: str, expected: dict[object, object]) -> None:
    assert after(text, {"a": [0]}, [7]).values == expected


def test_the_state_does_not_reach_the_log() -> None:
    value: list[object] = [1]
    assert after("s['a'] = v['value']; s['a'].append(2); s['a'] += [3]", {}, value).values == {"a": [1, 2, 3]}
    assert value == [1]


def test_files_that_follow() -> None:
    assert after("enqueue_config('x_{}.yaml'.format(v['value']))", {}, "lars").enqueued == ["x_lars.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "s = {}",
        "s['a'] -= 1",
        "s['a'].pop()",
        "s.clear()",
        "s.update(a=1)",
        "del s['a']",
        "import os",
        "for x in s: pass",
        "if s: pass",
        "v['value'] = 1",
        "ll.value = 1",
        "enqueue_config()",
        "enqueue_config('a', 'b')",
        "s['a'] = s['b'] = 1",
        "s['a'], s['b'] = 1, 2",
        "s['a']: int = 1",
        "exec('1')",
        "s['a'] = exec('1')",
        "s['a'] =",
        "1",
    ],
)
def test_other_statements_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="column"):
        read_statements(text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("s['b'].append(1)", "'b'"),
        ("s['a'].append(1)", "int is no list"),
        ("s['a'] += ['x']", "list cannot be added to int"),
        ("s.update([1])", "list is no mapping"),
        ("s[[1]] = 1", "unhashable"),
        ("s['a'] = v['value']['x']", "not subscriptable"),
    ],
)
def test_statements_that_cannot_be_applied_say_why(text: str, answer: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        after(text, {"a": 1})
    assert answer in str(caught.value)


def test_the_state_does_not_grow_without_end() -> None:
    with pytest.raises(ValueError, match="longer than 1,000,000"):
        after("s['a'] += s['a']\n" * 40, {"a": [0]})


def test_a_check_sees_state_line_and_value() -> None:
    check = read_check(" ll.timestamp - s['first'] < (30*60*1e3) and v['value'] is None ")
    line = SeenLine(key="k", value={"value": None, "metadata": {}}, timestamp=1_799_999.0, lineno=0)
    assert check.value(RunState(values={"first": 0}).names(line)) is True
    assert check.names == {"ll", "s", "v"}
