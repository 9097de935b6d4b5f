"""The detail log: every line is read, and what is asked for is there or named."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import FormatError, InputError
from levelfield.formats.loadgen_line import DamagedLine, DetailLine
from levelfield.formats.loadgen_log import read_detail_log, read_detail_stream

TAIL = (
    '"time_ms": 0.198104, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": '
    '{"is_error": false, "is_warning": false, "file": "a/b.cc", "line_no": 53, "pid": 812, "tid": 813}}'
)


def line(value_text: str, key: str = "k") -> str:
    return f':::MLLOG {{"key": "{key}", "value": {value_text}, {TAIL}'


@pytest.mark.parametrize(
    "text", [":::MLLOG", ':::MLLOG {"key": "a"}', ":::MLLOG []", line("1")[:-1], ":::MLLOG {nothing}"]
)
def test_damaged_lines_are_reported_not_dropped(text: str) -> None:
    found = list(read_detail_stream(["noise\n", text + "\n", line("1") + "\r\n"]))
    assert [type(item) for item in found] == [DamagedLine, DetailLine]
    assert [item.number for item in found] == [2, 3]


def test_first_of_a_repeated_key_counts(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join([line("1", "a"), "", "not a line", line("2", "a"), line("true", "b")]))
    log = read_detail_log(path)
    assert log.integer("a") == 1
    assert [event.value for event in log.every("a")] == [1, 2]
    assert log.keys == ("a", "b")
    assert "b" in log
    assert "c" not in log
    assert log.flag("b") is True


def test_errors_and_warnings_are_found(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(
        line('"bad"', "error_runtime").replace('"is_error": false', '"is_error": true')
        + "\n"
        + line('"hm"', "warning_generic_message").replace('"is_warning": false', '"is_warning": true')
        + "\n"
    )
    log = read_detail_log(path)
    assert [event.value for event in log.errors] == ["bad"]
    assert [event.value for event in log.warnings] == ["hm"]


def test_bytes_that_are_not_utf8_stay_visible(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(line('"caf?"', "sut_name").encode().replace(b"?", b"\xe9") + b"\r\n")
    assert read_detail_log(path).text("sut_name") == "caf\\xe9"


@pytest.mark.parametrize(
    ("key", "method", "message"),
    [
        ("a", "text", "line 1, key a: found 1, expected text"),
        ("a", "flag", "found 1, expected true or false"),
        ("a", "integers", "expected a list of integers"),
        ("f", "integer", "found 1.5, expected an integer"),
        ("missing", "number", "key missing: found no such line"),
        ("b", "number", "found true, expected a number"),
        ("b", "integer", "found true, expected an integer"),
        ("broken", "number", "found abc, expected a number"),
    ],
)
def test_wrong_types_name_file_line_and_key(tmp_path: Path, key: str, method: str, message: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join([line("1", "a"), line("1.5", "f"), line("true", "b"), line("abc", "broken")]))
    log = read_detail_log(path)
    with pytest.raises(FormatError, match=message) as caught:
        getattr(log, method)(key)
    assert str(path) in str(caught.value)


def test_numbers_and_lists_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n".join([line("1", "a"), line("1.5", "f"), line("[3,4]", "l"), line('"t"', "t")]))
    log = read_detail_log(path)
    assert (log.number("a"), log.number("f"), log.integers("l"), log.text("t")) == (1.0, 1.5, (3, 4), "t")


def test_number_in_quotes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(line('"4945769"', "result_query_count"))
    assert read_detail_log(path).integer("result_query_count") == 4945769


def test_file_without_events_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("hello\n")
    with pytest.raises(FormatError, match="no line that starts with :::MLLOG"):
        read_detail_log(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.txt cannot be read"):
        read_detail_log(tmp_path / "absent.txt")
