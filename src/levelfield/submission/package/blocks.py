"""A Merkle tree over the blocks of a file: one short root, from which parts of the file can be proved to belong to it.

The tree is that of RFC 9162, section 2.1 (leaves and nodes are hashed with different prefixes), so that any
implementation of it can check ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError

__all__ = ["BLOCK_BYTES", "FileBlocks", "blocks_of", "is_block_of", "proof_of", "root_of"]

BLOCK_BYTES = 4096
"""As much as an accuracy log keeps at either end, so that its first and last block survive the cut."""
LEAF, NODE = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBlocks:
    """What is published of a file that is itself kept back."""

    size_bytes: int
    sha256: str
    """Of the whole file, lower-case hex."""
    blocks: int
    """Of ``BLOCK_BYTES``; the last may be shorter."""
    root: str
    """Of the tree over the blocks, lower-case hex."""
    first_proof: tuple[str, ...]
    """The neighbours on the way from the first block to the root, lower-case hex."""
    last_proof: tuple[str, ...]

    def is_first(self, block: bytes) -> bool:
        """Whether these bytes begin the file."""
        return is_block_of(block, index=0, blocks=self.blocks, proof=self.first_proof, root=self.root)

    def is_last(self, block: bytes) -> bool:
        """Whether these bytes end the file."""
        return is_block_of(block, index=self.blocks - 1, blocks=self.blocks, proof=self.last_proof, root=self.root)

    @property
    def last_block_bytes(self) -> int:
        """How long the last block is; 0 for an empty file."""
        return self.size_bytes - (self.blocks - 1) * BLOCK_BYTES if self.blocks else 0


def blocks_of(path: Path) -> FileBlocks:
    """Read a file once; takes 32 bytes of memory a block.

    Raises:
        InputError: It cannot be read.
    """
    whole = hashlib.sha256()
    leaves = []
    size = 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                whole.update(block)
                leaves.append(_leaf(block))
                size += len(block)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return FileBlocks(
        size_bytes=size,
        sha256=whole.hexdigest(),
        blocks=len(leaves),
        root=root_of(leaves).hex(),
        first_proof=tuple(step.hex() for step in proof_of(leaves, 0)),
        last_proof=tuple(step.hex() for step in proof_of(leaves, len(leaves) - 1)),
    )


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashed blocks; without any the hash of nothing, as the RFC has it."""
    if not leaves:
        return hashlib.sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof_of(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The neighbours of a block and of what it is part of, from below."""
    level, proof = list(leaves), []
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            proof.append(level[neighbour])
        level, index = _above(level), index // 2
    return tuple(proof)


def is_block_of(block: bytes, *, index: int, blocks: int, proof: Sequence[str], root: str) -> bool:
    """Whether bytes are the block at an index of the file with this root."""
    if not 0 <= index < blocks:
        return False
    found, steps = _leaf(block), [bytes.fromhex(step) for step in proof]
    while blocks > 1:
        if index % 2 or index + 1 < blocks:  # else it has no neighbour and goes up as it is
            if not steps:
                return False
            neighbour = steps.pop(0)
            found = _node(neighbour, found) if index % 2 else _node(found, neighbour)
        index, blocks = index // 2, (blocks + 1) // 2
    return not steps and found.hex() == root


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + level[-1:] if len(level) % 2 else pairs


def _leaf(block: bytes) -> bytes:
    return hashlib.sha256(LEAF + block).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()
