"""What fuzzing and reading found in the readers: each of these raised another error than ours, or took minutes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from levelfield.errors import FormatError
from levelfield.formats import accuracy_log
from levelfield.formats.accuracy_log import AccuracyReader
from levelfield.formats.loadgen_conf import as_u64
from levelfield.formats.loadgen_conf_traps import traps
from levelfield.formats.loadgen_line import DamagedLine, DetailLine, detail_line, parse_line
from levelfield.formats.loadgen_log import DetailLog, read_detail_stream
from levelfield.formats.loadgen_summary import _parse
from levelfield.formats.loadgen_trace import read_trace
from levelfield.formats.system_description import REQUIRED_FIELDS, parse_system_description
from levelfield.terms import Profile

DEEP = "[" * 100_000
BEFORE, BEHIND = '", "value": ', ', "time_ms": 1.0, "namespace": "a", "event_type": "b", "metadata": {"is_error": true'


def event(value_text: str) -> DetailLine:
    return DetailLine(key="k", value_text=value_text, time_ns=0, file="f", line_no=1, pid=1, tid=1)


def log_of(value_text: str) -> DetailLog:
    return DetailLog(path=Path("x"), events=(event(value_text),))


def test_a_detail_line_nested_a_hundred_thousand_deep_is_damaged() -> None:
    (found,) = read_detail_stream([f':::MLLOG {{"key": "a", "x": {DEEP}'])
    assert isinstance(found, DamagedLine)
    assert found.problem == "nested too deep"
    with pytest.raises(ValueError, match="nested too deep"):
        _ = event(DEEP).value


def test_a_detail_line_that_repeats_the_marks_is_read_in_linear_time() -> None:
    """With the expression for a whole line, 50 kB took 52 s; this line has a megabyte."""
    with pytest.raises(ValueError):
        parse_line(':::MLLOG {"key": "a' + BEFORE * 20_000 + BEHIND * 8_000)
    text = f"a{BEFORE}b{BEHIND}c"
    found = parse_line(event(json.dumps("v")).text().replace('"v"', f'"{text}"'))
    assert found is not None
    assert (found.key, found.value) == ("k", text)


@pytest.mark.parametrize("member", ["time_ms", "line_no"])
@pytest.mark.parametrize("value", [1e999, 10**400, "x", None, []])
def test_a_member_of_another_type_makes_the_line_damaged(member: str, value: object) -> None:
    line = json.loads(detail_line("k", 1, time_ns=0, file="f", line_no=1, pid=1, tid=1).text()[9:])
    (line if member in line else line["metadata"])[member] = value
    (found,) = read_detail_stream([":::MLLOG " + json.dumps(line, sort_keys=True)])
    assert isinstance(found, DamagedLine) or found.line_no == 10**400


def test_numbers_beyond_all_bounds_are_format_errors() -> None:
    with pytest.raises(FormatError, match="expected a number that 64 bits hold"):
        log_of("9" * 400).number("k")
    with pytest.raises(FormatError, match="expected an integer"):
        log_of(f'"{"9" * 5000}"').integer("k")
    with pytest.raises(FormatError, match="expected an integer"):
        log_of("9" * 5000).integer("k")


def test_a_count_of_thousands_of_digits_is_no_total() -> None:
    assert _parse(f"{'9' * 5000} warnings encountered. See detailed log.\n").warning_count is None
    assert _parse("12 warnings encountered. See detailed log.\n").warning_count == 12


def test_a_conf_value_of_thousands_of_digits_is_the_largest_number() -> None:
    assert as_u64("9" * 5000) == as_u64("0x" + "f" * 5000) == as_u64("0" + "7" * 5000) == (1 << 64) - 1
    assert as_u64("0" * 5000 + "10") == 8
    (found,) = traps(f"*.*.min_query_count = {'9' * 5000}\n", path="x", profile=Profile.V6)
    assert "expected less than 2^64" in found


@pytest.mark.parametrize(
    "line",
    [
        '{"name":"Sample","ph":"b","ts":1.0,"args":{}},',
        '{"name":"Sample","ph":"b"},',
        '{"name":"Sample","ph":"b","ts":1.0,"args":[]},',
        '{"name":"Sample","ph":"b","ts":1.0,"args":{"sample_seq":"a","query_seq":1}},',
        f'{{"name":"Sample","ph":"b","ts":{DEEP}',
    ],
)
def test_a_trace_line_without_its_members_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):
        list(read_trace([line]))


def test_a_trace_sample_with_text_for_a_number_is_a_value_error() -> None:
    names = ("sample_seq", "query_seq", "sample_idx", "issue_start_ns", "complete_ns")
    args = json.dumps(dict.fromkeys(names, 1) | {"sample_idx": "a"})
    with pytest.raises(ValueError, match="of value a"):
        list(read_trace([f'{{"name":"Sample","ph":"b","ts":1.0,"args":{args}}},']))


@pytest.mark.parametrize("value", ["9" * 5000, DEEP])
def test_a_description_that_python_cannot_take_is_a_format_error(value: str) -> None:
    fields = ", ".join(f'"{name}": ""' for name in REQUIRED_FIELDS)
    with pytest.raises(FormatError, match="JSON that can be read"):
        parse_system_description(f'{{{fields}, "x": {value}', source="x.json")


def test_an_accuracy_entry_nested_deep_is_damaged() -> None:
    reader = AccuracyReader(io.StringIO(f'[\n{{ "seq_id" : {DEEP} }}\n]'))
    assert list(reader) == []
    assert reader.damaged == [2]


def test_an_accuracy_log_without_a_closing_brace_is_not_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy_log, "CHUNK", 10)
    monkeypatch.setattr(accuracy_log, "ENTRY_MAX", 100)
    good = '{ "seq_id" : 1, "qsl_idx" : 2, "data" : "AB" }'
    reader = AccuracyReader(io.StringIO(f"[\n{good},\n" + "{ 12345678" * 50 + f"\n,{good}\n]"))
    assert [entry.sample_index for entry in reader] == [2, 2]
    assert reader.damaged
    assert reader.complete
