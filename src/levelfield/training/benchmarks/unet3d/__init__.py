"""``unet3d``: kidneys and their tumours in CT scans. KiTS19, or generated phantoms; mean DICE of both classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.training.benchmarks.unet3d.settings import MINI_TARGET, settings_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import full_data, require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK"]


@dataclass(frozen=True, slots=True)
class _UNet3D:
    name: str = "unet3d"
    mini: str = "3-D U-Net of 85,195 parameters on 256 generated scans of a kidney with a tumour"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        if edition is Edition.MINI:
            return {"dice": MINI_TARGET}
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.unet3d.data import mini_volumes, prepare_folder  # noqa: PLC0415

        if setup.edition is Edition.MINI:
            mini_volumes(settings.train_samples, settings.eval_samples)
        else:
            prepare_folder(full_data(setup, self.name, data="the folder of KiTS19"))

    def build(self, setup: Setup) -> Training:
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.unet3d.train import UNet3DTraining  # noqa: PLC0415

        return UNet3DTraining(setup, settings)


BENCHMARK: Benchmark = _UNet3D()
