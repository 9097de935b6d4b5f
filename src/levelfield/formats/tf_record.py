"""TFRecord files: records of bytes, each with its length before it and checksums after both.

A record is its length (8 bytes, little-endian), the masked CRC-32C of these 8 bytes, the content, and the masked
CRC-32C of the content. Files are not compressed. Source: tensorflow ``core/lib/io/record_reader.cc`` and
``record_writer.cc``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.files import write_problem
from levelfield.formats.crc32c import crc32c, masked

__all__ = ["read_records", "write_records"]

LONGEST_RECORD = 1 << 26
"""Bytes. A damaged length is refused before memory is asked for; the largest real records, photographs, have a few MB.
"""
_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")


def read_records(path: Path) -> Iterator[bytes]:
    """The records of a file in their order, one in memory at a time; checksums of lengths and contents are compared.

    Raises:
        InputError: The file cannot be read.
        FormatError: It is no TFRecord file, is cut off, or a checksum differs; names the byte where a record begins.
    """
    offset = 0
    try:
        with path.open("rb", buffering=1 << 20) as stream:
            while head := stream.read(_HEAD.size):
                if len(head) < _HEAD.size:
                    raise _cut(path, offset)
                length, checksum = _HEAD.unpack(head)
                if checksum != masked(crc32c(head[:8])):
                    what = "a length whose checksum differs"
                    raise FormatError(path, f"byte {offset:,}", what, "a record of an uncompressed TFRecord file")
                if length > LONGEST_RECORD:
                    raise FormatError(path, f"byte {offset:,}", f"a record of {length:,} bytes", "64 MiB at most")
                body = stream.read(length + _FOOT.size)
                if len(body) < length + _FOOT.size:
                    raise _cut(path, offset)
                content = body[:length]
                found, expected = masked(crc32c(content)), _FOOT.unpack(body[length:])[0]
                if found != expected:
                    raise FormatError(
                        path, f"record at byte {offset:,}", f"checksum {found:08x}", f"{expected:08x}, as its file says"
                    )
                yield content
                offset += _HEAD.size + len(body)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _cut(path: Path, offset: int) -> FormatError:
    return FormatError(path, f"record at byte {offset:,}", "the end of the file", "the rest of the record")


def write_records(path: Path, records: Iterable[bytes]) -> int:
    """Write a file, and say how many records it holds.

    Raises:
        OutputError: It cannot be written.
    """
    count = 0
    try:
        with path.open("wb") as stream:
            for record in records:
                length = struct.pack("<Q", len(record))
                stream.write(length + _FOOT.pack(masked(crc32c(length))))
                stream.write(record)
                stream.write(_FOOT.pack(masked(crc32c(record))))
                count += 1
    except OSError as error:
        raise write_problem(path, error) from error
    return count
