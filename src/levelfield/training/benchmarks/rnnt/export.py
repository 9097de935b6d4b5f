"""The trained transducer as three model files, for ``levelfield training export``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from levelfield.backends.port import NamedArrays
from levelfield.terms import Edition
from levelfield.training.benchmarks.rnnt.data import Speech
from levelfield.training.export.parts import BELOW_THE_GATE, Answers, ModelExport, Part
from levelfield.workloads.onnx_files import Graph
from levelfield.workloads.speech_recognition.batches import collated
from levelfield.workloads.speech_recognition.export import INT8, graphs_of, write_int8
from levelfield.workloads.speech_recognition.network import Transducer

__all__ = ["exported"]

_UTTERANCES = 16
"""Of the evaluation part."""


def exported(network: Transducer, speech: Speech, *, edition: Edition, seed: int) -> ModelExport:
    """Encoder, prediction and joint network.

    Args:
        network: With the weights that are evaluated.
        speech: Its evaluation part is heard.
        edition: The full one has sentencepieces, of which the inference suite knows nothing.
        seed: Of the dither.
    """
    graphs = graphs_of(network)
    trials = _trials(graphs, speech, seed)
    answers: Mapping[str, Answers] = {"joint": lambda outputs: outputs["scores"].argmax(axis=-1)}
    return ModelExport(
        parts={
            name: Part(graph=graph, trials=trials[name], answers=answers.get(name), quantise=write_int8)
            for name, graph in graphs.items()
        },
        answer="the class of a step and the label before it",
        int8=INT8,
        inference="rnnt" if edition is Edition.MINI else None,
        remark=BELOW_THE_GATE if edition is Edition.MINI else "",
    )


def _trials(graphs: Mapping[str, Graph], speech: Speech, seed: int) -> dict[str, Sequence[NamedArrays]]:
    """Utterances for the encoder, what is said in them for the prediction, and what comes out of both for the joint."""
    utterances = speech.evaluation
    count = min(_UTTERANCES, len(utterances.transcripts))
    batch = collated(
        [
            (utterances.heard(at, np.random.default_rng([seed, 0, at])), speech.vocabulary.encode(said))
            for at, said in enumerate(utterances.transcripts[:count])
        ]
    )
    heard: NamedArrays = {"features": batch.features.numpy(), "lengths": batch.lengths.numpy()}
    start = np.full((count, 1), -1, np.int64)
    state = graphs["prediction"].example[1].numpy()
    nothing = np.zeros((state.shape[0], count, state.shape[2]), np.float32)
    said: NamedArrays = {"labels": np.concatenate([start, batch.labels.numpy()], 1), "hidden": nothing, "cell": nothing}
    both: NamedArrays = {
        "encoded": graphs["encoder"].run(heard)["encoded"],
        "predicted": graphs["prediction"].run(said)["predicted"],
    }
    return {"encoder": [heard], "prediction": [said], "joint": [both]}
