"""Generation after generation: games against itself, steps of SGD on what was played, a match against the target."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from levelfield.training.benchmarks.minigo import weights
from levelfield.training.benchmarks.minigo.data import Window, examples_of
from levelfield.training.benchmarks.minigo.evaluate import Match, play_match
from levelfield.training.benchmarks.minigo.export import exported
from levelfield.training.benchmarks.minigo.judge import Judge
from levelfield.training.benchmarks.minigo.loss import dual_loss
from levelfield.training.benchmarks.minigo.network import Architecture, DualNetwork
from levelfield.training.benchmarks.minigo.rules import Board
from levelfield.training.benchmarks.minigo.selfplay import Played, play_room, rooms
from levelfield.training.benchmarks.minigo.settings import Settings
from levelfield.training.benchmarks.minigo.weight_files import WeightFiles
from levelfield.training.distributed import gathered, share_buffers
from levelfield.training.export.parts import ModelExport
from levelfield.training.port import Cadence, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.schedules import set_rate
from levelfield.training.states import learnt, restore_learnt

__all__ = ["MinigoTraining", "architecture_of", "training_of"]

Game = TypeVar("Game", Played, Match)

SELFPLAY, ORDER, SHUFFLE = range(3)
"""What a stream of random numbers is for: they must not share numbers."""


def architecture_of(settings: Settings) -> Architecture:
    """The network of an edition."""
    return Architecture(
        size=settings.board_size,
        width=settings.conv_width,
        blocks=settings.trunk_layers,
        hidden=settings.fc_width,
    )


def training_of(setup: Setup, settings: Settings, files: WeightFiles) -> MinigoTraining:
    """The training of a run, from its files.

    Raises:
        ModelError: Weights are damaged, or of another network.
    """
    architecture = architecture_of(settings)
    start, first_step = weights.load(files.start, architecture)
    target, _ = weights.load(files.target, architecture)
    return MinigoTraining(setup, settings, start=start, target=target, first_step=first_step)


class MinigoTraining:
    """A :class:`~levelfield.training.port.Training`.

    Args:
        setup: Of the run.
        settings: Of its edition, with what the user changed.
        start: The network that learns.
        target: The network that it plays against.
        first_step: Steps that the start weights have behind them.
    """

    def __init__(
        self, setup: Setup, settings: Settings, *, start: DualNetwork, target: DualNetwork, first_step: int = 0
    ) -> None:
        world = setup.world
        self._network = start.to(world.device)
        self._target = target.to(world.device)
        self.model: nn.Module = self._network
        self._setup = setup
        self._settings = settings
        self._first_step = first_step
        self._window = Window(
            Board.of(settings.board_size),
            generations=settings.window_size,
            share=settings.train_filter,
            steps=settings.steps_per_generation,
            batch_size=settings.train_batch_size,
        )
        self._step = 0
        self._optimizer = torch.optim.SGD(self._groups(), lr=settings.lr_rates[0], momentum=settings.sgd_momentum)
        self._arithmetic = Arithmetic(setup.number_format, world.device)

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """SGD with momentum; kernels and scales decay."""
        return self._optimizer

    @property
    def cadence(self) -> Cadence:
        """Every generation is evaluated."""
        steps = self._settings.steps_per_generation
        last = steps * self._settings.generations
        return Cadence(epoch=steps, first=steps, every=steps, last=last, off_clock=self._settings.eval_off_clock)

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """All settings, by the names of the reference's flags."""
        return self._settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """By the names of the reference's variables."""
        return weights.variable_names(self._network)

    def open_data(self) -> Samples:
        """There is nothing to read: the data are played. The rules leave both numbers of this benchmark open.

        Returns:
            The most positions that a generation can hold, and the games of an evaluation.
        """
        most = self._settings.actual_selfplay_games_per_generation * self._settings.move_limit
        return Samples(train=most, evaluation=self._settings.eval_games)

    def begin_epoch(self, epoch: int) -> None:
        """Play the games of a generation with the network as it is."""
        judge, seed = self._judge(), (self._setup.seed, SELFPLAY, epoch)
        games = self._shared_out(
            rooms(self._settings.actual_selfplay_games_per_generation, self._settings.games_per_room),
            lambda room: play_room(judge, room, self._settings, seed),
        )
        examples = examples_of(games)
        if self._setup.shuffled_labels:
            examples = examples.dealt_anew(np.random.default_rng([self._setup.seed, SHUFFLE, epoch]))
        self._window.add(examples, np.random.default_rng([self._setup.seed, ORDER, epoch]))

    def step(self) -> torch.Tensor:
        """One step of SGD on the next global batch of the generation."""
        settings, world = self._settings, self._setup.world
        share = settings.train_batch_size // world.size
        part = slice(world.rank * share, (world.rank + 1) * share)
        batch = self._window.batch(part)
        set_rate(self._optimizer, self.rate(self._step))
        self.model.train()
        self._optimizer.zero_grad()
        with self._arithmetic.forward():
            logits, value = self.model(batch.planes.to(world.device))
        loss = dual_loss(
            logits.float(),
            value.float(),
            batch.visits.to(world.device),
            batch.results.to(world.device),
            value_weight=settings.value_cost_weight,
        )
        self._arithmetic.backward(loss)
        self._arithmetic.step(self._optimizer)
        self._step += 1
        return loss.detach()

    def rate(self, step: int) -> float:
        """The learning rate after so many steps of this run; those of the start weights count before."""
        return self._settings.lr_rates[bisect_left(self._settings.lr_boundaries, self._first_step + step)]

    def evaluate(self) -> Quality:
        """The share of games that the network wins against the target."""
        judge, target = self._judge(), Judge(self._target, self._setup.world.device)
        # The order of the games decides which of them meet in a room, and with that what is rounded how.
        numbers = rooms(self._settings.eval_games, 2 * self._settings.games_per_room)
        games = self._shared_out(numbers, lambda room: play_match(judge, target, room, self._settings))
        return {"win_rate": sum(game.won for game in games) / len(games)}

    def progress(self, step: int) -> float:
        """Generations."""
        return step / self._settings.steps_per_generation

    def state(self) -> Mapping[str, Any]:
        """Weights, momenta, the window and where in its order the run is."""
        return {
            **learnt(self._network, self._optimizer, self._arithmetic),
            "window": self._window.state(),
            "step": self._step,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a :meth:`state`."""
        restore_learnt(state, self._network, self._optimizer, self._arithmetic)
        self._window.restore(state["window"])
        self._step = state["step"]

    def flops_per_sample(self) -> float:
        """Of the steps, forward and backward as three forward passes; self-play, where the time goes, is not in it."""
        return 3 * self._network.flops_per_position()

    def exported(self) -> ModelExport:
        """The network as a model file."""
        return exported(self._network, self._window)

    def save(self, path: Path) -> None:
        """Write the network as it is to a file that a later run can start from or play against."""
        weights.save(self._network, self._first_step + self._step, path)

    def _groups(self) -> list[dict[str, Any]]:
        """All but biases and shifts decay, as in the reference."""
        decaying: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for module in self._network.modules():
            for name, parameter in module.named_parameters(recurse=False):
                (others if name == "bias" else decaying).append(parameter)
        return [
            {"params": decaying, "weight_decay": self._settings.l2_strength},
            {"params": others, "weight_decay": 0.0},
        ]

    def _judge(self) -> Judge:
        """The network as a judge; in several processes with the running statistics of the first one."""
        share_buffers(self._network, self._setup.world)
        return Judge(self._network, self._setup.world.device)

    def _shared_out(self, numbers: list[range], play: Callable[[range], list[Game]]) -> list[Game]:
        """The games of all rooms, in order; each process plays its share of the rooms and gets those of the others."""
        world = self._setup.world
        mine = {at: play(room) for at, room in enumerate(numbers) if at % world.size == world.rank}
        together = {at: games for one in gathered(mine, world) for at, games in one.items()}
        return [game for at in sorted(together) for game in together[at]]
