"""A zip as a source, read by its central directory; files are unpacked one at a time, in memory."""

from __future__ import annotations

import bz2
import stat
import zlib
from pathlib import Path
from typing import NamedTuple, Protocol

from levelfield.errors import InputError
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.listing import Collector, Listing
from levelfield.submission.sources.open_file import OpenFile
from levelfield.submission.sources.paths import shown
from levelfield.submission.sources.port import Entry, Refused
from levelfield.submission.sources.zip_directory import (
    BZIP2,
    DEFLATED,
    ENCRYPTED,
    LOCAL_HEADER_BYTES,
    STORED,
    ZipDamage,
    ZipEntry,
    directory,
)

__all__ = ["ZipSource"]

PIECE = 1 << 20
"""Packed bytes taken at a time."""
LINK_BYTES = 4096
LOCAL_MARK = b"PK\x03\x04"


class _Packed(NamedTuple):
    """Where a file is in the archive."""

    offset: int
    packed: int
    size: int
    method: int
    crc: int


class _Decoder(Protocol):
    """What :mod:`zlib` and :mod:`bz2` have in common."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...

    @property
    def eof(self) -> bool: ...


class ZipSource:
    """A zip file.

    Args:
        path: The file.
        name: How reports name it.

    Raises:
        InputError: It is no zip, is cut off or damaged, or holds more than the bounds allow.
    """

    __slots__ = ("_file", "_listing", "_name", "_path", "_stamp")

    def __init__(self, path: Path, *, name: str | None = None, bounds: Bounds = BOUNDS) -> None:
        self._path = path
        self._name = str(path) if name is None else name
        self._file = OpenFile.at(path, name=self._name)
        self._stamp = self._file.stamp
        self._listing = self._list(bounds)

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
        """The bytes of a file, at most ``limit`` of them; the checksum is looked at where the whole file is read.

        Raises:
            InputError: There is no such file, or its bytes are damaged.
        """
        entry = self._listing.place(path)
        wanted = self._listing.at_most(path, entry.size, limit)
        try:
            data = self._unpack(entry, wanted)
        except (ZipDamage, zlib.error, OSError, EOFError, ValueError) as error:
            raise InputError(f"{self._name}: {shown(path)} cannot be unpacked: {error}.") from error
        return data

    def reopened(self) -> ZipSource:
        """The same archive with a handle of its own.

        Raises:
            InputError: It is gone, or another file by now.
        """
        again = ZipSource.__new__(ZipSource)
        again.__setstate__(self.__getstate__())
        return again

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __getstate__(self) -> tuple[Path, str, tuple[int, int, int], Listing[_Packed]]:
        """Without the handle."""
        return self._path, self._name, self._stamp, self._listing

    def __setstate__(self, state: tuple[Path, str, tuple[int, int, int], Listing[_Packed]]) -> None:
        self._path, self._name, self._stamp, self._listing = state
        self._file = OpenFile.at(self._path, name=self._name)
        if self._file.stamp != self._stamp:
            raise InputError(f"{self._name} changed meanwhile.", hint="Check it again when it is complete.")

    def _list(self, bounds: Bounds) -> Listing[_Packed]:
        collector: Collector[_Packed] = Collector(self._name, bounds)
        end_of_last = 0
        try:
            entries = sorted(
                directory(self._file.read_at, self._file.size, most=bounds.files), key=lambda entry: entry.offset
            )
        except ZipDamage as error:
            raise InputError(f"{self._name} cannot be read as a zip: {error}.") from error
        for entry in entries:
            reason = _refusal(entry, bounds)
            if entry.offset < end_of_last:
                reason = "it shares its bytes with another entry, as in a zip bomb"
            end_of_last = max(end_of_last, entry.offset + LOCAL_HEADER_BYTES + len(entry.name) + entry.packed)
            if reason:
                collector.refuse(entry.name, reason)
            elif entry.name.endswith(b"/"):
                collector.count()
            else:
                self._add(collector, entry)
        return collector.finish(archive=True)

    def _add(self, collector: Collector[_Packed], entry: ZipEntry) -> None:
        packed = _Packed(entry.offset, entry.packed, entry.size, entry.method, entry.crc)
        if not stat.S_ISLNK(entry.mode):
            collector.add(entry.name, entry.size, packed)
            return
        try:
            collector.add_link(entry.name, self._unpack(packed, min(entry.size, LINK_BYTES)))
        except (ZipDamage, zlib.error, OSError, EOFError, ValueError) as error:
            collector.refuse(entry.name, f"a link that cannot be unpacked: {error}")

    def _unpack(self, entry: _Packed, wanted: int) -> bytes:
        head = self._file.read_at(entry.offset, LOCAL_HEADER_BYTES)
        if len(head) < LOCAL_HEADER_BYTES or head[:4] != LOCAL_MARK:
            raise ZipDamage("its header is damaged")
        start = entry.offset + LOCAL_HEADER_BYTES + int.from_bytes(head[26:28], "little")
        start += int.from_bytes(head[28:30], "little")
        if entry.method == STORED:
            data = self._file.read_at(start, wanted)
        else:
            decoder: _Decoder = zlib.decompressobj(-15) if entry.method == DEFLATED else bz2.BZ2Decompressor()
            data = self._decode(decoder, start, entry.packed, wanted)
        if len(data) < wanted:
            raise ZipDamage(f"it ends after {len(data):,} of {entry.size:,} bytes")
        if wanted == entry.size and zlib.crc32(data) != entry.crc:
            raise ZipDamage("its checksum is another")
        return data

    def _decode(self, decoder: _Decoder, start: int, packed: int, wanted: int) -> bytes:
        """At most ``wanted`` bytes of a packed file, whatever it would give in all."""
        parts: list[bytes] = []
        end = start + packed
        while wanted and start < end and not decoder.eof:
            piece = self._file.read_at(start, min(PIECE, end - start))
            if not piece:
                break
            start += len(piece)
            while wanted:
                part = decoder.decompress(piece, wanted)
                parts.append(part)
                wanted -= len(part)
                piece = getattr(decoder, "unconsumed_tail", b"")
                if not part or decoder.eof:
                    break
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _refusal(entry: ZipEntry, bounds: Bounds) -> str:
    """Why an entry is not read; empty if it is."""
    kind = stat.S_IFMT(entry.mode)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
        return "a device or pipe"
    if entry.flags & ENCRYPTED:
        return "encrypted"
    if entry.method not in {STORED, DEFLATED, BZIP2}:
        return f"packed by method {entry.method}, which is not read; deflate, bzip2 and stored are"
    if entry.method == STORED and entry.packed != entry.size:
        return "stored, with two sizes that differ"
    if entry.size > bounds.ratio_free_bytes and entry.size > bounds.ratio * entry.packed:
        return f"{entry.packed:,} bytes that unpack to {entry.size:,}, as in a zip bomb"
    return ""
