"""Short real runs of :func:`levelfield.loadgen.run_test` in a folder, for tests that look at what they leave behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from fakes import Library

from levelfield.formats.loadgen_log import read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.loadgen import (
    LogOptions,
    Measurement,
    MultiStream,
    Offline,
    RunOptions,
    Server,
    Settings,
    SingleStream,
    TestRun,
    read_record,
    run_test,
)
from levelfield.loadgen.settings import Load
from levelfield.terms import Scenario

LOADS: dict[Scenario, Load] = {
    Scenario.SINGLE_STREAM: SingleStream(),
    Scenario.MULTI_STREAM: MultiStream(samples_per_query=4),
    Scenario.SERVER: Server(target_qps=2000),
    Scenario.OFFLINE: Offline(expected_qps=2000),
}


class ArraySystem:
    """The array interface at its smallest: completes inside ``issue``."""

    name = "array"

    def issue(self, ids: np.ndarray, indices: np.ndarray, complete: Any) -> None:
        complete(ids, indices.astype("<f4"))

    def flush(self) -> None:
        pass


def settings_of(scenario: Scenario, **changes: Any) -> Settings:
    return Settings(**{"load": LOADS[scenario], "min_duration_ms": 60, "min_query_count": 20, **changes})


def run_in(folder: Path, system: Any, settings: Settings, *, library: Any = None, **options: Any) -> TestRun:
    """Run with logs and ``record.npz`` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return run_test(
        system,
        library or Library(),
        settings,
        logs=LogOptions(folder=folder),
        options=RunOptions(**{"stall_s": 1.0, **options, "record": folder / "record.npz"}),
    )


def detail(folder: Path) -> dict[str, Any]:
    """The detail log by key, the first of each, as readers take it."""
    found: dict[str, Any] = {}
    for event in read_detail_log(folder / "mlperf_log_detail.txt").events:
        found.setdefault(event.key, event.value)
    return found


def errors(folder: Path) -> list[str]:
    """The errors of the detail log."""
    return [str(event.value) for event in read_detail_log(folder / "mlperf_log_detail.txt").errors]


def whole(folder: Path) -> tuple[Measurement, ...]:
    """What every run must leave, however it ended: closed logs, an accuracy log that is JSON, a readable record."""
    log = read_detail_log(folder / "mlperf_log_detail.txt")
    summary = read_summary(folder / "mlperf_log_summary.txt")
    assert not log.damaged
    assert (summary.warning_count, summary.error_count) == (len(log.warnings), len(log.errors))
    json.loads((folder / "mlperf_log_accuracy.json").read_text())
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return read_record(folder / "record.npz")
