"""The trained U-Net as a model file, for ``levelfield training export``."""

from __future__ import annotations

from functools import partial

import numpy as np
from torch import nn

from levelfield.terms import Edition
from levelfield.training.benchmarks.unet3d.data import Patches, Volumes
from levelfield.training.benchmarks.unet3d.settings import Settings
from levelfield.training.export.parts import BELOW_THE_GATE, ModelExport, Part
from levelfield.workloads.medical_segmentation.export import INPUT, INT8, OUTPUT, graph_of, write_int8
from levelfield.workloads.medical_segmentation.preprocess import Image, cut_to_windows

__all__ = ["exported"]

_CALIBRATION = {Edition.MINI: 48, Edition.FULL: 4}
_TRIALS = {Edition.MINI: 24, Edition.FULL: 2}
"""Patches of training cases, and evaluation cases."""


def exported(
    network: nn.Module, patches: Patches, evaluation: Volumes, settings: Settings, edition: Edition
) -> ModelExport:
    """Windows to scores; the windows of a volume are put together by whoever runs the model, as in evaluation."""
    window = settings.window
    calibration = range(min(_CALIBRATION[edition], settings.train_samples))
    tried = range(min(_TRIALS[edition], evaluation.count))
    part = Part(
        graph=graph_of(network, window=window),
        trials=[{INPUT: _middle(evaluation.image(case), window)[np.newaxis]} for case in tried],
        answers=lambda outputs: outputs[OUTPUT].argmax(axis=1),
        quantise=partial(write_int8, windows=[patches.patch(1, case)[0][np.newaxis] for case in calibration]),
    )
    return ModelExport(
        parts={"model": part},
        answer="the class of a voxel",
        int8=INT8,
        inference="3d-unet-99",
        remark=BELOW_THE_GATE if edition is Edition.MINI else "",
    )


def _middle(image: Image, window: int) -> Image:
    """(1, window, window, window): what lies in the middle of a volume."""
    whole = cut_to_windows(image, window)
    starts = [(edge - window) // 2 for edge in whole.shape[1:]]
    cube: Image = whole[(slice(None), *(slice(at, at + window) for at in starts))]
    return np.ascontiguousarray(cube, np.float32)
