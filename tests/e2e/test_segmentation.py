"""3d-unet through the command line: the mini edition on a few scans, the full one on a folder in KiTS19's format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from kits_folder import brightness_model, kits_folder

from levelfield.cli.app import run
from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.workloads.medical_segmentation.dataset import KitsFolder

SHORT = ["--duration", "0.05", "--set", "min_query_count=2"]


def test_full_edition_on_a_users_own_model_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = kits_folder(tmp_path / "kits19"), tmp_path / "out"
    model = brightness_model(tmp_path / "unet.onnx")
    command = ["inference", "run", "-b", "3d-unet-99", "-s", "SingleStream", "--edition", "full", *SHORT]
    code = run([*command, "--data", str(folder), "--model", str(model), "--out", str(out), "--system-name", "mine"])
    printed = capsys.readouterr()
    assert code == 1, printed.err
    assert "whole dataset: required 42 samples, measured 2 samples" in " ".join(printed.out.split())
    (result,) = json.loads((out / "result.json").read_text())["results"]
    assert result["accuracy"]["target"] == pytest.approx(0.8546769)
    assert result["accuracy"]["passed"]
    logs = out / "results/mine/3d-unet-99/SingleStream"
    entries = read_accuracy_log(logs / "accuracy/mlperf_log_accuracy.json").first_by_sample()
    shapes = [KitsFolder(folder).labels(index).shape for index in range(2)]
    assert [len(entries[index].data) for index in range(2)] == [d * h * w for _, d, h, w in shapes]
    assert (logs / "accuracy/accuracy.txt").read_text().startswith("Accuracy: mean = 0.9")
    with np.load(logs / "record-performance.npz") as record:
        times_issued = np.bincount(record["p0_sample_indices"]).tolist()
    assert len(times_issued) == 2
    assert len(set(times_issued)) == 1  # equal issue


def test_full_edition_asks_for_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["inference", "run", "-b", "3d-unet-99.9", "--edition", "full", "--out", str(tmp_path / "out")])
    message = capsys.readouterr().err
    assert code == 2
    assert "--data: found none, expected the KiTS19 folder with its cases" in message
    assert "--model: found none, expected an ONNX file of 3D U-Net for windows of 128x128x128" in message


def test_int8_of_the_mini_edition_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["inference", "run", "-b", "3d-unet-99", "--precision", "int8", "--out", str(tmp_path / "out")]
    assert run(command) == 2
    assert "The mini 3d-unet has no int8 model" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
