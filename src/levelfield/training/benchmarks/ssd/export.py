"""The trained detector as a model file, for ``levelfield training export``."""

from __future__ import annotations

from functools import partial

import numpy as np
from torch import Tensor, nn

from levelfield.backends.port import NamedArrays
from levelfield.terms import Edition
from levelfield.training.benchmarks.ssd.data import Source
from levelfield.training.benchmarks.ssd.settings import Settings
from levelfield.training.detection.order import Ints, draws
from levelfield.training.export.parts import BELOW_THE_GATE, ModelExport, Part
from levelfield.workloads.object_detection.export import INPUT, INT8, graph_of, write_int8
from levelfield.workloads.object_detection.model import ANCHOR_SCORES
from levelfield.workloads.object_detection.network import detector

__all__ = ["exported"]

_CALIBRATION, _TRIALS, _BATCH = 128, 96, 16
"""Pictures of the training part, and of the evaluation part."""


def exported(
    network: nn.Module, defaults: Tensor, source: Source, settings: Settings, *, edition: Edition, seed: int
) -> ModelExport:
    """Pictures to boxes and scores of every anchor; what is suppressed is left to whoever runs the model.

    Args:
        network: The trained one.
        defaults: Its default boxes.
        source: Pictures, open.
        settings: Of the run.
        edition: The full one sees 300 pixels, its namesake in the inference suite 1,200.
        seed: Of the run; pictures for training are drawn with it.
    """
    calibration = range(min(_CALIBRATION, settings.train_samples))
    pictures = [source.train_sample(row, draws(seed, 1, 0, row)).picture for row in calibration]
    tried = range(min(_TRIALS, len(source.scored.numbers)))
    batches = [tried[at : at + _BATCH] for at in range(0, len(tried), _BATCH)]
    left, top, right, bottom = source.columns
    part = Part(
        graph=graph_of(detector(network, defaults, (top, left, bottom, right)), size=settings.size),
        trials=[{INPUT: np.stack([source.test_sample(row) for row in rows])} for rows in batches],
        answers=_surest,
        quantise=partial(write_int8, pictures=np.stack(pictures)),
    )
    return ModelExport(
        parts={"model": part},
        answer="the class of the surest box of a picture",
        int8=INT8,
        inference="ssd-resnet34" if edition is Edition.MINI else None,
        remark=BELOW_THE_GATE if edition is Edition.MINI else "",
    )


def _surest(outputs: NamedArrays) -> Ints:
    """(pictures,): the class with the highest score at any anchor, from 0."""
    best: Ints = outputs[ANCHOR_SCORES][:, :, 1:].max(axis=1).argmax(axis=1)
    return best
