"""The fast reader of detail logs and the exact one find the same in every published log, and in damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.formats.loadgen_log import DetailLog, read_detail_log
from levelfield.formats.loadgen_scan import ScannedLog, scan_detail_log


def assert_equal(scanned: ScannedLog, exact: DetailLog) -> None:
    assert scanned.keys == exact.keys, exact.path
    for key in exact.keys:
        events = exact.every(key)
        found = [(line, value.decode("utf-8", "backslashreplace")) for line, value in scanned.every(key)]
        assert found == [(event.number, event.value_text) for event in events]
        assert scanned.line(key) == events[0].number
    assert tuple(scanned.errors) == exact.errors
    assert tuple(scanned.warnings) == exact.warnings
    assert [line.number for line in scanned.damaged] == [line.number for line in exact.damaged]


def test_both_readers_agree_on_every_published_log(shared_data: Path) -> None:
    paths = sorted((shared_data / "rounds" / "inference_v2.0").rglob("mlperf_log_detail.txt"))
    assert len(paths) == 648
    for path in paths:
        scanned = scan_detail_log(path.read_bytes(), path=str(path))
        assert scanned.is_utf8
        assert not scanned.not_json
        assert_equal(scanned, read_detail_log(path))


@pytest.mark.parametrize(
    "damage",
    [
        (b'"value": "VALID"', b'"value": "VAL"ID"'),
        (b'"value": "VALID"', b'"value": "VALID'),
        (b'"value": "VALID"', b'"value": VALID'),
        (b'"value": "VALID"', b'"value":    "VALID"'),
        (b'"value": "VALID"', b'"value": "VALID\xff"'),
        (b'"value": "VALID"', b'"value": "VALID\\q"'),
        (b'"value": "VALID"', b'"value": "VA\nLID"'),
        (b'"is_error": false', b'"is_error": true'),
        (b'"is_warning": false', b'"is_warning": true'),
        (b'"file": "', b'"file": "C:\\new\\'),
        (b'"file": "', b'"file": "a\nb'),
        (b"\n:::MLLOG", b"\n\nnot a line of the log\n:::MLLOG"),
        (b"\n", b"\r\n"),
        (b"[", b"[1,,"),
        (b"[", b"[ 1, "),
        (b'{"key": "generated_query_count"', b'{"key": "loaded_qsl_set"'),
        (b'"key": "result_validity"', b'"key": "result\\u0020validity"'),
    ],
    ids=str,
)
def test_both_readers_agree_on_a_damaged_log(shared_data: Path, tmp_path: Path, damage: tuple[bytes, bytes]) -> None:
    folder = shared_data / "rounds" / "inference_v2.0" / "closed" / "FuriosaAI" / "results"
    data = min((path.read_bytes() for path in folder.rglob("run_1/mlperf_log_detail.txt")), key=len)
    assert damage[0] in data
    path = tmp_path / "mlperf_log_detail.txt"
    path.write_bytes(data.replace(*damage))
    assert_equal(scan_detail_log(path.read_bytes(), path=str(path)), read_detail_log(path))


def test_a_cut_log_is_read_up_to_the_cut(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "rounds" / "inference_v2.0" / "closed" / "FuriosaAI" / "results"
    data = min((path.read_bytes() for path in folder.rglob("run_1/mlperf_log_detail.txt")), key=len)
    for end in range(0, len(data), 997):
        path = tmp_path / "mlperf_log_detail.txt"
        path.write_bytes(data[:end])
        if end > 8:
            assert_equal(scan_detail_log(data[:end], path=str(path)), read_detail_log(path))


def test_words_of_a_mark_inside_of_a_value_mark_nothing(tmp_path: Path) -> None:
    def line(key: str, value: str, *, is_error: str) -> str:
        return (
            f':::MLLOG {{"key": "{key}", "value": {value}, "time_ms": 1.000000, "namespace": "mlperf::logging", '
            f'"event_type": "POINT_IN_TIME", "metadata": {{"is_error": {is_error}, "is_warning": false, '
            '"file": "a.cc", "line_no": 1, "pid": 1, "tid": 1}}\n'
        )

    trap = '{"metadata": {"is_error": true, "is_warning": false}'
    path = tmp_path / "mlperf_log_detail.txt"
    path.write_text(
        line("generic", trap.replace("{", "{", 1) + "}", is_error="false")
        + line("generic", '{"a": "\\"metadata\\": {\\"is_error\\": true, \\"is_warning\\": false"}', is_error="false")
        + line("generic", '"it broke"', is_error="true")
    )
    scanned = scan_detail_log(path.read_bytes(), path=str(path))
    assert [(event.number, event.value_text) for event in scanned.errors] == [(3, '"it broke"')]
    assert_equal(scanned, read_detail_log(path))
