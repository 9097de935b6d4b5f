"""The clock of a run, as a machine of five states.

``idle → init → ready → running → stopped``. A run may spend so long in ``init`` and no longer; what is beyond counts as
training: the run then starts by itself, at the limit (training_rules.adoc, "Timing"; compliance checker at beaf26d,
``common.yaml``, ``init_stop``). It is never paused. Data may be touched while it runs, and at no other time.

The log has wall time, since it is read beside other logs; the duration is taken from a monotonic clock, which no
administrator can set. Where both disagree the run says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from levelfield.errors import RunError
from levelfield.units import NS_PER_MS

__all__ = ["MOST_DRIFT_NS", "Clock", "Phase", "Stamp"]

MOST_DRIFT_NS = 5 * NS_PER_MS
"""More than this between wall and monotonic duration, and somebody moved the wall clock during the run."""


class Phase(StrEnum):
    """Where a run is."""

    IDLE = "idle"
    INIT = "init"
    """Model and optimizer are made; no data."""
    READY = "ready"
    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One moment on both clocks."""

    wall_ns: int
    """Since 1970."""
    monotonic_ns: int

    @property
    def time_ms(self) -> int:
        """As a log has it."""
        return self.wall_ns // NS_PER_MS

    def later(self, nanoseconds: int) -> Stamp:
        """The moment so much later, or earlier for a negative number."""
        return Stamp(wall_ns=self.wall_ns + nanoseconds, monotonic_ns=self.monotonic_ns + nanoseconds)


class Clock:
    """The states of one run, and the moments at which it went from one to the next.

    Args:
        init_limit_ns: How long ``init`` may last; reaching it is too long.
        wall_ns: Nanoseconds since 1970.
        monotonic_ns: Nanoseconds that only grow.
    """

    def __init__(
        self,
        init_limit_ns: int,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._init_limit_ns = init_limit_ns
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._init_started: Stamp | None = None
        self._run_started: Stamp | None = None
        self._run_stopped: Stamp | None = None
        self.phase = Phase.IDLE

    def now(self) -> Stamp:
        """This moment."""
        return Stamp(wall_ns=self._wall_ns(), monotonic_ns=self._monotonic_ns())

    def start_init(self) -> Stamp:
        """Begin to make the model.

        Raises:
            RunError: That was done before.
        """
        self._leave(Phase.IDLE, Phase.INIT)
        self._init_started = self.now()
        return self._init_started

    def end_init(self) -> Stamp:
        """The model is made. Past the limit, the end of ``init`` is just before it and the run began at it.

        Raises:
            RunError: The clock is not in ``init``.
        """
        self._leave(Phase.INIT, Phase.READY)
        assert self._init_started is not None
        ended = self.now()
        if ended.monotonic_ns - self._init_started.monotonic_ns < self._init_limit_ns:
            return ended
        self._run_started = self._init_started.later(self._init_limit_ns)
        # The log counts whole milliseconds, and the checker asks for less than the limit.
        return self._run_started.later(-NS_PER_MS)

    @property
    def started_by_itself(self) -> bool:
        """Whether ``init`` took too long, so that its rest is on the clock."""
        return self.phase is Phase.READY and self._run_started is not None

    def start_run(self) -> Stamp:
        """From here on everything counts, and data may be touched.

        Raises:
            RunError: The model is not made, or the run has begun.
        """
        self._leave(Phase.READY, Phase.RUNNING)
        self._run_started = self._run_started or self.now()
        return self._run_started

    def stop(self, at: Stamp | None = None) -> Stamp:
        """End the run.

        Args:
            at: The moment that decides where evaluation is off the clock: when the weights that pass were ready.

        Raises:
            RunError: It does not run, or ``at`` is not between its start and this moment.
        """
        self._leave(Phase.RUNNING, Phase.STOPPED)
        now = self.now()
        started = self._run_started
        assert started is not None
        if at is not None and not started.monotonic_ns <= at.monotonic_ns <= now.monotonic_ns:
            raise RunError("The run was stopped at a moment outside of it.")
        self._run_stopped = at or now
        return self._run_stopped

    def require_running(self) -> None:
        """Let nobody touch data off the clock.

        Raises:
            RunError: The run has not begun, or is over.
        """
        if self.phase is not Phase.RUNNING:
            raise RunError(
                f"Training data were touched while the clock is in {self.phase.value!r}.",
                hint="Data are opened after run_start and not after run_stop (training_rules.adoc, Timing).",
            )

    def elapsed_ns(self) -> int:
        """From the start of the run to its end, or to this moment; 0 before it."""
        if self._run_started is None:
            return 0
        end = self._run_stopped.monotonic_ns if self._run_stopped else self._monotonic_ns()
        return end - self._run_started.monotonic_ns

    def drift_ns(self) -> int:
        """How much longer the wall clock says a stopped run was than the monotonic one; 0 before its end."""
        if self._run_started is None or self._run_stopped is None:
            return 0
        return self._run_stopped.wall_ns - self._run_started.wall_ns - self.elapsed_ns()

    def _leave(self, phase: Phase, following: Phase) -> None:
        if self.phase is not phase:
            raise RunError(
                f"The clock of the run cannot go to {following.value!r}: found {self.phase.value!r}, "
                f"expected {phase.value!r}."
            )
        self.phase = following
