"""NIfTI-1 files of one volume, ``.nii`` and ``.nii.gz``: header, spacing, placement and voxels.

Source: the NIfTI-1 standard (nifti1.h, NIMH 2004). What occurs in published scans is read: both byte orders, every
plain number type, scaled values. Complex, colour and 128-bit types, and the old two-file form, are refused.
"""

from __future__ import annotations

import gzip
import math
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import FormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NiftiHeader", "read_nifti", "read_nifti_header"]

HEADER_BYTES = 348
BYTES_MAX = 1 << 33
"""Of the voxels of one file: three times the largest scan of KiTS19 in double precision."""
OFFSET_MAX = 1 << 24
"""Where the voxels may begin at the latest: extensions between them and the header are passed over."""
_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_CHUNK = 1 << 24
_MAGIC = b"n+1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class NiftiHeader:
    """What a file says of its volume."""

    shape: tuple[int, int, int]
    """Voxels along each axis, in the order of the file: the first axis moves fastest."""
    spacing_mm: tuple[float, float, float]
    """Along each axis, as the single-precision numbers of the file."""
    dtype: np.dtype[Any]
    """As stored, with its byte order."""
    slope: float
    intercept: float
    """A value is ``slope * stored + intercept``; slope 0 or NaN: as stored."""
    offset: int
    """Where the voxels begin, in bytes."""
    affine: tuple[tuple[float, ...], ...] | None
    """(3, 4): from voxel to millimetres in the room, where the file has it as a matrix (sform)."""

    @property
    def scaled(self) -> bool:
        """Whether values differ from what is stored."""
        usable = self.slope != 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)
        return usable and (self.slope, self.intercept) != (1.0, 0.0)


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read the header alone, some hundred bytes of the file.

    Raises:
        InputError: The file cannot be opened.
        FormatError: It is no NIfTI-1 file of one volume, or is cut off.
    """
    with _opened(path) as stream:
        return _header(stream, path)


def read_nifti(path: Path) -> tuple[NiftiHeader, NDArray[Any]]:
    """Read a volume: of the stored type, or float64 where values are scaled. Memory is that of the voxels.

    Raises:
        InputError: The file cannot be opened.
        FormatError: It is no NIfTI-1 file of one volume, or is cut off.
    """
    with _opened(path) as stream:
        header = _header(stream, path)
        _pass_over(stream, header.offset - HEADER_BYTES, path)
        stored = np.empty(math.prod(header.shape), header.dtype)
        view = stored.view(np.uint8).data
        done = 0
        while done < len(view):
            read = stream.readinto(view[done : done + _CHUNK])
            if not read:
                raise FormatError(
                    path, "voxels", f"the end after {done:,} bytes", f"{len(view):,} bytes, as the header says"
                )
            done += read
        stream.read(_CHUNK)  # what may follow is nobody's, but at its end gzip compares the checksum
    voxels = stored.reshape(header.shape, order="F")
    return header, voxels * header.slope + header.intercept if header.scaled else voxels


@contextmanager
def _opened(path: Path) -> Iterator[_Stream]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield cast("_Stream", gzip.GzipFile(fileobj=raw) if packed else raw)
    except EOFError as error:
        raise FormatError(path, "gzip stream", "its end before the data's", "a whole file") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(path, "gzip stream", f"damage ({error})", "a whole file") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


class _Stream(IO[bytes]):
    """What both kinds of file offer; for types only."""

    def readinto(self, buffer: memoryview, /) -> int: ...  # type: ignore[empty-body]


def _pass_over(stream: IO[bytes], count: int, path: Path) -> None:
    if len(stream.read(count)) < count:
        raise FormatError(path, "voxels", "the end of the file", "voxels where the header says")


def _header(stream: IO[bytes], path: Path) -> NiftiHeader:
    head = stream.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES:
        raise FormatError(path, "header", f"{len(head)} bytes", f"{HEADER_BYTES} bytes")
    order = next((sign for sign in "<>" if _numbers(head, sign + "i4", 0, 1)[0] == HEADER_BYTES), None)
    if order is None or head[344:348] != _MAGIC:
        raise FormatError(path, "header", "another format", "NIfTI-1 in one file (magic n+1)")
    sizes = [int(size) for size in _numbers(head, order + "i2", 40, 8)]
    code = int(_numbers(head, order + "i2", 70, 1)[0])
    offset, slope, intercept = _numbers(head, order + "f4", 108, 3)
    if not 3 <= sizes[0] <= 7 or min(sizes[1:4]) < 1 or any(size > 1 for size in sizes[4 : sizes[0] + 1]):
        raise FormatError(path, "dim", f"the sizes {sizes[1 : max(sizes[0], 0) + 1]}", "one volume of three axes")
    if code not in _TYPES:
        raise FormatError(path, "datatype", str(code), f"one of {', '.join(map(str, _TYPES))}")
    dtype = np.dtype(order + _TYPES[code])
    shape = (sizes[1], sizes[2], sizes[3])
    if math.prod(shape) * dtype.itemsize > BYTES_MAX:
        raise FormatError(path, "dim", f"a volume of {math.prod(shape):,} voxels", f"at most {BYTES_MAX:,} bytes")
    if not HEADER_BYTES <= offset <= OFFSET_MAX:  # NaN too
        raise FormatError(path, "vox_offset", f"{offset}", f"{HEADER_BYTES} to {OFFSET_MAX}")
    spacing = _numbers(head, order + "f4", 80, 3)
    if not all(math.isfinite(step) and step > 0 for step in spacing):
        raise FormatError(path, "pixdim", f"the spacing {spacing}", "three positive numbers of millimetres")
    has_matrix = _numbers(head, order + "i2", 254, 1)[0] > 0
    matrix = _numbers(head, order + "f4", 280, 12)
    return NiftiHeader(
        shape=shape,
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
        dtype=dtype,
        slope=slope,
        intercept=intercept,
        offset=int(offset),
        affine=tuple(matrix[row : row + 4] for row in (0, 4, 8)) if has_matrix else None,
    )


def _numbers(head: bytes, kind: str, at: int, count: int) -> tuple[float, ...]:
    return tuple(np.frombuffer(head, kind, count, at).tolist())
