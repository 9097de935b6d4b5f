"""The way of a model: trained under the clock, exported, run by the inference suite and judged by its gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from levelfield.cli.app import run

pytest.importorskip("torch")
pytest.importorskip("onnx")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train_and_export(capsys: pytest.CaptureFixture[str], *settings: str) -> tuple[float, dict[str, object], str]:
    """The quality in training, the record of the export, and what it said."""
    run(
        [
            "training",
            "run",
            "-b",
            "resnet",
            "--seed",
            "5",
            "--threads",
            "1",
            "--out",
            "trained",
            "--keep-model",
            *settings,
        ]
    )
    (trained,) = json.loads(Path("trained/run.json").read_text())["runs"]
    capsys.readouterr()
    assert run(["training", "export", "trained", "--out", "model"]) == 0
    said = capsys.readouterr().out
    return trained["quality"][-1]["quality"]["top1"], json.loads(Path("model/export.json").read_text()), said


def run_by(model: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, int]:
    """The exit code of an accuracy run, and how many of 1,281 digits were right."""
    more = ("--accuracy-only", "--model", f"model/{model}", "--out", model, "--json")
    code = run(["inference", "run", "-b", "resnet50", "-s", "Offline", *more])
    (found,) = json.loads(capsys.readouterr().out)["accuracy"]
    return code, found["good"]


def test_exported_model_has_the_accuracy_that_training_ended_with(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same 1,281 digits, prepared alike: not one answer differs. After eight epochs it is far below the gate."""
    top1, record, said = train_and_export(capsys, "--set", "epochs=8")
    assert "levelfield inference run -b resnet50 --model model/model-fp32.onnx" in said
    assert "the run did not reach its target" in said
    assert record["run"]["quality"] == {"top1": top1}
    assert record["inference"] == "resnet50"
    code, good = run_by("model-fp32.onnx", capsys)
    assert code == 1
    assert good == round(top1 * 1281)


def test_long_trained_model_passes_the_gate_in_both_precisions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top1, _, _ = train_and_export(capsys)
    assert top1 >= 0.95
    code, good = run_by("model-fp32.onnx", capsys)
    assert code == 0
    assert good == round(top1 * 1281)
    assert run_by("model-int8.onnx", capsys)[0] == 0


def test_what_is_wrong_is_told_with_its_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["training", "export", "absent", "--out", "model"]) == 2
    assert "absent/run.json" in capsys.readouterr().err
    assert run(["training", "export", "absent", "--out", "model", "--threads", "0"]) == 2
    assert "--threads: found 0, expected 1 or more." in capsys.readouterr().err
    assert not Path("model").exists()
