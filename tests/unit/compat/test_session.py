"""What goes wrong in a test that runs through the compatibility module, and what is left behind."""

from __future__ import annotations

import array
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from levelfield.compat import mlperf_loadgen as lg
from levelfield.errors import CompletionError, OutputError, SettingsError, UsageError


@contextmanager
def handles(issue: Callable[[list[lg.QuerySample]], object]) -> Iterator[tuple[int, int]]:
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(50, 20, lambda _: None, lambda _: None)
    yield sut, qsl
    lg.DestroySUT(sut)
    lg.DestroyQSL(qsl)


def settings_of(**values: object) -> lg.TestSettings:
    settings = lg.TestSettings()
    settings.min_duration_ms = 0
    settings.min_query_count = 70
    for name, value in values.items():
        setattr(settings, name, value)
    return settings


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(issue: Callable[[list[lg.QuerySample]], object], **values: object) -> None:
    with handles(issue) as (sut, qsl):
        lg.StartTest(sut, qsl, settings_of(**values))


def complete(samples: list[lg.QuerySample]) -> None:
    lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples])


def detail() -> list[dict[str, object]]:
    lines = Path("mlperf_log_detail.txt").read_text().splitlines()
    return [json.loads(line.removeprefix(":::MLLOG ")) for line in lines]


def errors() -> list[object]:
    return [line["value"] for line in detail() if line["metadata"]["is_error"]]


def test_unknown_and_destroyed_handles_are_refused() -> None:
    with handles(complete) as (sut, qsl):
        with pytest.raises(UsageError, match="No system under test has the handle 987654"):
            lg.StartTest(987654, qsl, settings_of())
        with pytest.raises(UsageError, match=r"No sample library has the handle .* it stands for a system"):
            lg.StartTest(sut, sut, settings_of())
    with pytest.raises(UsageError, match="destroyed or never made"):
        lg.StartTest(sut, qsl, settings_of())
    with pytest.raises(UsageError, match="destroyed or never made"):
        lg.DestroyQSL(qsl)
    assert not Path("mlperf_log_detail.txt").exists()


def test_completion_without_a_test_is_refused() -> None:
    with pytest.raises(CompletionError, match="1 samples were reported while no test is running"):
        lg.QuerySamplesComplete([lg.QuerySampleResponse(0, 0, 0)])
    with pytest.raises(CompletionError):
        lg.FirstTokenComplete([lg.QuerySampleResponse(0, 0, 0)])


def test_completing_twice_ends_the_run_with_an_error() -> None:
    def twice(samples: list[lg.QuerySample]) -> None:
        complete(samples)
        complete(samples)

    with pytest.raises(CompletionError, match="Sample 0 completed twice"):
        run(twice)
    assert any("completed twice" in str(text) for text in errors())
    assert json.loads(Path("mlperf_log_accuracy.json").read_text()) == []


def test_unknown_id_ends_the_run_with_an_error() -> None:
    with pytest.raises(CompletionError, match="Sample 4711 completed, which was never issued"):
        run(lambda _: lg.QuerySamplesComplete([lg.QuerySampleResponse(4711, 0, 0)]))


def test_exception_in_a_callback_comes_out_of_start_test() -> None:
    def broken(_: list[lg.QuerySample]) -> None:
        raise ZeroDivisionError("by the model")

    with pytest.raises(ZeroDivisionError, match="by the model"):
        run(broken)
    assert any("by the model" in str(text) for text in errors())


def test_the_next_test_runs_after_a_failed_one() -> None:
    with pytest.raises(ZeroDivisionError):
        run(lambda _: 1 / 0)
    run(complete)
    assert not errors()


def test_exception_in_response_cb_comes_out_of_the_report_and_ends_the_run() -> None:
    seen = []

    def refuse(_: lg.QuerySampleResponse) -> None:
        raise MemoryError("device lost")

    def issue(samples: list[lg.QuerySample]) -> None:
        try:
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples], refuse)
        except MemoryError as error:
            seen.append(error)

    with pytest.raises(MemoryError, match="device lost"):
        run(issue, mode=lg.TestMode.AccuracyOnly)
    assert seen


def test_payload_is_copied_during_the_report() -> None:
    def issue(samples: list[lg.QuerySample]) -> None:
        for sample in samples:
            data = array.array("B", [sample.index, 255])
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, *data.buffer_info())])
            data[0] = 0

    run(issue, mode=lg.TestMode.AccuracyOnly)
    entries = json.loads(Path("mlperf_log_accuracy.json").read_text())
    assert len(entries) == 50
    assert all(entry["data"] == f"{entry['qsl_idx']:02X}FF" for entry in entries)


def test_response_cb_is_not_called_where_nothing_is_logged() -> None:
    calls = []

    def issue(samples: list[lg.QuerySample]) -> None:
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 1, 1) for sample in samples], calls.append)

    run(issue)
    assert not calls


def test_keyboard_interrupt_closes_the_logs_and_comes_out() -> None:
    def stop(samples: list[lg.QuerySample]) -> None:
        if samples[0].id == 5:
            raise KeyboardInterrupt
        complete(samples)

    with pytest.raises(KeyboardInterrupt):
        run(stop)
    assert "ERROR" in Path("mlperf_log_summary.txt").read_text()


def test_second_test_at_the_same_time_is_refused() -> None:
    seen = []

    def again(samples: list[lg.QuerySample]) -> None:
        if not seen:
            with handles(complete) as (sut, qsl):
                try:
                    lg.StartTest(sut, qsl, settings_of())
                except UsageError as error:
                    seen.append(error)
        complete(samples)

    run(again)
    assert "A test is running in this process already" in str(seen[0])


def test_settings_that_never_end_are_refused_all_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        run(complete, scenario=lg.TestScenario.MultiStream, multi_stream_samples_per_query=0,
            multi_stream_expected_latency_ns=0.0)  # fmt: skip
    assert len(raised.value.problems) == 2
    with pytest.raises(SettingsError, match="server_target_qps: found 0"):
        run(complete, scenario=lg.TestScenario.Server, server_target_qps=0.0)


def test_negative_rate_is_an_error_in_the_log_as_in_the_official_module() -> None:
    run(complete, scenario=lg.TestScenario.Offline, offline_expected_qps=-3.0)
    assert "error_invalid_test_settings" in [line["key"] for line in detail()]


def test_folder_that_cannot_be_written_to_is_refused() -> None:
    logs = lg.LogSettings()
    logs.log_output.outdir = "nowhere/at/all"
    with handles(complete) as (sut, qsl), pytest.raises(OutputError):
        lg.StartTestWithLogSettings(sut, qsl, settings_of(), logs)


def test_wrong_type_of_settings_is_refused() -> None:
    with handles(complete) as (sut, qsl), pytest.raises(TypeError, match="expected TestSettings"):
        lg.StartTest(sut, qsl, lg.LogSettings())


def test_completion_from_another_thread_after_the_issue_returned() -> None:
    def later(samples: list[lg.QuerySample]) -> None:
        threading.Thread(target=complete, args=(samples,)).start()

    run(later, scenario=lg.TestScenario.MultiStream, multi_stream_samples_per_query=3)
    assert not errors()


def test_audit_file_of_another_name_is_taken_when_asked_for() -> None:
    Path("other.config").write_text("*.*.min_query_count = 66\n")
    with handles(complete) as (sut, qsl):
        lg.StartTest(sut, qsl, settings_of(), "other.config")
        assert {"key": "requested_min_query_count", "value": 66}.items() <= next(
            line for line in detail() if line["key"] == "requested_min_query_count"
        ).items()
        lg.StartTest(sut, qsl, settings_of())
    assert next(line["value"] for line in detail() if line["key"] == "requested_min_query_count") == 70
