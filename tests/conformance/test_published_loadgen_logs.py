"""Every LoadGen log of the published round v2.0 that is at hand: read without loss, written the same, re-derived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.formats.loadgen_line import format_value
from levelfield.formats.loadgen_log import DetailLog, read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.stats.early_stopping import minimum_queries, most_over_bound, queries_needed

DISCARDED = re.compile(
    r" \* Processed at least (\d+) queries \((\d+)\)\.  \* Would discard (\d+) highest latency queries\."
)
TOO_FEW = re.compile(
    r" \* Only processed (\d+) queries\.  \* Need to process at least (\d+) queries for early stopping\."
)
TOO_FEW_99 = re.compile(
    r"\* Not enough queries processed for 99th percentile  early stopping estimate .* least (\d+) total"
)


@pytest.fixture(scope="module")
def round_folder(shared_data: Path) -> Path:
    return shared_data / "rounds" / "inference_v2.0"


@pytest.fixture(scope="module")
def detail_logs(round_folder: Path) -> list[DetailLog]:
    return [read_detail_log(path) for path in sorted(round_folder.rglob("mlperf_log_detail.txt"))]


def performance_logs(logs: list[DetailLog], *scenarios: str) -> Iterator[DetailLog]:
    for log in logs:
        if "result_validity" in log and log.text("effective_scenario") in scenarios:
            yield log


def test_every_detail_log_is_read_and_written_without_loss(detail_logs: list[DetailLog]) -> None:
    assert len(detail_logs) == 648
    doubles = 0
    for log in detail_logs:
        assert not log.damaged, log.path
        original = log.path.read_text(encoding="utf-8").split("\n")
        assert [event.text() for event in log.events] == [line for line in original if line]
        for event in log.events:
            value = event.value
            assert format_value(value) == event.value_text, (log.path, event.key)
            doubles += isinstance(value, float)
    assert doubles > 1000


def test_every_summary_is_written_as_it_was_read(round_folder: Path) -> None:
    paths = sorted(round_folder.rglob("mlperf_log_summary.txt"))
    assert len(paths) == 649
    for path in paths:
        assert read_summary(path).text() == path.read_text(encoding="utf-8"), path


def test_summary_and_detail_agree_on_validity(detail_logs: list[DetailLog]) -> None:
    compared = 0
    for log in performance_logs(detail_logs, "SingleStream", "MultiStream", "Server", "Offline"):
        assert read_summary(log.path.with_name("mlperf_log_summary.txt")).validity == log.text("result_validity")
        compared += 1
    assert compared == 536


def test_every_accuracy_log_is_read(round_folder: Path) -> None:
    paths = sorted(round_folder.rglob("mlperf_log_accuracy.json"))
    assert len(paths) == 237
    truncated = 0
    for path in paths:
        log = read_accuracy_log(path)
        assert not log.damaged, path
        assert log.complete, path
        assert log.truncated == ("\n...\n" in path.read_text()), path
        truncated += log.truncated
    assert truncated > 0


def test_early_stopping_of_every_single_and_multi_stream_log(detail_logs: list[DetailLog]) -> None:
    met = missed = 0
    for log in performance_logs(detail_logs, "SingleStream", "MultiStream"):
        queries = log.integer("result_query_count")
        percentile = log.number("effective_target_latency_percentile")
        over_bound = most_over_bound(queries, percentile)
        text = log.text("early_stopping_result")
        assert log.flag("early_stopping_met") == (over_bound is not None), log.path
        if over_bound is None:
            found = TOO_FEW.fullmatch(text)
            assert found, (log.path, text)
            assert (int(found[1]), int(found[2])) == (queries, minimum_queries(percentile)), log.path
            missed += 1
        else:
            found = DISCARDED.match(text)
            assert found, (log.path, text)
            expected = (minimum_queries(percentile), queries, over_bound - 1)
            assert tuple(map(int, found.groups())) == expected, log.path
            met += 1
        if log.text("effective_scenario") == "SingleStream" and over_bound is not None:
            check_estimate_at_99(log, queries, text)
    assert (met, missed) == EARLY_STOPPING_LOGS


def test_five_published_logs_have_counts_in_quotes(detail_logs: list[DetailLog]) -> None:
    # LoadGen writes counts without quotes: these five were edited after the run.
    quoted = [log for log in detail_logs if "result_query_count" in log and isinstance(value_of(log), str)]
    assert {log.path.parts[-5] for log in quoted} == {
        "resnet50_bootstrapnasA",
        "resnet50_bootstrapnasB",
        "resnet50_bootstrapnasC",
    }
    assert len(quoted) == 5


def value_of(log: DetailLog) -> object:
    event = log.first("result_query_count")
    assert event is not None
    return event.value


def check_estimate_at_99(log: DetailLog, queries: int, text: str) -> None:
    """The second estimate of a SingleStream log, from which MultiStream results are inferred."""
    estimate = log.integer("early_stopping_latency_ms")
    if most_over_bound(queries, 0.99) is None:
        found = TOO_FEW_99.search(text)
        assert found, (log.path, text)
        assert (int(found[1]), estimate) == (662, 0)
    else:
        assert f"Early stopping 99th percentile estimate: {estimate}" in text


def test_early_stopping_of_every_server_log(detail_logs: list[DetailLog]) -> None:
    compared = 0
    for log in performance_logs(detail_logs, "Server"):
        queries = log.integer("result_query_count")
        over = log.integer("result_overlatency_query_count")
        needed = queries_needed(over, log.number("effective_target_latency_percentile"))
        assert log.flag("early_stopping_met") == (queries >= needed), log.path
        text = log.text("early_stopping_result")
        if queries >= needed:
            assert text == " * Run successful."
        else:
            assert f"at least {needed - queries} more queries" in text
        compared += 1
    assert compared == SERVER_LOGS


EARLY_STOPPING_LOGS = (272, 24)
"""SingleStream and MultiStream performance logs at hand: early stopping met, not met."""
SERVER_LOGS = 74
