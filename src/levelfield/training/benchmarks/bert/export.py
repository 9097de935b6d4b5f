"""The trained encoder with the heads of pretraining as a model file, for ``levelfield training export``.

It guesses hidden tokens, and whether a segment follows another. The model of the inference suite finds answers in a
passage: another head, which this benchmark does not train.
"""

from __future__ import annotations

from itertools import islice

import torch

from levelfield.training.benchmarks.bert.data import Corpus
from levelfield.training.benchmarks.bert.network import Pretraining
from levelfield.training.export.parts import ModelExport, Part
from levelfield.workloads.onnx_files import Graph
from levelfield.workloads.question_answering.export import INPUTS, INT8, write_int8

__all__ = ["exported"]

POSITIONS = "masked_lm_positions"
TOKENS, NEXT_SENTENCE = "masked_lm_logits", "next_sentence_logits"
_BATCH, _TRIALS = 16, 8
"""Examples of the evaluation part in a batch, and batches."""


def exported(network: Pretraining, corpus: Corpus) -> ModelExport:
    """Tokens, with places that are asked for, to logits of the tokens there and of both kinds of pairs."""
    batches = list(islice(corpus.evaluation(_BATCH), _TRIALS))
    free = {0: "batch", 1: "length"}
    graph = Graph(
        network=network,
        example=(*(torch.ones(2, 16, dtype=torch.int64) for _ in INPUTS), torch.zeros(2, 3, dtype=torch.int64)),
        reads={**dict.fromkeys(INPUTS, free), POSITIONS: {0: "batch", 1: "places"}},
        returns={TOKENS: {0: "batch", 1: "places"}, NEXT_SENTENCE: {0: "batch"}},
    )
    part = Part(
        graph=graph,
        trials=[
            {
                **dict(zip(INPUTS, (batch.input_ids, batch.input_mask, batch.segment_ids), strict=True)),
                POSITIONS: batch.masked_lm_positions,
            }
            for batch in batches
        ],
        answers=lambda outputs: outputs[TOKENS].argmax(axis=-1),
        quantise=write_int8,
    )
    return ModelExport(
        parts={"model": part},
        answer="the token at a place that is asked for",
        int8=INT8,
        remark="The inference suite's bert finds answers in a passage, with a head that pretraining does not have.",
    )
