"""Networks as ONNX files: names, free axes, both ways to int8, and the silence of the library."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from levelfield.backends import Backend, load  # noqa: E402
from levelfield.backends.port import BackendOptions  # noqa: E402
from levelfield.errors import MissingError  # noqa: E402
from levelfield.workloads.onnx_files import Graph, quantise, quantise_weights, require_onnx  # noqa: E402


@pytest.fixture
def fp32(tmp_path: Path) -> Path:
    torch.manual_seed(2)
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    path = tmp_path / "fp32.onnx"
    Graph(network=network, example=(torch.zeros(1, 4),), reads={"x": {0: "rows"}}, returns={"y": {0: "rows"}}).write(
        path
    )
    return path


ROWS = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)


def outputs(path: Path) -> np.ndarray:
    session = load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1))
    return session.run({"x": ROWS})["y"]


def test_file_has_the_names_and_free_axes_that_were_given(fp32: Path) -> None:
    session = load(Backend.ONNXRUNTIME, fp32, BackendOptions(threads=1))
    assert [(one.name, one.shape) for one in session.inputs] == [("x", (None, 4))]
    assert [(one.name, one.shape) for one in session.outputs] == [("y", (None, 3))]


def test_static_int8_is_near_and_has_ranges_of_the_feeds(fp32: Path, tmp_path: Path) -> None:
    quantise(fp32, tmp_path / "int8.onnx", [{"x": ROWS[:5]}, {"x": ROWS[5:]}])
    assert np.abs(outputs(tmp_path / "int8.onnx") - outputs(fp32)).max() < 0.05
    narrow = tmp_path / "narrow.onnx"
    quantise(fp32, narrow, [{"x": ROWS / 100}])
    # Ranges of a hundredth cut off what is larger.
    assert np.abs(outputs(narrow) - outputs(fp32)).max() > 0.2


def test_only_operators_that_are_named_are_quantised(fp32: Path, tmp_path: Path) -> None:
    quantise(fp32, tmp_path / "none.onnx", [{"x": ROWS}], operators=["Conv"])
    kinds = {node.op_type for node in onnx.load(tmp_path / "none.onnx").graph.node}
    assert "QuantizeLinear" not in kinds


def test_dynamic_int8_is_near(fp32: Path, tmp_path: Path) -> None:
    quantise_weights(fp32, tmp_path / "int8.onnx", operators=["Gemm", "MatMul"])
    assert np.abs(outputs(tmp_path / "int8.onnx") - outputs(fp32)).max() < 0.05
    kinds = {node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node}
    assert "MatMulInteger" in kinds


def test_warnings_of_the_library_are_silent_and_others_are_not(
    fp32: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quantise(fp32, tmp_path / "int8.onnx", [{"x": ROWS}])
    assert caplog.records == []
    with pytest.raises(Exception, match="absent"):
        quantise_weights(tmp_path / "absent.onnx", tmp_path / "int8.onnx", operators=["MatMul"])
    logging.getLogger("mine").warning("heard")
    assert [record.message for record in caplog.records] == ["heard"]


def test_both_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match="needs torch and onnx, which are not installed") as caught:
        require_onnx()
    assert caught.value.exit_code == 3
