"""The scripts that make published tables run, and measure what they say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from levelfield.backends import Backend
from levelfield.backends.port import Arithmetic
from levelfield.workloads.task import Precision

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("backend_table", ROOT / "tools/backend_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["backend_table"] = module
    spec.loader.exec_module(module)
    return module


def test_a_line_has_accuracy_interval_size_and_times(table: ModuleType) -> None:
    place = table.Place(
        benchmark="resnet50",
        precision=Precision.INT8,
        backend=Backend.ONNXRUNTIME,
        arithmetic=Arithmetic.MODEL,
        seconds=0.05,
    )
    line = table.measured(place)
    assert (line.reason, line.metric, line.samples, line.model_bytes) == ("", "top-1", 1281, 102_603)
    assert line.accuracy == pytest.approx(100 * 1217 / 1281)
    assert line.low < line.accuracy < line.high
    assert line.passed
    assert line.calls >= 20
    assert 0 < line.p50_ns <= line.p90_ns
    assert line.throughput_per_s > 0
    assert table._cells(place, line)[3] == "top-1 95.00 %"


def test_a_backend_that_cannot_run_a_model_says_why_without_folders(table: ModuleType) -> None:
    place = table.Place(
        benchmark="resnet50",
        precision=Precision.FP32,
        backend=Backend.LITERT,
        arithmetic=Arithmetic.MODEL,
        seconds=0.05,
    )
    pytest.importorskip("ai_edge_litert")
    line = table.measured(place)
    assert line.reason == "resnet8_fp32.onnx is not for the backend litert, which reads .tflite"
    assert len(table._cells(place, line)) == len(table.HEADINGS)


def test_places_are_every_benchmark_precision_and_backend(table: ModuleType) -> None:
    places = list(table._places(["resnet50"], 1.0))
    assert len(places) == 2 * (4 + 1)  # OpenVINO in bf16 too


@pytest.mark.parametrize("scenario", ["Offline", "Server"])
def test_serving_is_measured(scenario: str, tmp_path: Path) -> None:
    request = {
        "benchmark": "resnet50", "precision": "int8", "scenario": scenario, "workers": 2,
        "threads": 1, "batch": 16, "seconds": 0.05, "turns": 2,
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/serving.py"), "--child", json.dumps(request)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    turns = json.loads(ran.stdout.splitlines()[-1])
    assert len(turns) == 2
    rates = ("bare_before", "levelfield", "bare_between", "wheel", "bare_after")
    assert all(turn[rate] > 0 for turn in turns for rate in rates)
    assert turns[1]["bare_before"] == turns[0]["bare_after"]
    assert all(1 <= turn["mean_batch"] <= 16 for turn in turns)
