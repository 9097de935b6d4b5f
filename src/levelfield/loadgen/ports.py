"""What the load generator talks to: the system under test and the sample library.

A system under test is connected by one object with three members. Everything is arrays: no object per sample
is made anywhere on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BoolArray",
    "Completions",
    "FloatArray",
    "IntArray",
    "Payloads",
    "SampleLibrary",
    "SystemUnderTest",
]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

Payloads: TypeAlias = Sequence[bytes | bytearray | memoryview | NDArray[Any]] | NDArray[Any] | Callable[[int], bytes]
"""The output of each completed sample, in the order of the ids: a sequence of buffers, an array whose first
axis is the sample, or a function from a position in that order to bytes (called only where it is logged)."""


class Completions(Protocol):
    """Where a system under test reports. Every method may be called from any thread, in any batch and order."""

    def __call__(self, ids: IntArray, payloads: Payloads | None = None, token_counts: IntArray | None = None) -> None:
        """Report samples complete, now.

        Args:
            ids: (samples,) int64, as they came with the query.
            payloads: Their outputs; looked at only where the run logs them, copied before the call returns.
            token_counts: (samples,) int64, where the run measures tokens.

        Raises:
            CompletionError: A sample is complete already, or was never issued. The run ends, INVALID.
        """

    def first_token(self, ids: IntArray, payloads: Payloads | None = None) -> None:
        """Report the first token of samples, now (token latencies, profile v6)."""

    def fail(self, error: BaseException) -> None:
        """Report that the system under test is broken: the run ends, what was recorded is kept."""

    @property
    def wants_payloads(self) -> bool:
        """Whether any payload of this phase is logged; a system may skip making them otherwise."""


@runtime_checkable
class SystemUnderTest(Protocol):
    """The system under test (SUT).

    It may offer one method more, ``warm_up(indices)``: run some of the loaded samples, untimed, before a
    performance phase. In Server its effect on the issuing thread decides from where queries are issued.
    """

    @property
    def name(self) -> str:
        """The name in the logs. Asking may take a network round trip: the time is logged."""

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        """Take the samples of one query, or of several that are due together.

        Args:
            ids: (samples,) int64, to be handed back on completion. Keep a copy if you need them after the run.
            indices: (samples,) int64, which items of the dataset these are.
            complete: Where to report; stays good until the run ends.
        """

    def flush(self) -> None:
        """Know that no query follows in this phase: finish what is waiting for a fuller batch."""


@runtime_checkable
class SampleLibrary(Protocol):
    """The query sample library (QSL): the dataset as the load generator sees it."""

    @property
    def name(self) -> str:
        """The name in the logs."""

    @property
    def total_sample_count(self) -> int:
        """Items in the dataset."""

    @property
    def performance_sample_count(self) -> int:
        """How many of them fit in memory at a time."""

    def load(self, indices: IntArray) -> None:
        """Bring items into memory, untimed. An index may occur twice (MultiStream padding)."""

    def unload(self, indices: IntArray) -> None:
        """Let them go."""
