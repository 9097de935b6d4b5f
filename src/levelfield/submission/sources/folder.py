"""A folder as a source. Links that stay inside it are followed; nothing outside is ever opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from levelfield.errors import InputError
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.listing import Collector, Listing
from levelfield.submission.sources.paths import shown
from levelfield.submission.sources.port import Entry, Refused

__all__ = ["FolderSource"]

VERSION_CONTROL = ".git"
"""Passed over: a checkout then holds the same files as its repository."""
TOGETHER = 12
"""Files of a folder that are judged at once: nearly all folders of a submission have fewer."""
OPENED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened. Without O_NONBLOCK one that was replaced by a pipe since would hold us up for ever."""
KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FolderSource:
    """A folder on this machine. It is listed when somebody asks for its files, and not before.

    Args:
        path: The folder.
        name: How reports name it.
    """

    __slots__ = ("_bounds", "_found", "_name", "_root")

    def __init__(self, path: Path, *, name: str | None = None, bounds: Bounds = BOUNDS) -> None:
        self._name = str(path) if name is None else name
        self._root = os.path.realpath(path)
        self._bounds = bounds
        self._found: Listing[str] | None = None

    @property
    def name(self) -> str:
        """As the user named it."""
        return self._name

    @property
    def revision(self) -> str:
        """Empty: a folder has none."""
        return ""

    def files(self) -> tuple[Entry, ...]:
        """Every file, by path.

        Raises:
            InputError: It is no folder, or cannot be listed.
        """
        return self._listing.files

    def refused(self) -> tuple[Refused, ...]:
        """What was found and is not read."""
        return self._listing.refused

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of a file, at most ``limit`` of them.

        Raises:
            InputError: There is no such file, it cannot be read, or it is no file any more.
        """
        listing = self._listing
        place = f"{self._root}/{listing.place(path)}"
        try:
            descriptor = os.open(place, OPENED)
        except OSError as error:
            raise self._problem(path, error) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(
                    f"{self._name}: {shown(path)} was a file and is none any more: the tree changed meanwhile."
                )
            if not _is_at(descriptor, place):
                raise InputError(f"{self._name}: {shown(path)} is in another place by now: the tree changed meanwhile.")
            size = listing.at_most(path, status.st_size, limit)
            data = os.read(descriptor, size)
            return data if len(data) == size else _read_on(descriptor, data, size)
        except OSError as error:
            raise self._problem(path, error) from error
        finally:
            os.close(descriptor)

    def reopened(self) -> FolderSource:
        """The same; nothing is held open."""
        again = FolderSource(Path(self._root), name=self._name, bounds=self._bounds)
        again._found = self._found
        return again

    def close(self) -> None:
        """Nothing is held open."""

    @property
    def _listing(self) -> Listing[str]:
        if self._found is None:
            self._found = _list(self._root, self._name, self._bounds)
        return self._found

    def _problem(self, path: str, error: OSError) -> InputError:
        return InputError(f"{self._name}: {shown(path)} cannot be read: {error.strerror or error}.")


def _is_at(descriptor: int, place: str) -> bool:
    """Whether an open file really is there, as far as the system tells: a folder replaced by a link leads nowhere."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}") == place  # noqa: PTH115 - a text, as it stands
    except OSError:
        return True


def _read_on(descriptor: int, data: bytes, size: int) -> bytes:
    """The kernel gives at most 2 GiB at a time; a file that was cut meanwhile ends early."""
    parts = [data]
    size -= len(data)
    while size and data:
        data = os.read(descriptor, size)
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def _list(root: str, name: str, bounds: Bounds) -> Listing[str]:
    collector: Collector[str] = Collector(name, bounds)
    folders = [""]
    while folders:
        folder = folders.pop()
        above = f"{folder}/" if folder else ""
        files: dict[str, tuple[int, str]] = {}
        try:
            with os.scandir(f"{root}/{folder}") as found:
                for entry in found:
                    _add(collector, entry, above + entry.name, files, folders)
                    if len(files) == TOGETHER:
                        collector.add_all(files)
                        files = {}
        except OSError as error:
            if not folder:
                raise InputError(f"{name} cannot be read as a folder: {error.strerror or error}.") from error
            collector.refuse(folder, f"a folder that cannot be listed: {error.strerror or error}")
        collector.add_all(files)
    return collector.finish()


def _add(
    collector: Collector[str],
    entry: os.DirEntry[str],
    path: str,
    files: dict[str, tuple[int, str]],
    folders: list[str],
) -> None:
    try:
        # Of what kind it is is known from the list; asking for its status would cost a call.
        if entry.is_file(follow_symlinks=False):
            files[path] = (entry.stat(follow_symlinks=False).st_size, path)
        elif entry.is_dir(follow_symlinks=False):
            if entry.name != VERSION_CONTROL and collector.takes_folder(path):
                folders.append(path)
        elif entry.is_symlink():
            collector.add_link(path, os.readlink(entry.path))  # noqa: PTH115 - a text, as it stands
        else:
            kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
            collector.refuse(path, KINDS.get(kind, "neither file, folder nor link"))
    except OSError as error:
        collector.refuse(path, f"cannot be looked at: {error.strerror or error}")
