"""What the checker asks of a source: which files there are, and their bytes. Sizes are known before a file is read."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from levelfield.frozen import frozen

__all__ = ["Entry", "Refused", "Source"]


class Entry(NamedTuple):
    """A file of a source; a tuple, as trees have thousands."""

    path: str
    """POSIX, relative to the root, without ``.`` or ``..``; bytes that are not UTF-8 as surrogates."""
    size: int
    """In bytes."""


@frozen
class Refused:
    """An entry that is not read, and why: a link that leaves the tree, a path with ``..``, a device."""

    path: str
    reason: str


class Source(Protocol):
    """A tree of files. An object is used by one process at a time.

    A process that is forked calls :meth:`reopened`; one that was there before gets it through a pipe, pickled.
    """

    @property
    def name(self) -> str:
        """As the user named it, for reports."""

    @property
    def revision(self) -> str:
        """The commit, for a repository; else empty."""

    def files(self) -> tuple[Entry, ...]:
        """Every file, by path; made once.

        Raises:
            InputError: It cannot be listed.
        """

    def refused(self) -> tuple[Refused, ...]:
        """What was found and is not read."""

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of a file, at most ``limit`` of them from its beginning.

        Raises:
            InputError: There is no such file, it cannot be read (damaged archive, missing object), or no limit is given
                and it is larger than what is held at once (``bounds.py``: 1 GiB).
        """

    def reopened(self) -> Source:
        """The same source for another process: its own file handles, the list of files not made again."""

    def close(self) -> None:
        """Let go of handles and processes."""
