"""A 3-D U-Net as a model file, in fp32 and in int8. Only tools and the training suite need it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from levelfield.workloads.onnx_files import Graph, quantise

if TYPE_CHECKING:
    from torch import nn

__all__ = ["INPUT", "INT8", "OUTPUT", "graph_of", "write_int8"]

INPUT, OUTPUT = "input", "output"
"""The names of the reference model."""
INT8 = "static (QDQ): weights int8 per channel in seven bits, activations int8 by the ranges of windows for training"


def graph_of(network: nn.Module, *, window: int) -> Graph:
    """What is exported.

    Args:
        network: (batch, 1, window, window, window) float32 to (batch, 3, window, window, window) scores.
        window: Edge of the cube that the model sees.
    """
    import torch

    free = {0: "batch_size"}
    return Graph(
        network=network,
        example=(torch.zeros(1, 1, window, window, window),),
        reads={INPUT: free},
        returns={OUTPUT: free},
    )


def write_int8(source: Path, target: Path, windows: Iterable[NDArray[Any]]) -> None:
    """Static int8.

    Args:
        source: The fp32 file.
        target: Where the int8 file is written.
        windows: (batch, 1, window, window, window) float32 each, which the ranges are taken from.
    """
    quantise(source, target, ({INPUT: window} for window in windows))
