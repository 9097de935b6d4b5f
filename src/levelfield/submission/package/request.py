"""What a user asks of packaging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import UsageError
from levelfield.terms import Division

__all__ = ["PackageRequest", "hold_training"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRequest:
    """Which runs to hand in, for whom, and where to put the tree."""

    folders: tuple[Path, ...]
    """Of runs and of audits, in any order."""
    organisation: str
    """The submitter, as its folder is called."""
    division: Division
    out: Path
    round: str = "inference-v2.0"
    system_json: Path | None = None
    """What the submitter states of the system; any of the fields."""
    infer: bool = False
    """Whether to claim scenarios from the logs of others, where the round allows it."""
    rehearsal: bool = False
    """Whether to package what is no result of the round, labelled so."""

    def problems(self) -> list[str]:
        """Everything in it that cannot be."""
        name = self.organisation
        found = []
        if not name.strip() or name.startswith(".") or not {"/", "\\", "\0", "\n"}.isdisjoint(name):
            found.append(f"--org: found {name!r}, expected a name for a folder: not empty, no dot first, no slash.")
        repeated = {folder for folder in self.folders if self.folders.count(folder) > 1}
        found += [f"{folder}: given {self.folders.count(folder)} times." for folder in sorted(repeated)]
        found += [f"{folder}: not a folder." for folder in dict.fromkeys(self.folders) if not folder.is_dir()]
        return found


def hold_training(folders: Iterable[Path]) -> bool:
    """Whether folders hold runs of training; else of inference, or nothing that is known.

    Raises:
        UsageError: Some hold one and some the other.
    """
    folders = tuple(folders)
    training = [folder for folder in folders if (folder / "run.json").exists()]
    inference = [folder for folder in folders if (folder / "result.json").exists() or (folder / "compliance").exists()]
    if training and inference:
        raise UsageError(
            "A tree is of one suite, and these folders are of two.",
            problems=[
                *(f"{folder}: of training (run.json)." for folder in training),
                *(f"{folder}: of inference (result.json or compliance/)." for folder in inference),
            ],
            hint="Package each suite into a folder of its own.",
        )
    return bool(training)
