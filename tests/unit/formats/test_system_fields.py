"""System descriptions without fixed fields: names in any case, nested values, repeated names, broken files."""

from __future__ import annotations

import pytest

from levelfield.errors import FormatError
from levelfield.formats.system_fields import parse_system_fields


def test_names_are_found_in_any_case_and_without_blanks() -> None:
    fields = parse_system_fields(b'{"Operating System ": " bare-metal ", "Status": "Preview"}', source="s")
    assert fields.text("operating system") == "bare-metal"
    assert fields.text("absent", "STATUS") == "Preview"
    assert fields.text("absent") == ""


def test_values_become_text() -> None:
    fields = parse_system_fields(b'{"a": 8, "b": {"cuda": "11.4", "n": null}, "c": ["x", 1.5], "d": true}', source="s")
    assert [fields.text(name) for name in "abcd"] == ["8", "cuda: 11.4, n:", "x, 1.5", "True"]


@pytest.mark.parametrize(
    ("value", "count"),
    [('"8"', 8), ("8", 8), ('" 16 "', 16), ('"eight"', None), ("-1", None), ("8.0", None), ('""', None)],
)
def test_counts(value: str, count: int | None) -> None:
    assert parse_system_fields(f'{{"n": {value}}}'.encode(), source="s").count("n") == count


def test_the_last_of_repeated_names_counts_and_is_told() -> None:
    fields = parse_system_fields(b'{"a": "1", "A ": "2", "b": {"c": 1, "c": 2}}', source="s")
    assert fields.text("a") == "2"
    assert sorted(fields.repeated) == ["a", "c"]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", "s, line 1: found '', expected JSON."),
        (b'{"a": 1\n"b": 2}', "s, line 2: found '\"b\": 2}', expected JSON."),
        (b"[]", "found list, expected a JSON object with the fields of a system."),
        (b'{"a": "\xe9"}', "s, byte 7: found 0xe9, expected UTF-8."),
        (b'{"a":' * 50_000, "nested too deep"),
    ],
)
def test_broken_files(data: bytes, answer: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_system_fields(data, source="s")
    assert answer in str(caught.value)
