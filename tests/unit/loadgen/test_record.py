from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes import INLINE, FakeClock, ServiceSystem, phase_state

from levelfield.errors import FormatError, OutputError
from levelfield.loadgen.collect import collect, narrow_type
from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.record import read_record, write_record
from levelfield.loadgen.settings import MultiStream, Offline, Server, Settings, SingleStream

LOADS = [SingleStream(), MultiStream(), Server(target_qps=1000), Offline(expected_qps=100)]


def a_measurement(load: object) -> Measurement:
    clock = FakeClock()
    system = ServiceSystem(clock, lambda query: 1_000 + query * 7)
    settings = Settings(load=load, min_duration_ms=20, min_query_count=30)  # type: ignore[arg-type]
    state = phase_state(settings, system, clock.keeper())
    issue_phase(state)
    return collect(
        state, loaded_set=np.arange(16), wall_begin=datetime(2026, 1, 2, 3, tzinfo=UTC), issuing=INLINE, pickup_ns=None
    )


def assert_same(one: Measurement, other: Measurement) -> None:
    for name in Measurement.__slots__:
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, np.ndarray):
            assert ours.tolist() == theirs.tolist(), name
        else:
            assert ours == theirs, name


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.scenario.value)
def test_a_record_comes_back_as_it_was(load: object, tmp_path: Path) -> None:
    measurement = a_measurement(load)
    write_record(tmp_path / "record.npz", (measurement, measurement))
    one, two = read_record(tmp_path / "record.npz")
    assert_same(measurement, one)
    assert_same(measurement, two)


def test_a_record_is_readable_by_numpy_alone(tmp_path: Path) -> None:
    measurement = a_measurement(Server(target_qps=1000))
    write_record(tmp_path / "record.npz", (measurement,))
    with np.load(tmp_path / "record.npz") as archive:
        assert json.loads(bytes(archive["header"]))["schema"] == "levelfield.loadgen-record/1"
        assert archive["p0_latency_ns"].tolist() == measurement.latency_ns.tolist()


@pytest.mark.parametrize("content", [b"", b"not a record", b"PK\x03\x04 broken"])
def test_a_damaged_record_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"record\.npz"):
        read_record(path)


def test_a_truncated_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    write_record(path, (a_measurement(SingleStream()),))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(FormatError, match=r"record\.npz"):
        read_record(path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    np.savez(path, header=np.frombuffer(b'{"schema": "levelfield.loadgen-record/99", "phases": []}', np.uint8))
    with pytest.raises(FormatError, match="loadgen-record/99"):
        read_record(path)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OutputError, match=r"record\.npz cannot be written: No space left on device"):
        write_record(tmp_path / "record.npz", (a_measurement(SingleStream()),))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1, 32_767, "int16"), (0, 32_768, "int32"), (0, 2_147_483_647, "int32"), (0, 2_147_483_648, "int64"),
    ],
)  # fmt: skip
def test_narrow_type(low: int, high: int, expected: str) -> None:
    assert narrow_type(low, high) == np.dtype(expected)
