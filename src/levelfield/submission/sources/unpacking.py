"""Streams of a tar's bytes: straight from the file, or through a decompressor whose output and memory are bounded."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from sys import version_info
from typing import Protocol

from levelfield.errors import InputError, MissingError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.open_file import OpenFile

__all__ = ["PlainBlocks", "UnpackedBlocks", "packing_of"]

PIECE = 1 << 18
MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zst"}
"""The first bytes of what a tar may be packed with."""
ZSTD = ("compression.zstd", "backports.zstd")
"""In Python from 3.14 on; the same for earlier ones, if it is installed."""


def packing_of(head: bytes) -> str:
    """What a file is packed with, by its first bytes; empty for none of ours."""
    return next((packing for magic, packing in MAGIC.items() if head.startswith(magic)), "")


class _Decoder(Protocol):
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class PlainBlocks:
    """A tar as it stands in a file; bytes that are skipped are not read."""

    __slots__ = ("_file", "position")

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self.position = 0
        """Of the next byte, in the file."""

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        data = self._file.read_at(self.position, count)
        self.position += len(data)
        return data

    def skip(self, count: int) -> int:
        """Pass over bytes; how many there were."""
        there = max(0, min(count, self._file.size - self.position))
        self.position += there
        return there


class UnpackedBlocks:
    """A packed tar, unpacked as it is asked for.

    Raises:
        MissingError: This Python cannot unpack it.
        InputError: While reading: it is damaged, or unpacks to more than the bounds allow.
    """

    __slots__ = ("_bounds", "_decoder", "_file", "_made", "_name", "_new", "_packed", "_position", "_rest", "_unread")

    def __init__(self, file: OpenFile, packing: str, *, name: str, bounds: Bounds) -> None:
        self._file = file
        self._name = name
        self._bounds = bounds
        self._new = _decoder_of(packing, name, bounds)
        self._decoder = self._new()
        self._position = 0
        self._unread = b""
        self._rest = b""
        self._made = 0

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        parts: list[bytes] = []
        while count:
            if not self._rest and not self._unpack():
                break
            part, self._rest = self._rest[:count], self._rest[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Unpack bytes and drop them; how many there were."""
        skipped = 0
        while skipped < count and (piece := self.take(min(count - skipped, PIECE))):
            skipped += len(piece)
        return skipped

    def _unpack(self) -> bool:
        """Fill ``_rest``; false at the end."""
        try:
            while not self._rest and self._feed():
                self._rest = self._decoder.decompress(self._unread, PIECE)
                self._unread = b""
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise InputError(f"{self._name} cannot be unpacked: {error}.") from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":  # of a module that may not be there
                raise
            raise InputError(f"{self._name} cannot be unpacked: {error}.") from error
        self._made += len(self._rest)
        if self._made > max(self._bounds.ratio_free_bytes, self._bounds.ratio * self._file.size):
            raise InputError(
                f"{self._name} has {self._file.size:,} bytes and unpacks to more than {self._bounds.ratio} times as "
                "many, as a bomb does."
            )
        return bool(self._rest)

    def _feed(self) -> bool:
        """Have the decoder ready for another step; false where the file ends with a stream."""
        if self._decoder.eof:  # several streams one behind the other, as pigz and pbzip2 write them
            self._unread = self._decoder.unused_data
            if not self._fill() or not self._unread.strip(b"\0"):
                return False
            self._decoder = self._new()
        elif self._decoder.needs_input and not self._fill():
            raise InputError(f"{self._name} ends in the middle: it was cut off.")
        return True

    def _fill(self) -> bool:
        if not self._unread:
            self._unread = self._file.read_at(self._position, PIECE)
            self._position += len(self._unread)
        return bool(self._unread)


class _GzipDecoder:
    """:mod:`zlib`'s decoder of gzip, with the manners of the others."""

    __slots__ = ("_filled", "_inner")

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._filled = False

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._filled = len(found) == max_length  # more may wait inside, though all input is taken
        return found

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._filled

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _decoder_of(packing: str, name: str, bounds: Bounds) -> Callable[[], _Decoder]:
    match packing:
        case "gz":
            return _GzipDecoder
        case "bz2":
            return bz2.BZ2Decompressor
        case "xz":
            return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=bounds.decoder_bytes)
        case _:
            for module in ZSTD:
                try:
                    decoder: Callable[[], _Decoder] = import_module(module).ZstdDecompressor
                except ImportError:
                    continue
                return decoder
            raise MissingError(
                f"{name} is packed with zstd, which Python {version_info.major}.{version_info.minor} cannot unpack.",
                hint="pip install backports.zstd, or unpack it with: zstd -d",
            )
