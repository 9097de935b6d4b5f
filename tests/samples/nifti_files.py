"""Writes NIfTI-1 files, field by field as nifti1.h has them, for tests of the reader."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

__all__ = ["CODES", "nifti_bytes", "write_nifti"]

CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}


def nifti_bytes(
    voxels: np.ndarray,
    spacing: tuple[float, float, float] = (1.6, 1.2, 1.2),
    *,
    order: str = "<",
    scale: tuple[float, float] = (1.0, 0.0),
    offset: int = 352,
    sizes: tuple[int, ...] | None = None,
    code: int | None = None,
    magic: bytes = b"n+1\0",
    matrix: tuple[float, ...] | None = None,
) -> bytes:
    """A whole file, uncompressed."""
    dims = sizes or (3, *voxels.shape, 1, 1, 1, 1)
    kind = voxels.dtype.str[1:]
    head = bytearray(348)
    struct.pack_into(f"{order}i", head, 0, 348)
    struct.pack_into(f"{order}8h", head, 40, *dims)
    struct.pack_into(f"{order}2h", head, 70, CODES[kind] if code is None else code, voxels.dtype.itemsize * 8)
    struct.pack_into(f"{order}8f", head, 76, 1.0, *spacing, 0, 0, 0, 0)
    struct.pack_into(f"{order}3f", head, 108, offset, *scale)
    if matrix is not None:
        struct.pack_into(f"{order}h", head, 254, 1)
        struct.pack_into(f"{order}12f", head, 280, *matrix)
    head[344:348] = magic
    body = voxels.astype(order + kind).tobytes(order="F")
    return bytes(head) + bytes(offset - 348) + body


def write_nifti(path: Path, voxels: np.ndarray, spacing: tuple[float, float, float], **fields: object) -> None:
    """A ``.nii.gz`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = nifti_bytes(voxels, spacing, **fields)  # type: ignore[arg-type]
    path.write_bytes(gzip.compress(content, 1))
