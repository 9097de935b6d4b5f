"""A small folder in exactly COCO's format, and models of the reference's signatures that weigh nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CATEGORIES = ((1, "person"), (2, "bicycle"), (5, "airplane"), (90, "toothbrush"))
NUMBERS = (397133, 37777, 252219, 87038, 174482, 403385)
"""Ids in the order of the file, which is not theirs."""


def entries() -> dict[str, Any]:
    """The annotation file: six pictures, the last without objects, one crowd."""
    draw = np.random.default_rng(4)
    images, annotations = [], []
    for place, number in enumerate(NUMBERS):
        width, height = 80 + 8 * place, 60 + 4 * place
        images.append(
            {
                "license": 4,
                "file_name": f"{number:012d}.jpg",
                "coco_url": f"http://images.cocodataset.org/val2017/{number:012d}.jpg",
                "height": height,
                "width": width,
                "date_captured": "2013-11-14 17:02:52",
                "id": number,
            }
        )
        for _ in range(0 if place == len(NUMBERS) - 1 else 3):
            left, top = draw.uniform(0, width / 2), draw.uniform(0, height / 2)
            box = [
                round(float(side), 2) for side in (left, top, draw.uniform(9, width / 2), draw.uniform(9, height / 2))
            ]
            annotations.append(
                {
                    "segmentation": [[box[0], box[1], box[0] + box[2], box[1], box[0], box[1] + box[3]]],
                    "area": box[2] * box[3] / 2,
                    "iscrowd": 0,
                    "image_id": number,
                    "bbox": box,
                    "category_id": int(draw.choice([number for number, _ in CATEGORIES])),
                    "id": 1000 + len(annotations),
                }
            )
    annotations[4]["iscrowd"] = 1
    return {
        "info": {"description": "COCO 2017 Dataset", "url": "http://cocodataset.org", "version": "1.0", "year": 2017},
        "licenses": [{"url": "http://creativecommons.org/licenses/by/2.0/", "id": 4, "name": "Attribution License"}],
        "images": images,
        "annotations": annotations,
        "categories": [{"supercategory": "thing", "id": number, "name": name} for number, name in CATEGORIES],
    }


def write_coco(folder: Path, document: dict[str, Any] | None = None) -> Path:
    """Write the folder; pictures are JPEG files of the sizes that the file states."""
    document = entries() if document is None else document
    (folder / "annotations").mkdir(parents=True)
    (folder / "val2017").mkdir()
    (folder / "annotations/instances_val2017.json").write_text(json.dumps(document))
    draw = np.random.default_rng(5)
    for image in document["images"]:
        colour = draw.integers(0, 256, 3, dtype=np.uint8)
        picture = np.full((image["height"], image["width"], 3), colour, np.uint8)
        assert cv2.imwrite(str(folder / "val2017" / image["file_name"]), picture)
    return folder


def write_model(
    path: Path,
    *,
    names: tuple[str, ...],
    boxes: np.ndarray,
    classes: np.ndarray,
    scores: np.ndarray,
    count: int | None = None,
    input_type: int = TensorProto.FLOAT,
    shape: tuple[Any, ...] = ("batch", 3, 1200, 1200),
) -> Path:
    """A model that finds the same boxes on every picture.

    Args:
        path: Where to write.
        names: Of the outputs: boxes, classes, scores and, with ``count``, the number of detections.
        boxes: (n, 4).
        classes: (n,).
        scores: (n,).
        count: How many of them count.
        input_type: Of the pictures.
        shape: Of the pictures.
    """
    constants = {
        names[0]: boxes.astype(np.float32),
        names[1]: classes,
        names[2]: scores.astype(np.float32),
        **({} if count is None else {names[3]: np.array(count, np.float32)}),
    }
    nodes = [
        helper.make_node("Shape", ["picture"], ["batch"], start=0, end=1),
    ]
    outputs = []
    initializers = [numpy_helper.from_array(np.array([], np.int64), "nothing")]
    for name, value in constants.items():
        initializers.append(numpy_helper.from_array(value[None], f"{name}/one"))
        initializers.append(numpy_helper.from_array(np.array(value.shape, np.int64), f"{name}/rest"))
        nodes.append(helper.make_node("Concat", ["batch", f"{name}/rest"], [f"{name}/shape"], axis=0))
        nodes.append(helper.make_node("Expand", [f"{name}/one", f"{name}/shape"], [name]))
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        outputs.append(helper.make_tensor_value_info(name, kind, ["batch", *value.shape]))
    graph = helper.make_graph(
        nodes,
        "same-boxes",
        [helper.make_tensor_value_info("picture", input_type, shape)],
        outputs,
        initializers[1:],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
