"""The trained network as a model file, for ``levelfield training export``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.training.benchmarks.minigo.data import Window
from levelfield.training.benchmarks.minigo.network import DualNetwork
from levelfield.training.benchmarks.minigo.planes import PLANES
from levelfield.training.export.parts import ModelExport, Part
from levelfield.workloads.onnx_files import Graph, quantise

__all__ = ["exported"]

INPUT, POLICY, VALUE = "planes", "policy", "value"
_POSITIONS, _BATCH = 512, 64
"""Of the newest generation of self-play; every second one for the ranges of int8, the others to compare with."""


def exported(network: DualNetwork, window: Window) -> ModelExport:
    """Planes of positions to logits of the moves, and who will win."""
    size = network.architecture.size
    planes = window.newest(_POSITIONS)
    calibration, tried = planes[::2], planes[1::2]

    def write_int8(source: Path, target: Path) -> None:
        quantise(source, target, ({INPUT: some} for some in _batches(calibration)))

    free = {0: "positions"}
    graph = Graph(
        network=network,
        example=(torch.zeros(1, PLANES, size, size),),
        reads={INPUT: free},
        returns={POLICY: free, VALUE: free},
    )
    part = Part(
        graph=graph,
        trials=[{INPUT: some} for some in _batches(tried)],
        answers=lambda outputs: outputs[POLICY].argmax(axis=1),
        quantise=write_int8,
    )
    return ModelExport(
        parts={"model": part},
        answer="the likeliest move of a position of self-play",
        int8="static (QDQ): weights int8 per channel in seven bits, activations int8 by the ranges of positions of "
        "self-play",
    )


def _batches(planes: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [planes[at : at + _BATCH] for at in range(0, len(planes), _BATCH)]
