"""What the harness and a benchmark know of each other.

The harness owns the clock, the log, the loop, seeds, processes and checkpoints; a benchmark owns data, network, loss,
optimizer, schedule and metric. A :class:`Benchmark` is what can be listed without torch; it prepares data off the clock
and builds a :class:`Training` between ``init_start`` and ``init_stop``. A :class:`Training` touches no data before
:meth:`Training.open_data`, which the harness calls after ``run_start`` (training_rules.adoc, section "Timing").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from levelfield.terms import Edition

if TYPE_CHECKING:
    import torch

__all__ = [
    "Benchmark",
    "Cadence",
    "Edition",
    "LogValue",
    "NumberFormat",
    "Quality",
    "Samples",
    "Setup",
    "Training",
    "World",
]

LogValue: TypeAlias = "str | int | float | bool | list[LogValue] | dict[str, LogValue] | None"
"""What a line of the log holds as its value."""

Quality: TypeAlias = Mapping[str, float]
"""A value for each target of the benchmark, by the names of the rule book (``top1``; ``BBOX`` and ``SEGM``)."""


class NumberFormat(StrEnum):
    """What forward and backward passes compute in; weights and their updates stay in fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Which of the processes that train together this one is."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"
    """As torch names it: ``cuda:0``."""


def _unguarded() -> None:
    """Let data be read at any time: outside of a run there is no clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What one run is asked for."""

    edition: Edition
    seed: int
    """Everything random of the run follows from it and from nothing else."""
    batch_size: int | None = None
    """Samples of one step over all processes; ``None`` for the benchmark's own."""
    number_format: NumberFormat = NumberFormat.FP32
    data: Path | None = None
    """The folder of a full edition's data; a mini edition has its own."""
    start: Path | None = None
    """Weights to start from, where the benchmark's rules give some (a backbone, a checkpoint)."""
    changed: Mapping[str, str] = field(default_factory=dict)
    """Hyperparameters by their names in the log, as the user wrote them; unknown ones are refused by the benchmark."""
    world: World = World()
    shuffled_labels: bool = False
    """Train on labels that were dealt anew: the control that must miss the target."""
    require_running: Callable[[], None] = _unguarded
    """Data objects call it before they read: it raises while the clock of the run does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """How much data a run has, for ``train_samples`` and ``eval_samples``."""

    train: int
    evaluation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When a run is evaluated and when it is given up, in steps of the optimizer; the first step is 1."""

    epoch: int
    """Steps of one epoch (of one generation, where the benchmark has these)."""
    first: int
    """After this step comes the first evaluation."""
    every: int
    """Steps from one evaluation to the next."""
    last: int
    """After this step the run ends, whether or not the target was reached."""
    off_clock: bool = False
    """Whether states are kept at each of these steps and evaluated after training, as the reference of ``minigo`` does:
    the run then ends at the moment at which the first state that passes was ready."""

    def evaluates_after(self, step: int) -> bool:
        """Whether an evaluation follows a step."""
        return step >= self.first and (step - self.first) % self.every == 0


class Training(Protocol):
    """One model on its way to the target. Every call may change it; none reads a clock or writes a log."""

    @property
    def model(self) -> torch.nn.Module:
        """What is trained, on the device; the harness may put a wrapper for several processes in its place."""

    @model.setter
    def model(self, model: torch.nn.Module) -> None: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """What moves the weights."""

    @property
    def cadence(self) -> Cadence:
        """Fixed before the run."""

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """What the log must say, by the names that the rules give (``opt_base_learning_rate``)."""

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """Names for ``weights_initialization`` as the rules list them; in a mini edition those of its own parts."""

    def open_data(self) -> Samples:
        """Read the data for the first time. On the clock.

        Raises:
            DatasetError: It is missing, short or unreadable; all that is wrong is listed.
        """

    def begin_epoch(self, epoch: int) -> None:
        """Deal the order of the data for an epoch (from 1), or make the data, where training makes its own."""

    def step(self) -> torch.Tensor:
        """Learn from the next global batch, of which this process takes its share.

        Returns:
            () the mean loss of this process's share, detached, on the device: reading it is the caller's wait.
        """

    def evaluate(self) -> Quality:
        """The quality of the model as it is. In several processes each gets the same answer."""

    def progress(self, step: int) -> float:
        """How far a run is after a step, in the unit of ``epoch_num``: epochs, for BERT samples."""

    def state(self) -> Mapping[str, Any]:
        """All that a later process needs to go on after this step, the random generators included."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a :meth:`state`."""

    def flops_per_sample(self) -> float | None:
        """Floating-point operations of one sample forward and backward, for the utilisation; ``None`` if unknown."""


class Benchmark(Protocol):
    """One benchmark of the suite. Reading its facts needs no torch."""

    @property
    def name(self) -> str:
        """As the rule book has it."""

    @property
    def mini(self) -> str:
        """What the mini edition trains on what, in one line."""

    def targets(self, edition: Edition) -> Mapping[str, float]:
        """The quality to reach, by the names of the rule book; the full edition's are the rule book's own."""

    def prepare(self, setup: Setup) -> None:
        """What may happen before the clock starts: generate, convert, check. Does nothing where all is there."""

    def build(self, setup: Setup) -> Training:
        """Make model and optimizer, without touching data.

        Raises:
            SettingsError: Hyperparameters are unknown or impossible, all of them at once.
            MissingError: torch, or what else the benchmark needs, is not installed; names the command.
        """
