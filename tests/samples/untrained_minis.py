"""The mini editions of all eight benchmarks without their training.

Steps learn nothing, and the second evaluation reaches the target. Everything else of a run is real: settings, network,
cadence, names of weights, the harness and its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch

from levelfield.training.catalog import benchmark_named
from levelfield.training.port import Edition, Quality, Samples, Setup, Training


class Untrained:
    """One run."""

    def __init__(self, training: Training, samples: Samples, quality: Quality) -> None:
        self._training, self._samples = training, samples
        self._qualities = [{name: 0.9 if name == "wer" else 0.1 for name in quality}, quality]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._training, name)

    def open_data(self) -> Samples:
        return self._samples

    def begin_epoch(self, epoch: int) -> None:
        pass

    def step(self) -> torch.Tensor:
        return torch.tensor(0.5)

    def evaluate(self) -> Quality:
        return self._qualities.pop(0)


@dataclass(frozen=True)
class UntrainedMini:
    """One benchmark under its own name."""

    name: str
    samples: Samples
    """What its mini edition finds when it opens its data."""
    mini: str = "nothing is trained"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        return benchmark_named(self.name).targets(edition)

    def prepare(self, setup: Setup) -> None:
        pass

    def build(self, setup: Setup) -> Training:
        training = benchmark_named(self.name).build(setup)
        return cast("Training", Untrained(training, self.samples, self.targets(setup.edition)))


RESNET = UntrainedMini("resnet", Samples(train=1_297, evaluation=500))
SSD = UntrainedMini("ssd", Samples(train=1_200, evaluation=300))
MASKRCNN = UntrainedMini("maskrcnn", Samples(train=800, evaluation=200))
UNET3D = UntrainedMini("unet3d", Samples(train=256, evaluation=64))
RNNT = UntrainedMini("rnnt", Samples(train=2_048, evaluation=300))
BERT = UntrainedMini("bert", Samples(train=8_000, evaluation=2_000))
DLRM = UntrainedMini("dlrm", Samples(train=256_000, evaluation=100_000))
MINIGO = UntrainedMini("minigo", Samples(train=1_728, evaluation=64))
