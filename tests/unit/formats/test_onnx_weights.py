"""The types of weights as the file says them, on models made here and on what is no model."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from levelfield.errors import FormatError, InputError
from levelfield.formats.onnx_weights import type_name, weight_types


def model_of(path: Path, **weights: np.ndarray) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "weights",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph), path)
    return path


def test_matrices_count_and_the_largest_share_comes_first(tmp_path: Path) -> None:
    path = model_of(
        tmp_path / "m.onnx",
        kernel=np.zeros((8, 3, 3, 3), np.int8),
        last=np.zeros((4, 2), np.float16),
        bias=np.zeros(5000, np.int32),
        shape=np.array([1, -1], np.int64),
    )
    assert weight_types(path) == ("int8", "fp16")


def test_vectors_describe_a_model_that_has_nothing_else(tmp_path: Path) -> None:
    path = model_of(tmp_path / "m.onnx", scale=np.zeros(3, np.float32), step=np.zeros((), np.int64))
    assert weight_types(path) == ("fp32", "int64")


def test_model_without_weights_has_no_types(tmp_path: Path) -> None:
    assert weight_types(model_of(tmp_path / "m.onnx")) == ()


def test_missing_and_empty_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx cannot be read"):
        weight_types(tmp_path / "none.onnx")
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(InputError, match=r"empty\.onnx cannot be read"):
        weight_types(tmp_path / "empty.onnx")


def test_truncated_file_is_no_model(tmp_path: Path) -> None:
    path = model_of(tmp_path / "m.onnx", kernel=np.zeros((8, 8), np.float32))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="expected an ONNX model"):
        weight_types(path)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_give_types_or_an_error_with_the_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(data)
    with suppress(InputError):
        assert isinstance(weight_types(path), tuple)


@pytest.mark.parametrize(
    ("dtype", "name"), [("float32", "fp32"), ("float16", "fp16"), ("int64", "int64"), ("uint8", "uint8")]
)
def test_types_are_spelled_as_submissions_do(dtype: str, name: str) -> None:
    assert type_name(np.dtype(dtype)) == name
