"""A small folder in KiTS19's layout, and models with the 3D U-Net's signature that weigh nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from nifti_files import write_nifti
from onnx import TensorProto, helper, numpy_helper

__all__ = ["CASES", "brightness_model", "kits_case", "kits_folder"]

CASES = ("case_00003", "case_00041")
SPACINGS = ((3.0, 0.9, 0.9), (5.0, 0.75, 0.75))
SHAPES = ((30, 80, 90), (32, 100, 220))


def kits_case(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Image and labels of a case, whose labels follow from the brightness: float64, as KiTS19 has its images."""
    draw = np.random.default_rng(number)
    labels = np.zeros(SHAPES[number], np.uint8)
    labels[8:20, 20:60, 30:70] = 1
    labels[12:17, 30:45, 40:55] = 2
    image = np.array([-20.0, 100.0, 250.0])[labels] + draw.integers(-5, 6, labels.shape)
    return image, labels


def kits_folder(folder: Path, cases: tuple[str, ...] = CASES) -> Path:
    """The repository's layout: ``data/case_00003/imaging.nii.gz`` and so on, and one foreign case."""
    for number, case in enumerate(cases):
        image, labels = kits_case(number)
        write_nifti(folder / "data" / case / "imaging.nii.gz", image, SPACINGS[number])
        write_nifti(folder / "data" / case / "segmentation.nii.gz", labels, SPACINGS[number])
    (folder / "data/case_00001").mkdir(parents=True, exist_ok=True)
    (folder / "data/kits.json").write_text("[]")
    return folder


def brightness_model(
    path: Path,
    *,
    shape: tuple[object, ...] = ("batch_size", 1, 128, 128, 128),
    input_type: int = TensorProto.FLOAT,
    classes: int = 3,
    declared: tuple[object, ...] | None = None,
) -> Path:
    """Scores of a voxel from its brightness alone: one convolution of a single voxel, as the last layer of a U-Net.

    Kidney between 40 and 175 Hounsfield units, tumour above.
    """
    # Lines that cross at (40 - 101) / 76.9 and (175 - 101) / 76.9.
    low, high = (40 - 101) / 76.9, (175 - 101) / 76.9
    weights = np.arange(classes, dtype=np.float32).reshape(classes, 1, 1, 1, 1)
    offsets = np.array([0, -low, -low - high, *[-9e9] * classes], np.float32)[:classes]
    nodes = [
        helper.make_node("Cast", ["input"], ["voxels"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["voxels", "weights", "offsets"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("input", input_type, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, declared or (shape[0], classes, *shape[2:]))],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(offsets, "offsets")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
