"""The wire format of protocol buffers: fields one after the other, numbers in seven bits a byte.

Enough to follow the few fields that a reader needs, in a mapped file of any size, without generated code; and to write
small messages. Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FIXED32",
    "FIXED64",
    "LENGTH",
    "VARINT",
    "Field",
    "Wire",
    "encoded",
    "fields",
    "number",
    "numbers",
    "varint",
]

Wire: TypeAlias = "bytes | memoryview | mmap.mmap"

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Kinds of fields."""
LONGEST_VARINT = 10


class Field(NamedTuple):
    """One field of a message: its number, its kind, and where its content lies."""

    number: int
    kind: int
    begin: int
    end: int


def fields(data: Wire, begin: int, end: int) -> Iterator[Field]:
    """The fields of the message that lies between two places.

    Raises:
        IndexError: A field ends beyond the message, or is of no known kind.
    """
    position = begin
    while position < end:
        tag, position = number(data, position)
        start = position
        match tag & 7:
            case 0:
                _, position = number(data, position)
            case 1:
                position += 8
            case 2:
                length, start = number(data, position)
                position = start + length
            case 5:
                position += 4
            case _:
                raise IndexError
        if position > end:
            raise IndexError
        yield Field(tag >> 3, tag & 7, start, position)


def number(data: Wire, position: int) -> tuple[int, int]:
    """The number at a place, and where the next thing begins.

    Raises:
        IndexError: It does not end within ten bytes, or within the data.
    """
    value = 0
    for shift in range(LONGEST_VARINT):
        byte = data[position + shift]
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position + shift + 1
    raise IndexError


def numbers(packed: bytes | memoryview) -> NDArray[np.int64]:
    """Numbers that follow each other, as packed fields have them, all at once; negative ones in two's complement.

    Raises:
        IndexError: The last one does not end, or one is longer than ten bytes.
    """
    data = np.frombuffer(packed, np.uint8)
    if not len(data):
        return np.empty(0, np.int64)
    ends = np.flatnonzero(data < 0x80)
    if not len(ends) or ends[-1] != len(data) - 1:
        raise IndexError
    if len(ends) == len(data):  # all below 128
        return data.astype(np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if int((ends - starts).max()) >= LONGEST_VARINT:
        raise IndexError
    places = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    parts = (data & 0x7F).astype(np.uint64) << (7 * places).astype(np.uint64)
    return np.add.reduceat(parts, starts).view(np.int64)


def varint(value: int) -> bytes:
    """A number as it is written; a negative one in ten bytes."""
    rest = value & 0xFFFFFFFFFFFFFFFF
    written = bytearray()
    while rest > 0x7F:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    written.append(rest)
    return bytes(written)


def encoded(field: int, content: bytes) -> bytes:
    """A field of bytes: a text, a message or packed numbers."""
    return varint(field << 3 | LENGTH) + varint(len(content)) + content
