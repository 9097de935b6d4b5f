"""Models with ResNet-50's inputs and outputs that weigh nothing, and a folder in ImageNet's format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture
def mean_colour_weights() -> Callable[[int], np.ndarray]:
    """The weights of the model: (3, classes) float32 for a number of classes."""
    return lambda classes: np.random.default_rng(classes).standard_normal((3, classes)).astype(np.float32)


@pytest.fixture
def write_model(tmp_path: Path, mean_colour_weights: Callable[[int], np.ndarray]) -> Callable[..., Path]:
    """Write a model that scores a picture by its mean colour.

    ``outputs`` says which: any of ``scores`` (batch, classes) float32, ``argmax`` (batch) int64, ``argmax2``
    (batch, 1) int64. A test can compute the classes itself from ``mean_colour_weights``.
    """

    def write(
        *,
        layout: str = "NCHW",
        classes: int = 1001,
        outputs: tuple[str, ...] = ("argmax", "scores"),
        shape: tuple[object, ...] | None = None,
        input_type: int = TensorProto.FLOAT,
        name: str = "model.onnx",
    ) -> Path:
        wanted = shape or (("batch", 3, 224, 224) if layout == "NCHW" else ("batch", 224, 224, 3))
        weights = mean_colour_weights(classes)
        axes = np.array([2, 3] if layout == "NCHW" else [1, 2], np.int64)
        nodes = [
            helper.make_node("Cast", ["picture"], ["pixels"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=axes.tolist(), keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["argmax"], axis=1, keepdims=0),
            helper.make_node("ArgMax", ["scores"], ["argmax2"], axis=1, keepdims=1),
        ]
        kinds = {
            "scores": (TensorProto.FLOAT, ["batch", classes]),
            "argmax": (TensorProto.INT64, ["batch"]),
            "argmax2": (TensorProto.INT64, ["batch", 1]),
        }
        graph = helper.make_graph(
            nodes,
            "mean-colour",
            [helper.make_tensor_value_info("picture", input_type, wanted)],
            [helper.make_tensor_value_info(output, *kinds[output]) for output in outputs],
            [numpy_helper.from_array(weights, "weights")],
        )
        path = tmp_path / name
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    return write


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[list[int]], Path]:
    """Write JPEG files of one colour with a little noise, and ``val_map.txt`` with the given labels."""

    def write(labels: list[int]) -> Path:
        folder = tmp_path / "imagenet"
        folder.mkdir()
        draw = np.random.default_rng(5)
        lines = []
        for number, label in enumerate(labels, 1):
            name = f"ILSVRC2012_val_{number:08}.JPEG"
            height, width = draw.integers(230, 420, 2)
            picture = draw.integers(0, 256, 3) + draw.integers(-8, 9, (height, width, 3))
            assert cv2.imwrite(str(folder / name), picture.clip(0, 255).astype(np.uint8))
            lines.append(f"{name} {label}\n")
        (folder / "val_map.txt").write_text("".join(lines))
        return folder

    return write
