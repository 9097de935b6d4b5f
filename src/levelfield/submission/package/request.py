"""What a user asks of packaging."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import UsageError
from levelfield.rules.model import RuleSet
from levelfield.rules.round import Round
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

    def problems(self, rules: RuleSet | Round) -> list[str]:
        """Everything in it that cannot be in a round."""
        name = self.organisation
        found = []
        if not name.strip() or name.startswith(".") or not {"/", "\\", "\0", "\n"}.isdisjoint(name):
            found.append(f"--org: found {name!r}, expected a name for a folder: not empty, no dot first, no slash.")
        repeated = {folder for folder in self.folders if self.folders.count(folder) > 1}
        found += [f"{folder}: given {self.folders.count(folder)} times." for folder in sorted(repeated)]
        found += [f"{folder}: not a folder." for folder in dict.fromkeys(self.folders) if not folder.is_dir()]
        if self.division not in rules.divisions:
            found.append(f"--division: found {self.division}, {rules.name} has {', '.join(rules.divisions)}.")
        return found

    def require_one_system(self, names: Collection[str]) -> None:
        """Refuse a description of one system for runs of several.

        Raises:
            UsageError: It is.
        """
        if self.system_json is not None and len(names) > 1:
            raise UsageError(
                f"--system-json describes one system, and the runs have {len(names)}: {', '.join(names)}.",
                hint="Package one system at a time into folders of its own, then lay the trees over each other.",
            )

    def require_results(self, rules: RuleSet | Round, reasons: Iterable[str], *, never: Iterable[str] = ()) -> None:
        """Refuse runs that are no results of a round.

        Args:
            rules: The round.
            reasons: What speaks against them; a rehearsal is packaged all the same.
            never: What keeps them out of a rehearsal, too.

        Raises:
            UsageError: They are none; every reason is listed.
        """
        hard, reasons = tuple(never), tuple(reasons)
        if not hard and (self.rehearsal or not reasons):
            return
        raise UsageError(
            f"These runs are no results of {rules.name}, {self.division} division.",
            problems=[*hard, *reasons],
            hint=None if hard else "To see the whole tree all the same, labelled as what it is: --rehearsal.",
        )


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
