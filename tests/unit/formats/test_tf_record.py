"""CRC-32C, records, examples and the wire format below them: published vectors, and every kind of damage."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged, fuzz

from levelfield.errors import FormatError, InputError, LevelfieldError, OutputError
from levelfield.formats.crc32c import crc32c, masked
from levelfield.formats.protobuf import number, numbers, varint
from levelfield.formats.tf_example import read_example, write_example
from levelfield.formats.tf_record import read_records, write_records


def bit_by_bit(data: bytes) -> int:
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_checksums_of_rfc_3720(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", [1, 4, 4095, 4096, 4097, 9000])
def test_checksum_of_every_length(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert crc32c(data) == bit_by_bit(data)


def test_masked_checksum() -> None:
    assert masked(0) == 0xA282EAD8
    assert masked(0xFFFFFFFF) == 0xA282EAD7


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30))
def test_numbers_one_by_one_and_at_once(values: list[int]) -> None:
    packed = b"".join(varint(value) for value in values)
    assert numbers(packed).tolist() == values
    position, found = 0, []
    while position < len(packed):
        value, position = number(packed, position)
        found.append(value if value < 2**63 else value - 2**64)
    assert found == values


@pytest.mark.parametrize("packed", [b"\x80", b"\x01\x80", b"\xff" * 10 + b"\x01"])
def test_a_number_that_does_not_end(packed: bytes) -> None:
    with pytest.raises(IndexError):
        numbers(packed)


def test_records_round_trip(tmp_path: Path) -> None:
    records = [b"", b"a", bytes(5000), b"last"]
    assert write_records(tmp_path / "r", records) == 4
    assert list(read_records(tmp_path / "r")) == records


def test_bytes_of_a_record(tmp_path: Path) -> None:
    """As TensorFlow writes it: the file of one record ``abc``, worked out from the format's description."""
    write_records(tmp_path / "r", [b"abc"])
    length = struct.pack("<Q", 3)
    expected = (
        length + struct.pack("<I", masked(bit_by_bit(length))) + b"abc" + struct.pack("<I", masked(bit_by_bit(b"abc")))
    )
    assert (tmp_path / "r").read_bytes() == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw[:-1], "record at byte 19: found the end of the file, expected the rest of the record"),
        (lambda raw: raw[:25], "record at byte 19: found the end of the file"),
        (lambda raw: raw[:31] + b"X" + raw[32:], "record at byte 19: found checksum"),
        (lambda raw: b"\x04" + raw[1:], "byte 0: found a length whose checksum differs"),
        (lambda _: b"\x1f\x8b\x08\x00" + bytes(40), "byte 0: found a length whose checksum differs"),
        (
            lambda _: struct.pack("<Q", 1 << 40) + struct.pack("<I", masked(crc32c(struct.pack("<Q", 1 << 40)))),
            "64 MiB at most",
        ),
    ],
)
def test_damaged_records(tmp_path: Path, change, said: str) -> None:
    path = tmp_path / "r"
    write_records(path, [b"abc", b"abcdef"])
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FormatError, match=r"r, ") as caught:
        list(read_records(path))
    assert said in str(caught.value)


def test_records_before_the_damage_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r"
    write_records(path, [b"abc", b"abcdef"])
    path.write_bytes(path.read_bytes()[:-1])
    assert next(read_records(path)) == b"abc"


def test_unreadable_and_unwritable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(read_records(tmp_path / "absent"))
    with pytest.raises(OutputError):
        write_records(tmp_path / "absent" / "r", [b""])


def test_example_round_trip() -> None:
    example = read_example(
        write_example({"ids": [1, 300, -5, 2**40], "weights": np.array([0.5, -2], np.float32), "none": []})
    )
    assert list(example) == ["ids", "weights", "none"]
    assert np.asarray(example["ids"]).tolist() == [1, 300, -5, 2**40]
    assert np.asarray(example["weights"]).tolist() == [0.5, -2]
    assert len(example["none"]) == 0


def test_lists_that_are_not_packed_and_texts() -> None:
    """Written by hand from feature.proto: int64 and float values one field each, and a list of texts."""
    integers = bytes.fromhex("0a07 0a01 69 1202 1a00".replace(" ", ""))
    assert len(read_example(bytes([10, len(integers)]) + integers)["i"]) == 0
    unpacked = bytes.fromhex("1a04 0805 0807".replace(" ", ""))
    entry = b"\x0a\x01i\x12" + bytes([len(unpacked)]) + unpacked
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert np.asarray(read_example(b"\x0a" + bytes([len(features)]) + features)["i"]).tolist() == [5, 7]
    floats = b"\x12\x0a\x0d" + struct.pack("<f", 1.5) + b"\x0d" + struct.pack("<f", 2.5)
    entry = b"\x0a\x01f\x12" + bytes([len(floats)]) + floats
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert np.asarray(read_example(b"\x0a" + bytes([len(features)]) + features)["f"]).tolist() == [1.5, 2.5]
    texts = b"\x0a\x04\x0a\x02ab"
    entry = b"\x0a\x01t\x12" + bytes([len(texts)]) + texts
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert read_example(b"\x0a" + bytes([len(features)]) + features)["t"] == (b"ab",)


@pytest.mark.parametrize("record", [b"\x0a\x7f", b"\xff" * 20, b"\x0a\x05\x0a\x03\x0a\x01\xff"])
def test_what_is_no_example(record: bytes) -> None:
    with pytest.raises(ValueError, match="expected a tf"):
        read_example(record)


EXAMPLE = write_example({"input_ids": list(range(200)), "masked_lm_weights": np.ones(9, np.float32)})


@fuzz(150)
@given(damaged(EXAMPLE))
def test_any_bytes_are_an_example_or_told(record: bytes) -> None:
    with suppress(ValueError):
        read_example(record)


@fuzz(60)
@given(data=damaged(struct.pack("<Q", 3) + struct.pack("<I", masked(crc32c(struct.pack("<Q", 3)))) + b"abc" + bytes(4)))
def test_any_bytes_are_records_or_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "r"
    path.write_bytes(data)
    with suppress(LevelfieldError):
        list(read_records(path))
