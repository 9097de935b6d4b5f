"""``rnnt``: speech to text by a recurrent transducer. LibriSpeech, or generated tones; the word error rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.training.benchmarks.rnnt.settings import MINI_TARGET, settings_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import full_data, require_torch
from levelfield.training.port import Benchmark, Edition, Setup, Training

__all__ = ["BENCHMARK"]


@dataclass(frozen=True, slots=True)
class _Rnnt:
    name: str = "rnnt"
    mini: str = "RNN-T of 264,534 parameters on generated utterances of words of tone-coded letters"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        if edition is Edition.MINI:
            return {"wer": MINI_TARGET}
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        settings = settings_of(setup)
        require_torch()
        if setup.edition is Edition.MINI:
            from levelfield.training.benchmarks.rnnt.data import mini_speech  # noqa: PLC0415

            mini_speech(settings)
        else:
            folder = full_data(setup, self.name, data="the folder of LibriSpeech")
            from levelfield.training.benchmarks.rnnt.preparation import prepare_folder  # noqa: PLC0415

            prepare_folder(folder)

    def build(self, setup: Setup) -> Training:
        settings = settings_of(setup)
        require_torch()
        from levelfield.training.benchmarks.rnnt.train import RnntTraining  # noqa: PLC0415

        return RnntTraining(setup, settings)


BENCHMARK: Benchmark = _Rnnt()
