"""Packaging through the command line, as a newcomer does it: measure, package, look, verify a log."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaged_runs import short_run

from levelfield.cli.app import run
from levelfield.terms import Scenario


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_run(tmp_path_factory.mktemp("runs") / "mine", scenarios=(Scenario.SINGLE_STREAM,))


@pytest.fixture(autouse=True)
def _at_the_runs(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(measured.parent)


def test_rehearsal_is_packaged_and_its_log_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tree"
    arguments = ["--org", "Example", "--division", "open", "--out", str(out), "--rehearsal", "--infer"]
    assert run(["submission", "package", "mine", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[:3] == [
        "host-rehearsal  resnet50  SingleStream",
        "host-rehearsal  resnet50  MultiStream  (inferred from SingleStream)",
        "host-rehearsal  resnet50  Offline  (inferred from SingleStream)",
    ]
    assert f"{out}/open/Example" in printed.out
    assert f"levelfield submission check {out} --round inference-v2.0" in printed.out
    assert (
        "a rehearsal, not a result of the round:\n  - mine: host/resnet50/SingleStream: it is the mini" in printed.err
    )

    manifest = out / "open/Example/code/resnet50/levelfield-onnxruntime/host-rehearsal/accuracy_logs.json"
    log = "mine/results/host/resnet50/SingleStream/accuracy/mlperf_log_accuracy.json"
    assert run(["submission", "verify-log", log, str(manifest)]) == 0
    assert "is the whole log of results/host-rehearsal/resnet50/SingleStream/" in capsys.readouterr().out
    assert run(["submission", "verify-log", "mine/result.json", str(manifest)]) == 2
    assert "mine/result.json is none of the 3 accuracy logs" in capsys.readouterr().err


def test_refusal_names_the_reasons_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tree"
    assert run(["submission", "package", "mine", "--org", "Example", "--division", "Closed", "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "levelfield: These runs are no results of inference-v2.0, closed division." in printed.err
    assert "labelled as what it is: --rehearsal." in printed.err
    assert not out.exists()


def test_unknown_division_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "tree")
    assert run(["submission", "package", "mine", "--org", "E", "--division", "close", "--out", out]) == 2
    assert "Unknown division 'close'.\n  Did you mean 'closed'?" in capsys.readouterr().err
