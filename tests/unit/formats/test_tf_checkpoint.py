"""Checkpoints of TensorFlow: what is read, and what is refused with its place."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from mutations import damaged, fuzz
from tf_files import block_of, index_of, sealed, write_checkpoint

from levelfield.errors import FormatError, InputError, LevelfieldError
from levelfield.formats.tf_checkpoint import open_checkpoint

TENSORS = {
    "bert/layer_0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "bert/layer_0/bias": np.array([0.5, -0.5, 2], np.float32),
    "bert/layer_1/kernel": np.ones((3, 1), np.float64),
    "global_step": np.array(28252, np.int64),
    "empty": np.empty((0, 4), np.float32),
}


@pytest.mark.parametrize("per_block", [1, 2, 100])
def test_tensors_come_back(tmp_path: Path, per_block: int) -> None:
    write_checkpoint(tmp_path / "model.ckpt-28252", TENSORS, per_block=per_block)
    checkpoint = open_checkpoint(tmp_path / "model.ckpt-28252")
    assert sorted(checkpoint.tensors) == sorted(TENSORS)
    for name, expected in TENSORS.items():
        found = checkpoint.read(name)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("ending", ["", ".index", ".data-00000-of-00001", ".meta"])
def test_any_of_its_files_names_it(tmp_path: Path, ending: str) -> None:
    write_checkpoint(tmp_path / "model.ckpt-1", TENSORS)
    assert int(open_checkpoint(tmp_path / f"model.ckpt-1{ending}").read("global_step")) == 28252


def test_absent_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.ckpt\.index cannot be read: No such file"):
        open_checkpoint(tmp_path / "model.ckpt")
    (tmp_path / "model.ckpt.index").write_bytes(bytes(100))
    with pytest.raises(FormatError, match="found another file, expected the index of a checkpoint"):
        open_checkpoint(tmp_path / "model.ckpt")


def test_data_file_absent_short_or_changed(tmp_path: Path) -> None:
    prefix = tmp_path / "m"
    write_checkpoint(prefix, TENSORS)
    data = tmp_path / "m.data-00000-of-00001"
    raw, checkpoint = data.read_bytes(), open_checkpoint(prefix)
    data.write_bytes(raw[:-1])
    with pytest.raises(FormatError, match="global_step: found the end of the file, expected 8 bytes from byte"):
        checkpoint.read("global_step")
    data.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
    with pytest.raises(FormatError, match="bert/layer_0/bias: found checksum"):
        checkpoint.read("bert/layer_0/bias")
    data.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        checkpoint.read("global_step")


def test_index_cut_or_changed(tmp_path: Path) -> None:
    prefix, index = tmp_path / "m", tmp_path / "m.index"
    write_checkpoint(prefix, TENSORS)
    raw = index.read_bytes()
    index.write_bytes(raw[:10] + b"?" + raw[11:])
    with pytest.raises(FormatError, match="block at byte 0: found a checksum that differs"):
        open_checkpoint(prefix)
    index.write_bytes(raw[200:])
    with pytest.raises(FormatError, match=r"m\.index, "):
        open_checkpoint(prefix)


def test_compressed_blocks_are_refused(tmp_path: Path) -> None:
    """TensorFlow writes none, so nothing is gained by reading them."""
    raw = index_of([(b"", b"\x08\x01")], 1)
    block = block_of([(b"", b"\x08\x01")])
    (tmp_path / "m.index").write_bytes(raw.replace(sealed(block), sealed(block, b"\1"), 1))
    with pytest.raises(FormatError, match="found a compressed block"):
        open_checkpoint(tmp_path / "m")


def test_types_without_numbers_are_listed_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(index_of([(b"", b"\x08\x01"), (b"text", b"\x08\x07")], 5))
    checkpoint = open_checkpoint(tmp_path / "m")
    with pytest.raises(FormatError, match="text: found a type without plain numbers"):
        checkpoint.read("text")


@fuzz(80)
@given(number=damaged(index_of([(b"", b"\x08\x01"), (b"a", b"\x08\x01\x28\x04"), (b"ab", b"\x08\x01")], 2)))
def test_any_bytes_are_an_index_or_told(tmp_path: Path, number: bytes) -> None:
    (tmp_path / "m.index").write_bytes(number)
    with suppress(LevelfieldError):
        open_checkpoint(tmp_path / "m")
