"""Where facts about a machine are read from: files, folders and short commands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["LiveSource", "Source"]


class Source(Protocol):
    """The machine as texts. A missing or unreadable thing is ``None`` or empty, never an error."""

    def read(self, path: str) -> str | None:
        """The text of a file without white space at its ends."""

    def names(self, folder: str) -> tuple[str, ...]:
        """What a folder holds, sorted."""

    def output(self, *command: str) -> str | None:
        """What a command prints, in the C locale; ``None`` if it is absent, fails or is slow."""


class LiveSource:
    """The machine that this process runs on.

    Args:
        patience_s: How long a command may take; a driver that hangs must not hold up a benchmark.
    """

    def __init__(self, patience_s: float = 3.0) -> None:
        self._patience_s = patience_s

    def read(self, path: str) -> str | None:
        """The text of a file."""
        try:
            return Path(path).read_bytes().replace(b"\0", b"").decode("utf-8", "replace").strip()
        except OSError:
            return None

    def names(self, folder: str) -> tuple[str, ...]:
        """What a folder holds."""
        try:
            return tuple(sorted(entry.name for entry in Path(folder).iterdir()))
        except OSError:
            return ()

    def output(self, *command: str) -> str | None:
        """What a command prints."""
        program = shutil.which(command[0])
        environment = shutil.which("env")
        if program is None or environment is None:
            return None
        return self._run([environment, "LC_ALL=C", program, *command[1:]])

    def _run(self, arguments: Sequence[str]) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command, found on the path
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._patience_s,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", "replace").strip()
