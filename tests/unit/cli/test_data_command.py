"""``levelfield inference data``: what is found in a folder, and what it says when it cannot look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from levelfield.cli.app import run
from levelfield.inference.benchmarks import registry
from levelfield.inference.benchmarks.kind import InferenceBenchmark
from levelfield.workloads.dataset_report import DatasetReport


def offered(monkeypatch: pytest.MonkeyPatch, *problems: str) -> None:
    report = DatasetReport(dataset="Things", facts=(("pictures", "7"), ("labels file", "good")), problems=problems)
    known = {one.name: one for one in registry.BENCHMARKS}
    made = InferenceBenchmark(
        name="bert-99", title="t", offline_batch=1, make=known["bert-99"].make, check=lambda folder: report
    )
    unable = InferenceBenchmark(name="resnet50", title="t", offline_batch=1, make=known["resnet50"].make)
    for module in ("registry", "__init__"):
        name = "levelfield.inference.benchmarks" + (".registry" if module == "registry" else "")
        monkeypatch.setattr(f"{name}.BENCHMARKS", (unable, made))


def test_good_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    offered(monkeypatch)
    assert run(["inference", "data", "-b", "bert-99", "--check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Things for bert-99, in {tmp_path}",
        "  pictures     7",
        "  labels file  good",
        "Everything is as it should be.",
    ]


def test_bad_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    offered(monkeypatch, "x: found 1, expected 2")
    assert run(["inference", "data", "-b", "bert-99", "--check", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 thing is wrong:", "  - x: found 1, expected 2"]
    assert run(["inference", "data", "-b", "bert-99", "--check", str(tmp_path), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["benchmark"], printed["dataset"]) == ("bert-99", "Things")
    assert printed["problems"] == ["x: found 1, expected 2"]


def test_what_cannot_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offered(monkeypatch)
    assert run(["inference", "data", "-b", "bert-99", "--check", str(tmp_path / "none")]) == 2
    assert "none is not a folder" in capsys.readouterr().err
    assert run(["inference", "data", "-b", "resnet50", "--check", str(tmp_path)]) == 2
    assert "It can for: bert-99." in capsys.readouterr().err
    assert run(["inference", "data", "-b", "bert-9", "--check", str(tmp_path)]) == 2
    assert "Did you mean 'bert-99'?" in capsys.readouterr().err
