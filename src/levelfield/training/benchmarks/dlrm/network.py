"""DLRM at its two sizes; the network itself is the workload's, which the inference suite ships.

The reference names its tensors ``emb_l.0.weight``, ``bot_l.0.weight``, ``top_l.0.weight`` (facebookresearch/dlrm at
6d75c84, ``dlrm_s_pytorch.py``, ``DLRM_Net``); :func:`reference_names` says which of ours is which.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch

from levelfield.training.port import Edition
from levelfield.workloads.recommendation import network
from levelfield.workloads.recommendation.criteo import OFFICIAL_TABLES
from levelfield.workloads.recommendation.network import Dlrm, Widths

__all__ = ["FULL", "INITIAL_WEIGHTS", "flops_per_pair", "parameter_count", "reference_names", "widths_of"]

FULL = Widths(counts=13, rows=OFFICIAL_TABLES, embedding=128, bottom=(512, 256), top=(1024, 1024, 512, 256))
"""``--arch-mlp-bot=13-512-256-128 --arch-mlp-top=1024-1024-512-256-1 --arch-sparse-feature-size=128
--max-ind-range=40000000``."""

INITIAL_WEIGHTS = (
    "embeddings",
    *(f"bottom_mlp_dense{number}" for number in range(1, 4)),
    *(f"top_mlp_dense{number}" for number in range(1, 6)),
)
"""The names for the log (mlcommons/logging, training_1.1.0/closed_dlrm.yaml)."""


def widths_of(edition: Edition, max_rows: int) -> Widths:
    """The sizes of an edition, no table with more rows than given."""
    widths = FULL if edition is Edition.FULL else network.MINI
    return replace(widths, rows=tuple(min(rows, max_rows) for rows in widths.rows))


def reference_names(model: Dlrm) -> dict[str, torch.nn.Parameter]:
    """The parameters by the reference's names."""
    theirs = {"embeddings": "emb_l", "bottom": "bot_l", "top": "top_l"}
    found = {}
    for name, parameter in model.named_parameters():
        part, _, rest = name.partition(".")
        found[f"{theirs[part]}.{rest}"] = parameter
    return found


def parameter_count(widths: Widths) -> int:
    """How many numbers a network of these sizes learns."""
    return sum(parameter.numel() for parameter in _shape_of(widths).parameters())


def _shape_of(widths: Widths) -> Dlrm:
    with torch.device("meta"):
        return Dlrm(widths)


def flops_per_pair(widths: Widths) -> float:
    """Multiplications and additions of a pair, forward and backward: of the layers and of the products of vectors.

    A backward pass costs twice a forward one.
    """
    vectors = len(widths.rows) + 1
    interactions = widths.embedding + vectors * (vectors - 1) // 2
    bottom = pairwise((widths.counts, *widths.bottom, widths.embedding))
    top = pairwise((interactions, *widths.top, 1))
    layers = sum(one * other for one, other in [*bottom, *top])
    return 3.0 * 2.0 * (layers + vectors * vectors * widths.embedding)
