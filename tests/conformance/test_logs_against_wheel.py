"""Our logs against those of the reference LoadGen's wheel: same raw values in, same keys, values, labels and bytes out.

The wheel runs once per session in a program of its own and writes traces, the only place where it shows single
latencies. From trace and settings the raw record is made that we would have kept, and our logs are written from it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.formats.loadgen_line import DetailLine
from levelfield.formats.loadgen_log import read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.formats.loadgen_trace import TraceSample, read_trace
from levelfield.loadgen.logs import NATURAL_END, LogOptions, TestLogs, announcement
from levelfield.loadgen.measurement import Event, Issuing, Measurement, Severity
from levelfield.loadgen.settings import (
    EffectiveSettings,
    Load,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    Tokens,
    derive,
)
from levelfield.loadgen.statistics import summarise
from levelfield.loadgen.verdict import judge
from levelfield.terms import Mode, Profile

pytest.importorskip("mlperf_loadgen", reason="the reference's wheel is not installed")

SCRIPT = Path(__file__).with_name("run_wheel.py")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {
    "SingleStream": "performance ran-out few too-few max-queries accuracy accuracy-tokens sampled tokens submission",
    "MultiStream": "performance accuracy tokens",
    "Server": "performance late short accuracy tokens late-tokens inferred",
    "Offline": "performance inferred short accuracy",
}
NAMES = [f"{scenario}-{kind}" for scenario, kinds in KINDS.items() for kind in kinds.split()]
# What names the program, the moment, or the reference's own start of the clock, which its trace does not show.
OTHER_VALUES = {
    "loadgen_version",
    "loadgen_build_date_local",
    "loadgen_build_date_utc",
    "loadgen_git_commit_date",
    "loadgen_git_log_message",
    "loadgen_git_status_message",
    "loadgen_file_sha1",
    "test_datetime",
    "get_sut_name_duration_ns",
    "power_begin",
    "power_end",
}
FROM_START = {
    "result_qps_with_loadgen_overhead",
    "result_token_throughput_with_loadgen_overhead",
    "result_completed_tokens_per_second",
}
# Where we word it otherwise on purpose: here no queries are generated beforehand, and both token texts are given.
THEIR_DURATION = "Decrease the expected latency so the loadgen pre-generates more queries."
OUR_DURATION = "The test exited early, before the minimum duration."
BOTH_TOKEN_TEXTS = "Server-late-tokens"
FROM_START_LABELS = {"QPS w/ loadgen overhead", "TPS w/ loadgen overhead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A run of the wheel and what we write for it."""

    name: str
    theirs: Path
    ours: Path


@pytest.fixture(scope="session")
def wheel_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, SCRIPT, folder], check=True, timeout=120, cwd=folder)
    return folder


@pytest.fixture(scope="session", params=NAMES)
def pair(request: pytest.FixtureRequest, wheel_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    name: str = request.param
    runs = json.loads((wheel_runs / "runs.json").read_text())
    assert set(runs) == set(NAMES)
    chosen = runs[name]
    found = Pair(name=name, theirs=wheel_runs / name, ours=tmp_path_factory.mktemp("ours"))
    write_ours(found, effective_of(name, chosen))
    return found


def effective_of(name: str, chosen: dict[str, float]) -> EffectiveSettings:
    scenario, _, kind = name.partition("-")
    mode = {"accuracy": Mode.ACCURACY, "submission": Mode.SUBMISSION}.get(kind.split("-")[0], Mode.PERFORMANCE)
    settings = Settings(
        load=load_of(scenario, chosen),
        mode=mode,
        min_duration_ms=int(chosen["min_duration_ms"]),
        min_query_count=int(chosen.get("min_query_count", 100)),
        max_query_count=int(chosen.get("max_query_count", 0)),
        seeds=Seeds(qsl=42, sample_index=43, schedule=44),
        accuracy_log_sampling_target=int(chosen.get("accuracy_log_sampling_target", 0)),
        tokens=Tokens(
            use=bool(chosen.get("use_token_latencies", False)),
            ttft_latency_ns=int(chosen.get("ttft_latency", 100_000_000)),
            tpot_latency_ns=int(chosen.get("tpot_latency", 100_000_000)),
            infer=bool(chosen.get("infer_token_latencies", False)),
            scaling_factor=float(chosen.get("token_latency_scaling_factor", 0)),
        ),
        profile=Profile.V6,
    )
    # One run asks for fewer queries than it must have, which we refuse unless asked to be as lenient as the reference.
    return derive(settings, total_sample_count=100, performance_sample_count=30, strict=False)


def load_of(scenario: str, chosen: dict[str, float]) -> Load:
    match scenario:
        case "SingleStream":
            return SingleStream(expected_latency_ns=chosen.get("single_stream_expected_latency_ns", 1_000_000))
        case "MultiStream":
            return MultiStream(
                expected_latency_ns=chosen.get("multi_stream_expected_latency_ns", 8_000_000),
                samples_per_query=int(chosen.get("multi_stream_samples_per_query", 8)),
            )
        case "Server":
            return Server(
                target_qps=chosen["server_target_qps"],
                target_latency_ns=int(chosen.get("server_target_latency_ns", 100_000_000)),
            )
        case _:
            return Offline()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The samples of a trace by sequence number, and their first tokens where there are any."""

    samples: list[TraceSample]
    first_token_ns: list[int] | None

    @classmethod
    def read(cls, path: Path, *, tokens: bool) -> Trace:
        lines = path.read_text().splitlines()
        samples = sorted(read_trace(lines), key=lambda sample: sample.seq_id)
        if not tokens:
            return cls(samples=samples, first_token_ns=None)
        named = (line.replace('{"name":"Token"', '{"name":"Sample"') for line in lines if '"name":"Token"' in line)
        first = {sample.seq_id: sample.latency_ns for sample in read_trace(named)}
        # In Server the first tokens are counters without a number; their time tells which sample they belong to.
        pattern = re.compile(r'"Token_Latency".*"ts":(\d+)\.(\d{3}).*"issue_delay":(\d+),"issue_to_done":(\d+)')
        by_time = {
            int(found[1]) * 1000 + int(found[2]): int(found[3]) + int(found[4])
            for line in lines
            if (found := pattern.search(line))
        }
        times = [first.get(s.seq_id, by_time.get(s.scheduled_ns, -1)) for s in samples]
        assert min(times) >= 0
        return cls(samples=samples, first_token_ns=times)


def write_ours(pair: Pair, effective: EffectiveSettings) -> None:
    """Write our logs from what the wheel measured."""
    log = read_detail_log(pair.theirs / "mlperf_log_detail.txt")
    entries = read_accuracy_log(pair.theirs / "mlperf_log_accuracy.json").entries
    trace = Trace.read(pair.theirs / "mlperf_log_trace.json", tokens=effective.requested.tokens.use)
    keys = [event.key for event in log.events]
    starts = [index for index, key in enumerate(keys) if key == "loaded_qsl_set"]
    with TestLogs.open(LogOptions(folder=pair.ours), begin=BEGIN, profile=Profile.V6) as logs:
        logs.start(
            system_name=log.text("sut_name"),
            name_duration_ns=1,
            library_name=log.text("qsl_name"),
            effective=effective,
        )
        logs.accuracy(
            [entry.seq_id for entry in entries],
            [entry.sample_index for entry in entries],
            [entry.data for entry in entries],
            token_counts=[entry.token_count or 0 for entry in entries] if trace.first_token_ns else None,
            token_payloads=[entry.token_data or b"" for entry in entries] if trace.first_token_ns else None,
        )
        first = 0
        mode = Mode.ACCURACY
        for start, stop in pairwise([*starts, len(keys)]):
            before = log.events[start - 1]
            if before.key == "generic_message":
                mode = Mode.ACCURACY if before.value == "Starting accuracy mode" else Mode.PERFORMANCE
                logs.event(announcement(mode))
            run = phase_of(effective, mode, log.events[start:stop], trace, first)
            logs.loaded_set(run.loaded_set)
            logs.phase(run)
            for event in errors_of(log.events[start:stop], after="power_end"):
                logs.event(event)
            if mode is Mode.PERFORMANCE:
                statistics = summarise(run)
                logs.results(run, statistics, judge(run, statistics, lateness_bound_ns=10**12))
            first += run.generated_query_count * run.generated_samples_per_query


def phase_of(
    effective: EffectiveSettings, mode: Mode, events: tuple[DetailLine, ...], trace: Trace, first: int
) -> Measurement:
    """The raw record of one phase of the wheel."""
    values = {event.key: event.value for event in events}
    per_query, queries = values["generated_samples_per_query"], values["generated_query_count"]
    loaded, duration = values["loaded_qsl_set"], values["generated_query_duration"]
    assert isinstance(per_query, int)
    assert isinstance(queries, int)
    assert isinstance(duration, int)
    positions = [i for i, s in enumerate(trace.samples) if first <= s.seq_id < first + queries * per_query]
    samples = [trace.samples[i] for i in positions]
    heads = samples[::per_query]
    scheduled = np.array([s.scheduled_ns - heads[0].scheduled_ns for s in heads])
    if any(event.value == NATURAL_END for event in events):
        # The clock started before the first issue, by a time that is not in the trace. A natural end bounds it.
        scheduled += max(0, effective.target_duration_ms * 1_000_000 - int(scheduled[-1]))
    ended = next(i for i, event in enumerate(events) if event.key == "power_end")
    errors = errors_of(events[:ended])
    tokens = trace.first_token_ns
    return Measurement(
        effective=effective,
        phase=mode,
        loaded_set=np.array(loaded),
        generated_query_count=queries,
        generated_samples_per_query=per_query,
        generated_query_duration_ns=duration,
        scheduled_ns=scheduled,
        issue_delay_ns=np.array([s.issue_delay_ns for s in heads]),
        latency_ns=np.array([s.latency_ns for s in samples]),
        sample_indices=np.array([s.sample_index for s in samples]),
        samples_per_query=per_query,
        first_token_ns=None if tokens is None else np.array([tokens[i] for i in positions]),
        token_counts=None if tokens is None else np.full(len(samples), 3),
        pickup_delay_ns=None,
        wall_begin=BEGIN,
        events=errors,
        issuing=Issuing(mode="inline", reason="wheel", switch_interval_s=0.005),
        ended_early="max_query_count" if any("Ending early" in e.text for e in errors) else None,
    )


def errors_of(events: tuple[DetailLine, ...], *, after: str | None = None) -> tuple[Event, ...]:
    """The errors among events. In short runs the reference finds its clock, compared with itself, 1 % off."""
    start = next((i for i, event in enumerate(events) if event.key == after), 0)
    return tuple(
        Event(key=event.key, text=str(event.value), severity=Severity.ERROR)
        for event in events[start:]
        if event.is_error
    )


def events_of(folder: Path) -> list[DetailLine]:
    """The events of a detail log, without warnings: all that come up here are about the reference's own logger."""
    log = read_detail_log(folder / "mlperf_log_detail.txt")
    assert not log.damaged
    return [event for event in log.events if not event.is_warning]


def test_same_keys_in_the_same_order(pair: Pair) -> None:
    assert [event.key for event in events_of(pair.ours)] == [event.key for event in events_of(pair.theirs)]


def test_same_values_and_flags(pair: Pair) -> None:
    compared = 0
    for ours, theirs in zip(events_of(pair.ours), events_of(pair.theirs), strict=True):
        assert (ours.is_error, ours.is_warning, ours.event_type) == (
            theirs.is_error,
            theirs.is_warning,
            theirs.event_type,
        ), theirs.key
        if theirs.key in FROM_START:
            assert float(ours.value_text) == pytest.approx(float(theirs.value_text), rel=0.5)
        elif theirs.key == "early_stopping_ttft_result" and pair.name == BOTH_TOKEN_TEXTS:
            assert (theirs.value, str(ours.value)[:20]) == ("", " * Run unsuccessful.")
        elif theirs.key not in OTHER_VALUES and not theirs.key.startswith("logger_"):
            assert (ours.key, ours.value_text) == (theirs.key, theirs.value_text.replace(THEIR_DURATION, OUR_DURATION))
            compared += 1
    assert compared > 50


def test_same_summary(pair: Pair) -> None:
    ours = read_summary(pair.ours / "mlperf_log_summary.txt")
    theirs = read_summary(pair.theirs / "mlperf_log_summary.txt")
    assert ours.error_count == theirs.error_count
    our_lines, their_lines = masked(ours.text()), masked(theirs.text())
    if pair.name == BOTH_TOKEN_TEXTS:
        start = their_lines.index("TTFT Early Stopping Result:") + 1
        assert their_lines[start] == ""
        their_lines[start : start + 1] = our_lines[start : start + 5]
    assert our_lines == their_lines


def masked(text: str) -> list[str]:
    """Lines without what the trace cannot tell, and without the count of the reference's own warnings."""
    lines = [line for line in text.replace(THEIR_DURATION, OUR_DURATION).split("\n") if "warning" not in line]
    return [line.split(":")[0] if line.split(":")[0].strip() in FROM_START_LABELS else line for line in lines]


def test_same_accuracy_log_byte_for_byte(pair: Pair) -> None:
    name = "mlperf_log_accuracy.json"
    assert (pair.ours / name).read_bytes() == (pair.theirs / name).read_bytes()
    if "accuracy" in pair.name or "submission" in pair.name or "sampled" in pair.name:
        assert read_accuracy_log(pair.ours / name).entries


def test_our_reader_reads_every_line_of_the_wheel(pair: Pair) -> None:
    path = pair.theirs / "mlperf_log_detail.txt"
    log = read_detail_log(path)
    assert [event.text() for event in log.events] == path.read_text().splitlines()
    summary = pair.theirs / "mlperf_log_summary.txt"
    assert read_summary(summary).text() == summary.read_text()
