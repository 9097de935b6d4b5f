"""``dlrm``: will a user click? Criteo Terabyte, or clicks drawn from a known rule; the area under the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.training.benchmarks.dlrm.settings import MINI_TARGET, settings_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import full_data, require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK"]


@dataclass(frozen=True, slots=True)
class _Dlrm:
    name: str = "dlrm"
    mini: str = "DLRM with 8 tables on 256,000 clicks drawn from a rule whose best possible area is known"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        if edition is Edition.MINI:
            return {"auc": MINI_TARGET}
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        settings = settings_of(setup)
        if setup.edition is Edition.MINI:
            return
        folder = full_data(setup, self.name, data="the folder of Criteo Terabyte")
        require_torch()
        from levelfield.training.benchmarks.dlrm.data import layout_of, prepare_files  # noqa: PLC0415

        prepare_files(folder, layout_of(setup.edition, settings))

    def build(self, setup: Setup) -> Training:
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.dlrm.train import DlrmTraining  # noqa: PLC0415

        return DlrmTraining(setup, settings)


BENCHMARK: Benchmark = _Dlrm()
