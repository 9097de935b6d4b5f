"""Carrying out one phase: warm up, choose from where to issue, issue, and leave everything as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from levelfield.loadgen.issue import issue_phase
from levelfield.loadgen.measurement import Issuing
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.remote import IssuerProcess, choose_issuing
from levelfield.loadgen.schedule import LoadableSet
from levelfield.terms import Scenario

__all__ = ["PhaseWork"]

SERVER_SWITCH_INTERVAL_S = 0.0005
"""Server: how long a busy Python thread of the system may hold up a query on its way, whoever issues it."""


class PhaseWork:
    """The work of one phase, and what is known of how it was done when it ends, however it ends.

    Args:
        state: The phase.
        loadable: The samples that are loaded.
        choice: ``auto``, ``inline`` or ``process``.
    """

    def __init__(self, state: PhaseState, loadable: LoadableSet, choice: str) -> None:
        self._state = state
        self._loadable = loadable
        self._choice = choice
        self.issuing = Issuing(
            mode="inline", reason="the phase ended before this was chosen", switch_interval_s=sys.getswitchinterval()
        )
        """From where queries are issued, and why."""
        self.wall_begin = datetime.now(UTC)
        self.pickup_ns: IntArray | None = None
        """(queries,) process issuing only: how long each query lay in the ring."""

    def __call__(self) -> None:
        """Warm up, issue, and wait until everything is complete.

        Raises:
            RunError: The system does not answer, or the issuing process broke.
            Exception: Whatever the system raised.
        """
        self._choose()
        with _switch_interval(self.issuing.switch_interval_s):
            if self.issuing.mode == "process":
                self._issue_from_process()
            else:
                self.wall_begin = datetime.now(UTC)
                issue_phase(self._state)

    def _choose(self) -> None:
        """Choose from where to issue; a system that offers to warm up does so on the way, untimed."""
        state, interval_s = self._state, sys.getswitchinterval()
        samples = self._loadable.indices[: self._loadable.unpadded_count]
        mode = "inline"
        if not state.timed:
            reason = "accuracy is not timed"
        elif state.effective.scenario is not Scenario.SERVER:
            reason = "no query has a due time of its own"
            warm_up = getattr(state.system, "warm_up", None)
            if warm_up is not None:
                state.inside = "warm_up"
                warm_up(samples)
                state.inside = ""
        else:
            mode, reason = choose_issuing(self._choice, state.system, state.keeper, samples, stall_s=state.stall_s)
            interval_s = min(interval_s, SERVER_SWITCH_INTERVAL_S)
        self.issuing = Issuing(mode=mode, reason=reason, switch_interval_s=interval_s)

    def _issue_from_process(self) -> None:
        process = IssuerProcess(self._state, self._loadable)
        try:
            self.wall_begin, self.pickup_ns = process.issue()
        finally:
            reason = f"{self.issuing.reason}; the issuing process had {process.priority.words}"
            self.issuing = replace(self.issuing, reason=reason)
            process.close()


@contextmanager
def _switch_interval(interval_s: float) -> Iterator[None]:
    """Set the interpreter's thread switch interval, and put the old one back."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval_s)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
