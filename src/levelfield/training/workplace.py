"""The output folder of a command, in the layout of a submission, and what is written into it.

::

    run.json                                    the record of all runs, written anew as it grows
    results/<system>/<benchmark>/result_0.txt   the log of each run
    systems/<system>.json                       the system description, as far as it can be known
    resumed/result_0_after_1200.txt             the log of a run that went on from a kept state; never scored
    checkpoints/result_0.rank_0.pt              the newest state of a run, with --checkpoints
    models/result_0.pt                          the model at the end of a run, with --keep-model
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from levelfield.errors import OutputError
from levelfield.files import claim_output_folder, make_folder, sha256_of, write_atomically, write_problem
from levelfield.training.result import Report, RunResult, Score

__all__ = ["RECORD", "Resumed", "Workplace", "log_path", "resumed_log_path"]

RECORD = "run.json"


def log_path(system: str, benchmark: str, number: int) -> str:
    """Where the log of a run lies, relative to the output folder."""
    return f"results/{system}/{benchmark}/result_{number}.txt"


def resumed_log_path(number: int, step: int, attempt: int = 1) -> str:
    """Where the log of a resumed run lies: not among the results, so that nobody takes it for one.

    Args:
        number: Of the run.
        step: After which it goes on.
        attempt: From 1; later ones go on from the same step because those before kept no newer state.
    """
    again = "" if attempt == 1 else f"_again_{attempt}"
    return f"resumed/result_{number}_after_{step}{again}.txt"


class Workplace:
    """One output folder that this process alone writes into.

    Args:
        out: An empty or new folder.
        report: The record, without runs.
        description: The text of the system description.

    Raises:
        OutputError: The folder holds something, is being written to by another run, or cannot be written to.
    """

    def __init__(self, out: Path, report: Report, description: str) -> None:
        self._new = not out.exists()
        self.out = claim_output_folder(out)
        self.report = report
        header = report.header
        # Of two runs that found the folder empty at the same moment, one cannot make this one.
        make_folder(out / "results" / header.system / header.benchmark)
        make_folder(out / "systems")
        write_atomically(out / "systems" / f"{header.system}.json", description)
        self._write()

    def open_log(self, path: str) -> TextIO:
        """A new file for a log.

        Raises:
            OutputError: It is there already, or cannot be made.
        """
        target = self.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            return target.open("x", encoding="utf-8", buffering=1)
        except OSError as error:
            raise write_problem(target, error, what="made") from error

    def publish(self, run: RunResult) -> None:
        """Take what a run has become into the record."""
        self.report = self.report.with_run(run)
        self._write()

    def seal(self, path: str) -> None:
        """Note the hash of a log that was closed, so that it is known again when it is handed in."""
        found = next((run for run in self.report.runs if run.log == path), None)
        if found is not None:
            self.publish(replace(found, log_sha256=sha256_of(self.out / path)))

    def conclude(self, score: Score | None) -> Report:
        """Write the score, and return the whole record."""
        self.report = replace(self.report, score=score)
        self._write()
        return self.report

    def leave_no_trace(self) -> None:
        """Take back everything that was written for a run that never began."""
        for entry in ("results", "systems", "checkpoints", "models", "resumed"):
            shutil.rmtree(self.out / entry, ignore_errors=True)
        (self.out / RECORD).unlink(missing_ok=True)
        if self._new:
            with suppress(OSError):
                self.out.rmdir()

    def _write(self) -> None:
        write_atomically(self.out / RECORD, self.report.to_json())


class Resumed(Workplace):
    """An output folder with an unfinished run in it; what lies there stays."""

    def __init__(self, out: Path, report: Report) -> None:
        if not out.is_dir():
            raise OutputError(f"There is no run to resume in {out}.", hint="Give the folder of a run with --out.")
        self._new = False
        self.out = out
        self.report = report

    def leave_no_trace(self) -> None:
        """Nothing is taken back: the run that is resumed lies here."""
