"""The trained DLRM as a model file, for ``levelfield training export``."""

from __future__ import annotations

from itertools import islice

from levelfield.terms import Edition
from levelfield.training.benchmarks.dlrm.data import ClickData
from levelfield.training.export.parts import ModelExport, Part
from levelfield.workloads.recommendation.export import INT8, OUTPUT, graph_of, write_int8
from levelfield.workloads.recommendation.model import COUNTS, ROWS
from levelfield.workloads.recommendation.network import Dlrm

__all__ = ["exported"]

_TRIALS, _PAIRS = 2, 4096
"""Batches of the test pairs, and how many pairs are taken of each."""
_OTHER_RULE = (
    "The pairs of the inference suite's mini are drawn by another rule, which this model never saw: its area there "
    "says nothing about it."
)


def exported(network: Dlrm, data: ClickData, edition: Edition) -> ModelExport:
    """Counts and rows of pairs to the probability of a click."""
    tables = network.embeddings
    batches = islice(data.evaluation(), _TRIALS)
    part = Part(
        graph=graph_of(network, counts=network.bottom[0].in_features, tables=len(tables)),
        trials=[
            {COUNTS: batch.counts[:_PAIRS].numpy(), ROWS: batch.categories[:, :_PAIRS].contiguous().numpy()}
            for batch in batches
        ],
        answers=lambda outputs: outputs[OUTPUT] >= 0.5,
        quantise=write_int8,
    )
    return ModelExport(
        parts={"model": part},
        answer="whether a click is likelier than none",
        int8=INT8,
        inference="dlrm-99",
        remark=_OTHER_RULE if edition is Edition.MINI else "",
    )
