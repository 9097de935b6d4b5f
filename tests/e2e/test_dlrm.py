"""Recommendation through the command line: the mini edition, and the full one on small copies of day 23."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from criteo_samples import made_day, write_arrays, write_model, write_text

from levelfield.cli.app import run
from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.formats.loadgen_log import read_detail_log


def test_mini_edition_meets_the_sharper_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether a run is VALID depends on the machine's other work; that it is carried out and its accuracy do not."""
    out = tmp_path / "out"
    code = run(["inference", "run", "-b", "dlrm-99.9", "-s", "Offline", "--duration", "0.3", "--out", str(out)])
    assert code in {0, 1}, capsys.readouterr().err
    result = json.loads((out / "result.json").read_text())["results"][0]
    assert result["accuracy"]["passed"]
    assert result["accuracy"]["target"] == pytest.approx(0.999 * result["accuracy"]["reference"])
    assert result["accuracy"]["line"].startswith("AUC=87.3")
    assert result["accuracy"]["confidence_low"] < result["accuracy"]["value"] < result["accuracy"]["confidence_high"]


def test_whole_path_with_a_users_own_model_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, folder = tmp_path / "out", tmp_path / "criteo"
    day = made_day(6_001)
    write_text(folder, day)
    model = write_model(tmp_path / "dlrm.onnx")
    code = run(
        [
            *["inference", "run", "-b", "dlrm-99", "-s", "Server", "-s", "Offline", "--edition", "full"],
            *["--duration", "0.2", "--data", str(folder), "--model", str(model)],
            *["--out", str(out), "--system-name", "mine"],
        ]
    )
    printed = capsys.readouterr()
    assert code == 1, printed.err
    assert "whole dataset: required 330,067 samples, measured" in " ".join(printed.out.split())
    for result in json.loads((out / "result.json").read_text())["results"]:
        assert result["edition"] == "full"
        assert result["accuracy"]["target"] == pytest.approx(0.99 * 80.25)
        assert not result["accuracy"]["passed"]
        logs = out / "results" / "mine" / "dlrm-99" / result["scenario"]
        samples = read_detail_log(logs / "accuracy" / "mlperf_log_detail.txt").integer("qsl_reported_total_count")
        assert (logs / "accuracy" / "accuracy.txt").read_text().endswith(f"total=3001, queries={samples}\n")
        entries = read_accuracy_log(logs / "accuracy" / "mlperf_log_accuracy.json").entries
        first = next(entry for entry in entries if entry.sample_index == 0)
        assert len(first.data) == 200 * 8
        np.testing.assert_array_equal(np.frombuffer(first.data, "<f4")[1::2], day.labels[:200])


def test_full_edition_asks_for_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(
        ["inference", "run", "-b", "dlrm-99", "-s", "Offline", "--edition", "full", "--out", str(tmp_path / "out")]
    )
    message = capsys.readouterr().err
    assert code == 2
    assert "--data: found none, expected the folder with day 23 of Criteo Terabyte" in message
    assert "--model: found none, expected an ONNX file of DLRM" in message


def test_copy_of_the_data_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_arrays(tmp_path / "criteo", made_day(500), fortran=True).parent
    assert run(["inference", "data", "-b", "dlrm-99", "--check", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "Criteo Terabyte, day 23 for dlrm-99" in printed
    assert "found 250 pairs to test on, expected 89,137,319" in printed
    assert run(["inference", "data", "-b", "dlrm-99.9", "--check", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["benchmark"] == "dlrm-99.9"
    assert run(["inference", "data", "-b", "dlrm-99", "--check", str(tmp_path / "none")]) == 2
