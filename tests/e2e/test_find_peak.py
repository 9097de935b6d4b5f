"""Finding the highest Server rate of a system whose capacity is known."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from small_runs import errors, run_in, settings_of, whole

from levelfield.formats.loadgen_log import read_detail_log
from levelfield.loadgen import FunctionSystem, IssuingChoice, Server
from levelfield.terms import Mode, Scenario, Validity

SERVICE_S = 0.002


def one_at_a_time(indices: np.ndarray) -> None:
    """One worker that takes 2 ms for each query: a little under 500 a second."""
    time.sleep(SERVICE_S)


def peak_settings(qps: float, **changes: Any) -> Any:
    load = Server(
        target_qps=qps,
        target_latency_ns=30_000_000,
        target_latency_percentile=0.9,
        find_peak_qps_decimals_of_precision=-1,
        find_peak_qps_boundary_step_size=0.6,
    )
    changes = {"min_duration_ms": 350, "min_query_count": 1, "load": load, **changes}
    return settings_of(Scenario.SERVER, mode=Mode.FIND_PEAK, **changes)


def messages(folder: Path) -> list[str]:
    return [str(event.value) for event in read_detail_log(folder / "mlperf_log_detail.txt").every("generic_message")]


def test_peak_of_a_known_system(tmp_path: Path) -> None:
    with FunctionSystem(one_at_a_time, workers=1) as system:
        run = run_in(
            tmp_path, system, peak_settings(150), issuing=IssuingChoice.INLINE, stall_s=20, lateness_bound_ns=10**12
        )
    assert run.failure is None
    assert run.performance is not None
    peak = run.performance.measurement.effective.target_qps
    assert 150 <= peak < 900  # a loose band: the machine of a test may be busy
    said = messages(tmp_path)
    assert said[0] == "Starting FindPeakPerformance mode"
    assert said[1] == "FindPeakPerformance: Check validity of the base settings field: target_qps: 150"
    assert any(text.startswith("FindBoundaries: Checking fields [target_qps: 150, target_qps: 240)") for text in said)
    assert any(text.startswith("FindPeakPerformance: Found boundaries: [target_qps: ") for text in said)
    assert any(text.startswith("FindPeakPerformanceBinarySearch: Checking fields") for text in said)
    assert f"FindPeakPerformance: Found peak performance field: target_qps: {peak:g}" in said
    (measurement,) = whole(tmp_path)  # the record is that of the best run
    assert measurement.effective.target_qps == peak
    assert measurement.effective.requested.load == peak_settings(150).load


def test_lower_bound_that_fails_is_an_error(tmp_path: Path) -> None:
    with FunctionSystem(one_at_a_time, workers=1) as system:
        run = run_in(
            tmp_path, system, peak_settings(2000), issuing=IssuingChoice.INLINE, stall_s=20, lateness_bound_ns=10**12
        )
    assert run.validity is Validity.INVALID
    (said,) = errors(tmp_path)
    assert said.startswith(
        "FindPeakPerformance: Initial lower bound does not satisfy performance constraints. target_qps 2000: INVALID: "
    )
    assert "performance constraints" in said.partition("INVALID")[2]
    assert len(whole(tmp_path)) == 1


def test_system_that_breaks_during_the_search_leaves_its_record(tmp_path: Path) -> None:
    phases: list[int] = []
    lock = threading.Lock()

    def breaks_later(indices: np.ndarray) -> None:
        with lock:
            phases.append(1)
        if len(phases) > 40:
            raise RuntimeError("out of memory")

    with FunctionSystem(breaks_later, workers=1) as system:
        run = run_in(tmp_path, system, peak_settings(200), issuing=IssuingChoice.INLINE)
    assert run.failure is not None
    assert "out of memory" in run.failure.message
    assert run.validity is Validity.INVALID
    (measurement,) = whole(tmp_path)
    assert measurement.incomplete_count >= 1


def test_other_scenarios_are_refused(tmp_path: Path) -> None:
    import pytest

    from levelfield.errors import SettingsError

    with (
        FunctionSystem(one_at_a_time) as system,
        pytest.raises(SettingsError, match="found FindPeakPerformance with Offline, expected Server"),
    ):
        run_in(tmp_path, system, settings_of(Scenario.OFFLINE, mode=Mode.FIND_PEAK))
