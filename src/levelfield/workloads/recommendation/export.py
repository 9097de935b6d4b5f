"""A DLRM as a model file, in fp32 and with tables of int8. Only tools and the training suite need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.workloads.onnx_files import Graph, quantise_weights
from levelfield.workloads.recommendation.model import COUNTS, ROWS

if TYPE_CHECKING:
    from torch import nn

__all__ = ["INT8", "OUTPUT", "graph_of", "write_int8"]

OUTPUT = "pred"
"""The name in the reference's exported model, as those of the inputs."""
INT8 = "tables of 8 bits, one step for each, widened when a row is looked up; layers in fp32"


def graph_of(network: nn.Module, *, counts: int, tables: int) -> Graph:
    """What is exported: the network with the sigmoid that training leaves to the loss.

    Args:
        network: Logarithms of counts (pairs, counts) and rows (tables, pairs) int64 to logits (pairs, 1).
        counts: Numeric features.
        tables: Categorical features.
    """
    import torch

    from levelfield.workloads.recommendation.network import Probability

    return Graph(
        network=Probability(network),
        example=(torch.zeros(2, counts), torch.zeros(tables, 2, dtype=torch.int64)),
        reads={COUNTS: {0: "pairs"}, ROWS: {1: "pairs"}},
        returns={OUTPUT: {0: "pairs"}},
    )


def write_int8(source: Path, target: Path) -> None:
    """Eight bits where DLRM keeps its weights: the tables, one step for each; a row is widened when it is looked up."""
    quantise_weights(source, target, operators=["Gather"], per_channel=False)
