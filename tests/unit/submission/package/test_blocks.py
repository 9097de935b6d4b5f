"""The Merkle tree against hashes worked out by hand, and proofs that must not hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from levelfield.errors import InputError
from levelfield.submission.package.blocks import BLOCK_BYTES, blocks_of, is_block_of, root_of


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(data: bytes) -> bytes:
    return sha(b"\x00" + data)


def test_root_of_three_blocks_is_that_of_the_rfc(tmp_path: Path) -> None:
    one, two, three = b"a" * BLOCK_BYTES, b"b" * BLOCK_BYTES, b"c" * 10
    path = tmp_path / "log"
    path.write_bytes(one + two + three)
    found = blocks_of(path)
    pair = sha(b"\x01" + leaf(one) + leaf(two))
    assert found.root == sha(b"\x01" + pair + leaf(three)).hex()
    assert found.first_proof == (leaf(two).hex(), leaf(three).hex())
    assert found.last_proof == (pair.hex(),)
    assert (found.size_bytes, found.blocks, found.last_block_bytes) == (8202, 3, 10)
    assert found.sha256 == hashlib.sha256(one + two + three).hexdigest()


def test_empty_file_has_the_root_of_nothing_and_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    found = blocks_of(tmp_path / "log")
    assert found.root == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (found.blocks, found.last_block_bytes) == (0, 0)
    assert not found.is_first(b"")
    assert not found.is_last(b"")


def test_ends_are_proved_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(bytes(range(256)) * 100)
    found = blocks_of(path)
    data = path.read_bytes()
    assert found.is_first(data[:BLOCK_BYTES])
    assert found.is_last(data[-found.last_block_bytes :])
    assert not found.is_first(data[1 : BLOCK_BYTES + 1])
    assert not found.is_last(data[-found.last_block_bytes + 1 :])
    assert not found.is_first(data[:BLOCK_BYTES] + b"x")


def test_proof_of_another_length_is_refused() -> None:
    blocks = [leaf(bytes([number])) for number in range(5)]
    root = root_of(blocks).hex()
    assert not is_block_of(b"\x00", index=0, blocks=5, proof=(), root=root)
    assert not is_block_of(b"\x00", index=0, blocks=5, proof=("00" * 32,) * 9, root=root)
    assert not is_block_of(b"\x00", index=5, blocks=5, proof=(), root=root)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="log cannot be read: No such file"):
        blocks_of(tmp_path / "log")
