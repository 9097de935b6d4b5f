"""The central directory of a zip, read from its bytes (PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5).

Ours and not :mod:`zipfile`'s, for two reasons: names stay bytes until they are judged, so one that is not UTF-8 does
not make the whole archive unreadable and none is cut at a NUL; and overlaps of entries are seen.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["BZIP2", "DEFLATED", "ENCRYPTED", "LOCAL_HEADER_BYTES", "STORED", "ZipDamage", "ZipEntry", "directory"]

STORED, DEFLATED, BZIP2 = 0, 8, 12
ENCRYPTED = 1
LOCAL_HEADER_BYTES = 30
END = struct.Struct("<4s4H2LH")
END_MARK = b"PK\x05\x06"
END64_LOCATOR = struct.Struct("<4sLQL")
END64_LOCATOR_MARK = b"PK\x06\x07"
END64 = struct.Struct("<4sQ2H2L4Q")
END64_MARK = b"PK\x06\x06"
HEADER = struct.Struct("<4s6H3L5H2L")
HEADER_MARK = b"PK\x01\x02"
UNIX = {3, 19}
"""Systems whose entries carry a Unix mode: Unix, macOS."""
EXTRA_HEAD = struct.Struct("<2H")
ZIP64_EXTRA = 1
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
"""What stands where the number is in the zip64 record."""
COMMENT_MAX = 0xFFFF


class ZipDamage(Exception):  # noqa: N818 - a reason, turned into an InputError with the archive's name
    """Why bytes are no zip that can be read."""


class ZipEntry(NamedTuple):
    """An entry of the central directory."""

    name: bytes
    mode: int
    """Unix mode; 0 where the archive was made elsewhere."""
    flags: int
    method: int
    crc: int
    packed: int
    """In bytes."""
    size: int
    """In bytes, unpacked, as declared."""
    offset: int
    """Of the local header, in the file."""


def directory(read_at: Callable[[int, int], bytes], size: int, *, most: int) -> Iterator[ZipEntry]:
    """The entries of an archive, in the order of the directory.

    Args:
        read_at: Gives bytes by offset and count; fewer at the end of the file.
        size: Of the file, bytes.
        most: Entries that are accepted.

    Raises:
        ZipDamage: The directory does not hold together.
    """
    start, length, count, shift = _end(read_at, size)
    if count > most:
        raise ZipDamage(f"it holds more than {most:,} entries")
    block, position, read = b"", 0, 0
    for _ in range(count):
        # Read in pieces: a header is at most 46 bytes and three texts of 64 KiB.
        if len(block) - position < HEADER.size + 3 * FULL_16 and read < length:
            more = read_at(start + read, min(length - read, 1 << 20))
            read += len(more) or length
            block, position = block[position:] + more, 0
        entry, position = _header(block, position, shift)
        if not 0 <= entry.offset < start:
            raise ZipDamage("an entry lies outside of the archive")
        yield entry


def _end(read_at: Callable[[int, int], bytes], size: int) -> tuple[int, int, int, int]:
    """Where the directory starts, its length, its entries, and how far everything is moved by bytes in front."""
    tail_at = max(0, size - END.size - COMMENT_MAX)
    tail = read_at(tail_at, END.size + COMMENT_MAX)
    at = tail.rfind(END_MARK)
    if at < 0 or len(tail) - at < END.size:
        raise ZipDamage("it has no central directory: it was cut off, or is no zip")
    _, disk, first_disk, _, count, length, offset, _ = END.unpack_from(tail, at)
    end = tail_at + at
    if FULL_16 in {disk, count} or FULL_32 in {length, offset}:
        locator = read_at(end - END64_LOCATOR.size, END64_LOCATOR.size) if end >= END64_LOCATOR.size else b""
        if locator[:4] == END64_LOCATOR_MARK:
            end64 = END64_LOCATOR.unpack(locator)[2]
            record = read_at(end64, END64.size) if end64 < end else b""
            if len(record) < END64.size or record[:4] != END64_MARK:
                raise ZipDamage("its zip64 record is damaged")
            _, _, _, _, disk, first_disk, _, count, length, offset = END64.unpack(record)
            end = end64
    if disk or first_disk:
        raise ZipDamage("it is one part of several")
    start = end - length
    if start < 0 or start - offset < 0 or count * HEADER.size > length:
        raise ZipDamage("its central directory is damaged")
    return start, length, count, start - offset


def _header(block: bytes, position: int, shift: int) -> tuple[ZipEntry, int]:
    if len(block) - position < HEADER.size or block[position : position + 4] != HEADER_MARK:
        raise ZipDamage("its central directory is damaged")
    fields = HEADER.unpack_from(block, position)
    _, made_by, _, flags, method, _, _, crc, packed, size, name_len, extra_len, comment_len = fields[:13]
    attributes, offset = fields[15:]
    name_at = position + HEADER.size
    extra_at = name_at + name_len
    end = extra_at + extra_len + comment_len
    if end > len(block):
        raise ZipDamage("its central directory is damaged")
    name = block[name_at:extra_at]
    if FULL_32 in {packed, size, offset}:
        size, packed, offset = _zip64(block[extra_at : extra_at + extra_len], size, packed, offset)
    mode = attributes >> 16 if made_by >> 8 in UNIX else 0
    return ZipEntry(name, mode, flags, method, crc, packed, size, offset + shift), end


def _zip64(extra: bytes, *numbers: int) -> list[int]:
    """The numbers that do not fit 32 bits, from the extra field that holds them."""
    position = 0
    while position + EXTRA_HEAD.size <= len(extra):
        kind, length = EXTRA_HEAD.unpack_from(extra, position)
        position += EXTRA_HEAD.size
        if kind == ZIP64_EXTRA:
            data = extra[position : position + length]
            wide = [number for (number,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8])]
            if len(wide) < numbers.count(FULL_32):
                break
            rest = iter(wide)
            return [next(rest) if number == FULL_32 else number for number in numbers]
        position += length
    raise ZipDamage("a zip64 entry is damaged")
