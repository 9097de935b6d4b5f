"""What every runtime offers: load a model file, run named arrays through it, say what it is.

Batching, queues and threads of requests belong to the system under test, not to a backend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import SettingsError

__all__ = ["Arithmetic", "BackendOptions", "NamedArrays", "Runtime", "Session", "TensorInfo", "listed"]

NamedArrays: TypeAlias = Mapping[str, NDArray[Any]]


class Arithmetic(StrEnum):
    """In which type a runtime computes what the model file has in float32."""

    MODEL = "model"
    """As the file says. Runtimes that would choose a shorter type by themselves are told not to."""
    BF16 = "bf16"
    """In bfloat16, where the processor has it; inputs and outputs stay float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """How a model is run. Everything here is recorded with the result; nothing is left to the runtime's own choice."""

    threads: int
    """Threads inside one operator. A guide: physical cores for Offline; 1 for SingleStream on small models;
    in Server at most cores - 1, so that the load generator keeps one."""
    instances: int = 1
    """Calls that run at the same time, each with ``threads`` of its own. More callers than that wait."""
    inter_op_threads: int = 1
    """Threads across operators; more than 1 makes the runtime run independent branches at the same time."""
    spinning: bool = False
    """Whether idle threads of the runtime burn their core while they wait for work. It saves some microseconds per
    operator at two or more threads and takes cores from the load generator, so it is off unless asked for."""
    provider: str | None = None
    """Which device executes, by the runtime's name for it; ``None`` = the CPU. If it cannot run the whole model, that
    is an error."""
    arithmetic: Arithmetic = Arithmetic.MODEL

    def __post_init__(self) -> None:
        problems = [
            f"{name}: found {count}, expected at least 1"
            for name, count in (
                ("threads", self.threads),
                ("instances", self.instances),
                ("inter_op_threads", self.inter_op_threads),
            )
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

    def takes(self, array: NDArray[Any]) -> bool:
        """Whether an array has this type and shape."""
        if self.dtype is not None and array.dtype != self.dtype:
            return False
        found = array.shape
        if len(found) != len(self.shape):
            return False
        for size, wanted in zip(found, self.shape, strict=True):  # noqa: SIM110 - all() costs a microsecond more
            if size != wanted and wanted is not None:
                return False
        return True


class Session(Protocol):
    """A loaded model. ``run`` may be called from several threads at a time."""

    @property
    def inputs(self) -> Sequence[TensorInfo]:
        """What the model reads."""

    @property
    def outputs(self) -> Sequence[TensorInfo]:
        """What it returns."""

    def run(self, arrays: NamedArrays) -> dict[str, NDArray[Any]]:
        """Every output by name, for one array per input. The outputs stay good: nothing writes to them later.

        Raises:
            ModelError: A name, shape or type that the model does not take; the error lists expected and found.
        """

    def describe(self) -> dict[str, str]:
        """Name and version of the runtime, provider, threads, instances, arithmetic, model file and its SHA-256."""


class Runtime(Protocol):
    """A backend: one module with this one function."""

    def load(self, model: Path, options: BackendOptions) -> Session:
        """Load a model file.

        Raises:
            SettingsError: An option that the runtime does not have.
            MissingError: The runtime is not installed, or has no such provider or arithmetic.
            ModelError: The file is missing or cannot be read, with the runtime's reason.
        """


def listed(tensors: Sequence[TensorInfo]) -> str:
    """Inputs or outputs in one line, for an error message."""
    return "; ".join(str(tensor) for tensor in tensors) or "none"
