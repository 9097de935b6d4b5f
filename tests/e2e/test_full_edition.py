"""The full edition through the command line, on a small folder in ImageNet's format and a model that weighs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from levelfield.cli.app import run
from levelfield.formats.loadgen_log import read_detail_log

PICTURES = 12


@pytest.fixture
def imagenet(tmp_path: Path) -> Path:
    folder = tmp_path / "imagenet"
    folder.mkdir()
    generator = np.random.default_rng(7)
    lines = []
    for number in range(PICTURES):
        name = f"ILSVRC2012_val_{number + 1:08d}.JPEG"
        picture = np.full((300 + 10 * number, 400, 3), generator.integers(0, 255, 3), np.uint8)
        assert cv2.imwrite(str(folder / name), picture)
        lines.append(f"{name} {number}")
    (folder / "val_map.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Scores by the mean colour: ResNet-50's input, 1001 scores and their ArgMax."""
    weights = np.random.default_rng(3).standard_normal((3, 1001)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["classes"], axis=1, keepdims=0),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [
            helper.make_tensor_value_info("classes", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1001]),
        ],
        [numpy_helper.from_array(weights, "weights")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "resnet50.onnx"
    onnx.save(made, path)
    return path


def test_whole_path_with_a_users_own_model_and_data(
    tmp_path: Path, imagenet: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = [
        *["inference", "run", "-b", "resnet50", "-s", "all", "--edition", "full", "--duration", "0.3"],
        "--data",
        str(imagenet),
    ]
    code = run([*command, "--model", str(model), "--out", str(out), "--system-name", "mine"])
    printed = capsys.readouterr()
    assert code == 1, printed.err
    assert "whole dataset: required 50,000 samples, measured 12 samples" in " ".join(printed.out.split())
    results = json.loads((out / "result.json").read_text())["results"]
    assert [result["scenario"] for result in results] == ["SingleStream", "MultiStream", "Server", "Offline"]
    for result in results:
        assert result["edition"] == "full"
        assert result["verdict"]["validity"] == "INVALID"
        assert result["accuracy"]["target"] == pytest.approx(75.6954)
        assert result["accuracy"]["total"] == PICTURES
        assert result["backend"]["model"] == "resnet50.onnx"
        logs = out / "results" / "mine" / "resnet50" / result["scenario"]
        accuracy = read_detail_log(logs / "accuracy" / "mlperf_log_detail.txt")
        assert accuracy.integer("qsl_reported_total_count") == PICTURES
        assert not accuracy.errors
        assert read_detail_log(logs / "performance/run_1/mlperf_log_detail.txt").text("result_validity")


def test_full_edition_asks_for_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run([*["inference", "run", "-b", "resnet50", "--edition", "full", "--out"], str(tmp_path / "out")])
    message = capsys.readouterr().err
    assert code == 2
    assert "--data: found none, expected the ImageNet folder with its val_map.txt" in message
    assert "--model: found none, expected an ONNX file of ResNet-50" in message
    assert "--edition mini" in message
