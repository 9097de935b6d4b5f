"""``results.json`` of mobile v2.0: texts become numbers, an infinite score becomes none, wrong entries are listed."""

from __future__ import annotations

import json

import pytest

from levelfield.errors import FormatError, InputError
from levelfield.formats.mobile_results import Accuracy, parse_accuracy, parse_mobile_results, write_mobile_results

PERFORMANCE = {
    "benchmark_id": "OD_uint8",
    "configuration": {"runtime": ""},
    "score": "933.8638",
    "accuracy": "N/A",
    "min_duration": "60000.0",
    "duration": "59917.97",
    "min_samples": "1024",
    "num_samples": "57029",
    "mode": "performance_lite_mode",
    "datetime": "2022-02-25T01:58:07.906",
}
ACCURACY = PERFORMANCE | {
    "score": "Infinity",
    "accuracy": "0.2785 mAP",
    "duration": "0.0",
    "num_samples": "0",
    "mode": "accuracy_mode",
}


def test_both_modes() -> None:
    performance, accuracy = parse_mobile_results(json.dumps([PERFORMANCE, ACCURACY]).encode(), source="r")
    assert (performance.score, performance.samples, performance.duration_ms) == (933.8638, 57029, 59917.97)
    assert performance.is_performance
    assert performance.accuracy is None
    assert accuracy.score is None
    assert accuracy.accuracy == Accuracy(value=0.2785, unit="mAP")


def test_what_is_written_reads_back() -> None:
    entries = parse_mobile_results(json.dumps([PERFORMANCE, ACCURACY]).encode(), source="r")
    text = write_mobile_results(entries)
    assert parse_mobile_results(text.encode(), source="r") == entries
    assert json.loads(text) == [PERFORMANCE, ACCURACY]


@pytest.mark.parametrize(
    ("text", "accuracy"),
    [
        ("75.92%", Accuracy(value=75.92, unit="%")),
        ("0.5755 mIoU", Accuracy(value=0.5755, unit="mIoU")),
        ("93.9833", Accuracy(value=93.9833, unit="")),
        ("N/A", None),
        ("75,92%", None),
        ("nan", None),
        ("0.5 dB", None),
        ("", None),
    ],
)
def test_accuracy_texts(text: str, accuracy: Accuracy | None) -> None:
    assert parse_accuracy(text) == accuracy


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"score": "Infinity"}, "entry 1 (OD_uint8): score: found 'Infinity', expected a number above 0."),
        ({"score": "0.0"}, "score: found '0.0', expected a number above 0."),
        ({"score": "nan"}, "score: found 'nan', expected a number above 0."),
        ({"score": "fast"}, "score: found 'fast', expected a number."),
        ({"score": None}, "score: found nothing, expected a number."),
        ({"score": True}, "score: found True, expected a number."),
        ({"num_samples": "1.5"}, "num_samples: found '1.5', expected a whole number."),
        ({"num_samples": "-1"}, "num_samples: found '-1', expected a whole number."),
        ({"min_samples": "inf"}, "min_samples: found 'inf', expected a whole number."),
        ({"mode": "testing"}, "mode: found 'testing', expected performance_lite_mode or accuracy_mode."),
        ({"benchmark_id": 5}, "entry 1: benchmark_id: found 5, expected a text."),
        ({"accuracy": None}, "accuracy: found nothing, expected a text."),
    ],
)
def test_wrong_entries(change: dict[str, object], answer: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_mobile_results(json.dumps([PERFORMANCE | change]).encode(), source="results.json")
    assert str(caught.value).startswith("results.json holds entries that cannot be read.")
    assert answer in str(caught.value)


def test_all_wrong_entries_are_listed_up_to_a_bound() -> None:
    with pytest.raises(InputError) as caught:
        parse_mobile_results(json.dumps([1] * 30).encode(), source="r")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "and 10 more."


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", "r, line 1: found '', expected JSON."),
        (b"[1,\n2,,]", "r, line 2: found"),
        (b"{}", "found dict, expected a list of results."),
        (b'{"meta": {}, "results": []}', "a result file of a later app (v3 or newer), expected the list of v2.0."),
        (b'["\xff"]', "r, byte 2: found 0xff, expected UTF-8."),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_wrong_files(data: bytes, answer: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_mobile_results(data, source="r")
    assert answer in str(caught.value)


def test_an_empty_list_and_a_byte_order_mark() -> None:
    assert parse_mobile_results(b"[]", source="r") == ()
    assert parse_mobile_results(b"\xef\xbb\xbf[]", source="r") == ()
