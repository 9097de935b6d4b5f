"""NIfTI-1 files: every type and byte order that is read, and what is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nifti_files import CODES, nifti_bytes, write_nifti

from levelfield.errors import FormatError, InputError
from levelfield.formats import nifti as module
from levelfield.formats.nifti import read_nifti, read_nifti_header

VOXELS = np.arange(24).reshape(2, 3, 4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", CODES)
def test_each_type_and_byte_order(tmp_path: Path, kind: str, order: str) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype(kind), order=order))
    header, voxels = read_nifti(path)
    np.testing.assert_array_equal(voxels, VOXELS)
    assert (header.shape, header.dtype) == ((2, 3, 4), np.dtype(order + kind))
    assert header.spacing_mm == pytest.approx((1.6, 1.2, 1.2), rel=1e-7)
    assert voxels.dtype.newbyteorder("=") == np.dtype(kind)


def test_first_axis_moves_fastest(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype("u1")))
    assert list(path.read_bytes()[352:356]) == [0, 12, 4, 16]
    assert read_nifti(path)[1][1, 0, 0] == 12


def test_packed_file_and_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii.gz"
    matrix = (0.0, 0.0, -0.8, 1.0, 0.0, -0.8, 0.0, 2.0, -3.0, 0.0, 0.0, 3.0)
    write_nifti(path, VOXELS.astype("f8"), (3.0, 0.8, 0.8), matrix=matrix)
    header = read_nifti_header(path)
    assert (header, header.scaled) == (read_nifti(path)[0], False)
    assert header.affine is not None
    assert header.affine[2] == (-3.0, 0.0, 0.0, 3.0)
    write_nifti(path, VOXELS.astype("f8"), (3.0, 0.8, 0.8))
    assert read_nifti_header(path).affine is None


@pytest.mark.parametrize(
    ("scale", "first"), [((2.0, -1024.0), -1022.0), ((0.0, 5.0), 1), ((float("nan"), 5.0), 1), ((1.0, 0.0), 1)]
)
def test_scaled_values(tmp_path: Path, scale: tuple[float, float], first: float) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(np.full((2, 2, 2), 1, "i2"), scale=scale))
    header, voxels = read_nifti(path)
    assert voxels[0, 0, 0] == first
    assert voxels.dtype == (np.float64 if header.scaled else np.int16)


def test_extensions_before_the_voxels_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype("i2"), offset=1024))
    np.testing.assert_array_equal(read_nifti(path)[1], VOXELS)


def test_more_axes_of_one_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype("i2"), sizes=(5, 2, 3, 4, 1, 1, 1, 1)))
    assert read_nifti(path)[1].shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"magic": b"ni1\0"}, "header: found another format, expected NIfTI-1 in one file"),
        ({"code": 128}, "datatype: found 128, expected one of 2, 4, 8"),
        ({"sizes": (4, 2, 3, 4, 2, 1, 1, 1)}, r"dim: found the sizes \[2, 3, 4, 2\], expected one volume"),
        ({"sizes": (2, 6, 4, 1, 1, 1, 1, 1)}, "dim: found the sizes"),
        ({"sizes": (3, 2, -3, 4, 1, 1, 1, 1)}, "dim: found the sizes"),
        ({"sizes": (3, 32767, 32767, 32767, 1, 1, 1, 1)}, "dim: found a volume of 35,181,150,961,663 voxels"),
        ({"spacing": (0.0, 1.2, 1.2)}, "pixdim: found the spacing"),
        ({"spacing": (float("nan"), 1.2, 1.2)}, "pixdim: found the spacing"),
    ],
)
def test_what_is_no_volume_is_refused(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype("i2"), **fields))  # type: ignore[arg-type]
    with pytest.raises(FormatError, match=message):
        read_nifti_header(path)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), 0.0, 1e9])
def test_voxels_at_an_impossible_place(tmp_path: Path, offset: float) -> None:
    path = tmp_path / "scan.nii"
    content = bytearray(nifti_bytes(VOXELS.astype("i2")))
    struct.pack_into("<f", content, 108, offset)
    path.write_bytes(content)
    with pytest.raises(FormatError, match="vox_offset"):
        read_nifti(path)


@pytest.mark.parametrize("kept", [0, 100, 350, 360])
def test_file_that_is_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti_bytes(VOXELS.astype("i2"))[:kept])
    with pytest.raises(FormatError, match=r"header|voxels"):
        read_nifti(path)


def test_packed_file_that_is_cut_off_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "scan.nii.gz"
    noise = np.random.default_rng(1).integers(0, 1000, (20, 20, 20)).astype("i2")
    whole = gzip.compress(nifti_bytes(noise))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="gzip stream: found its end before the data's"):
        read_nifti(path)
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 40] = bytes(40)
    path.write_bytes(damaged)
    with pytest.raises(FormatError, match="gzip stream"):
        read_nifti(path)
    path.write_bytes(b"\x1f\x8b not really")
    with pytest.raises(FormatError, match="gzip stream"):
        read_nifti(path)


def test_bomb_is_read_no_further_than_its_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of kilobytes that unpacks to megabytes more than its header says costs no memory for them."""
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(gzip.compress(nifti_bytes(VOXELS.astype("i2")) + bytes(1 << 26)))
    assert read_nifti(path)[1].shape == (2, 3, 4)
    monkeypatch.setattr(module, "BYTES_MAX", 40)
    with pytest.raises(FormatError, match="at most 40 bytes"):
        read_nifti(path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.nii cannot be read: No such file"):
        read_nifti(tmp_path / "absent.nii")


@given(st.binary(max_size=600), st.integers(0, 599))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.nii"
    content = bytearray(nifti_bytes(VOXELS.astype("i2")))
    content[at : at + len(noise)] = noise[: max(0, len(content) - at)]
    path.write_bytes(content)
    try:
        _, voxels = read_nifti(path)
    except InputError:
        return
    assert voxels.nbytes <= len(content) * 8
