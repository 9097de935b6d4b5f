"""What happens in a run, as the loop tells it to its listeners: frozen, in this order, each with its moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from levelfield.training.clock import Stamp
from levelfield.training.port import Cadence, LogValue, Quality, Samples

__all__ = [
    "BlockStarted",
    "BlockStopped",
    "CachesCleared",
    "DataOpened",
    "EpochStarted",
    "EpochStopped",
    "Evaluated",
    "EvaluationStarted",
    "EvaluationStopped",
    "Event",
    "InitStarted",
    "InitStopped",
    "Learned",
    "Listener",
    "ModelBuilt",
    "RunStarted",
    "RunStopped",
    "StateDue",
    "Status",
]


class Status(StrEnum):
    """How a run ended, or that it did not."""

    UNFINISHED = "unfinished"
    """It runs, or was killed: what a record says until the run ends."""
    SUCCESS = "success"
    """The target was reached."""
    ABORTED = "aborted"
    """It was not, or training broke."""
    INTERRUPTED = "interrupted"
    """Somebody pressed Ctrl-C; ``aborted`` in the log, which has no word for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachesCleared:
    """Whether the caches of the operating system were dropped before the run."""

    stamp: Stamp
    cleared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InitStarted:
    """Model and optimizer are about to be made."""

    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelBuilt:
    """They are made; nothing was read of the data."""

    stamp: Stamp
    hyperparameters: Mapping[str, LogValue]
    initial_weights: tuple[str, ...]
    cadence: Cadence
    parameters: int
    """Numbers that are trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitStopped:
    """The run may begin."""

    stamp: Stamp
    started_by_itself: bool
    """Whether the limit of ``init`` had passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """From here on everything counts."""

    stamp: Stamp
    step: int
    """0, or the step after which a resumed run goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOpened:
    """The data were read for the first time."""

    stamp: Stamp
    samples: Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStarted:
    """Training up to the next evaluation begins."""

    stamp: Stamp
    first_epoch: int
    """From 1."""
    epochs: float
    """How many it has; may be a part of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStopped:
    """Training and evaluation of a block are over."""

    stamp: Stamp
    first_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStarted:
    """An epoch begins; its order of data is being dealt."""

    stamp: Stamp
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStopped:
    """An epoch is over, or the run is in the middle of it."""

    stamp: Stamp
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Some steps are done and their losses read."""

    stamp: Stamp
    step: int
    """The last of them, from 1."""
    progress: float
    losses: tuple[float, ...]
    """One for each step, means over all processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStarted:
    """An evaluation begins."""

    stamp: Stamp
    step: int
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """An evaluation has its result."""

    stamp: Stamp
    """Off the clock: when the evaluated weights were ready."""
    step: int
    progress: float
    quality: Quality
    reached: bool
    """Whether it is the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStopped:
    """An evaluation is over."""

    stamp: Stamp
    step: int
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDue:
    """A good moment to keep the state of training: after an evaluation that missed the target."""

    stamp: Stamp
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped:
    """The run is over."""

    stamp: Stamp
    status: Status
    reason: str
    """Why it did not succeed; empty where it did."""
    step: int
    progress: float
    duration_ns: int
    """By the monotonic clock."""
    drift_ns: int
    """How much longer it was by the wall clock."""


Event: TypeAlias = (
    CachesCleared
    | InitStarted
    | ModelBuilt
    | InitStopped
    | RunStarted
    | DataOpened
    | BlockStarted
    | BlockStopped
    | EpochStarted
    | EpochStopped
    | Learned
    | EvaluationStarted
    | Evaluated
    | EvaluationStopped
    | StateDue
    | RunStopped
)


class Listener(Protocol):
    """Makes something of events. It cannot change the run; if it fails, the run ends."""

    def on(self, event: Event) -> None:
        """Take one event. On the clock, so it must be quick."""
