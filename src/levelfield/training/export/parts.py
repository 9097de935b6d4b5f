"""What a benchmark gives of its trained model, to be written as files and held against the original."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from numpy.typing import NDArray

from levelfield.backends.port import NamedArrays
from levelfield.workloads.onnx_files import Graph

__all__ = ["BELOW_THE_GATE", "Answers", "Exportable", "ModelExport", "Part"]

BELOW_THE_GATE = (
    "Training stops at its target, below the accuracy that the mini of the inference suite is held to: a run there "
    "says so."
)
"""A remark where a mini's target leaves that much open."""

Answers: TypeAlias = Callable[[NamedArrays], NDArray[Any]]
"""What whoever uses a model takes from its outputs: the class with the highest score."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One file of a model."""

    graph: Graph
    trials: Sequence[NamedArrays]
    """Evaluation data by the names of the inputs, batch by batch: what files are held against the network with."""
    answers: Answers | None
    """``None`` where the file is read by another one only."""
    quantise: Callable[[Path, Path], None]
    """From the fp32 file to the int8 file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelExport:
    """A model as its benchmark would have it written."""

    parts: Mapping[str, Part]
    """By the names of their files; a model of one file calls it ``model``."""
    answer: str
    """What an answer is, for people: ``the class of a picture``."""
    int8: str
    """How the int8 files are made, for the record."""
    inference: str | None = None
    """The benchmark of the inference suite that runs such a model, where there is one."""
    remark: str = ""
    """What whoever runs it there must know."""


@runtime_checkable
class Exportable(Protocol):
    """What a :class:`~levelfield.training.port.Training` has beside that port where its model can be exported."""

    def exported(self) -> ModelExport:
        """The model as it is, with data open.

        Raises:
            UsageError: It cannot be exported; says why.
        """
