"""The trained network as a model file, for ``levelfield training export``."""

from __future__ import annotations

from functools import partial

import numpy as np
from torch import nn

from levelfield.terms import Edition
from levelfield.training.benchmarks.resnet.data import Pictures
from levelfield.training.benchmarks.resnet.settings import Settings
from levelfield.training.export.parts import ModelExport, Part
from levelfield.workloads.image_classification.export import INPUT, INT8, OUTPUT, graph_of, write_int8

__all__ = ["exported"]

_CALIBRATION = {Edition.MINI: 128, Edition.FULL: 500}
"""Pictures of the training part; at full size as many as the inference round has in its calibration list."""
_TRIALS, _BATCH = 256, 32
"""Pictures of the evaluation part."""


def exported(network: nn.Module, pictures: Pictures, settings: Settings, edition: Edition) -> ModelExport:
    """Pictures to logits, as the inference suite's models have it; both editions have its preparation too."""
    sizes = settings.sizes
    calibration = np.arange(min(_CALIBRATION[edition], settings.train_samples))
    trials = np.array_split(
        np.arange(min(_TRIALS, settings.eval_samples)), -(-min(_TRIALS, settings.eval_samples) // _BATCH)
    )
    part = Part(
        graph=graph_of(network, channels=sizes.channels, side=sizes.side),
        trials=[{INPUT: pictures.evaluation(some)[0].numpy()} for some in trials],
        answers=lambda outputs: outputs[OUTPUT].argmax(axis=1),
        quantise=partial(write_int8, pictures=pictures.train(calibration, 1, 0)[0].numpy()),
    )
    return ModelExport(parts={"model": part}, answer="the class of a picture", int8=INT8, inference="resnet50")
