"""Two processes over gloo have the losses of one, to 1e-4, and the quality of one model."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_drive import drive
from two_processes import losses_of_two

from levelfield.training.catalog import benchmark_named
from levelfield.training.port import Edition, Setup


def test_bert_and_dlrm(tmp_path: Path) -> None:
    found = losses_of_two(["bert", "dlrm"], tmp_path / "meeting", steps=3)
    for name, (losses, quality) in found.items():
        alone = drive(benchmark_named(name), Setup(edition=Edition.MINI, seed=7), steps=3)
        assert losses == pytest.approx(alone.losses, rel=1e-4), name
        assert quality == pytest.approx(alone.training.evaluate(), abs=2e-3), name
