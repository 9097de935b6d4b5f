"""An open archive that is read by place, never by a position that a forked process would share."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from levelfield.errors import InputError

__all__ = ["OpenFile"]


class OpenFile:
    """A regular file, open for reading.

    Args:
        descriptor: Taken over: closed with the object.
        name: For messages.

    Raises:
        InputError: It is no regular file.
    """

    __slots__ = ("_descriptor", "_name", "size", "stamp")

    def __init__(self, descriptor: int, *, name: str) -> None:
        self._name = name
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise InputError(f"{name} is no regular file.")
        self.size = status.st_size
        """In bytes."""
        self.stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        """What changes when the file does."""

    @classmethod
    def at(cls, path: Path, *, name: str) -> OpenFile:
        """Open a file.

        Raises:
            InputError: It cannot be opened or is no regular file.
        """
        try:
            return cls(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), name=name)
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror or error}.") from error

    def duplicate(self) -> OpenFile:
        """The same file with a descriptor of its own."""
        return OpenFile(os.dup(self._descriptor), name=self._name)

    def read_at(self, offset: int, count: int) -> bytes:
        """Bytes from a place; fewer at the end of the file.

        Raises:
            InputError: The medium fails.
        """
        count = max(0, min(count, self.size - offset))  # what an archive claims must not make us reserve memory
        try:
            data = os.pread(self._descriptor, count, offset)
            while len(data) < count and (more := os.pread(self._descriptor, count - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise InputError(f"{self._name} cannot be read at byte {offset:,}: {error.strerror or error}.") from error
        return data

    def close(self) -> None:
        """Let go of the file; once is enough."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()
