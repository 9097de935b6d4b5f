"""The fast reader of detail logs, on lines that it must not take for ones of LoadGen."""

from __future__ import annotations

import pytest

from levelfield.formats.loadgen_line import DetailLine, detail_line
from levelfield.formats.loadgen_scan import ScannedLog, scan_detail_log

LIST = "[" + ",".join(map(str, range(1000, 1400))) + "]"
"""Long enough to be taken out of its line."""


def line(key: str, value: str, *, tid: int = 7, is_warning: bool = False) -> str:
    event = detail_line(key, 0, time_ns=1_234_567, file="loadgen.cc", line_no=30, pid=7, tid=tid, is_warning=is_warning)
    return event.text().replace('"value": 0', f'"value": {value}') + "\n"


def scan(text: str) -> ScannedLog:
    return scan_detail_log(text.encode("utf-8", "surrogateescape"), path="mlperf_log_detail.txt")


def test_values_are_found_as_they_are_spelled() -> None:
    log = scan(line("a", "1.50") + line("b", '"x, {y}"') + line("a", "2") + line("c", '{"d":"e"}') + line("s", LIST))
    assert log.keys == ("a", "b", "c", "s")
    assert log.every("a") == [(1, b"1.50"), (3, b"2")]
    assert (log.text("b"), log.spelled("c"), log.spelled("s")) == ("x, {y}", b'{"d":"e"}', LIST.encode())
    assert (log.not_json, log.damaged, log.errors, log.warnings, log.is_utf8) == ([], [], [], [], True)


def test_equal_lists_of_two_logs_are_one_object() -> None:
    first, second = (scan(line("a", value) + line("s", LIST)).spelled("s") for value in "12")
    assert first is second


def test_lines_of_several_threads_and_without_a_last_end_are_read() -> None:
    log = scan("".join(line(f"key_{tid}", str(tid), tid=tid) for tid in (7, 8, 7, 9)).removesuffix("\n"))
    assert [log.integer(f"key_{tid}") for tid in (7, 8, 9)] == [7, 8, 9]
    assert not log.damaged


def test_a_marked_event_is_whole_also_with_a_long_list() -> None:
    log = scan(line("a", "1") + line("s", LIST, is_warning=True))
    assert log.warnings == [
        DetailLine(
            key="s",
            value_text=LIST,
            time_ns=1_234_567,
            is_warning=True,
            file="loadgen.cc",
            line_no=30,
            pid=7,
            tid=7,
            number=2,
        )
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        line("s", LIST.replace("[", "[,")),
        line("s", LIST.replace("]", ",]")),
        line("s", LIST.replace(",1200", ",,1200")),
        line("s", LIST.replace(",1200", ",-")),
        line("s", LIST.replace("]", "")),
        line("s", f'{{"value": {LIST}}} x'),
        line("a", "01"),
        line("a", "True"),
        line("a", '"x\ty"'),
        line("a", "1").replace('"a"', '"a\t"'),
        line("a", "1").replace('"line_no": 30', '"line_no": 030'),
        line("a", "1").replace('"line_no": 30', '"line_no": '),
        line("a", "1").replace('"tid": 7', '"tid": 07'),
        line("a", "1").replace("1.234567", "1."),
        line("a", "1").replace("1.234567", ".5"),
        line("a", "1").replace("1.234567", "1.2.3"),
        line("a", "1").replace('"is_error": false', '"is_error": no'),
        line("a", "1").replace(', "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": ', ""),
    ],
)
def test_what_is_no_json_is_told(wrong: str) -> None:
    scan(line("s", LIST))  # a list that is known by now
    log = scan(line("b", "2") + wrong + line("c", "3"))
    assert log.not_json == [2]
    assert (log.integer("b"), log.integer("c")) == (2, 3)


def test_a_cut_line_is_told() -> None:
    whole = line("b", "2").removesuffix("\n")
    for end in range(len(":::MLLOG"), len(whole)):
        log = scan(line("a", "1") + whole[:end])
        assert log.not_json == [2], whole[:end]
        assert log.integer("a") == 1


def test_bytes_that_are_no_text_are_told() -> None:
    assert scan(line("a", '"\u00e9"')).is_utf8
    log = scan(line("a", '"\udcff"'))
    assert not log.is_utf8
    assert log.text("a") == "\\xff"
