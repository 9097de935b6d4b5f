"""MiniGo: a network learns Go from games against itself, until it wins half of its games against a given one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelfield.training.benchmarks.minigo.settings import settings_of
from levelfield.training.benchmarks.minigo.weight_files import files_of
from levelfield.training.goals import round_bounds
from levelfield.training.needs import require_torch
from levelfield.training.port import Edition, Setup, Training

__all__ = ["BENCHMARK", "Minigo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minigo:
    """A :class:`~levelfield.training.port.Benchmark`."""

    name: str = "minigo"
    mini: str = "Go on 6x6 lines against itself, a residual network of 2 blocks and 27 k parameters"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        """Half of the games won, in both editions; the target that is played against is another."""
        del edition
        return round_bounds(self.name)

    def prepare(self, setup: Setup) -> None:
        """See that settings and weights are there; nothing is made.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, or the full edition lacks the folder of weights.
            ModelError: The weights to start from or to play against are not in it.
        """
        settings_of(setup)
        files_of(setup)

    def build(self, setup: Setup) -> Training:
        """Make the network from the start weights, and load the target.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, all of them at once.
            ModelError: Weights are missing, damaged or of another network.
            MissingError: torch is not installed.
        """
        settings, files = settings_of(setup), files_of(setup)
        require_torch()
        from levelfield.training.benchmarks.minigo.train import training_of  # noqa: PLC0415

        return training_of(setup, settings, files)


BENCHMARK = Minigo()
