"""SSD: objects and their boxes (README.md)."""

from __future__ import annotations

from collections.abc import Mapping

from levelfield.training.benchmarks.ssd.settings import settings_of
from levelfield.training.detection.need import need_full
from levelfield.training.goals import round_bounds
from levelfield.training.needs import require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK", "Ssd"]

MINI_TARGET = 0.45
BACKBONE = "torchvision's resnet34-333f7ec4.pth"
"""What the rules have it start from."""


class Ssd:
    """The benchmark."""

    name = "ssd"
    mini = "SSD with residual blocks on generated scenes of 96 x 96 pixels, eight classes"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        """The round's box AP, or the mini edition's."""
        if edition is Edition.MINI:
            return {"map": MINI_TARGET}
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        """Look whether all was given. There is nothing to convert, and scenes are drawn on the clock.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, or the full edition lacks data or backbone.
            MissingError: OpenCV, which reads photographs, is not installed.
        """
        settings_of(setup)
        need_full(setup, self.name, backbone=BACKBONE)

    def build(self, setup: Setup) -> Training:
        """Make network and optimizer.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, or the full edition lacks data or backbone.
            ModelError: The backbone's file cannot be read or does not fit.
            MissingError: torch is not installed, or OpenCV.
        """
        settings = settings_of(setup)
        need_full(setup, self.name, backbone=BACKBONE)
        require_torch()
        from levelfield.training.benchmarks.ssd.train import SsdTraining, backbone  # noqa: PLC0415

        return SsdTraining(settings, setup, backbone=backbone(setup.start) if setup.start else None)


BENCHMARK: Benchmark = Ssd()
