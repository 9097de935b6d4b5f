"""Mask R-CNN: objects, their boxes and their masks (README.md)."""

from __future__ import annotations

from collections.abc import Mapping

from levelfield.training.benchmarks.maskrcnn.settings import settings_of
from levelfield.training.detection.need import need_full
from levelfield.training.goals import round_bounds
from levelfield.training.needs import require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK", "MaskRcnn"]

MINI_TARGETS = {"BBOX": 0.377, "SEGM": 0.339}
"""Those of the round; on these scenes they are as far from chance, and as far from what longer training reaches."""
BACKBONE = "MSRA's R-50.pkl, as Detectron publishes it"
"""What the rules have it start from."""


class MaskRcnn:
    """The benchmark."""

    name = "maskrcnn"
    mini = "Mask R-CNN with a small residual backbone on generated scenes of 64 x 64 pixels, six classes"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        """Box and mask AP of the round, or of the mini edition."""
        if edition is Edition.MINI:
            return MINI_TARGETS
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
        from levelfield.training.benchmarks.maskrcnn.train import MaskRcnnTraining, backbone  # noqa: PLC0415

        return MaskRcnnTraining(settings, setup, backbone=backbone(setup.start) if setup.start else None)


BENCHMARK: Benchmark = MaskRcnn()
