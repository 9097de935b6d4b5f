"""Systems under test that break the contract: every run ends in bounded time, INVALID, with a record and whole logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import ArraySystem, errors, run_in, settings_of, whole

from levelfield.errors import CompletionError, SystemUnderTestError
from levelfield.loadgen import AsyncSystem, FunctionSystem, IssuingChoice, TestRun
from levelfield.terms import Mode, Scenario, Validity

SCENARIOS = tuple(Scenario)


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.loadgen.supervisor.GRACE_S", 0.15)
    monkeypatch.setattr("levelfield.loadgen.supervisor.TICK_S", 0.02)


def failed(run: TestRun, folder: Path, *words: str) -> str:
    """The message of a run that broke; its logs, record and verdict are as they must be."""
    assert run.failure is not None
    assert run.validity is Validity.INVALID
    for word in words:
        assert word in run.failure.message
    assert any(run.failure.message in text for text in errors(folder))
    assert len(whole(folder)) == len(run.measurements) >= 1
    return run.failure.message


def raises_at(number: int) -> Callable[[np.ndarray], list[bytes]]:
    """An infer function whose call of that number raises."""
    calls = 0

    def infer(indices: np.ndarray) -> list[bytes]:
        nonlocal calls
        calls += 1
        if calls == number:
            raise ValueError("the tensor is bent")
        return [b"x"] * len(indices)

    return infer


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("mode", [Mode.PERFORMANCE, Mode.ACCURACY])
def test_infer_that_raises(tmp_path: Path, scenario: Scenario, workers: int, mode: Mode) -> None:
    warm_ups = 5 if mode is Mode.PERFORMANCE else 0
    with FunctionSystem(raises_at(warm_ups + 4), workers=workers, batch_size=1) as system:
        run = run_in(tmp_path, system, settings_of(scenario, mode=mode), issuing=IssuingChoice.INLINE)
    failed(run, tmp_path, "raised ValueError: the tensor is bent")
    assert run.failure is not None
    assert run.failure.hint is not None
    assert "test_bad_system.py" in run.failure.hint  # where it was raised
    assert isinstance(run.failure.__cause__, ValueError)
    (measurement,) = whole(tmp_path)
    assert measurement.sample_count - measurement.incomplete_count >= (3 if workers == 0 else 1)
    assert measurement.incomplete_count >= 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_infer_that_raises_when_it_warms_up(tmp_path: Path, scenario: Scenario) -> None:
    with FunctionSystem(raises_at(1)) as system:
        run = run_in(tmp_path, system, settings_of(scenario))
    failed(run, tmp_path, "raised ValueError: the tensor is bent")
    (measurement,) = whole(tmp_path)
    assert measurement.query_count == 0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_coroutine_that_raises(tmp_path: Path, scenario: Scenario) -> None:
    async def infer(indices: np.ndarray) -> None:
        raise OSError("no route to host")

    with AsyncSystem(infer) as system:
        run = run_in(tmp_path, system, settings_of(scenario))
    failed(run, tmp_path, "raised OSError: no route to host")


class Faulty(ArraySystem):
    """Completes well, and then once more something else."""

    def __init__(self, extra: Callable[[np.ndarray], np.ndarray], *, at: int = 5, swallow: bool = False) -> None:
        self._extra = extra
        self._left = at
        self._swallow = swallow

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        super().issue(ids, indices, complete)
        self._left -= 1
        if self._left == 0:
            try:
                complete(self._extra(ids))
            except CompletionError:
                if not self._swallow:
                    raise


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("swallow", [False, True])
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (lambda ids: ids[:1], "completed twice"),
        (lambda ids: ids[-1:] + 1_000_000, "completed, which was never issued"),
        (lambda ids: ids[:1] - 1_000_000, "completed twice"),
    ],
)
def test_a_completion_that_must_not_be(
    tmp_path: Path, scenario: Scenario, extra: Callable[[np.ndarray], np.ndarray], words: str, swallow: bool
) -> None:
    at = 1 if scenario is Scenario.OFFLINE else 5
    run = run_in(tmp_path, Faulty(extra, at=at, swallow=swallow), settings_of(scenario), issuing=IssuingChoice.INLINE)
    failed(run, tmp_path, words)
    assert isinstance(run.failure, CompletionError)
    assert run.performance is not None
    assert run.performance.outcome.errors


class Loses(ArraySystem):
    """Forgets one sample."""

    def __init__(self, number: int) -> None:
        self._number = number

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        kept = ids[ids != self._number]
        if len(kept):
            complete(kept, [b"x"] * len(kept))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("mode", [Mode.PERFORMANCE, Mode.ACCURACY])
def test_a_lost_sample_is_waited_for_no_longer_than_asked(tmp_path: Path, scenario: Scenario, mode: Mode) -> None:
    run = run_in(tmp_path, Loses(5), settings_of(scenario, mode=mode), stall_s=0.1, issuing=IssuingChoice.INLINE)
    message = failed(run, tmp_path, "did not answer", "0.1 s")
    assert "ids 5)" in message
    (measurement,) = whole(tmp_path)
    assert measurement.latency_ns[5] == -1
    assert measurement.incomplete_count == 1
    assert any(text.startswith("Encountered incomplete samples") for text in errors(tmp_path))


def for_ever() -> None:
    time.sleep(1e6)


def in_a_lock() -> None:
    threading.Lock().acquire()
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def in_a_loop() -> None:
    while True:
        pass


class Hangs(ArraySystem):
    """Does not come back from one of its methods."""

    def __init__(self, method: str, how: Callable[[], None]) -> None:
        self._method = method
        self._how = how
        self._left = 4

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        self._left -= 1
        if self._method == "issue" and self._left <= 0:
            self._how()
        super().issue(ids, indices, complete)

    def flush(self) -> None:
        if self._method == "flush":
            self._how()

    def warm_up(self, indices: np.ndarray) -> None:
        if self._method == "warm_up":
            self._how()


@pytest.mark.parametrize("place", ["main thread", "another thread"])
@pytest.mark.parametrize(
    ("scenario", "method", "how"),
    [
        (Scenario.SINGLE_STREAM, "issue", for_ever),
        (Scenario.MULTI_STREAM, "issue", in_a_lock),
        (Scenario.SERVER, "issue", in_a_loop),
        (Scenario.SERVER, "issue", for_ever),
        (Scenario.OFFLINE, "issue", for_ever),
        (Scenario.SINGLE_STREAM, "warm_up", for_ever),
        (Scenario.SERVER, "warm_up", for_ever),
        (Scenario.SINGLE_STREAM, "flush", in_a_lock),
        (Scenario.OFFLINE, "flush", for_ever),
    ],
)
def test_a_method_that_never_comes_back(
    tmp_path: Path, scenario: Scenario, method: str, how: Callable[[], None], place: str
) -> None:
    if scenario is Scenario.OFFLINE and method == "issue":
        system = Hangs(method, how)
        system._left = 1
    else:
        system = Hangs(method, how)
    runs: list[TestRun] = []

    def carry_out() -> None:
        runs.append(run_in(tmp_path, system, settings_of(scenario), stall_s=0.1, issuing=IssuingChoice.INLINE))

    if place == "main thread":
        carry_out()
    else:
        thread = threading.Thread(target=carry_out, daemon=True)
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()
    (run,) = runs
    words = ("did not answer", "0.1 s") if method == "issue" else (f"did not come back from {method}", "0.1 s")
    failed(run, tmp_path, *words)
    assert isinstance(run.failure, SystemUnderTestError)
    assert not run.interrupted
    (measurement,) = whole(tmp_path)
    if method == "issue" and scenario is not Scenario.OFFLINE:
        assert measurement.sample_count > measurement.incomplete_count


def test_late_answers_of_a_run_that_was_given_up_do_not_change_its_record(tmp_path: Path) -> None:
    threads: list[threading.Thread] = []

    class Late(ArraySystem):
        def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
            later = threading.Timer(0.3 if 7 in ids else 0.0, complete, [ids])
            threads.append(later)
            later.start()

    run = run_in(tmp_path, Late(), settings_of(Scenario.SINGLE_STREAM), stall_s=0.1)
    before = [measurement.latency_ns.copy() for measurement in run.measurements]
    for thread in threads:
        thread.join()
    failed(run, tmp_path, "did not answer")
    assert [m.latency_ns.tolist() for m in run.measurements] == [values.tolist() for values in before]
    assert run.measurements[0].latency_ns[7] == -1


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (lambda n: [b"x"] * (n + 1), "infer returned"),
        (lambda n: list(range(n)), "payload of type int"),
        (lambda n: ["text"] * n, "payload of type str"),
        (lambda n: [None] * n, "payload of type NoneType"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_outputs_that_are_none(
    tmp_path: Path, outputs: Callable[[int], list[object]], words: str, workers: int
) -> None:
    with FunctionSystem(lambda indices: outputs(len(indices)), workers=workers) as system:  # type: ignore[arg-type]
        run = run_in(tmp_path, system, settings_of(Scenario.SINGLE_STREAM, mode=Mode.ACCURACY))
    failed(run, tmp_path, words, "expected")


def test_a_failure_ends_a_long_run_at_once(tmp_path: Path) -> None:
    system = Faulty(lambda ids: ids, swallow=True)
    began = time.monotonic()
    run = run_in(tmp_path, system, settings_of(Scenario.SINGLE_STREAM, min_duration_ms=60_000))
    assert time.monotonic() - began < 20
    failed(run, tmp_path, "completed twice")


def test_server_in_several_threads_whose_system_hangs(tmp_path: Path) -> None:
    from levelfield.loadgen import Server

    load = Server(target_qps=1000, issue_query_threads=3)
    run = run_in(
        tmp_path,
        Hangs("issue", for_ever),
        settings_of(Scenario.SERVER, load=load),
        stall_s=0.1,
        issuing=IssuingChoice.INLINE,
    )
    failed(run, tmp_path, "did not answer")
