"""What is no result of the round: refused with every reason, or packaged with a label that none can overlook."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packaged_runs import change_log, change_result, drop, listing, refused

from levelfield.errors import OutputError
from levelfield.formats.system_description import read_system_description
from levelfield.submission.package.package import package
from levelfield.submission.package.rehearsal import is_rehearsal
from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Division

Ask = Callable[..., PackageRequest]
SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline")


def test_mini_run_is_refused_with_every_reason(mini: Path, request_for: Ask) -> None:
    text = refused(request_for(mini))
    for scenario in SCENARIOS:
        where = f"{mini}: host/resnet50/{scenario}"
        assert f"{where}: it is the mini edition" in text
        assert f"{where}: it was run without --official" in text
        assert f"{where}: effective_min_duration_ms: found 100, the round asks for 600000 or more" in text
        assert f"{where}: its audit TEST01 is missing" in text
    assert "--rehearsal" in text


def test_rehearsal_carries_its_label_everywhere(mini: Path, request_for: Ask) -> None:
    made = package(request_for(mini, rehearsal=True, system_json=None))
    assert len(made.reasons) > 20
    files = listing(made.root)
    assert "REHEARSAL.md" in files
    assert {name.split("/")[1] for name in files if name.startswith(("results/", "measurements/"))} == {
        "host-rehearsal"
    }
    system = read_system_description(made.root / "systems/host-rehearsal.json")
    assert is_rehearsal(system.sw_notes)
    assert system.system_name.endswith("(rehearsal)")
    assert (system.status, system.system_type) == ("rdi", "datacenter,edge")
    for name in files:
        if name.endswith(("README.md", ".adoc")):
            assert "REHEARSAL, not a result of a published round" in (made.root / name).read_text(), name
    text = (made.root / "REHEARSAL.md").read_text()
    assert all(f"* {reason}\n" in text for reason in made.reasons)


def test_official_tree_is_no_rehearsal(official: Path, request_for: Ask) -> None:
    made = package(request_for(official))
    assert not is_rehearsal(read_system_description(made.root / "systems/host.json").sw_notes)
    assert not [name for name in listing(made.out) if b"REHEARSAL" in (made.out / name).read_bytes()]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("effective_qsl_rng_seed", 1, "effective_qsl_rng_seed: found 1, the round has 6655344265603136530"),
        ("effective_sample_index_rng_seed", 2, "found 2, the round has 15863379492028895792"),
        ("effective_schedule_rng_seed", 12662793979680847246, "found 12662793979680847246, the round has 1266"),
        ("effective_min_duration_ms", 599999, "found 599999, the round asks for 600000 or more"),
        ("effective_samples_per_query", 24575, "found 24575, the round asks for 24576 or more"),
        ("effective_performance_sample_count", 1023, "found 1023, the round asks for 1024 or more"),
    ],
)
def test_setting_that_the_round_fixes_is_read_from_the_log(
    official: Path, request_for: Ask, key: str, value: int, message: str
) -> None:
    change_log(official, "Offline", **{key: value})
    for division in (Division.CLOSED, Division.OPEN):
        text = refused(request_for(official, division=division))
        assert message in text
        assert text.count("\n  - ") == 1


def test_every_unmet_condition_is_named(official: Path, request_for: Ask) -> None:
    def miss(result: dict[str, object]) -> None:
        result["verdict"] = {
            "validity": "INVALID",
            "summary": "",
            "errors": [],
            "conditions": [
                {"name": "early stopping", "met": False, "required": "64 queries", "measured": "3", "advice": None},
                {"name": "minimum duration", "met": False, "required": "600 s", "measured": "4 s", "advice": None},
            ],
        }

    change_result(official, miss, "Server")
    text = refused(request_for(official))
    assert "host/resnet50/Server: early stopping: required 64 queries, measured 3." in text
    assert "host/resnet50/Server: minimum duration: required 600 s, measured 4 s." in text


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("TEST01/verify_accuracy.txt", "TEST FAIL\n", "verify_accuracy.txt does not say TEST PASS"),
        ("TEST05/verify_performance.txt", None, "verify_performance.txt is missing"),
        ("TEST04-B/performance/run_1/mlperf_log_detail.txt", None, "mlperf_log_detail.txt is missing"),
    ],
)
def test_audit_that_does_not_hold_is_refused(
    official: Path, request_for: Ask, name: str, change: str | None, message: str
) -> None:
    path = official / "compliance/host/resnet50/Server" / name
    path.unlink()
    if change is not None:
        path.write_text(change)
    assert message in refused(request_for(official))


@pytest.mark.parametrize(
    ("baseline", "compliance", "message"),
    [
        ("accuracy=95.000%, good=1", "accuracy=94.051%, good=1", None),
        (
            "accuracy=95.000%, good=1",
            "accuracy=94.049%, good=1",
            "the accuracies 95 and 94.049 differ by more than 1.0%",
        ),
        ("accuracy=95.000%, good=1", "", "the accuracy of its two runs cannot be compared"),
        ("accuracy=95.0.0%, good=1", "accuracy=95.000%, good=1", "the accuracy of its two runs cannot be compared"),
    ],
)
def test_other_outputs_need_the_accuracy_of_both_runs(
    official: Path, request_for: Ask, baseline: str, compliance: str, message: str | None
) -> None:
    audit = official / "compliance/host/resnet50/Server/TEST01"
    (audit / "verify_accuracy.txt").write_text("TEST FAIL\n")
    (audit / "accuracy/baseline_accuracy.txt").write_text(f"{baseline}\n")
    (audit / "accuracy/compliance_accuracy.txt").write_text(f"{compliance}\n")
    if message is not None:
        assert f"verify_accuracy.txt does not say TEST PASS, and {message}." in refused(request_for(official))
        return
    kept = package(request_for(official)).root / "compliance/host/resnet50/Server/TEST01/accuracy"
    assert listing(kept) == {
        "mlperf_log_accuracy.json",
        "accuracy.txt",
        "baseline_accuracy.txt",
        "compliance_accuracy.txt",
    }


def test_missing_scenario_and_audit_are_refused(official: Path, request_for: Ask) -> None:
    drop(official, "Server")
    shutil.rmtree(official / "compliance/host/resnet50/Offline/TEST05")
    text = refused(request_for(official))
    assert "datacenter,edge systems need Server, Offline, SingleStream, MultiStream; missing: Server" in text
    assert "host/resnet50/Offline: its audit TEST05 is missing" in text


def test_scenario_of_another_suite_is_refused(official: Path, request_for: Ask, tmp_path: Path) -> None:
    (tmp_path / "system.json").write_text('{"system_type": "edge"}')
    assert "Server: not a scenario of edge systems here" in refused(request_for(official))


def test_filled_output_folder_is_never_written_over(official: Path, request_for: Ask) -> None:
    request = request_for(official)
    request.out.mkdir()
    (request.out / "mine").write_text("kept")
    with pytest.raises(OutputError, match=r"is not empty \(it holds mine\)"):
        package(request)
    assert listing(request.out) == {"mine"}


def test_disk_error_leaves_nothing_behind(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    text = refused(request_for(official), OutputError)
    assert "No space left on device" in text


def test_interrupt_leaves_nothing_behind(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfileobj", interrupted)
    request = request_for(official)
    with pytest.raises(KeyboardInterrupt):
        package(request)
    assert not request.out.exists()
