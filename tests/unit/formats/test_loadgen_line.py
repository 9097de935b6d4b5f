"""A line of the detail log: exact spelling when written, tolerance when read."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.formats.loadgen_line import (
    DetailLine,
    detail_line,
    format_double,
    format_value,
    parse_line,
    parse_value,
)

TAIL = (
    '"time_ms": 0.198104, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": '
    '{"is_error": false, "is_warning": false, "file": "a/b.cc", "line_no": 53, "pid": 812, "tid": 813}}'
)


def line(value_text: str, key: str = "k") -> str:
    return f':::MLLOG {{"key": "{key}", "value": {value_text}, {TAIL}'


def test_line_has_the_members_in_order() -> None:
    event = detail_line(
        "effective_target_qps", 285.7142857, time_ns=198104, file="a/b.cc", line_no=53, pid=812, tid=813
    )
    assert event.text() == line("285.714", "effective_target_qps")


def test_flags_and_long_times_are_written() -> None:
    event = detail_line("error_runtime", "x", time_ns=600_880_674_567, file="f", line_no=1, pid=1, tid=2, is_error=True)
    assert event.text() == (
        ':::MLLOG {"key": "error_runtime", "value": "x", "time_ms": 600880.674567, "namespace": "mlperf::logging", '
        '"event_type": "POINT_IN_TIME", "metadata": {"is_error": true, "is_warning": false, "file": "f", '
        '"line_no": 1, "pid": 1, "tid": 2}}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (298105.0, "298105"),
        (12558.49, "12558.5"),
        (1e6, "1e+06"),
        (0.3144627, "0.314463"),
        (1000.0, "1000"),
        (0.9, "0.9"),
        (0.0, "0"),
        (1e-5, "1e-05"),
        (float("nan"), "null"),
        (float("-inf"), "null"),
    ],
)
def test_doubles_have_six_digits(value: float, text: str) -> None:
    assert format_double(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (15863379492028895792, "15863379492028895792"),
        ((1, 2), "[1,2]"),
        (np.array([7, 8]), "[7,8]"),
        ((), "[]"),
        ({"/a.py": "0f", "/b.py": "1e"}, '{"/a.py":"0f","/b.py":"1e"}'),
        ('plain "quoted" \\ and\nlines', '"plain \\"quoted\\" \\\\ and\\nlines"'),
        ("µs", '"µs"'),
        (None, "null"),
    ],
)
def test_values_are_spelled_as_the_reference_does(value: object, text: str) -> None:
    assert format_value(value) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("1e+06", 1e6),
        ("6655344265603136530", 6655344265603136530),
        ("[62,70,96]", (62, 70, 96)),
        ('{"/a":"b"}', {"/a": "b"}),
        ('"VALID"', "VALID"),
        ('""', ""),
        ("inf", float("inf")),
        ("-inf", float("-inf")),
        ("Infinity", float("inf")),
        # The reference does not escape: what its own quotes break is taken as it stands.
        ('"the "best" system"', 'the "best" system'),
        ('"C:\\data\\x"', "C:\\data\\x"),
        ('"tab\there"', "tab\there"),
    ],
)
def test_values_are_read(text: str, value: object) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize("text", ["nan", "-nan", "NaN"])
def test_not_a_number_is_read(text: str) -> None:
    value = parse_value(text)
    assert isinstance(value, float)
    assert value != value  # noqa: PLR0124


@pytest.mark.parametrize("text", ["", "abc", '"', "[1.5]", "[true]", '{"a":1}', "[[1]]"])
def test_unknown_values_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_value(text)


def test_line_is_read() -> None:
    event = parse_line(line("[1,2]", "loaded_qsl_set"), number=9)
    assert event == DetailLine(
        key="loaded_qsl_set",
        value_text="[1,2]",
        time_ns=198104,
        file="a/b.cc",
        line_no=53,
        pid=812,
        tid=813,
        number=9,
    )
    assert event.value == (1, 2)


def test_stray_quotes_do_not_hide_the_other_members() -> None:
    event = parse_line(line('"a", "time_ms": 1.5, "b"', "sut_name"))
    assert event is not None
    assert event.value == 'a", "time_ms": 1.5, "b'
    assert event.time_ns == 198104


def test_other_spacing_and_order_is_read() -> None:
    event = parse_line(
        ':::MLLOG {"namespace":"","time_ms":1.5,"event_type":"INTERVAL_START","key":"power_begin","value":"x",'
        '"metadata":{"is_error":false,"is_warning":true,"file":"f","line_no":3}}'
    )
    assert event is not None
    assert (event.key, event.value, event.time_ns, event.is_warning) == ("power_begin", "x", 1_500_000, True)
