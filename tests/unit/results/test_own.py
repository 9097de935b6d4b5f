"""Own runs read from their result.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from own_runs import own_file, own_result

from levelfield.errors import FormatError, InputError, UsageError
from levelfield.results.model import Direction, Processors, Verification
from levelfield.results.own import is_own_run, read_own_run

LATENCY = {"name": "early-stopping p90 latency", "value": 0.35, "unit": "ms", "higher_is_better": False}


def test_mini_quick_run(tmp_path: Path) -> None:
    (found,) = read_own_run(own_file(tmp_path / "run"))
    assert (found.round, found.benchmark, found.scenario) == ("inference-v2.0", "resnet50", "Offline")
    assert (found.value, found.unit, found.direction) == (7185.25, "Samples/s", Direction.HIGHER)
    assert (found.edition, found.official, found.verification) == ("mini", False, Verification.UNVERIFIED)
    assert (found.accuracy, found.accuracy_target) == ((("top-1", 95.16),), 94.2084)
    assert found.latencies_ns == (("50.00", 630693951), ("99.00", 1075889722))
    assert (found.void, found.findings, found.weight_types) == (False, (), "int8")
    assert (found.system.id, found.system.name) == ("host-onnxruntime", "Host 9000")
    assert found.system.host == Processors(model="Host 9000", per_node=2, total=2)
    assert found.system.accelerator == Processors(model="", per_node=0, total=0)
    assert found.provenance.source == "run/result.json of 2026-11-26T17:07:40.383+00:00"
    assert found.provenance.path == "results/host-onnxruntime/resnet50/Offline"
    assert len(found.provenance.sha256) == 64


def test_units_are_those_of_the_round(tmp_path: Path) -> None:
    server = own_result(scenario="Server", metric={**own_result()["metric"], "name": "scheduled samples per second"})
    single = own_result(scenario="SingleStream", metric=LATENCY)
    found = read_own_run(own_file(tmp_path, server, single))
    assert [(one.unit, one.direction.value) for one in found] == [("Queries/s", "higher"), ("Latency (ms)", "lower")]
    assert len({one.provenance.source for one in found}) == 1


def test_two_runs_of_one_folder_name_are_two_sources(tmp_path: Path) -> None:
    (one,) = read_own_run(own_file(tmp_path / "a" / "run"))
    (other,) = read_own_run(own_file(tmp_path / "b" / "run", own_result(started="2026-11-27T00:00:00+00:00")))
    assert one.provenance.source != other.provenance.source


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        (
            {"verdict": {"validity": "INVALID", "conditions": [{"name": "minimum duration", "met": False}]}},
            ("minimum duration",),
        ),
        ({"verdict": {"validity": "VALID-WITH-ERRORS", "conditions": []}}, ()),
        ({"accuracy": {"metric": "top-1", "value": 10.0, "target": 94.0, "passed": False}}, ("accuracy",)),
    ],
)
def test_run_that_does_not_hold_is_void(tmp_path: Path, changes: dict[str, Any], findings: tuple[str, ...]) -> None:
    (found,) = read_own_run(own_file(tmp_path, own_result(**changes)))
    assert (found.void, found.findings) == (True, findings)


def test_run_without_accuracy_or_number(tmp_path: Path) -> None:
    metric = {**own_result()["metric"], "value": None}
    (found,) = read_own_run(own_file(tmp_path, own_result(accuracy=None, metric=metric)))
    assert (found.accuracy, found.accuracy_target) == ((), None)
    assert math.isnan(found.value)


def test_single_result_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(own_result()))
    assert len(read_own_run(path)) == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b"[]", "schema: found None, expected levelfield.inference-run/1 or levelfield.inference-result/1"),
        (b'{"schema": "levelfield.inference-run/2"}', "schema: found 'levelfield.inference-run/2'"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_own_run(path)
    assert text in str(caught.value)


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    broken = own_result(metric={"name": "x", "value": "fast", "unit": "samples/s"}, official="no")
    del broken["edition"]
    with pytest.raises(InputError) as caught:
        read_own_run(own_file(tmp_path, own_result(), broken))
    assert caught.value.problems == (
        'results[1].metric.value: found "fast", expected a number.',
        "results[1].metric.higher_is_better: missing, expected true or false.",
        "results[1].edition: missing, expected text.",
        'results[1].official: found "no", expected true or false.',
    )


@pytest.mark.parametrize("broken", [None, 7, [], {}, "text"])
def test_no_shape_of_a_result_crashes(tmp_path: Path, broken: object) -> None:
    with pytest.raises(InputError):
        read_own_run(own_file(tmp_path, results=[broken]))
    with pytest.raises(InputError):
        read_own_run(own_file(tmp_path, results=broken))


def test_wrong_unit_and_unknown_round(tmp_path: Path) -> None:
    metric = {**own_result()["metric"], "unit": "ms"}
    with pytest.raises(InputError, match=r"metric.unit: found 'ms', expected one for the round's 'Samples/s'"):
        read_own_run(own_file(tmp_path, own_result(metric=metric)))
    with pytest.raises(UsageError, match="inference-v99"):
        read_own_run(own_file(tmp_path, own_result(rules={"name": "inference-v99"})))


def test_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_own_run(tmp_path / "result.json")


def test_is_own_run() -> None:
    assert is_own_run({"schema": "levelfield.inference-run/9"})
    assert not is_own_run({"schema": "levelfield.results/1"})
    assert not is_own_run([1])
