"""CRC-32C (Castagnoli), the checksum of TensorFlow's record files and checkpoints, in NumPy.

A checksum is linear over the bits of a message, so the part of each byte depends on nothing but its value and its
distance from the end. A table of these parts turns a block into one gather and one exclusive or: hundreds of megabytes
a second without a library of C.

Source: RFC 3720, appendix B.4 (the polynomial and test vectors); tensorflow ``core/lib/hash/crc32c.h`` (the mask).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["crc32c", "masked"]

POLYNOMIAL = 0x82F63B78
"""Of Castagnoli, lowest bit first."""
BLOCK_BYTES = 1 << 12
_ALL = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8
_AT_ONCE = 256
"""Blocks gathered at a time: 4 MB."""


def crc32c(data: bytes | memoryview) -> int:
    """The checksum of a message of any length."""
    message = np.frombuffer(data, np.uint8)
    parts, initial, shift = _tables()
    first = len(message) % BLOCK_BYTES
    state = int(initial[first])
    if first:
        state ^= int(np.bitwise_xor.reduce(parts[np.arange(first - 1, -1, -1), message[:first]]))
    if len(message) == first:
        return state ^ _ALL
    backwards = np.arange(BLOCK_BYTES - 1, -1, -1)
    blocks = message[first:].reshape(-1, BLOCK_BYTES)
    for at in range(0, len(blocks), _AT_ONCE):
        for block in np.bitwise_xor.reduce(parts[backwards, blocks[at : at + _AT_ONCE]], axis=1).tolist():
            moved = shift[0][state & 255] ^ shift[1][state >> 8 & 255]
            state = block ^ moved ^ shift[2][state >> 16 & 255] ^ shift[3][state >> 24]
    return state ^ _ALL


def masked(checksum: int) -> int:
    """As TensorFlow stores a checksum: turned and moved, because checksums of what holds checksums are weak."""
    return ((checksum >> 15 | checksum << 17) + _MASK_DELTA) & _ALL


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32], tuple[list[int], ...]]:
    """What a byte adds by its distance from the end; the initial state moved on; a state moved on by a block.

    Returns:
        (4096, 256) parts, 4 MB; (4096,) states; and for each byte of a state 256 states.
    """
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, values >> 1 ^ np.uint32(POLYNOMIAL), values >> 1)
    parts = np.empty((BLOCK_BYTES, 256), np.uint32)
    parts[0] = values
    for distance in range(1, BLOCK_BYTES):
        parts[distance] = values[parts[distance - 1] & 255] ^ parts[distance - 1] >> 8
    initial = np.empty(BLOCK_BYTES, np.uint32)
    state = np.uint32(_ALL)
    for length in range(BLOCK_BYTES):
        initial[length] = state
        state = values[state & 255] ^ state >> 8
    # Bytes of a state are eaten lowest first: byte k moves as the message byte that is k from the start of a block.
    shift = tuple(parts[BLOCK_BYTES - 1 - k].tolist() for k in range(4))
    return parts, initial, shift
