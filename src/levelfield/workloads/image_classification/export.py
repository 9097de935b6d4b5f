"""A network of image classification as a model file, in fp32 and in int8. Only tools and the training suite need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.workloads.onnx_files import Graph, quantise
from levelfield.workloads.pictures import Tensor

if TYPE_CHECKING:
    from torch import nn

__all__ = ["INPUT", "INT8", "OUTPUT", "graph_of", "write_int8"]

INPUT, OUTPUT = "image", "logits"
INT8 = "static (QDQ): weights int8 per channel in seven bits, activations int8 by the ranges of pictures for training"
CALIBRATION_BATCH = 8


def graph_of(network: nn.Module, *, channels: int, side: int) -> Graph:
    """What is exported.

    Args:
        network: (batch, channels, side, side) float32 to (batch, classes) logits.
        channels: Of a picture.
        side: Height and width.
    """
    import torch

    free = {0: "batch"}
    return Graph(
        network=network, example=(torch.zeros(1, channels, side, side),), reads={INPUT: free}, returns={OUTPUT: free}
    )


def write_int8(source: Path, target: Path, pictures: Tensor) -> None:
    """Static int8.

    Args:
        source: The fp32 file.
        target: Where the int8 file is written.
        pictures: (samples, channels, side, side) float32, which the ranges are taken from.
    """
    step = CALIBRATION_BATCH
    quantise(source, target, ({INPUT: pictures[at : at + step]} for at in range(0, len(pictures), step)))
