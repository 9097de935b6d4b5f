"""The tool that makes reference points of measured mini runs: what it writes is a set that the rule book reads."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from levelfield.rules import load_training
from levelfield.rules.rcp import load_rcp

TOOL = Path(__file__).parents[3] / "tools" / "mini_points.py"
HYPERPARAMETERS: Mapping[str, object] = {
    "global_batch_size": 64, "opt_name": "lars", "opt_momentum": 0.9, "shapes": [1, 2], "nested": {}, "flag": True
}  # fmt: skip


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("mini_points", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mini_points", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RUNS", tmp_path)
    monkeypatch.setattr(module, "hyperparameters_of", lambda name: HYPERPARAMETERS)
    return module


def runs(count: int) -> list[dict[str, object]]:
    return [
        {"seed": seed, "progress": 18.0 + seed, "reached": True, "shuffled_labels": False, "date": "2026-11-26"}
        for seed in reversed(range(count))
    ]


def test_points_of_measured_runs(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missed = {"seed": 30, "progress": 30.0, "reached": False}
    control = {"seed": 0, "progress": 1.0, "reached": True, "shuffled_labels": True}
    (tmp_path / "resnet.json").write_text(json.dumps([*runs(10), missed, control]))
    point = tool.measured(load_training("training-v1.1").benchmark("resnet"))
    path = tmp_path / "mini.toml"
    path.write_text(tool.document([point]))
    found = load_rcp(str(path))
    (one,) = found.points
    assert (found.name, found.source.date) == ("levelfield-mini-1", "2026-11-26")
    assert (one.benchmark, one.batch_size, one.unit) == ("resnet", 64, "epochs")
    assert one.figures == tuple(18.0 + seed for seed in range(10))
    assert one.hyperparameters == {"opt_name": "lars", "opt_momentum": 0.9, "shapes": (1, 2), "flag": True}
    assert capsys.readouterr().err == ""


def test_too_few_runs_are_told(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bert = load_training("training-v1.1").benchmark("bert")
    (tmp_path / "bert.json").write_text(json.dumps(runs(10)))
    point = tool.measured(bert)
    assert (point.unit, len(point.figures)) == ("samples", 10)
    assert "bert: 10 runs, a point asks for 20" in capsys.readouterr().err
    (tmp_path / "bert.json").write_text(json.dumps(runs(2)))
    assert tool.measured(bert) is None
    assert "too few" in capsys.readouterr().err
