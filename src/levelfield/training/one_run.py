"""One run from ``init_start`` to ``run_stop``: its clock, its listeners, and what is said when it breaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import torch

from levelfield.errors import LevelfieldError, MissingError, TrainingError
from levelfield.formats.mllog import MINI_PLATFORM
from levelfield.rules.round import Target
from levelfield.rules.training import TrainingRules
from levelfield.system.energy import EnergyCounter
from levelfield.system.source import LiveSource
from levelfield.terms import Edition
from levelfield.training.clock import Clock, Phase
from levelfield.training.distributed import Group, check_share
from levelfield.training.events import (
    CachesCleared,
    Event,
    InitStarted,
    InitStopped,
    Listener,
    ModelBuilt,
    RunStarted,
    RunStopped,
    Status,
)
from levelfield.training.kept_models import keep_model
from levelfield.training.listeners.checkpoints import Checkpoints, checkpoint_path
from levelfield.training.listeners.mllog import LogListener, Submission
from levelfield.training.listeners.record import RecordListener
from levelfield.training.loop import Ended, Loop
from levelfield.training.port import Benchmark, Setup, Training
from levelfield.training.request import TrainingRequest
from levelfield.training.result import RunResult
from levelfield.training.resume import GoingOn
from levelfield.training.utilisation import peak_flops, utilisation
from levelfield.training.workplace import Workplace

__all__ = ["Circumstances", "OneRun", "Watch"]

Watch = Callable[[RunResult, Sequence[Target]], Listener]
"""Makes what shows a run while it lasts."""

_DROP_CACHES = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the runs of one command share."""

    request: TrainingRequest
    benchmark: Benchmark
    rules: TrainingRules
    targets: Sequence[Target]
    group: Group
    system: str
    """The name of the system, and of its folder."""
    device_name: str
    """As the driver says; ``cpu`` for a processor."""
    hosts: int = 1
    """On which the processes are."""

    @property
    def submission(self) -> Submission:
        """What a log says first."""
        mini = self.request.edition is Edition.MINI
        return Submission(
            benchmark=self.benchmark.name,
            division=self.request.division,
            organisation=self.request.organisation or "none",
            platform=f"{MINI_PLATFORM}{self.system}" if mini else self.system,
            status=self.request.status,
        )

    def share_of_peak(self, samples_per_s: float | None, flops_per_sample: float | None) -> float | None:
        """The utilisation of the devices at a rate; ``None`` where something is unknown."""
        peak = self.request.peak_flops or peak_flops(self.device_name, self.request.number_format)
        return utilisation(samples_per_s, flops_per_sample, peak, self.group.world.size)


class OneRun:
    """One run.

    Args:
        shared: What it has in common with the others.
        setup: What the benchmark is asked for.
        result: What is known of it before it begins.
        going_on: Where a resumed one goes on.
    """

    def __init__(self, shared: Circumstances, setup: Setup, result: RunResult, going_on: GoingOn | None = None) -> None:
        self._shared = shared
        self._clock = Clock(shared.rules.init_limit_ns)
        self._setup = replace(setup, require_running=self._clock.require_running)
        self._result = result
        self._going_on = going_on
        self._listeners: list[Listener] = []
        self._flops_per_sample: float | None = None
        self.interrupted = False

    @property
    def began(self) -> bool:
        """Whether the clock of the run was started."""
        return self._clock.phase in {Phase.RUNNING, Phase.STOPPED}

    def conduct(self, place: Workplace | None, watch: Watch | None) -> None:
        """Carry it out, with a log that is closed whatever happens.

        Raises:
            LevelfieldError: Something broke; log and record say so.
        """
        if place is None:
            self._carry_out()
            return
        try:
            with place.open_log(self._result.log) as stream:
                self._listen(place, stream, watch)
                self._carry_out()
        finally:
            place.seal(self._result.log)

    def _listen(self, place: Workplace, stream: TextIO, watch: Watch | None) -> None:
        """The log first, so that whatever fails after it, the log has the event."""
        shared = self._shared
        self._listeners += [
            LogListener(stream, shared.submission, shared.targets, self._setup.seed),
            RecordListener(
                self._result,
                place.publish,
                energy=lambda: EnergyCounter(LiveSource()),
                utilisation=lambda rate: shared.share_of_peak(rate, self._flops_per_sample),
            ),
        ]
        if watch is not None:
            self._listeners.append(watch(self._result, shared.targets))

    def _carry_out(self) -> None:
        training = self._initialised()
        clock = self._clock
        after = self._going_on.step if self._going_on else 0
        loop = Loop(training, self._shared.targets, clock, self._emit, self._shared.group)
        started = clock.start_run()
        failure: LevelfieldError | None = None
        try:
            self._emit(RunStarted(stamp=started, step=after))
            ended = loop.run(self._going_on.state if self._going_on else None, after=after)
        except KeyboardInterrupt:
            ended, self.interrupted = Ended(status=Status.INTERRUPTED, reason="interrupted"), True
        except LevelfieldError as error:
            ended, failure = Ended(status=Status.ABORTED, reason=error.message), error
        except Exception as error:  # noqa: BLE001 - a benchmark may raise anything, and its log must still be closed
            failure = TrainingError.of(error, doing=loop.doing)
            ended = Ended(status=Status.ABORTED, reason=failure.message)
        self._close(loop, ended)
        if failure is not None:
            raise failure
        if self._shared.request.keep_model and self._shared.group.writes:
            # The run is over and its log is closed: this is on nobody's clock.
            keep_model(self._shared.request.out, self._result, loop.weights_of, training)

    def _initialised(self) -> Training:
        """Everything that may happen before the run starts, on the clock of ``init``."""
        clock = self._clock
        self._emit(CachesCleared(stamp=clock.now(), cleared=self._clear_caches()))
        self._emit(InitStarted(stamp=clock.start_init()))
        training = self._built()
        if self._shared.request.checkpoints:
            self._listeners.append(Checkpoints(self._checkpoint(), training))
        built = ModelBuilt(
            stamp=clock.now(),
            hyperparameters=training.hyperparameters,
            initial_weights=training.initial_weights,
            cadence=training.cadence,
            parameters=sum(one.numel() for one in training.model.parameters() if one.requires_grad),
        )
        self._emit(built)
        ended = clock.end_init()
        self._emit(InitStopped(stamp=ended, started_by_itself=clock.started_by_itself))
        return training

    def _close(self, loop: Loop, ended: Ended) -> None:
        clock = self._clock
        stamp = clock.stop(ended.at)
        self._emit(
            RunStopped(
                stamp=stamp,
                status=ended.status,
                reason=ended.reason,
                step=loop.step,
                progress=loop.progress,
                duration_ns=clock.elapsed_ns(),
                drift_ns=clock.drift_ns(),
            )
        )

    def _built(self) -> Training:
        """The model and its optimizer, ready for as many processes as there are."""
        torch.manual_seed(self._setup.seed)
        try:
            training = self._shared.benchmark.build(self._setup)
        except LevelfieldError:
            raise
        except Exception as error:
            raise TrainingError.of(error, doing="making the model") from error
        batch = training.hyperparameters.get("global_batch_size")
        if isinstance(batch, int):
            check_share(batch, self._shared.group.world)
        self._flops_per_sample = training.flops_per_sample()
        self._shared.group.share_gradients(training)
        return training

    def _checkpoint(self) -> Path:
        folder = self._shared.request.out / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        return checkpoint_path(folder, self._result.number, self._shared.group.world.rank)

    def _emit(self, event: Event) -> None:
        """Tell every listener; one that fails is told nothing more, and ends the run."""
        for listener in tuple(self._listeners):
            try:
                listener.on(event)
            except Exception:
                self._listeners.remove(listener)
                raise

    def _clear_caches(self) -> bool:
        """Drop the file caches where that is asked for.

        Raises:
            MissingError: This user may not.
        """
        if not self._shared.request.clear_caches:
            return False
        try:
            os.sync()  # pages that are not written yet cannot be dropped
            _DROP_CACHES.write_text("3\n")
        except OSError as error:
            raise MissingError(
                f"The file caches cannot be dropped: {error.strerror or error}.",
                hint="Run as root on Linux, or drop them yourself and leave out --clear-caches.",
            ) from error
        return True
