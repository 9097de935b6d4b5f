"""What every runtime offers: load a model file, run named arrays through it, say what it is.

Batching, queues and threads of requests belong to the system under test, not to a backend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import SettingsError

__all__ = ["BackendOptions", "NamedArrays", "Runtime", "Session", "TensorInfo", "listed"]

NamedArrays: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """How a model is run. Everything here is recorded with the result; nothing is left to the runtime's own choice."""

    threads: int
    """Threads inside one operator. A guide: physical cores for Offline; 1 for SingleStream on small models;
    in Server at most cores - 1, so that the load generator keeps one."""
    inter_op_threads: int = 1
    """Threads across operators; more than 1 makes the runtime run independent branches at the same time."""
    spinning: bool = False
    """Whether idle threads of the runtime burn their core while they wait for work. It saves some microseconds per
    operator at two or more threads and takes cores from the load generator, so it is off unless asked for."""
    provider: str = "CPUExecutionProvider"
    """Which device executes, by the runtime's name for it. If it cannot run the whole model, that is an error."""

    def __post_init__(self) -> None:
        problems = [
            f"{name}: found {count}, expected at least 1"
            for name, count in (("threads", self.threads), ("inter_op_threads", self.inter_op_threads))
            if count < 1
        ]
        if problems:
            raise SettingsError("The backend's options cannot hold.", problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """One input or output of a model."""

    name: str
    shape: tuple[int | None, ...]
    """``None`` where the size is free, as for a batch of any size."""
    dtype: np.dtype[Any] | None
    """``None`` for a type that numpy lacks, as bfloat16."""

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name}: ({sizes}) {self.dtype or 'of a type that numpy lacks'}"


class Session(Protocol):
    """A loaded model. ``run`` may be called from several threads at a time."""

    @property
    def inputs(self) -> Sequence[TensorInfo]:
        """What the model reads."""

    @property
    def outputs(self) -> Sequence[TensorInfo]:
        """What it returns."""

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name, for one array per input.

        Raises:
            ModelError: A name, shape or type that the model does not take; the error lists expected and found.
        """

    def describe(self) -> dict[str, str]:
        """Name and version of the runtime, provider, threads, spinning, model file and its SHA-256."""


class Runtime(Protocol):
    """A backend: one module with this one function."""

    def load(self, model: Path, options: BackendOptions) -> Session:
        """Load a model file.

        Raises:
            MissingError: The runtime is not installed, or has no such provider.
            ModelError: The file is missing or cannot be read, with the runtime's reason.
        """


def listed(tensors: Sequence[TensorInfo]) -> str:
    """Inputs or outputs in one line, for an error message."""
    return "; ".join(str(tensor) for tensor in tensors) or "none"
