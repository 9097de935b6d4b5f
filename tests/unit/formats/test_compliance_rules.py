"""Rule files of the official checker: texts as a YAML reader gives them, and what is refused with its line."""

from __future__ import annotations

import pytest

from levelfield.errors import FormatError
from levelfield.formats.compliance_rules import RuleRecord, read_compliance_rules

FILE = r"""
# A comment, with a - KEY: in it.

- BEGIN:
    CODE: >
        s.update({
            'started': False,
            'names': []
        })

- KEY:
    NAME:  run_start   # what it is about
    REQ:   EXACTLY_ONE
    CHECK: " v['value'] != '' "
    POST:  ' s[''started''] = True '

# between records
- KEY:
    NAME: eval_accuracy
    REQ: AT_LEAST_ONE_OR(a, b)
    CHECK:
        - "'epoch_num' in v['metadata']"
        # between items
        - v['value'] > 0

        - "a \"quoted\" \\ text"
    PRE:
    POST: |
        s['a'] = 1
          s['b'] = 2
- END:
    CHECK: >-
        one
        two

        three
          deeper
        four
"""


def texts(record: RuleRecord) -> dict[str, list[str]]:
    return {field.name: [text.text for text in field.texts] for field in record.fields}


def test_a_file() -> None:
    begin, run, evaluation, end = read_compliance_rules(FILE, source="x.yaml")
    assert [record.kind for record in (begin, run, evaluation, end)] == ["BEGIN", "KEY", "KEY", "END"]
    assert texts(begin) == {"CODE": ["s.update({\n    'started': False,\n    'names': []\n})\n"]}
    assert texts(run) == {
        "NAME": ["run_start"],
        "REQ": ["EXACTLY_ONE"],
        "CHECK": [" v['value'] != '' "],
        "POST": [" s['started'] = True "],
    }
    assert texts(evaluation) == {
        "NAME": ["eval_accuracy"],
        "REQ": ["AT_LEAST_ONE_OR(a, b)"],
        "CHECK": ["'epoch_num' in v['metadata']", "v['value'] > 0", 'a "quoted" \\ text'],
        "PRE": [],
        "POST": ["s['a'] = 1\n  s['b'] = 2\n"],
    }
    assert texts(end) == {"CHECK": ["one two\nthree\n  deeper\nfour"]}


def test_lines_are_told() -> None:
    begin, run, evaluation, _ = read_compliance_rules(FILE, source="x.yaml")
    assert (begin.line, run.line, evaluation.line) == (4, 11, 18)
    check = evaluation.last("CHECK")
    assert check is not None
    assert (check.line, [text.line for text in check.texts]) == (21, [22, 24, 26])


def test_a_field_that_stands_twice_is_kept_twice() -> None:
    (record,) = read_compliance_rules("- KEY:\n    NAME: a\n    CHECK: one\n    CHECK: two\n", source="x")
    last = record.last("CHECK")
    assert last is not None
    assert [text.text for text in last.texts] == ["two"]
    assert [(field.name, field.texts[0].text, field.line) for field in record.repeated] == [("CHECK", "one", 3)]
    assert record.last("POST") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a b", "a b"),
        ("a  # comment", "a"),
        ("a#b", "a#b"),
        ("'it''s'", "it's"),
        ("'a # b'  # comment", "a # b"),
        (r'"a\nb\t\"c\""', 'a\nb\t"c"'),
        ('"one\n      two"', "one two"),
        ('"one\n\n      two"', "one\ntwo"),
        ("one\n      two", "one two"),
        (">\n      one\n      two\n", "one two\n"),
        ("|\n      one\n      two\n\n", "one\ntwo\n"),
        ("|-\n      one\n", "one"),
        (">\n\n      one\n", "\none\n"),
        ("len(v) == 2", "len(v) == 2"),
    ],
)
def test_scalars(text: str, value: str) -> None:
    (record,) = read_compliance_rules(f"- KEY:\n    NAME: {text}\n", source="x")
    assert texts(record) == {"NAME": [value]}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "   \n"])
def test_a_file_without_records(text: str) -> None:
    assert read_compliance_rules(text, source="x") == ()


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("KEY:\n", 1, "a record as '- KEY:'"),
        ("- KEY: x\n", 1, "a record as '- KEY:'"),
        ("- just text\n", 1, "a record as '- KEY:'"),
        ("---\n- KEY:\n", 1, "a record as"),
        ("- KEY:\n    NAME\n", 2, "a field as 'NAME: text'"),
        ("- KEY:\n    - item\n", 2, "a field as 'NAME: text'"),
        ("- KEY:\n    NAME: a\n  REQ: b\n", 3, "a field that is indented like the first one, by 4"),
        ("- KEY:\n    NAME: &anchor x\n", 2, "a text, in quotes where it begins with a sign"),
        ("- KEY:\n    NAME: [a, b]\n", 2, "a text, in quotes"),
        ("- KEY:\n    NAME: a: b\n", 2, "a text, in quotes"),
        ('- KEY:\n    NAME: "open\n', 2, 'a closing "'),
        ("- KEY:\n    CHECK:\n        - 'a' in b\n", 3, "nothing after the closing '"),
        ('- KEY:\n    NAME: "\\x41"\n', 2, "one of the escapes"),
    ],
)
def test_what_is_refused(text: str, line: int, expected: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_compliance_rules(text, source="rules.yaml")
    assert f"rules.yaml, line {line}: found" in str(caught.value)
    assert expected in str(caught.value)


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(FormatError, match="5,000,000 characters"):
        read_compliance_rules("#" * 5_000_000, source="x")


@pytest.mark.parametrize(
    "text",
    [
        "- KEY:\n" + "    NAME: a\n" * 300,
        '- KEY:\n    NAME: "' + "x\n" * 300_000,
        '- KEY:\n    NAME: "' + "x" * 300_000 + "\n" * 300,
    ],
)
def test_a_hostile_file_is_refused_soon(text: str) -> None:
    with pytest.raises(FormatError, match="expected"):
        read_compliance_rules(text, source="x")


def test_a_long_block_is_read_in_one_pass() -> None:
    (record,) = read_compliance_rules("- KEY:\n    CODE: >\n" + "      x\n" * 300_000, source="x")
    assert len(record.fields[0].texts[0].text) == 600_000
