"""What a run says of itself while it lasts. Showing it is the business of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from levelfield.loadgen.ports import IntArray

__all__ = ["ProgressListener", "Snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """The state of a phase at one moment."""

    elapsed_s: float
    queries_issued: int
    samples_completed: int
    latencies_ns: IntArray
    """Latencies of the last samples to complete, about a thousand."""


class ProgressListener(Protocol):
    """Takes snapshots, in a thread of the measuring process: an update must cost next to nothing."""

    def phase(
        self,
        name: str,
        planned_s: float | None,
        planned_queries: int | None,
        planned_samples: int | None = None,
    ) -> None:
        """A phase begins; what is planned is the least that it will take, ``None`` = not known."""

    def update(self, snapshot: Snapshot) -> None:
        """A quarter of a second has passed."""

    def done(self, text: str) -> None:
        """The phase is over."""
