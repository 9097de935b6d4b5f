"""Where the weights come from that a run starts with and plays against."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from levelfield.errors import ModelError
from levelfield.training.needs import full_data
from levelfield.training.port import Edition, Setup
from levelfield.workloads.shipped import ShippedFile

__all__ = ["SHIPPED", "WeightFiles", "files_of"]

SHIPPED = Path(__file__).with_name("data")
START, TARGET = "start.npz", "target.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFiles:
    """The two files of a run."""

    start: Path
    target: Path


def files_of(setup: Setup) -> WeightFiles:
    """The files of a run: those that ship with the package, or those in the user's folder.

    Raises:
        SettingsError: The full edition was given no folder.
        ModelError: One of them is missing; both are looked for.
        InputError: A shipped one was changed.
    """
    if setup.edition is Edition.MINI:
        return WeightFiles(start=setup.start or _shipped(START), target=_shipped(TARGET))
    folder = full_data(setup, "minigo", data=f"the folder with {START} and {TARGET} (README of the benchmark)")
    files = WeightFiles(start=setup.start or folder / START, target=folder / TARGET)
    missing = [f"{path}: no such file" for path in (files.start, files.target) if not path.is_file()]
    if missing:
        raise ModelError(
            "The weights of minigo are incomplete.",
            problems=missing,
            hint="The full edition starts from the reference's checkpoint and plays against its target model, both "
            "converted to numpy archives; the README of the benchmark has the three lines.",
        )
    return files


def _shipped(name: str) -> Path:
    return ShippedFile(path=SHIPPED / name, sha256=_hashes()[name]).verified()


@cache
def _hashes() -> dict[str, str]:
    manifest = json.loads((SHIPPED / "manifest.json").read_text())
    return {name: entry["sha256"] for name, entry in manifest["files"].items()}
