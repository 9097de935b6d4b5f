"""Checkpoints of TensorFlow, version 2: ``NAME.index`` and ``NAME.data-00000-of-00001``.

The index is a table of sorted keys in blocks, as LevelDB writes it: the name of a tensor leads to its type, shape,
file, place and checksum. The data files are the numbers one tensor after the other. TensorFlow is not needed.

Source: tensorflow ``core/util/tensor_bundle/tensor_bundle.cc``, ``core/protobuf/tensor_bundle.proto``,
``core/lib/io/format.cc`` and ``block.cc``.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import FormatError, InputError
from levelfield.formats.crc32c import crc32c, masked
from levelfield.formats.protobuf import fields, number

__all__ = ["Checkpoint", "StoredTensor", "open_checkpoint"]

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
TRAILER_BYTES = 5
"""After each block: how it is compressed, and a checksum."""
LARGEST_INDEX = 1 << 26
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}
"""``DataType`` of ``core/framework/types.proto``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """Where a tensor lies, and what it is."""

    dtype: np.dtype[Any] | None
    """``None`` for types that hold no plain numbers."""
    shape: tuple[int, ...]
    shard: int
    """Which of the data files."""
    offset: int
    size: int
    """Bytes."""
    checksum: int
    """Masked CRC-32C of the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """An index that was read; tensors are read when they are asked for."""

    prefix: Path
    """What the names of its files begin with."""
    shards: int
    tensors: dict[str, StoredTensor]
    """By name, sorted."""

    def read(self, name: str) -> NDArray[Any]:
        """The numbers of a tensor that the index names, its checksum compared.

        Raises:
            InputError: The data file cannot be read, or is too short.
            FormatError: The tensor is of no plain type, its size does not fit its shape, or its checksum differs.
        """
        tensor = self.tensors[name]
        path = self.prefix.with_name(f"{self.prefix.name}.data-{tensor.shard:05}-of-{self.shards:05}")
        if tensor.dtype is None:
            raise FormatError(path, name, "a type without plain numbers", "a tensor of numbers")
        count = math.prod(tensor.shape)
        if count * tensor.dtype.itemsize != tensor.size:
            found = f"{tensor.size:,} bytes for {count:,} numbers of {tensor.dtype}"
            raise FormatError(path, name, found, f"{count * tensor.dtype.itemsize:,} bytes")
        try:
            with path.open("rb") as stream:
                if tensor.offset + tensor.size > os.fstat(stream.fileno()).st_size:
                    expected = f"{tensor.size:,} bytes from byte {tensor.offset:,} on"
                    raise FormatError(path, name, "the end of the file", expected)
                stream.seek(tensor.offset)
                content = stream.read(tensor.size)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
        if (found_sum := masked(crc32c(content))) != tensor.checksum:
            raise FormatError(path, name, f"checksum {found_sum:08x}", f"{tensor.checksum:08x}, as the index says")
        return np.frombuffer(content, tensor.dtype).reshape(tensor.shape)


def open_checkpoint(prefix: Path) -> Checkpoint:
    """Read the index of a checkpoint.

    Args:
        prefix: What its files begin with (``model.ckpt-28252``); also one of these files.

    Raises:
        InputError: The index cannot be read.
        FormatError: It is not the index of a checkpoint of version 2, or is damaged.
    """
    prefix = _prefix(prefix)
    path = prefix.with_name(f"{prefix.name}.index")
    try:
        if path.stat().st_size > LARGEST_INDEX:
            raise FormatError(path, "size", f"{path.stat().st_size:,} bytes", f"{LARGEST_INDEX:,} at most")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) < FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise FormatError(path, "last bytes", "another file", "the index of a checkpoint (TensorFlow, version 2)")
    try:
        entries = dict(_entries(path, data))
        shards = _shards(entries.pop(b"", b""))
        tensors = {name.decode(): _tensor(value) for name, value in entries.items()}
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise FormatError(
            path, "whole file", "an entry that ends beyond its block", "the index of a checkpoint"
        ) from error
    return Checkpoint(prefix=prefix, shards=shards, tensors=tensors)


def _prefix(path: Path) -> Path:
    for ending in (".index", ".meta"):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    head, mark, _ = path.name.rpartition(".data-")
    return path.with_name(head) if mark else path


def _entries(path: Path, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of all blocks, in order."""
    footer = data[-FOOTER_BYTES:]
    _, position = number(footer, 0)  # of an index of other things, which is empty
    _, position = number(footer, position)
    for _, handle in _block(path, data, _handle(footer, position)):
        yield from _block(path, data, _handle(handle, 0))


def _handle(data: bytes, position: int) -> tuple[int, int]:
    """Offset and size of a block."""
    offset, position = number(data, position)
    size, _ = number(data, position)
    return offset, size


def _block(path: Path, data: bytes, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; a key says how much of the one before it begins with."""
    offset, size = handle
    block = data[offset : offset + size + TRAILER_BYTES]
    if len(block) < size + TRAILER_BYTES or size < 4:
        raise IndexError
    if masked(crc32c(block[: size + 1])) != struct.unpack("<I", block[size + 1 :])[0]:
        raise FormatError(path, f"block at byte {offset:,}", "a checksum that differs", "that of its content")
    if block[size]:
        raise FormatError(
            path, f"block at byte {offset:,}", "a compressed block", "one as TensorFlow writes it, as it is"
        )
    (restarts,) = struct.unpack("<I", block[size - 4 : size])
    end, position, key = size - 4 * (restarts + 1), 0, b""
    if end < 0:
        raise IndexError
    while position < end:
        shared, position = number(block, position)
        fresh, position = number(block, position)
        length, position = number(block, position)
        if shared > len(key) or position + fresh + length > end:
            raise IndexError
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _shards(header: bytes) -> int:
    return next((number(header, field.begin)[0] for field in fields(header, 0, len(header)) if field.number == 1), 1)


def _tensor(entry: bytes) -> StoredTensor:
    values = {1: 0, 3: 0, 4: 0, 5: 0, 6: 0}
    shape: list[int] = []
    for field in fields(entry, 0, len(entry)):
        if field.number == 2:
            shape += _shape(entry[field.begin : field.end])
        elif field.number == 6:
            (values[6],) = struct.unpack("<I", entry[field.begin : field.end])
        elif field.number in values:
            values[field.number] = number(entry, field.begin)[0]
    dtype = _DTYPES.get(values[1])
    return StoredTensor(
        dtype=np.dtype(dtype) if dtype else None,
        shape=tuple(shape),
        shard=values[3],
        offset=values[4],
        size=values[5],
        checksum=values[6],
    )


def _shape(message: bytes) -> Sequence[int]:
    sizes = []
    for dim in fields(message, 0, len(message)):
        if dim.number == 2:
            inner = [f for f in fields(message, dim.begin, dim.end) if f.number == 1]
            sizes.append(number(message, inner[0].begin)[0] if inner else 0)
    return sizes
