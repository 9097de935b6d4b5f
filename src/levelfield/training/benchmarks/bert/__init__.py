"""``bert``: guess the hidden words of Wikipedia, or of a small language; the share of tokens that are guessed right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.bert.settings import MINI_TARGET, settings_of
from levelfield.training.goals import round_bounds
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
        if setup.data is None:
            raise DatasetError(
                "The full edition of bert needs the records of Wikipedia.", hint="Give their folder with --data."
            )
        from levelfield.training.benchmarks.bert.records import evaluation_file, train_files  # noqa: PLC0415 - torch

        train_files(setup.data)
        evaluation_file(setup.data)

    def build(self, setup: Setup) -> Training:
        settings = settings_of(setup)
        from levelfield.training.benchmarks.bert.train import BertTraining  # noqa: PLC0415 - torch

        return BertTraining(setup, settings)


BENCHMARK: Benchmark = _Bert()
