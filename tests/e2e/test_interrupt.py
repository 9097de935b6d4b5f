"""Ctrl-C at any moment: exit code 130, logs closed, record kept, the result written, no process left behind."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from small_runs import errors, whole
from terminal import Ended, Session, levelfield

from levelfield.formats.loadgen_log import read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.loadgen import Measurement, read_record

INTERRUPTED = 130
RUN = ("inference", "run", "-b", "resnet50", "--duration", "60", "--no-accuracy", "--out", "out")


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Start ``levelfield ...`` in the test's folder, or Python with ``python=True``; ended with the test."""
    with ExitStack() as open_sessions:

        def start(*arguments: str, python: bool = False) -> Session:
            session = Session(list(arguments), tmp_path) if python else levelfield(*arguments, folder=tmp_path)
            return open_sessions.enter_context(session)

        yield start


def the_log(folder: Path) -> Path | None:
    return next(iter(folder.glob("out/results/*/resnet50/*/performance/run_1/mlperf_log_detail.txt")), None)


def is_issuing(folder: Path) -> bool:
    log = the_log(folder)
    return log is not None and "effective_performance_sample_count" in log.read_text()  # the last line before it


def kept(folder: Path, ended: Ended) -> Measurement:
    """What an interrupted performance run of the command line leaves."""
    assert ended.code == INTERRUPTED, ended
    assert "Traceback" not in ended.err
    assert "interrupted; what was measured until then is kept" in ended.err
    log = the_log(folder)
    assert log is not None
    assert not read_detail_log(log).damaged
    summary = read_summary(log.with_name("mlperf_log_summary.txt"))
    assert summary.error_count is not None
    assert summary.error_count >= 1
    json.loads(log.with_name("mlperf_log_accuracy.json").read_text())
    assert "The run was interrupted." in errors(log.parent)
    (measurement,) = read_record(log.parents[2] / "record-performance.npz")
    assert (measurement.latency_ns >= -1).all()
    assert (measurement.scheduled_ns >= 0).all()
    document = json.loads((folder / "out" / "result.json").read_text())
    assert document["interrupted"] is True
    (result,) = document["results"]
    assert result["verdict"]["validity"] == "INVALID"
    assert result["verdict"]["summary"] == "The run was interrupted."
    assert result["performance"]["query_count"] == measurement.query_count
    assert "interrupted" in (folder / "out" / "report.html").read_text()
    return measurement


@pytest.mark.parametrize(
    "scenario",
    [
        ("SingleStream",),
        ("Server", "--issuing", "inline"),
        ("Server", "--issuing", "process"),
        ("Offline",),
    ],
    ids=" ".join,
)
def test_in_the_middle_of_a_performance_run(
    tmp_path: Path, begin: Callable[..., Session], scenario: tuple[str, ...]
) -> None:
    session = begin(*RUN, "-s", *scenario)
    session.wait_for(lambda: is_issuing(tmp_path))
    time.sleep(2.0 if "process" in scenario else 0.5)  # a process of its own has to start first
    children = session.children()
    if "process" in scenario:
        assert children
    session.send(signal.SIGINT)
    measurement = kept(tmp_path, session.end())
    psutil.wait_procs(children, timeout=2)
    assert not [child for child in children if child.is_running()]
    assert measurement.sample_count > measurement.incomplete_count
    if "Offline" not in scenario:
        assert measurement.query_count > 10
        assert measurement.incomplete_count < 100


def test_between_the_phases_keeps_earlier_scenarios(tmp_path: Path, begin: Callable[..., Session]) -> None:
    session = begin(
        "inference",
        "run",
        "-b",
        "resnet50",
        "-s",
        "SingleStream",
        "-s",
        "Offline",
        "--duration",
        "0.2",
        "--out",
        "out",
        "--no-accuracy",
    )
    # The result of the first scenario is there: the second one loads its model and measures the capacity.
    session.wait_for((tmp_path / "out" / "result.json").exists)
    session.send(signal.SIGINT)
    ended = session.end()
    assert ended.code == INTERRUPTED, ended
    assert "Traceback" not in ended.err
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    assert document["interrupted"] is True
    assert document["results"][0]["scenario"] == "SingleStream"
    assert (tmp_path / "out" / "report.html").exists()


def test_before_anything_is_measured(tmp_path: Path, begin: Callable[..., Session]) -> None:
    session = begin(*RUN)
    session.wait_for((tmp_path / "out").exists)
    session.send(signal.SIGINT)
    ended = session.end()
    assert ended.code == INTERRUPTED, ended
    assert "Traceback" not in ended.err
    assert "interrupted" in ended.err


SCRIPT = """
import sys, time
from pathlib import Path
from small_runs import run_in, settings_of
from levelfield.loadgen import FunctionSystem, IssuingChoice
from levelfield.terms import Mode, Scenario

scenario, mode, workers = Scenario(sys.argv[1]), Mode(sys.argv[2]), int(sys.argv[3])
def infer(indices):
    time.sleep(0.02)
    return [b"xy"] * len(indices)
with FunctionSystem(infer, workers=workers) as system:
    run = run_in(Path("logs"), system, settings_of(scenario, mode=mode, min_duration_ms=60_000), stall_s=60)
sys.exit(130 if run.interrupted and run.failure is None else 1)
"""


@pytest.mark.parametrize(("scenario", "workers"), [("SingleStream", 0), ("Server", 1), ("Offline", 2)])
def test_in_the_middle_of_an_accuracy_run(
    tmp_path: Path, begin: Callable[..., Session], scenario: str, workers: int
) -> None:
    session = begin("-c", SCRIPT, scenario, "AccuracyOnly", str(workers), python=True)
    log = tmp_path / "logs" / "mlperf_log_detail.txt"
    session.wait_for(lambda: log.exists() and "effective_performance_sample_count" in log.read_text())
    time.sleep(0.15)
    session.send(signal.SIGINT)
    ended = session.end()
    assert ended.code == INTERRUPTED, ended
    measurements = whole(tmp_path / "logs")
    assert "The run was interrupted." in errors(tmp_path / "logs")
    complete = sum(measurement.sample_count - measurement.incomplete_count for measurement in measurements)
    entries = json.loads((tmp_path / "logs" / "mlperf_log_accuracy.json").read_text())
    assert len(entries) == complete
    assert 0 < complete < 64


FAST = """
import signal, sys, threading, time
from pathlib import Path
from small_runs import ArraySystem, run_in, settings_of, whole
from levelfield.terms import Scenario

class Interrupted(ArraySystem):
    "Is interrupted some time after its first query, however long it took to get there."

    def __init__(self, after_s):
        self.timers = [threading.Timer(after_s, signal.raise_signal, [signal.SIGINT])]

    def issue(self, ids, indices, complete):
        if self.timers:
            self.timers.pop().start()
        complete(ids)


times = int(sys.argv[1])
for number in range(times):
    folder = Path(f"logs-{number}")
    system = Interrupted(0.01 + 0.0013 * number)
    run = run_in(folder, system, settings_of(Scenario.SINGLE_STREAM, min_duration_ms=20_000))
    assert run.interrupted and run.failure is None
    (measurement,) = whole(folder)
    assert measurement.incomplete_count <= 1
    assert (measurement.scheduled_ns[1:] >= measurement.scheduled_ns[:-1]).all()
    assert (measurement.latency_ns[:-1] >= 0).all()
print("all", times)
"""


def test_wherever_it_falls_between_two_queries(tmp_path: Path, begin: Callable[..., Session]) -> None:
    # A null system: most of the time goes by inside the recorder, where an exception would leave its lock taken.
    ended = begin("-c", FAST, "15", python=True).end(bound_s=60)
    assert ended.out == "all 15\n", ended


def test_the_issuing_process_ends_when_this_one_is_killed(tmp_path: Path, begin: Callable[..., Session]) -> None:
    session = begin(*RUN, "-s", "Server", "--issuing", "process")
    session.wait_for(lambda: is_issuing(tmp_path) and bool(session.children()))
    children = session.children()
    time.sleep(0.3)
    session.send(signal.SIGKILL)
    assert session.end().code == -signal.SIGKILL
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert gone
    assert not alive
