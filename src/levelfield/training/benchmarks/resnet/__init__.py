"""Image classification: ``resnet``, full (ResNet-50 v1.5 on ImageNet) and mini (the same, small, on digits)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.errors import DatasetError
from levelfield.terms import Edition
from levelfield.training.benchmarks.resnet.settings import settings_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import full_data, require_torch
from levelfield.training.port import Setup, Training

__all__ = ["BENCHMARK", "Resnet"]


@dataclass(frozen=True, slots=True)
class Resnet:
    """The benchmark, without torch."""

    name: str = "resnet"
    mini: str = "a bottleneck network of 58 k parameters on 516 handwritten digits, tested with 1,281 others"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        """Top-1: the rule book's 75.9 %, and 95 % of the digits."""
        return round_bounds(self.name) if edition is Edition.FULL else {"top1": 0.95}

    def prepare(self, setup: Setup) -> None:
        """Check the settings, and that the folders are there; the data need no preparation in either edition.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, or the full edition lacks its data.
            DatasetError: The folder has not the parts that it should have.
        """
        settings_of(setup)
        if setup.edition is Edition.MINI:
            return
        folder = full_data(setup, self.name, data="the folder of ImageNet, with train/ and val/")
        parts = (folder / "train", folder / "val")
        if missing := [f"{part}: not a folder." for part in parts if not part.is_dir()]:
            raise DatasetError("This is not the folder of ImageNet.", problems=missing)

    def build(self, setup: Setup) -> Training:
        """Make network and optimizer.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, all of them at once.
            MissingError: torch is not installed.
        """
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.resnet.train import ResnetTraining  # noqa: PLC0415

        return ResnetTraining(setup, settings)


BENCHMARK = Resnet()
