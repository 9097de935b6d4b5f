"""A folder as the source of a submission tree."""

from __future__ import annotations

import os
from pathlib import Path

from levelfield.errors import InputError
from levelfield.submission.sources.port import Entry, Refused

__all__ = ["FolderSource"]


class FolderSource:
    """The files below a folder. Links are followed to files inside it and refused otherwise; devices are refused.

    Raises:
        InputError: There is no such folder, or it cannot be listed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: tuple[Entry, ...] | None = None
        self._refused: list[Refused] = []
        self._resolved = ""
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise InputError(f"{root} {what}, expected a folder.")

    @property
    def name(self) -> str:
        """The folder as it was named."""
        return str(self._root)

    @property
    def revision(self) -> str:
        """A folder has none."""
        return ""

    def files(self) -> tuple[Entry, ...]:
        """Every file, by path."""
        if self._files is None:
            found: list[Entry] = []
            self._resolved = os.path.realpath(self._root)
            pending = [("", os.fspath(self._root))]
            while pending:
                prefix, folder = pending.pop()
                self._list(prefix, folder, found, pending)
            self._files = tuple(sorted(found, key=lambda entry: entry.path))
        return self._files

    def refused(self) -> tuple[Refused, ...]:
        """What was found and is not read."""
        self.files()
        return tuple(sorted(self._refused, key=lambda refused: refused.path))

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of a file, at most ``limit`` of them."""
        try:
            descriptor = os.open(f"{self._root}/{path}", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            try:
                size = os.fstat(descriptor).st_size
                wanted = size if limit is None else min(size, limit)
                data = os.read(descriptor, wanted + (limit is None))
                if len(data) < wanted:  # one call gives at most 2 GiB, and less on some file systems
                    data = _rest(descriptor, data, wanted)
                return data
            finally:
                os.close(descriptor)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error

    def reopened(self) -> FolderSource:
        """The same: a folder has no handles."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def _list(self, prefix: str, folder: str, found: list[Entry], pending: list[tuple[str, str]]) -> None:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = f"{prefix}{entry.name}"
                    if entry.is_symlink():
                        self._add_link(path, entry, found)
                    elif entry.is_dir():
                        pending.append((f"{path}/", entry.path))
                    elif entry.is_file():
                        found.append(Entry(path, entry.stat().st_size))
                    else:
                        self._refused.append(Refused(path=path, reason="neither a file nor a folder"))
        except OSError as error:
            if not prefix:
                raise InputError(f"{folder} cannot be listed: {error.strerror or error}.") from error
            self._refused.append(Refused(path=prefix.rstrip("/"), reason=f"cannot be listed: {error.strerror}"))

    def _add_link(self, path: str, entry: os.DirEntry[str], found: list[Entry]) -> None:
        target = os.path.realpath(entry.path)
        if os.path.commonpath([target, self._resolved]) != self._resolved:
            self._refused.append(Refused(path=path, reason="a link that leaves the tree"))
        elif entry.is_file():
            found.append(Entry(path, entry.stat().st_size))
        else:
            what = "a link to a folder" if entry.is_dir() else "a link to nothing"
            self._refused.append(Refused(path=path, reason=what))


def _rest(descriptor: int, data: bytes, wanted: int) -> bytes:
    pieces = [data]
    have = len(data)
    while have < wanted and (piece := os.read(descriptor, wanted - have)):
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)
