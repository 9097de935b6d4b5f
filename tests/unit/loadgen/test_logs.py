"""The log files of a test run: complete whatever happens, and readable by our own readers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from measured import WALL_BEGIN, measured

from levelfield import __version__
from levelfield.errors import OutputError
from levelfield.formats.accuracy_log import AccuracyEntry, read_accuracy_log
from levelfield.formats.loadgen_log import read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.formats.loadgen_trace import TraceSample, read_trace
from levelfield.loadgen.logs import LogOptions, TestLogs, announcement
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.settings import MultiStream, Offline, Server, SingleStream, Tokens
from levelfield.loadgen.statistics import summarise
from levelfield.loadgen.verdict import judge
from levelfield.terms import Mode, Profile

BEGIN = datetime(2022, 2, 25, 1, 23, 54, tzinfo=timezone(timedelta(hours=1)))
ERROR = Event(key="error_runtime", text='it "broke"', severity=Severity.ERROR)
WARNING = Event(key="warning_generic_message", text="hm", severity=Severity.WARNING)


class Ticks:
    """A clock that goes on by a fixed step; steps may be negative, as no monotonic clock should."""

    def __init__(self, step_ns: int = 1_500) -> None:
        self.now_ns = 5_000_000
        self.step_ns = step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


def opened(folder: Path, profile: Profile = Profile.V6, **options: object) -> TestLogs:
    return TestLogs.open(
        LogOptions(folder=folder, **options),  # type: ignore[arg-type]
        begin=BEGIN,
        profile=profile,
        clock=Ticks(),
    )


def write_run(logs: TestLogs, run: Measurement, *, system_name: str = "demo") -> None:
    statistics = summarise(run)
    logs.start(system_name=system_name, name_duration_ns=321, library_name="photos", effective=run.effective)
    logs.event(announcement(run.phase))
    logs.loaded_set(run.loaded_set)
    logs.phase(run)
    if run.phase is Mode.PERFORMANCE:
        logs.results(run, statistics, judge(run, statistics))


SINGLE = measured(SingleStream(), range(1000, 1100), profile=Profile.V2_0)


def test_summary_of_a_single_stream_run(tmp_path: Path) -> None:
    with opened(tmp_path, Profile.V2_0) as logs:
        write_run(logs, SINGLE)
    assert (
        (tmp_path / "mlperf_log_summary.txt").read_text()
        == """\
================================================
MLPerf Results Summary
================================================
SUT name : demo
Scenario : SingleStream
Mode     : PerformanceOnly
90th percentile latency (ns) : 1090
Result is : VALID
  Min duration satisfied : Yes
  Min queries satisfied : Yes
  Early stopping satisfied: Yes
Early Stopping Result:
 * Processed at least 64 queries (100).
 * Would discard 2 highest latency queries.
 * Early stopping 90th percentile estimate: 1097
 * Not enough queries processed for 99th percentile
 early stopping estimate (would need to process at
 least 662 total queries).

================================================
Additional Stats
================================================
QPS w/ loadgen overhead         : 953288.85
QPS w/o loadgen overhead        : 953288.85

Min latency (ns)                : 1000
Max latency (ns)                : 1099
Mean latency (ns)               : 1049
50.00 percentile latency (ns)   : 1050
90.00 percentile latency (ns)   : 1090
95.00 percentile latency (ns)   : 1095
97.00 percentile latency (ns)   : 1097
99.00 percentile latency (ns)   : 1099
99.90 percentile latency (ns)   : 1099

================================================
Test Parameters Used
================================================
samples_per_query : 1
target_qps : 1000
target_latency (ns): 0
max_async_queries : 1
min_duration (ms): 0
max_duration (ms): 0
min_query_count : 1
max_query_count : 0
qsl_rng_seed : 0
sample_index_rng_seed : 0
schedule_rng_seed : 0
accuracy_log_rng_seed : 0
accuracy_log_probability : 0
accuracy_log_sampling_target : 0
print_timestamps : 0
performance_issue_unique : 0
performance_issue_same : 0
performance_issue_same_index : 0
performance_sample_count : 10

No warnings encountered during test.

No errors encountered during test.
"""
    )


def test_detail_log_says_what_wrote_it_and_when(tmp_path: Path) -> None:
    with opened(tmp_path, Profile.V2_0) as logs:
        write_run(logs, SINGLE, system_name='the "best"\nsystem')
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert not log.damaged
    version = log.text("loadgen_version")
    assert version.startswith(f"2.0 @ levelfield-{__version__}+")
    assert len(version.rsplit("+", 1)[1]) == 10
    assert "not built from the reference's sources" in log.text("loadgen_git_log_message")
    assert log.text("loadgen_git_status_message") == "NA"
    first = log.first("loadgen_file_sha1")
    assert first is not None
    hashes = first.value
    assert isinstance(hashes, dict)
    assert {"/loadgen/verdict.py", "/stats/percentile.py", "/formats/loadgen_line.py"} < set(hashes)
    assert log.text("test_datetime") == "2022-02-25T00:23:54Z"
    assert log.text("sut_name") == 'the "best"\nsystem'
    assert (log.text("power_begin"), log.text("power_end")) == (
        "02-25-2022 00:23:55.084",
        "02-25-2022 00:23:55.084",
    )
    assert log.integer("qsl_reported_total_count") == 100
    assert log.integers("loaded_qsl_set") == tuple(range(10))
    assert log.integer("early_stopping_latency_ss") == 1097
    assert (tmp_path / "mlperf_log_summary.txt").read_text().splitlines()[3] == 'SUT name : the "best" system'


def test_times_are_those_of_the_clock_and_never_go_back(tmp_path: Path) -> None:
    clock = Ticks(1_500)
    with TestLogs.open(LogOptions(folder=tmp_path), begin=BEGIN, profile=Profile.V6, clock=clock) as logs:
        logs.event(WARNING)
        clock.step_ns = -700
        logs.event(WARNING)
        clock.step_ns = 10_000_000
        logs.event(WARNING)
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert [event.time_ns for event in log.events] == [1_500, 1_500, 10_000_800]
    assert {event.pid for event in log.events} == {os.getpid()}


def test_power_interval_ends_with_the_last_completion(tmp_path: Path) -> None:
    run = measured(Server(), [2_500_000_000, 1_000_000], scheduled_ns=[0, 1_000_000_000])
    with opened(tmp_path) as logs:
        write_run(logs, run)
    assert read_detail_log(tmp_path / "mlperf_log_detail.txt").text("power_end") == "02-25-2022 00:23:57.584"


def test_errors_and_warnings_are_flagged_and_counted(tmp_path: Path) -> None:
    run = measured(SingleStream(), [10] * 64, events=(WARNING, ERROR))
    with opened(tmp_path) as logs:
        logs.event(WARNING)
        write_run(logs, run)
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert [event.value for event in log.errors] == ['it "broke"']
    assert len(log.warnings) == 2
    assert log.integer("num_errors") == 1
    assert log.events[-1].key == "num_errors"
    summary = read_summary(tmp_path / "mlperf_log_summary.txt")
    assert (summary.validity, summary.warning_count, summary.error_count) == ("VALID", 2, 1)


def test_own_invalidity_is_an_error_before_the_results(tmp_path: Path) -> None:
    run = measured(Server(target_latency_ns=15_000_000), [1_000_000] * 459, issue_delay_ns=[2_000_000] * 459)
    with opened(tmp_path) as logs:
        write_run(logs, run)
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    keys = [event.key for event in log.events]
    assert log.text("result_validity") == "VALID"
    (error,) = log.errors
    assert "the load generator itself was late" in str(error.value)
    assert keys.index("error_runtime") < keys.index("result_validity")
    assert log.integer("num_errors") == 1


def test_natural_end_is_logged_where_the_reference_does(tmp_path: Path) -> None:
    runs = {
        "natural": measured(SingleStream(), [10]),
        "early": measured(SingleStream(), [10], ended_early="max_duration"),
        "server": measured(Server(), [10]),
        "accuracy": measured(SingleStream(), [10], phase=Mode.ACCURACY),
        "offline": measured(Offline(), [10]),
    }
    counts = {}
    for name, run in runs.items():
        with opened(tmp_path, prefix=f"{name}_") as logs:
            write_run(logs, run)
        log = read_detail_log(tmp_path / f"{name}_detail.txt")
        counts[name] = sum("Ending naturally" in str(event.value) for event in log.every("generic_message"))
    assert counts == {"natural": 1, "early": 0, "server": 0, "accuracy": 0, "offline": 1}
    early = read_detail_log(tmp_path / "early_detail.txt")
    assert [event.value for event in early.errors] == ["Ending early: max_duration"]


def test_undefined_rates_leave_readable_json(tmp_path: Path) -> None:
    with opened(tmp_path) as logs:
        write_run(logs, measured(Server(), [5]))
    for line in (tmp_path / "mlperf_log_detail.txt").read_text().splitlines():
        json.loads(line.removeprefix(":::MLLOG"), parse_constant=lambda text: pytest.fail(f"not JSON: {text}"))
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    first = log.first("result_scheduled_samples_per_sec")
    assert first is not None
    assert first.value_text == "null"
    assert read_summary(tmp_path / "mlperf_log_summary.txt").value("Scheduled samples per second") == "nan"


def test_accuracy_log_is_appended_in_batches(tmp_path: Path) -> None:
    with opened(tmp_path) as logs:
        logs.accuracy([3, 1], [7, 8], [b"\x01", b""])
        logs.accuracy(np.array([2]), np.array([9]), [b"\xff"], token_counts=[5], token_payloads=[b"\x0a"])
    log = read_accuracy_log(tmp_path / "mlperf_log_accuracy.json")
    assert log.complete
    assert log.entries == (
        AccuracyEntry(seq_id=3, sample_index=7, data=b"\x01"),
        AccuracyEntry(seq_id=1, sample_index=8, data=b""),
        AccuracyEntry(seq_id=2, sample_index=9, data=b"\xff", token_data=b"\x0a", token_count=5),
    )


def test_accuracy_run_has_totals_alone_in_its_summary(tmp_path: Path) -> None:
    with opened(tmp_path) as logs:
        write_run(logs, measured(SingleStream(), [10], phase=Mode.ACCURACY))
    assert (tmp_path / "mlperf_log_summary.txt").read_text() == (
        "\nNo warnings encountered during test.\n\nNo errors encountered during test.\n"
    )


def test_trace_is_written_only_on_request(tmp_path: Path) -> None:
    with opened(tmp_path) as logs:
        write_run(logs, SINGLE)
    assert not (tmp_path / "mlperf_log_trace.json").exists()
    run = measured(
        Server(), [30, -1, 50], scheduled_ns=[0, 1_000, 2_000], issue_delay_ns=[1, 2, 3], profile=Profile.V2_0
    )
    with opened(tmp_path, Profile.V2_0, trace=True) as logs:
        write_run(logs, run)
        write_run(logs, run)
    path = tmp_path / "mlperf_log_trace.json"
    assert json.loads(path.read_text())["otherData"]["version"] == f"levelfield {__version__}"
    start = 1_084_500_000  # from the beginning of the test to that of the phase
    samples = list(read_trace(path.read_text().splitlines()))
    assert samples[0] == TraceSample(
        seq_id=0, query_seq=0, sample_index=0, scheduled_ns=start, issue_delay_ns=1, latency_ns=30
    )
    assert [(s.seq_id, s.query_seq, s.scheduled_ns - start) for s in samples] == [
        (0, 0, 0),
        (2, 2, 2_000),
        (3, 3, 0),
        (5, 5, 2_000),
    ]
    assert path.read_text().count('"name":"Latency"') == 4
    assert timedelta(microseconds=1_084_500) == WALL_BEGIN - BEGIN


def test_names_follow_the_options(tmp_path: Path) -> None:
    with opened(tmp_path, prefix="p_", suffix="_s", prefix_with_datetime=True, trace=True):
        pass
    stamp = "p_2022-02-25T00:23:54Z_"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{stamp}accuracy_s.json",
        f"{stamp}detail_s.txt",
        f"{stamp}summary_s.txt",
        f"{stamp}trace_s.json",
    ]


def test_copies_go_to_the_sink(tmp_path: Path) -> None:
    copied: list[str] = []
    options = LogOptions(folder=tmp_path, copy_detail_to_stdout=True, copy_summary_to_stdout=True)
    with TestLogs.open(options, begin=BEGIN, profile=Profile.V6, sink=copied.append) as logs:
        write_run(logs, measured(SingleStream(), [10]))
    text = "".join(copied)
    assert sum(line.startswith(":::MLLOG") for line in text.splitlines()) == len(
        read_detail_log(tmp_path / "mlperf_log_detail.txt").events
    )
    rest = "".join(part for part in copied if not part.startswith(":::MLLOG"))
    assert rest == (tmp_path / "mlperf_log_summary.txt").read_text()
    quiet: list[str] = []
    with TestLogs.open(LogOptions(folder=tmp_path), begin=BEGIN, profile=Profile.V6, sink=quiet.append):
        pass
    assert not quiet


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_logs_are_complete_files_after_an_interruption(tmp_path: Path, interruption: type[BaseException]) -> None:
    def run() -> None:
        with opened(tmp_path, trace=True) as logs:
            logs.event(ERROR)
            logs.accuracy([0], [4], [b"\x01"])
            raise interruption

    with pytest.raises(interruption):
        run()
    assert read_accuracy_log(tmp_path / "mlperf_log_accuracy.json").complete
    assert json.loads((tmp_path / "mlperf_log_trace.json").read_text())["displayTimeUnit"] == "ns"
    assert read_summary(tmp_path / "mlperf_log_summary.txt").error_count == 1
    assert read_detail_log(tmp_path / "mlperf_log_detail.txt").errors


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    logs = opened(tmp_path)
    logs.close()
    before = (tmp_path / "mlperf_log_summary.txt").read_text()
    logs.close()
    assert (tmp_path / "mlperf_log_summary.txt").read_text() == before


def test_place_that_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"absent/mlperf_log_summary\.txt cannot be opened"):
        opened(tmp_path / "absent")
    (tmp_path / "mlperf_log_detail.txt").mkdir()
    with pytest.raises(OutputError, match=r"mlperf_log_detail\.txt cannot be opened: Is a directory"):
        opened(tmp_path)


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("detail.txt", lambda logs: logs.event(ERROR)),
        ("detail.txt", lambda logs: logs.loaded_set(np.arange(100_000))),
        ("summary.txt", lambda logs: write_run(logs, SINGLE)),
        ("accuracy.json", lambda logs: logs.accuracy([0], [0], [bytes(100_000)])),
        ("accuracy.json", lambda logs: logs.close()),
    ],
)
def test_full_disk_is_an_error_that_names_the_file(
    tmp_path: Path, kind: str, write: Callable[[TestLogs], None]
) -> None:
    (tmp_path / f"mlperf_log_{kind}").symlink_to(FULL)
    with pytest.raises(OutputError, match=f"mlperf_log_{kind} cannot be written: No space left") as caught:
        run_until_full(tmp_path, write)
    assert "Free space" in str(caught.value)
    other = "accuracy.json" if kind != "accuracy.json" else "summary.txt"
    assert (tmp_path / f"mlperf_log_{other}").read_text()


def run_until_full(folder: Path, write: Callable[[TestLogs], None]) -> None:
    with opened(folder) as logs:
        write(logs)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_what_broke_the_run_is_not_hidden_by_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "mlperf_log_accuracy.json").symlink_to(FULL)

    def broken(logs: TestLogs) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        run_until_full(tmp_path, broken)
    assert any("accuracy.json cannot be written" in note for note in caught.value.__notes__)


TOKENS = Tokens(use=True, ttft_latency_ns=50, tpot_latency_ns=10)


def test_token_runs_have_both_early_stopping_texts(tmp_path: Path) -> None:
    run = measured(
        Server(target_latency_ns=1), [94] * 459, tokens=TOKENS, first_token_ns=[50] * 459, token_counts=[5] * 459
    )
    with opened(tmp_path) as logs:
        write_run(logs, run)
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert "early_stopping_result" not in log
    # 44 ns for four tokens are 11 each, above the limit of 10.
    assert log.text("early_stopping_ttft_result") == " * Run successful."
    assert log.text("early_stopping_tpot_result").startswith(" * Run unsuccessful.")
    assert log.text("result_invalid_reason") == "TPOT constrain not met: Reduce target QPS to improve latency. "
    assert log.integer("result_99.00_percentile_latency_ns") == 94
    assert log.number("result_token_throughput") == pytest.approx(5 / 94, rel=1e-5)
    assert log.integer("result_time_to_output_token_max") == 11
    summary = read_summary(tmp_path / "mlperf_log_summary.txt")
    assert summary.sections[0].below("TTFT Early Stopping Result") == (" * Run successful.",)
    assert summary.value("ttft_latency (ns)") == "50"


def test_inferred_tokens_scale_the_rate(tmp_path: Path) -> None:
    run = measured(Offline(), [2_000_000_000, 1_000_000_000], tokens=Tokens(infer=True, scaling_factor=69.0))
    with opened(tmp_path) as logs:
        write_run(logs, run)
    assert read_detail_log(tmp_path / "mlperf_log_detail.txt").integer("result_inferred_tokens_per_second") == 69
    assert read_summary(tmp_path / "mlperf_log_summary.txt").value("Tokens per second (inferred)") == "69"


def test_multi_stream_reports_per_query_and_per_sample(tmp_path: Path) -> None:
    run = measured(MultiStream(samples_per_query=2), [1, 3, 2, 5], profile=Profile.V6)
    with opened(tmp_path) as logs:
        write_run(logs, run)
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert (log.integer("result_mean_query_latency_ns"), log.integer("result_mean_latency_ns")) == (4, 2)
    summary = read_summary(tmp_path / "mlperf_log_summary.txt")
    assert summary.sections[1].lines[0] == "Per-query latency:  "
    assert summary.value("99.0th percentile latency (ns)") == "5"


def test_begin_of_any_zone_is_logged_as_utc(tmp_path: Path) -> None:
    options = LogOptions(folder=tmp_path)
    zone = timezone(timedelta(hours=-8))
    with TestLogs.open(options, begin=datetime(2022, 1, 1, 20, tzinfo=zone), profile=Profile.V6) as logs:
        write_run(logs, SINGLE)
    assert read_detail_log(tmp_path / "mlperf_log_detail.txt").text("test_datetime") == "2022-01-02T04:00:00Z"
    assert datetime(2022, 1, 2, 4, tzinfo=UTC) == datetime(2022, 1, 1, 20, tzinfo=zone)
