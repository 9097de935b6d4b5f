"""A detector as a model file, in fp32 and in int8. Only tools and the training suite need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from levelfield.workloads.object_detection.model import ANCHOR_BOXES, ANCHOR_SCORES
from levelfield.workloads.onnx_files import Graph, quantise

if TYPE_CHECKING:
    from torch import nn

__all__ = ["INPUT", "INT8", "graph_of", "write_int8"]

INPUT = "pictures"
INT8 = (
    "static (QDQ): convolutions int8, weights per channel in seven bits, ranges of scenes for training; boxes in fp32"
)
CALIBRATION_BATCH = 8


def graph_of(decoder: nn.Module, *, size: int) -> Graph:
    """What is exported.

    Args:
        decoder: (batch, 3, size, size) float32 to boxes (batch, anchors, 4) and scores (batch, anchors, 1 + classes).
        size: Height and width of a picture.
    """
    import torch

    free = {0: "batch"}
    return Graph(
        network=decoder.to(memory_format=torch.contiguous_format),
        example=(torch.zeros(1, 3, size, size),),
        reads={INPUT: free},
        returns={ANCHOR_BOXES: free, ANCHOR_SCORES: free},
    )


def write_int8(source: Path, target: Path, pictures: NDArray[Any]) -> None:
    """Static int8 of the convolutions; boxes are decoded in floating point, where a step of int8 would be pixels.

    Args:
        source: The fp32 file.
        target: Where the int8 file is written.
        pictures: (scenes, 3, size, size), which the ranges are taken from.
    """
    step = CALIBRATION_BATCH
    feeds = ({INPUT: pictures[at : at + step]} for at in range(0, len(pictures), step))
    quantise(source, target, feeds, operators=["Conv"])
