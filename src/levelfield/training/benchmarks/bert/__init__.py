"""``bert``: guess the hidden words of Wikipedia, or of a small language; the share of tokens that are guessed right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.training.benchmarks.bert.settings import MINI_TARGET, settings_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import full_data, require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK"]


@dataclass(frozen=True, slots=True)
class _Bert:
    name: str = "bert"
    mini: str = "BERT of 2 layers on 8,000 pairs of a generated language, masked anew in each epoch"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        if edition is Edition.MINI:
            return {"mlm": MINI_TARGET}
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        settings_of(setup)
        if setup.edition is Edition.MINI:
            return
        folder = full_data(setup, self.name, data="the folder of Wikipedia's records")
        require_torch()
        from levelfield.training.benchmarks.bert.records import evaluation_file, train_files  # noqa: PLC0415

        train_files(folder)
        evaluation_file(folder)

    def build(self, setup: Setup) -> Training:
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.bert.train import BertTraining  # noqa: PLC0415

        return BertTraining(setup, settings)


BENCHMARK: Benchmark = _Bert()
