"""A tar as a source, plain or packed.

A packed tar has no random access. It is unpacked once, front to back, into a temporary file without a name, which the
system takes back whatever becomes of us; then every file is a place in it. See ``docs/design/0009``.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import BinaryIO, TypeAlias

from levelfield.errors import InputError
from levelfield.files import write_problem
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.listing import Collector, Listing
from levelfield.submission.sources.open_file import OpenFile
from levelfield.submission.sources.paths import from_bytes, shown
from levelfield.submission.sources.port import Entry, Refused
from levelfield.submission.sources.tar_members import BLOCK, Kind, Member, TarDamage, members
from levelfield.submission.sources.unpacking import PlainBlocks, UnpackedBlocks, packing_of

__all__ = ["TarSource"]

PIECE = 1 << 20
REASONS = {
    Kind.DEVICE: "a device or pipe",
    Kind.SPARSE: "a sparse file; write the archive without --sparse",
    Kind.OTHER: "a kind of member that is not known",
}
_State: TypeAlias = "tuple[Path, str, Bounds, tuple[int, int, int], Listing[tuple[int, int]], OpenFile | None]"


class TarSource:
    """A tar file: plain, or packed with gzip, bzip2, xz or (where Python can) zstd.

    Args:
        path: The file.
        name: How reports name it.

    Raises:
        InputError: It is no tar, is cut off or damaged, or holds more than the bounds allow.
        MissingError: This Python cannot unpack it.
        OutputError: No room for the unpacked files.
    """

    __slots__ = ("_bounds", "_data", "_listing", "_name", "_path", "_stamp")
    _data: OpenFile | None

    def __init__(self, path: Path, *, name: str | None = None, bounds: Bounds = BOUNDS) -> None:
        self._path = path
        self._name = str(path) if name is None else name
        self._bounds = bounds
        file = OpenFile.at(path, name=self._name)
        self._stamp = file.stamp
        self._listing, self._data = _list(file, self._name, bounds)

    @property
    def name(self) -> str:
        """As the user named it."""
        return self._name

    @property
    def revision(self) -> str:
        """Empty: an archive has none."""
        return ""

    def files(self) -> tuple[Entry, ...]:
        """Every file, by path."""
        return self._listing.files

    def refused(self) -> tuple[Refused, ...]:
        """What was found and is not read."""
        return self._listing.refused

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of a file, at most ``limit`` of them.

        Raises:
            InputError: There is no such file, or the archive was cut meanwhile.
        """
        offset, size = self._listing.place(path)
        wanted = self._listing.at_most(path, size, limit)
        data = self._opened().read_at(offset, wanted)
        if len(data) < wanted:
            raise InputError(f"{self._name}: {shown(path)} ends after {len(data):,} of {size:,} bytes.")
        return data

    def reopened(self) -> TarSource:
        """The same archive with a handle of its own; a forked process shares what was unpacked.

        Raises:
            InputError: The archive is gone, or another file by now.
        """
        again = TarSource.__new__(TarSource)
        again.__setstate__((*self.__getstate__()[:-1], self._opened().duplicate()))
        return again

    def close(self) -> None:
        """Let go of the file."""
        if self._data is not None:
            self._data.close()
            self._data = None

    def __getstate__(self) -> _State:
        """Without the handle: a process that is not forked unpacks for itself, when it first reads."""
        return self._path, self._name, self._bounds, self._stamp, self._listing, None

    def __setstate__(self, state: _State) -> None:
        self._path, self._name, self._bounds, self._stamp, self._listing, self._data = state

    def _opened(self) -> OpenFile:
        if self._data is None:
            file = OpenFile.at(self._path, name=self._name)
            if file.stamp != self._stamp:
                raise InputError(f"{self._name} changed meanwhile.", hint="Check it again when it is complete.")
            _, self._data = _list(file, self._name, self._bounds)
        return self._data


def _list(file: OpenFile, name: str, bounds: Bounds) -> tuple[Listing[tuple[int, int]], OpenFile]:
    """The list, and the file that its places are in."""
    collector: Collector[tuple[int, int]] = Collector(name, bounds)
    packing = packing_of(file.read_at(0, BLOCK))
    try:
        if not packing:
            _list_plain(collector, PlainBlocks(file), bounds)
            return collector.finish(archive=True), file
        blocks = UnpackedBlocks(file, packing, name=name, bounds=bounds)
        with tempfile.TemporaryFile(prefix="levelfield-") as unpacked:
            _list_packed(collector, blocks, unpacked, bounds)
            while blocks.skip(PIECE):  # to the end, where the checksum is
                pass
            unpacked.flush()
            return collector.finish(archive=True), OpenFile(os.dup(unpacked.fileno()), name=name)
    except TarDamage as error:
        raise InputError(f"{name} cannot be read as a tar: {error}.") from error
    except OSError as error:
        raise write_problem(Path(tempfile.gettempdir()), error, what=f"used to unpack {name}") from error


def _list_plain(collector: Collector[tuple[int, int]], blocks: PlainBlocks, bounds: Bounds) -> None:
    for member in members(blocks, header_bytes=bounds.header_bytes):
        if member.kind is Kind.FILE:
            collector.add(member.name, member.size, (blocks.position, member.size))
        else:
            _add_other(collector, member)
        padded = member.size + -member.size % BLOCK
        if blocks.skip(padded) < padded:
            raise _cut_off(member)


def _list_packed(
    collector: Collector[tuple[int, int]], blocks: UnpackedBlocks, unpacked: BinaryIO, bounds: Bounds
) -> None:
    position = 0
    for member in members(blocks, header_bytes=bounds.header_bytes):
        skipped = member.size + -member.size % BLOCK
        if member.kind is not Kind.FILE:
            _add_other(collector, member)
        elif collector.add(member.name, member.size, (position, member.size)):
            copied = _copy(blocks, unpacked, member.size)
            position += copied
            skipped -= copied
        if blocks.skip(skipped) < skipped:
            raise _cut_off(member)


def _copy(blocks: UnpackedBlocks, unpacked: BinaryIO, size: int) -> int:
    """Copy what comes next; how many bytes there were."""
    left = size
    while left and (piece := blocks.take(min(left, PIECE))):
        unpacked.write(piece)
        left -= len(piece)
    return size - left


def _add_other(collector: Collector[tuple[int, int]], member: Member) -> None:
    match member.kind:
        case Kind.FOLDER:
            collector.count()
        case Kind.LINK:
            collector.add_link(member.name, member.link)
        case Kind.HARD_LINK:
            collector.add_hard_link(member.name, member.link)
        case kind:
            collector.refuse(member.name, REASONS[kind])


def _cut_off(member: Member) -> TarDamage:
    return TarDamage(f"it ends in the middle of {shown(from_bytes(member.name))}: it was cut off")
