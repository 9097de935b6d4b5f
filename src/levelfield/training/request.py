"""What a user asks of ``levelfield training run``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from levelfield.errors import SettingsError
from levelfield.terms import Division, Edition
from levelfield.training.port import NumberFormat

__all__ = ["LOG_STATUSES", "TrainingRequest", "changed_of"]

LOG_STATUSES = ("cloud", "onprem", "preview", "research")
"""What a log may say under ``submission_status`` (compliance checker at beaf26d, ``common.yaml``)."""
_NAME_BREAKERS = frozenset("/\\\0\n\r\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """Some runs of one benchmark."""

    benchmark: str
    out: Path
    edition: Edition = Edition.MINI
    rules: str = "training-v1.1"
    runs: int = 1
    seed: int | None = None
    """Of the first run, for a repeatable test; ``None`` for entropy."""
    batch_size: int | None = None
    number_format: NumberFormat = NumberFormat.FP32
    data: Path | None = None
    start: Path | None = None
    changed: Mapping[str, str] | None = None
    """Hyperparameters by their names in the log."""
    device: str = "auto"
    """``cpu``, ``cuda``, or ``auto``."""
    threads: int | None = None
    """Of torch on the CPU; ``None`` for its own choice."""
    division: Division = Division.OPEN
    organisation: str = ""
    status: str = "research"
    """One of :data:`LOG_STATUSES`."""
    system_name: str | None = None
    checkpoints: bool = False
    """Whether to keep the newest state, so that ``resume`` can go on from it."""
    keep_model: bool = False
    """Whether to keep the model of each run after its end, so that it can be exported."""
    resume: bool = False
    """Go on with the unfinished run in ``out``; for development, never scored."""
    shuffled_labels: bool = False
    clear_caches: bool = False
    """Drop the file caches of the operating system before each run."""
    peak_flops: float | None = None
    """Of one device, for the utilisation; ``None`` for the table's."""

    def problems(self) -> list[str]:
        """Everything in it that cannot be, whatever the benchmark is."""
        found = [
            f"{option}: found {value}, expected {expected}."
            for option, value, possible, expected in (
                ("--runs", self.runs, self.runs >= 1, "1 or more"),
                ("--batch", self.batch_size, self.batch_size is None or self.batch_size >= 1, "1 or more"),
                ("--threads", self.threads, self.threads is None or self.threads >= 1, "1 or more"),
                (
                    "--peak-flops",
                    self.peak_flops,
                    self.peak_flops is None or 0 < self.peak_flops < math.inf,
                    "operations per second, more than 0",
                ),
                ("--device", self.device, self.device in {"auto", "cpu", "cuda"}, "auto, cpu or cuda"),
                ("--status", self.status, self.status in LOG_STATUSES, ", ".join(LOG_STATUSES)),
            )
            if not possible
        ]
        name = self.system_name
        if name is not None and (not name.strip() or name.startswith(".") or not _NAME_BREAKERS.isdisjoint(name)):
            found.append(
                f"--system-name: found {name!r}, expected a name for a folder: not empty, no dot first, no slash."
            )
        if self.edition is Edition.MINI and self.division is Division.CLOSED:
            found.append("--division: a mini edition is never in the closed division; expected open.")
        if self.division is Division.NETWORK:
            found.append("--division: found network, expected open or closed.")
        if self.division is Division.CLOSED and not self.organisation.strip():
            found.append("--submitter: missing; a closed log names the organisation.")
        if self.resume and (self.runs != 1 or self.seed is not None):
            found.append("--resume: goes on with one run and its seed; leave out --runs and --seed.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """With plain values, for a record."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}


def changed_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """``KEY=VALUE`` as the command line has it.

    Raises:
        SettingsError: No ``=``, or a name twice; all of them at once.
    """
    problems = [f"--set {pair}: expected KEY=VALUE." for pair in pairs if "=" not in pair or pair.startswith("=")]
    names = Counter(pair.partition("=")[0].strip() for pair in pairs if "=" in pair)
    problems += [f"--set {name}: given {count} times." for name, count in names.items() if count > 1]
    if problems:
        raise SettingsError("These settings cannot be read.", problems=problems)
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}
