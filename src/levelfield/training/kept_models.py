"""Models kept at the ends of runs, beside their logs: ``models/result_<number>.pt``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError, UsageError
from levelfield.training.port import Training
from levelfield.training.result import RunResult
from levelfield.training.states import load_state, save_state

__all__ = ["KeptModel", "keep_model", "kept_model", "model_path"]


def model_path(out: Path, number: int) -> Path:
    """Where the model of a run is kept, by its number from 0."""
    return out / "models" / f"result_{number}.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """The state of training at the end of a run."""

    number: int
    """Of the run, from 0."""
    seed: int
    step: int
    """The weights are those after it."""
    training: Mapping[str, Any]


def keep_model(out: Path, run: RunResult, step: int, training: Training) -> None:
    """Write the state of training; what lay there before stays until the new one is complete.

    Raises:
        OutputError: The folder cannot be written to, or the disk is full.
    """
    path = model_path(out, run.number)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state(path, {"number": run.number, "seed": run.seed, "step": step, "training": dict(training.state())})


def kept_model(out: Path, run: RunResult) -> KeptModel:
    """Read what was kept of a run.

    Raises:
        UsageError: Nothing was.
        FormatError: The file is damaged, or is of another run.
    """
    path = model_path(out, run.number)
    if not path.is_file():
        raise UsageError(
            f"Run {run.number + 1} in {out} kept no model.",
            hint="Models are kept with: levelfield training run --keep-model.",
        )
    state = load_state(path)
    try:
        kept = KeptModel(**state)
    except TypeError as error:
        raise FormatError(path, "content", f"{sorted(map(str, state))}", "a model that levelfield kept") from error
    if (kept.number, kept.seed) != (run.number, run.seed):
        found, expected = f"run {kept.number + 1} with seed {kept.seed}", f"run {run.number + 1} with seed {run.seed}"
        raise FormatError(path, "run", found, f"{expected}, as the record says")
    if not isinstance(kept.training, dict):
        raise FormatError(path, "training", type(kept.training).__name__, "a state of training")
    return kept
