"""The full edition of detection through the command line: a small COCO folder, and a model that weighs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coco_folder import write_coco, write_model
from onnx import TensorProto

from levelfield.cli.app import run
from levelfield.formats.loadgen_log import read_detail_log

NAMES = ("detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0")


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    return write_coco(tmp_path / "coco")


def test_whole_path_with_a_users_own_model_and_data(
    tmp_path: Path, coco: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(
        tmp_path / "ssd.onnx",
        names=NAMES,
        boxes=np.array([[0.1, 0.1, 0.9, 0.9]]),
        classes=np.float32([1]),
        scores=np.array([0.9]),
        count=1,
        input_type=TensorProto.UINT8,
        shape=("batch", 300, 300, 3),
    )
    out = tmp_path / "out"
    command = ["inference", "run", "-b", "ssd-mobilenet", "-s", "SingleStream", "-s", "Offline", "--edition", "full"]
    command += ["--duration", "0.2", "--data", str(coco), "--model", str(model), "--out", str(out)]
    code = run([*command, "--system-name", "mine"])
    printed = capsys.readouterr()
    assert code == 1, printed.err  # six pictures are not the dataset, and the boxes are wrong
    results = json.loads((out / "result.json").read_text())["results"]
    assert [result["scenario"] for result in results] == ["SingleStream", "Offline"]
    for result in results:
        assert result["accuracy"]["metric"] == "mAP"
        assert result["accuracy"]["target"] == pytest.approx(21.78)
        assert result["accuracy"]["total"] == 6
        assert result["accuracy"]["line"].startswith("mAP=")
        logs = out / "results/mine/ssd-mobilenet" / result["scenario"]
        assert (logs / "accuracy/accuracy.txt").read_text().startswith("mAP=")
        assert read_detail_log(logs / "performance/run_1/mlperf_log_detail.txt").text("result_validity")


def test_copy_of_the_dataset_is_looked_at(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["inference", "data", "--benchmark", "ssd-resnet34", "--check", str(coco)])
    printed = capsys.readouterr().out
    assert code == 1
    assert "COCO 2017, validation for ssd-resnet34" in printed
    assert "pictures: found 6, expected 5,000" in printed


def test_full_edition_asks_for_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["inference", "run", "-b", "ssd-resnet34", "--edition", "full", "--out", str(tmp_path / "out")])
    message = " ".join(capsys.readouterr().err.split())
    assert code == 2
    assert "annotations/instances_val2017.json and val2017/" in message
    assert "an ONNX file of SSD-ResNet34" in message
