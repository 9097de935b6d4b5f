"""Going on with a run that was killed or interrupted, for development: such a run is never scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError, UsageError
from levelfield.training.events import Status
from levelfield.training.listeners.checkpoints import checkpoint_path
from levelfield.training.request import TrainingRequest
from levelfield.training.result import Header, Report, RunResult, read_report, runs_of
from levelfield.training.states import load_state
from levelfield.training.workplace import RECORD, resumed_log_path

__all__ = ["GoingOn", "find_unfinished", "report_of"]

_MUST_AGREE = ("benchmark", "edition", "batch_size", "number_format", "changed", "shuffled_labels", "rules")
"""What a state depends on; a run with others would be another run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOn:
    """Where a run goes on."""

    number: int
    seed: int
    seed_given: bool
    step: int
    """The state was kept after it."""
    attempt: int
    """From 1: how often a run has gone on from this very step."""
    state: Mapping[str, Any]

    @property
    def result(self) -> RunResult:
        """What is known of it before it goes on."""
        return RunResult(
            number=self.number,
            log=resumed_log_path(self.number, self.step, self.attempt),
            seed=self.seed,
            seed_given=self.seed_given,
            resumed_after=self.step,
        )


def find_unfinished(request: TrainingRequest, rank: int) -> GoingOn:
    """The last run in the output folder that did not succeed, with its newest state.

    Raises:
        FormatError: The record or the state is missing or damaged.
        UsageError: There is no such run, no state of it, or the request differs from the one that began it.
    """
    document = read_report(request.out / RECORD)
    _check_same(request, _dictionary(document, "header").get("request"))
    known = _list(document, "runs")
    runs = [run for run in known if run.get("status") != Status.SUCCESS]
    if not runs:
        raise UsageError(f"There is no unfinished run in {request.out}.", hint="Start a new one without --resume.")
    number = runs[-1].get("number")
    path = checkpoint_path(request.out / "checkpoints", number if isinstance(number, int) else -1, rank)
    if not path.is_file():
        raise UsageError(
            f"Run {number} in {request.out} kept no state to go on from.",
            hint="States are kept with --checkpoints, after each evaluation.",
        )
    kept = load_state(path)
    step, state = kept.get("step"), kept.get("training")
    if not isinstance(step, int) or not isinstance(state, dict):
        raise FormatError(path, "content", "no step or no state", "a state that levelfield wrote")
    try:
        return GoingOn(
            number=int(runs[-1]["number"]),
            seed=int(runs[-1]["seed"]),
            seed_given=bool(runs[-1]["seed_given"]),
            step=step,
            attempt=1 + sum((run.get("number"), run.get("resumed_after")) == (number, step) for run in known),
            state=state,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(request.out / RECORD, f"run {number}", str(error), "number and seed of the run") from error


def report_of(out: Path, header: Header) -> Report:
    """The record of a folder, to be written on; what is not needed for that is kept as it is.

    Raises:
        FormatError: It is damaged.
    """
    path = out / RECORD
    return Report(header=header, runs=runs_of(read_report(path), path))


def _check_same(request: TrainingRequest, begun: object) -> None:
    before = begun if isinstance(begun, dict) else {}
    wanted = request.as_dict()
    problems = [
        f"{name}: found {wanted[name]!r}, expected {before.get(name)!r} as the run began."
        for name in _MUST_AGREE
        if (wanted[name] or None) != (before.get(name) or None)
    ]
    if problems:
        raise UsageError("A run goes on with the settings that it began with.", problems=problems)


def _dictionary(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _list(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = document.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
