"""A BERT as a model file, in fp32 and in int8. Only tools and the training suite need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.workloads.onnx_files import Graph, quantise_weights

if TYPE_CHECKING:
    from torch import nn

__all__ = ["INPUTS", "INT8", "OUTPUTS", "graph_of", "write_int8"]

INPUTS, OUTPUTS = ("input_ids", "input_mask", "segment_ids"), ("output_start_logits", "output_end_logits")
"""The names of the reference model."""
INT8 = "dynamic: matrix products int8, weights per channel in seven bits, activations by the range of each batch"


def graph_of(network: nn.Module) -> Graph:
    """What is exported: with a head for first and last token of an answer; batch and length are free."""
    import torch

    free = {0: "batch", 1: "length"}
    return Graph(
        network=network,
        example=tuple(torch.ones(2, 16, dtype=torch.int64) for _ in INPUTS),
        reads=dict.fromkeys(INPUTS, free),
        returns=dict.fromkeys(OUTPUTS, free),
    )


def write_int8(source: Path, target: Path) -> None:
    """Dynamic int8: weights of the matrix products per channel, activations by the range of each batch."""
    quantise_weights(source, target, operators=["MatMul"])
