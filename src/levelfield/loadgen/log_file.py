"""A log file whose every failure names it: a full disk in mid-run is an error with a path, not a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from levelfield.files import write_problem

__all__ = ["LogFile"]


class LogFile:
    """A text file that is written from start to end.

    Raises:
        OutputError: From every method, where the file cannot be opened, written to or closed.
    """

    __slots__ = ("_stream", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # A lone surrogate is written as its escape, which is what JSON has for it.
            self._stream = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            raise write_problem(path, error, what="opened") from error

    def write(self, text: str) -> None:
        """Append text; it may stay in a buffer."""
        try:
            self._stream.write(text)
        except OSError as error:
            raise write_problem(self.path, error) from error

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        try:
            self._stream.flush()
        except OSError as error:
            raise write_problem(self.path, error) from error

    def close(self) -> None:
        """Bring everything to the disk and close; twice is once."""
        if self._stream.closed:
            return
        try:
            self._stream.flush()
            self._sync()
        except OSError as error:
            raise write_problem(self.path, error) from error
        finally:
            # Closing tries to write what is left once more, and fails once more where the disk is full.
            with contextlib.suppress(OSError):
                self._stream.close()

    def _sync(self) -> None:
        try:
            os.fsync(self._stream.fileno())
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EROFS}:  # pipes and terminals have nothing to synchronise
                raise
