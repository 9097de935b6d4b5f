"""Whether model files do what the network in torch does: on evaluation data, output by output and answer by answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions, NamedArrays
from levelfield.errors import ModelError
from levelfield.training.export.parts import Answers, Part
from levelfield.workloads.task import Precision

__all__ = ["TOLERANCE", "Agreement", "compared"]

TOLERANCE = 1e-4
"""How far an fp32 file's outputs may be from torch's, as a share of the output's largest value. Both compute in fp32
and sum in different orders; what is exported wrongly is off by far more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One file beside the network in torch, under onnxruntime."""

    difference: float
    """The largest of any output, as a share of the largest value that torch gives there."""
    same: int
    """Answers that are the same."""
    answers: int
    """0 where nobody takes answers from this file alone."""


def compared(part: Part, paths: Mapping[Precision, Path]) -> dict[Precision, Agreement]:
    """Run the trials of a part through torch and through its files.

    Raises:
        ModelError: The fp32 file's outputs differ by more than :data:`TOLERANCE`, or a file gives what is no number.
    """
    sessions = {
        precision: load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1)) for precision, path in paths.items()
    }
    tallies = {precision: _Tally() for precision in paths}
    for arrays in part.trials:
        truth = part.graph.run(arrays)
        for precision, session in sessions.items():
            tallies[precision].take(truth, session.run(arrays), part.answers)
    agreements = {precision: tally.agreement() for precision, tally in tallies.items()}
    _check(agreements, paths)
    return agreements


class _Tally:
    """Adds up batches."""

    def __init__(self) -> None:
        self._off: dict[str, float] = {}
        self._largest: dict[str, float] = {}
        self._same = self._answers = 0

    def take(self, truth: NamedArrays, found: NamedArrays, answers: Answers | None) -> None:
        for name, expected in truth.items():
            off = np.abs(found[name].astype(np.float64) - expected)
            self._off[name] = max(self._off.get(name, 0.0), _largest(off))
            self._largest[name] = max(self._largest.get(name, 0.0), _largest(np.abs(expected)))
        if answers is not None:
            same = answers(truth) == answers(found)
            self._same += int(same.sum())
            self._answers += same.size

    def agreement(self) -> Agreement:
        shares = [off / (self._largest[name] or 1.0) for name, off in self._off.items()]
        return Agreement(difference=_largest(np.array(shares)), same=self._same, answers=self._answers)


def _largest(values: NDArray[Any]) -> float:
    """The largest value; infinite where one is no number."""
    if not values.size:
        return 0.0
    return float(values.max()) if np.isfinite(values).all() else float("inf")


def _check(agreements: Mapping[Precision, Agreement], paths: Mapping[Precision, Path]) -> None:
    for precision, agreement in agreements.items():
        limit = TOLERANCE if precision is Precision.FP32 else float("inf")
        if agreement.difference > limit or agreement.difference == float("inf"):
            raise ModelError(
                f"{paths[precision].name} does not do what the trained network does: its outputs differ by "
                f"{agreement.difference:.3g} of the largest, expected {TOLERANCE:g} at most.",
                problems=[f"same answers: {agreement.same} of {agreement.answers}"],
                hint="The files were not kept. The error is levelfield's or the exporter's: please report it with what "
                "`levelfield doctor` prints.",
            )
