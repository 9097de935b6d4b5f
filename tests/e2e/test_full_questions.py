"""Question answering, full edition, by the command line: a small set in SQuAD's format, a model that weighs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from levelfield.cli.app import run
from levelfield.formats.accuracy_log import read_accuracy_log
from levelfield.formats.loadgen_log import read_detail_log
from levelfield.workloads.question_answering.generator import Names, passages, vocabulary
from levelfield.workloads.question_answering.squad import as_squad

NAMES = ["input_ids", "input_mask", "segment_ids"]


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    folder = tmp_path / "squad"
    folder.mkdir()
    paragraphs = list(passages(1, 9, names=Names.SEEN, sentences=(6, 30)))
    (folder / "dev-v1.1.json").write_text(json.dumps(as_squad(paragraphs, title="generated")))
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Logits by the token alone, of the reference's names and shapes."""
    draw = np.random.default_rng(3)
    outputs = ["output_start_logits", "output_end_logits"]
    tables = [numpy_helper.from_array(draw.normal(size=400).astype(np.float32), f"{name}_table") for name in outputs]
    graph = helper.make_graph(
        [helper.make_node("Gather", [f"{name}_table", NAMES[0]], [name]) for name in outputs],
        "by-token",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", 384]) for name in NAMES],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 384]) for name in outputs],
        tables,
    )
    path = tmp_path / "bert.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_whole_path_with_a_users_own_model_and_data(
    tmp_path: Path, squad: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    scenarios = ["-s", "SingleStream", "-s", "Server", "-s", "Offline"]
    command = ["inference", "run", "-b", "bert-99", *scenarios, "--edition", "full", "--duration", "0.2"]
    code = run([*command, "--data", str(squad), "--model", str(model), "--out", str(out), "--system-name", "mine"])
    printed = capsys.readouterr()
    assert code == 1, printed.err
    assert "whole dataset: required 10,833 samples" in " ".join(printed.out.split())
    results = json.loads((out / "result.json").read_text())["results"]
    assert [result["scenario"] for result in results] == ["SingleStream", "Server", "Offline"]
    for result in results:
        assert result["accuracy"]["target"] == pytest.approx(89.96526)
        assert result["accuracy"]["metric"] == "F1"
        assert (
            result["accuracy"]["confidence_low"] <= result["accuracy"]["value"] <= result["accuracy"]["confidence_high"]
        )
        logs = out / "results" / "mine" / "bert-99" / result["scenario"]
        assert not read_detail_log(logs / "accuracy" / "mlperf_log_detail.txt").errors
        entries = read_accuracy_log(logs / "accuracy" / "mlperf_log_accuracy.json").entries
        assert {len(entry.data) for entry in entries} == {384 * 2 * 4}
        assert (logs / "accuracy" / "accuracy.txt").read_text().startswith('{"exact_match": ')


def test_full_edition_asks_for_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(
        ["inference", "run", "-b", "bert-99.9", "-s", "Server", "--edition", "full", "--out", str(tmp_path / "o")]
    )
    message = capsys.readouterr().err
    assert code == 2
    assert "The full edition of bert-99.9 runs your own model" in message
    assert "expected the folder with dev-v1.1.json of SQuAD and the model's vocab.txt" in message


def test_copy_of_the_data_is_checked(squad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inference", "data", "-b", "bert-99.9", "--check", str(squad)]) == 1
    printed = capsys.readouterr().out
    assert "dev-v1.1.json: found SHA-256" in printed
    assert "questions, expected 10,570" in printed
