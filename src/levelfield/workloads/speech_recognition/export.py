"""A transducer as three model files, in fp32 and in int8. Only tools and the training suite need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.workloads.onnx_files import Graph, quantise_weights

if TYPE_CHECKING:
    from levelfield.workloads.speech_recognition.network import Transducer

__all__ = ["INT8", "graphs_of", "write_int8"]

INT8 = (
    "dynamic: LSTMs and matrix products int8, weights per channel in seven bits, activations by the range of each call"
)


def graphs_of(model: Transducer) -> dict[str, Graph]:
    """Encoder, prediction and joint network, by the names of their files; batch and time are free."""
    import torch

    sizes, batch, rows = model.sizes, 2, 7
    state = torch.zeros(sizes.prediction_layers, batch, sizes.prediction_width)
    free_state = {1: "batch"}
    return {
        "encoder": Graph(
            network=model.encoder,
            example=(torch.randn(rows, batch, sizes.features), torch.tensor([rows, rows - 2])),
            reads={"features": {0: "rows", 1: "batch"}, "lengths": {0: "batch"}},
            returns={"encoded": {0: "batch", 1: "steps"}, "steps": {0: "batch"}},
        ),
        "prediction": Graph(
            network=model.prediction,
            example=(torch.tensor([[-1], [0]]), state, state),
            reads={"labels": {0: "batch", 1: "labels"}, "hidden": free_state, "cell": free_state},
            returns={"predicted": {0: "batch", 1: "labels"}, "next_hidden": free_state, "next_cell": free_state},
        ),
        "joint": Graph(
            network=model.joint,
            example=(torch.randn(batch, 4, sizes.encoder_width), torch.randn(batch, 1, sizes.prediction_width)),
            reads={"encoded": {0: "batch", 1: "steps"}, "predicted": {0: "batch", 1: "labels"}},
            returns={"scores": {0: "batch", 1: "steps", 2: "labels"}},
        ),
    }


def write_int8(source: Path, target: Path) -> None:
    """Dynamic int8 of one of the three: the LSTMs' weights and the matrices."""
    quantise_weights(source, target, operators=["MatMul", "Gemm", "LSTM"])
