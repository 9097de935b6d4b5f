"""Server queries issued from a process of its own: the same queries, and a clean end whatever happens."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from fakes import Library
from small_runs import ArraySystem, detail, errors, run_in, settings_of, whole

from levelfield.errors import RunError
from levelfield.loadgen import FunctionSystem, IssuingChoice, Measurement, Server, TestRun
from levelfield.terms import Mode, Scenario, Validity

PROCESS, INLINE, AUTO = IssuingChoice.PROCESS, IssuingChoice.INLINE, IssuingChoice.AUTO


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left, [process.cmdline() for process in left]


def server(qps: float = 2000, **changes: Any) -> Any:
    load = {"target_qps": qps, **{key: changes.pop(key) for key in list(changes) if key in Server.__slots__}}
    return settings_of(Scenario.SERVER, load=Server(**load), **changes)


def the_issuing_process() -> psutil.Process:
    return next(
        child for child in psutil.Process().children() if "levelfield.loadgen.issuer" in " ".join(child.cmdline())
    )


@contextmanager
def busy_threads(count: int = 2) -> Iterator[None]:
    """Python threads that never rest."""
    ended = threading.Event()

    def spin() -> None:
        while not ended.is_set():
            sum(range(2000))

    threads = [threading.Thread(target=spin, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


def test_process_and_inline_issue_the_same_queries(tmp_path: Path) -> None:
    found: list[Measurement] = []
    for choice in (INLINE, PROCESS):
        with FunctionSystem(lambda indices: None, workers=2) as system:
            run = run_in(tmp_path / choice, system, server(), issuing=choice)
        assert run.failure is None
        found += whole(tmp_path / choice)
        assert found[-1].issuing.mode == choice
        assert found[-1].issuing.reason.startswith("asked for")
    inline, process = found
    had = "the usual|real-time"
    assert re.fullmatch(f"asked for; the issuing process had ({had}) priority", process.issuing.reason)
    assert process.query_count == inline.query_count >= 100
    assert process.sample_indices.tolist() == inline.sample_indices.tolist()
    assert process.scheduled_ns.tolist() == inline.scheduled_ns.tolist()
    assert process.incomplete_count == 0
    assert process.pickup_delay_ns is not None
    assert len(process.pickup_delay_ns) == process.query_count
    assert (process.pickup_delay_ns >= 0).all()
    assert (process.issue_delay_ns >= 0).all()


def test_accuracy_runs_are_issued_inline(tmp_path: Path) -> None:
    run = run_in(tmp_path, ArraySystem(), server(mode=Mode.ACCURACY), issuing=PROCESS)
    assert run.validity is Validity.VALID
    for measurement in whole(tmp_path):
        assert (measurement.issuing.mode, measurement.issuing.reason) == ("inline", "accuracy is not timed")


def test_submission_runs_both_phases(tmp_path: Path) -> None:
    run_in(tmp_path, ArraySystem(), server(mode=Mode.SUBMISSION), issuing=PROCESS)
    assert [measurement.issuing.mode for measurement in whole(tmp_path)] == ["inline"] * 4 + ["process"]


def test_a_busy_system_is_noticed(tmp_path: Path) -> None:
    with busy_threads():
        run_in(tmp_path, ArraySystem(), server(500), issuing=AUTO)
    (measurement,) = whole(tmp_path)
    assert measurement.issuing.mode == "process"
    assert "keeps the interpreter busy" in measurement.issuing.reason
    assert "a probe in the calling thread was" in measurement.issuing.reason


def test_a_system_that_is_busy_when_it_warms_up_is_noticed(tmp_path: Path) -> None:
    class Busy(ArraySystem):
        def warm_up(self, indices: np.ndarray) -> None:
            until = time.monotonic() + 0.4
            while time.monotonic() < until:
                sum(range(2000))

    run_in(tmp_path, Busy(), server(500), issuing=AUTO)
    (measurement,) = whole(tmp_path)
    assert measurement.issuing.mode == "process"


def test_coalescing_hands_over_what_is_due_together(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Slow(ArraySystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
            sizes.append(len(ids))
            time.sleep(0.005)
            super().issue(ids, indices, complete)

    run = run_in(tmp_path, Slow(), server(2000, coalesce_queries=True), issuing=PROCESS)
    (measurement,) = whole(tmp_path)
    assert run.failure is None
    assert sum(sizes) == measurement.query_count
    assert max(sizes) > 3


class Breaks(ArraySystem):
    def __init__(self, at: int) -> None:
        self._left = at

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise ConnectionError("the other side hung up")
        super().issue(ids, indices, complete)


def failed(run: TestRun, folder: Path, *words: str) -> Measurement:
    assert run.failure is not None
    assert run.validity is Validity.INVALID
    for word in words:
        assert word in run.failure.text()
    assert any(run.failure.message in text for text in errors(folder))
    (measurement,) = whole(folder)
    return measurement


def test_a_system_that_fails_ends_the_process(tmp_path: Path) -> None:
    run = run_in(tmp_path, Breaks(10), server(200, min_duration_ms=20_000), issuing=PROCESS)
    measurement = failed(run, tmp_path, "ConnectionError: the other side hung up")
    assert (measurement.query_count, measurement.incomplete_count) == (10, 1)


def test_a_process_that_sleeps_for_long_ends_too(tmp_path: Path) -> None:
    run = run_in(tmp_path, Breaks(1), server(0.1, min_query_count=3), issuing=PROCESS, stall_s=30)
    failed(run, tmp_path, "the other side hung up")


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"max_duration_ms": 100}, "Max test duration reached"),
        ({"max_query_count": 50}, "Max query count reached"),
        ({"max_async_queries": 20}, "Too many outstanding queries"),
    ],
)
def test_limits_end_the_phase(tmp_path: Path, limit: dict[str, int], words: str) -> None:
    # The duration is a lower bound that the limits cut: settings that only the compatible way of running accepts.
    with FunctionSystem(lambda indices: time.sleep(0.01), workers=1) as system:
        run = run_in(
            tmp_path,
            system,
            server(1000, min_duration_ms=400, min_query_count=1, **limit),
            issuing=PROCESS,
            strict=False,
        )
    assert any(words in text for text in errors(tmp_path))
    assert run.validity is Validity.INVALID or run.performance is not None
    (measurement,) = whole(tmp_path)
    assert measurement.ended_early is not None
    assert words in measurement.ended_early


def test_a_full_ring_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.remote.RING_ENTRIES", 64)

    class Slow(ArraySystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
            time.sleep(0.005)
            super().issue(ids, indices, complete)

    run = run_in(tmp_path, Slow(), server(5000, min_duration_ms=300), issuing=PROCESS)
    measurement = failed(run, tmp_path, "left 64 queries waiting", "Lower the target rate")
    assert isinstance(run.failure, RunError)
    assert measurement.query_count >= 64
    assert measurement.incomplete_count == 0


def test_a_small_ring_goes_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 0.2 s of queries: a machine may stand still for a moment without the ring being full.
    monkeypatch.setattr("levelfield.loadgen.remote.RING_ENTRIES", 4096)
    run = run_in(tmp_path, ArraySystem(), server(20_000, min_duration_ms=500), issuing=PROCESS)
    assert run.failure is None
    (measurement,) = whole(tmp_path)
    assert measurement.query_count > 2 * 4096
    assert measurement.incomplete_count == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_in_mid_run(tmp_path: Path, how: signal.Signals) -> None:
    class Kills(ArraySystem):
        count = 0

        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
            super().issue(ids, indices, complete)
            self.count += 1
            if self.count == 20:
                os.kill(the_issuing_process().pid, how)

    run = run_in(tmp_path, Kills(), server(500, min_duration_ms=10_000), issuing=PROCESS)
    measurement = failed(run, tmp_path, "process that issues the queries", f"was killed by {how.name}", "Run again")
    assert isinstance(run.failure, RunError)
    assert measurement.query_count >= 20
    assert "result_validity" in detail(tmp_path)


def test_a_process_that_dies_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.remote.CHILD", "raise SystemExit(7)")
    run = run_in(tmp_path, ArraySystem(), server(), issuing=PROCESS)
    measurement = failed(run, tmp_path, "ended with exit code 7 before it had issued them all")
    assert measurement.query_count == 0


def test_a_process_that_never_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.remote.CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr("levelfield.loadgen.remote.START_BOUND_S", 0.3)
    run = run_in(tmp_path, ArraySystem(), server(), issuing=PROCESS)
    failed(run, tmp_path, "did not start within 0.3 s")


def test_a_system_that_hangs_while_a_process_issues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.supervisor.GRACE_S", 0.3)

    class Hangs(ArraySystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
            time.sleep(1e6)

    run = run_in(tmp_path, Hangs(), server(min_duration_ms=20_000), issuing=PROCESS, stall_s=0.3)
    failed(run, tmp_path, "did not answer")


def test_sampled_payloads_are_those_of_the_samples(tmp_path: Path) -> None:
    import json

    run_in(tmp_path, ArraySystem(), server(accuracy_log_probability=0.5), library=Library(), issuing=PROCESS)
    entries = json.loads((tmp_path / "mlperf_log_accuracy.json").read_text())
    (measurement,) = whole(tmp_path)
    assert 0 < len(entries) < measurement.sample_count
    for entry in entries:
        assert np.frombuffer(bytes.fromhex(entry["data"]), "<f4")[0] == entry["qsl_idx"]
        assert measurement.sample_indices[entry["seq_id"]] == entry["qsl_idx"]
