"""States of training, kept so that development may go on after an end that was not planned."""

from __future__ import annotations

from pathlib import Path

from levelfield.training.events import Event, StateDue
from levelfield.training.port import Training
from levelfield.training.states import save_state

__all__ = ["Checkpoints", "checkpoint_path"]


def checkpoint_path(folder: Path, number: int, rank: int) -> Path:
    """Where a process keeps the newest state of a run."""
    return folder / f"result_{number}.rank_{rank}.pt"


class Checkpoints:
    """Writes the newest state over the one before, on the clock like everything in a run.

    Args:
        path: The file of this process; the process writes nothing else.
        training: Whose state it is.
    """

    def __init__(self, path: Path, training: Training) -> None:
        self._path = path
        self._training = training

    def on(self, event: Event) -> None:
        """Keep the state where the loop says that it is a good moment."""
        if isinstance(event, StateDue):
            save_state(self._path, {"step": event.step, "training": dict(self._training.state())})
