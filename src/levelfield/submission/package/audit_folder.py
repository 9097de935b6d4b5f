"""Finding the audits of a run: ``compliance/<system>/<benchmark>/<scenario>/<test>/`` below a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError

__all__ = ["AuditFolder", "AuditKey", "audits_below"]

COMPLIANCE = "compliance"
PASSED = "TEST PASS"
"""What the official scripts print, and the official checker looks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKey:
    """Which audit of which result."""

    system: str
    benchmark: str
    scenario: str
    test: str
    """``TEST01``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFolder:
    """What an audit left."""

    key: AuditKey
    folder: Path

    def problems(self, files: tuple[str, ...], logs: tuple[str, ...]) -> tuple[str, ...]:
        """What is missing or does not hold, one line each.

        Args:
            files: What its folder must hold besides the logs (``verify_performance.txt``).
            logs: Which logs its performance run must have left.
        """
        told = []
        run = self.folder / "performance" / "run_1"
        told += [f"{run / name} is missing" for name in logs if not (run / name).is_file()]
        for name in files:
            path = self.folder / name
            if not path.is_file():
                told.append(f"{path} is missing")
            elif not self._passed(name):
                told.append(f"{path} does not say {PASSED}")
        return tuple(told)

    def _passed(self, name: str) -> bool:
        """Whether a verification passed.

        TEST01 may miss the bit comparison where the accuracy of both runs is shown to agree; then its two accuracy
        files are there.
        """
        if PASSED in (self.folder / name).read_text(encoding="utf-8", errors="replace"):
            return True
        shown = ("baseline_accuracy.txt", "compliance_accuracy.txt")
        return name == "verify_accuracy.txt" and all((self.folder / "accuracy" / file).is_file() for file in shown)


def audits_below(folder: Path) -> tuple[AuditFolder, ...]:
    """The audits below a folder, in the order of their names.

    Raises:
        InputError: The folder cannot be read.
    """
    try:
        return tuple(
            AuditFolder(
                key=AuditKey(
                    system=test.parts[-4], benchmark=test.parts[-3], scenario=test.parts[-2], test=test.parts[-1]
                ),
                folder=test,
            )
            for test in sorted((folder / COMPLIANCE).glob("*/*/*/*"))
            if test.is_dir() and not test.name.startswith(".")
        )
    except OSError as error:
        raise InputError(f"{error.filename or folder} cannot be read: {error.strerror or error}.") from error
