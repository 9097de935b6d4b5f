"""The quality of rnnt: the word error rate of what greedy decoding hears.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch (``rnnt/decoder.py``, ``train.py``). The reference
decodes one utterance after the other; here a batch goes along together, each utterance at its own step, with the same
outcome.
"""

from __future__ import annotations

import numpy as np
import torch

from levelfield.metrics.wer import word_errors
from levelfield.training.benchmarks.rnnt.data import Speech
from levelfield.training.benchmarks.rnnt.settings import Settings
from levelfield.training.distributed import summed
from levelfield.training.port import World
from levelfield.training.read_ahead import read_ahead
from levelfield.workloads.speech_recognition.batches import Batch, collated
from levelfield.workloads.speech_recognition.network import Transducer

__all__ = ["greedy", "word_error_rate"]


def word_error_rate(model: Transducer, speech: Speech, settings: Settings, *, seed: int, world: World) -> float:
    """Errors by words over the whole evaluation set, in its order; each process hears a part of it.

    Args:
        model: With the weights to evaluate.
        speech: Its evaluation set is heard.
        settings: Batch, and how much may be said.
        seed: Of the dither.
        world: Which process this is.
    """
    utterances = speech.evaluation
    mine = range(world.rank, len(utterances.transcripts), world.size)

    def read(indices: range) -> Batch:
        return collated([(utterances.heard(index, np.random.default_rng([seed, 0, index])), ()) for index in indices])

    parts = [mine[start : start + settings.eval_batch] for start in range(0, len(mine), settings.eval_batch)]
    pairs = []
    batches = read_ahead(read, parts, readers=settings.readers, device=world.device)
    for indices, batch in zip(parts, batches, strict=True):
        for index, labels in zip(indices, greedy(model, batch.to(world.device), settings), strict=True):
            pairs.append((utterances.transcripts[index], speech.vocabulary.decode(labels)))
    counts = torch.zeros(2, dtype=torch.float64, device=world.device)
    if pairs:  # more processes than utterances leave some without any
        counted = word_errors(pairs)
        counts += counts.new_tensor([counted.errors.sum(), counted.words.sum()])
    errors, words = summed(counts, world).tolist()
    return float(errors / words)


@torch.inference_mode()
def greedy(model: Transducer, batch: Batch, settings: Settings) -> list[list[int]]:
    """The labels of each utterance: at each step of the encoder the best class, until it is the blank.

    A step gives at most ``symbols_per_step`` labels, and an utterance is not listened to further when it has more than
    ``most_symbols``: this is looked at between steps, as the reference does.
    """
    model.eval()
    encoded, steps = model.encoder(batch.features, batch.lengths)
    joint, blank = model.joint, model.sizes.classes - 1
    heard: list[list[int]] = [[] for _ in range(len(steps))]
    at, added = torch.zeros_like(steps), torch.zeros_like(steps)
    counts = torch.zeros_like(steps)
    predicted, hidden, cell = model.prediction(*model.start(len(steps)))
    rows = torch.arange(len(steps), device=steps.device)
    while len(rows):
        best = joint(encoded[rows, at[rows]][:, None], predicted[rows])[:, 0, 0].argmax(dim=1)
        speaks = best != blank
        speakers, said = rows[speaks], best[speaks]
        if len(speakers):
            for row, label in zip(speakers.tolist(), said.tolist(), strict=True):
                heard[row].append(label)
            told = model.prediction(said[:, None], hidden[:, speakers], cell[:, speakers])
            predicted[speakers], hidden[:, speakers], cell[:, speakers] = told
            counts[speakers] += 1
        added[rows] += 1
        moves = rows[~speaks | (added[rows] >= settings.symbols_per_step)]
        at[moves] += 1
        added[moves] = 0
        ended = (at[rows] >= steps[rows]) | ((added[rows] == 0) & (counts[rows] > settings.most_symbols))
        rows = rows[~ended]
    return heard
