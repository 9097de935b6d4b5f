"""The loop of a run: steps, epochs, evaluations, and the reasons to end.

It owns no data and no model: it drives a :class:`~levelfield.training.port.Training` by its cadence, and tells
listeners what happens. Losses stay on the device and are read in groups, so that a GPU need not wait for each; a loss
that is no number is then found with its step.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from levelfield.rules.round import Target
from levelfield.training.clock import Clock, Stamp
from levelfield.training.distributed import Group
from levelfield.training.events import (
    BlockStarted,
    BlockStopped,
    DataOpened,
    EpochStarted,
    EpochStopped,
    Evaluated,
    EvaluationStarted,
    EvaluationStopped,
    Event,
    Learned,
    StateDue,
    Status,
)
from levelfield.training.goals import is_reached
from levelfield.training.port import Quality, Training
from levelfield.training.states import load_state, save_state

__all__ = ["Ended", "Loop"]

_LOSSES_AT_ONCE = 16
"""How many steps may be done before their losses are read, where reading waits for a device or for other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How training ended."""

    status: Status
    reason: str = ""
    at: Stamp | None = None
    """When the run ended, where that is not the present moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A state that is evaluated later."""

    step: int
    stamp: Stamp
    path: Path


class Loop:
    """Trains until the target is reached or the cadence gives up.

    Args:
        training: What is trained.
        targets: What ends the run.
        clock: Running; data are touched through it only.
        emit: Tells the listeners.
        group: The processes that train together.
    """

    def __init__(
        self,
        training: Training,
        targets: Sequence[Target],
        clock: Clock,
        emit: Callable[[Event], None],
        group: Group,
    ) -> None:
        self._training = training
        self._targets = targets
        self._clock = clock
        self._emit = emit
        self._group = group
        alone_on_cpu = group.world.size == 1 and group.world.device == "cpu"
        self._losses_at_once = 1 if alone_on_cpu else _LOSSES_AT_ONCE
        self._unread: list[torch.Tensor] = []
        self._epoch_open = 0
        self.step = 0
        """Steps that are done."""
        self._restored: int | None = None
        self.doing = "opening the data"
        """For the message, should it break."""

    @property
    def weights_of(self) -> int:
        """The step whose weights the model has: not the last one where states were kept and evaluated later."""
        return self.step if self._restored is None else self._restored

    @property
    def progress(self) -> float:
        """How far the run is, in the unit of ``epoch_num``."""
        return self._training.progress(self.step) if self.step else 0.0

    def run(self, state: Mapping[str, Any] | None = None, *, after: int = 0) -> Ended:
        """Train.

        Args:
            state: Where a resumed run goes on.
            after: The step that the state was kept after.
        """
        self._clock.require_running()
        samples = self._training.open_data()
        self._emit(DataOpened(stamp=self._clock.now(), samples=samples))
        if state is not None:
            self._training.restore(state)
            self.step = after
        if not self._training.cadence.off_clock:
            return self._train(lambda: self._evaluate(self.step, None))
        with tempfile.TemporaryDirectory(prefix="levelfield-states-") as folder:
            kept: list[_Kept] = []
            ended = self._train(lambda: kept.append(self._keep(Path(folder))))
            return self._evaluate_kept(kept) if ended.reason == self._gave_up() else ended

    def _train(self, assess: Callable[[], object]) -> Ended:
        """Block after block; ``assess`` answers with true where the target is reached."""
        cadence = self._training.cadence
        while self.step < cadence.last:
            begin, end = self.step, self._next_stop()
            first_epoch = begin // cadence.epoch + 1
            self._emit(
                BlockStarted(stamp=self._clock.now(), first_epoch=first_epoch, epochs=(end - begin) / cadence.epoch)
            )
            lost = self._block(end)
            reached = lost is None and cadence.evaluates_after(end) and assess()
            self._emit(BlockStopped(stamp=self._clock.now(), first_epoch=first_epoch))
            if lost is not None or reached is True:
                self._stop_epoch()
                return lost or Ended(status=Status.SUCCESS)
        self._stop_epoch()
        return Ended(status=Status.ABORTED, reason=self._gave_up())

    def _gave_up(self) -> str:
        return f"the target was not reached in {self._training.cadence.last} steps"

    def _next_stop(self) -> int:
        """The step after which something follows: the next evaluation, or the end."""
        cadence = self._training.cadence
        passed = (self.step - cadence.first) // cadence.every + 1 if self.step >= cadence.first else 0
        return min(cadence.first + passed * cadence.every, cadence.last)

    def _block(self, end: int) -> Ended | None:
        """Train up to a step; what it returns ends the run."""
        training, epoch_steps = self._training, self._training.cadence.epoch
        while self.step < end:
            if not self._epoch_open:
                self._start_epoch()
            self.doing = f"making step {self.step + 1}"
            self._clock.require_running()
            self._unread.append(training.step())
            self.step += 1
            if len(self._unread) >= self._losses_at_once or self.step == end:
                lost = self._read_losses()
                if lost is not None:
                    return lost
            if self.step % epoch_steps == 0:
                self._stop_epoch()
        return None

    def _start_epoch(self) -> None:
        epoch_steps = self._training.cadence.epoch
        self._epoch_open = self.step // epoch_steps + 1
        self._emit(EpochStarted(stamp=self._clock.now(), epoch=self._epoch_open))
        if self.step % epoch_steps == 0:  # a resumed run may go on in the middle of one
            self.doing = f"beginning epoch {self._epoch_open}"
            self._clock.require_running()
            self._training.begin_epoch(self._epoch_open)

    def _stop_epoch(self) -> None:
        if self._epoch_open:
            self._emit(EpochStopped(stamp=self._clock.now(), epoch=self._epoch_open))
        self._epoch_open = 0

    def _read_losses(self) -> Ended | None:
        if len(self._unread) == self._group.world.size == 1:
            losses = [self._unread[0].item()]
        else:
            losses = self._group.means(torch.stack(self._unread).float()).tolist()
        self._unread.clear()
        first = self.step - len(losses) + 1
        self._emit(Learned(stamp=self._clock.now(), step=self.step, progress=self.progress, losses=tuple(losses)))
        for step, loss in enumerate(losses, first):
            if not math.isfinite(loss):
                return Ended(status=Status.ABORTED, reason=f"the loss of step {step} is {loss}")
        return None

    def _evaluate(self, step: int, ready: Stamp | None) -> bool:
        """Evaluate the model as it is; say whether it reaches the target.

        Args:
            step: Whose weights these are.
            ready: When they were ready, where that is in the past.
        """
        self.doing = f"evaluating after step {step}"
        self._clock.require_running()
        progress = self._training.progress(step)
        self._emit(EvaluationStarted(stamp=ready or self._clock.now(), step=step, progress=progress))
        quality: Quality = {name: float(value) for name, value in self._training.evaluate().items()}
        stamp = ready or self._clock.now()
        reached = is_reached(quality, self._targets)
        self._emit(Evaluated(stamp=stamp, step=step, progress=progress, quality=quality, reached=reached))
        self._emit(EvaluationStopped(stamp=stamp, step=step, progress=progress))
        if not reached and ready is None:
            self._emit(StateDue(stamp=self._clock.now(), step=step))
        return reached

    # ------------------------------------------------------------------------------------ evaluation off the clock

    def _keep(self, folder: Path) -> _Kept:
        """The weights are ready now; writing them down counts, evaluating them later does not."""
        stamp = self._clock.now()
        self.doing = f"keeping the state after step {self.step}"
        path = folder / f"{self.step}.pt"
        save_state(path, self._training.state())
        self._emit(StateDue(stamp=self._clock.now(), step=self.step))
        return _Kept(step=self.step, stamp=stamp, path=path)

    def _evaluate_kept(self, kept: Sequence[_Kept]) -> Ended:
        """The first state that passes ends the run at the moment at which it was ready."""
        over = self._clock.now()
        for state in kept:
            self._training.restore(load_state(state.path))
            self._restored = state.step
            if self._evaluate(state.step, state.stamp):
                return Ended(status=Status.SUCCESS, at=state.stamp)
        return Ended(status=Status.ABORTED, reason=self._gave_up(), at=over)
