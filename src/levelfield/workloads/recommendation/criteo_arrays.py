"""Day 23 as the reference's pre-processing leaves it: ``X_int``, ``X_cat`` and ``y`` in a compressed ``.npz``.

178 million rows do not fit in most memories, so a member is decompressed as a stream, and the first half of its rows
goes to a file beside the result; columns may lie one after the other (Fortran order), as a transposed array is saved.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.workloads.recommendation.preprocess import RecordLayout, Records

__all__ = ["ArrayFacts", "array_facts", "records_of_arrays"]

BLOCK_ROWS = 1 << 18
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """What the headers of the arrays say."""

    rows: int


@dataclass(frozen=True, slots=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def rows(self) -> int:
        return self.shape[0]

    @property
    def columns(self) -> int:
        return self.shape[1] if len(self.shape) > 1 else 1


def array_facts(path: Path, layout: RecordLayout) -> ArrayFacts:
    """Look at the headers.

    Raises:
        DatasetError: The archive cannot be read, or its arrays have other shapes or types; all are named.
    """
    problems = []
    try:
        with ZipFile(path) as archive:
            headers = {}
            for name in _names(layout):
                with archive.open(f"{name}.npy") as stream:
                    headers[name] = _header(stream)
    except _UNREADABLE as error:
        raise DatasetError(
            f"{path} cannot be read: {error}.", hint="The copy may be cut off, or be another file of that name."
        ) from error
    rows = headers["y"].rows
    for name, columns in _names(layout).items():
        header = headers[name]
        wanted = (rows,) if columns is None else (rows, columns)
        if header.shape != wanted or header.dtype.kind not in "iufb" or rows < 1:
            problems.append(f"{name}: found {header.shape} {header.dtype}, expected {wanted} numbers, one row or more")
    if problems:
        raise DatasetError(f"{path} is not the pre-processed day 23.", problems=problems)
    return ArrayFacts(rows=rows)


def records_of_arrays(path: Path, layout: RecordLayout, *, rows: int, scratch: Path) -> Iterator[Records]:
    """The first rows as records, block by block.

    Args:
        path: The archive, which :func:`array_facts` has accepted.
        layout: Of the records.
        rows: How many.
        scratch: A folder with room for as much as the records themselves take.

    Raises:
        DatasetError: A member ends early or is damaged, or a value is no whole number of 32 bits.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".levelfield-") as folder:
        parts = []
        for name in _names(layout):
            try:
                with ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
                    parts.append(_spilled(stream, rows, Path(folder) / name))
            except _UNREADABLE as error:
                raise DatasetError(f"{path}: {name}: {error}.", hint="The copy may be cut off.") from error
        labels, counts, categories = parts
        for start in range(0, rows, BLOCK_ROWS):
            block = slice(start, min(start + BLOCK_ROWS, rows))
            joined: Records = np.concatenate([labels[block], counts[block], categories[block]], axis=1)
            yield joined
        del parts, labels, counts, categories  # let go of the files before their folder is removed


def _names(layout: RecordLayout) -> dict[str, int | None]:
    return {"y": None, "X_int": layout.counts, "X_cat": layout.categories}


def _header(stream: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return _Header(*read(stream))


def _spilled(stream: IO[bytes], rows: int, target: Path) -> NDArray[np.int32]:
    """(rows, columns): the first rows of a member, in a file of their own, mapped."""
    header = _header(stream)
    columns = header.columns
    pieces = [(rows, header.rows - rows)] * columns if header.fortran else [(rows * columns, 0)]
    with target.open("wb") as out:
        for wanted, unwanted in pieces:
            for block in _values(stream, wanted, header.dtype):
                out.write(block.tobytes())
            for _ in _values(stream, unwanted, header.dtype):
                pass
    mapped = np.memmap(
        target, np.dtype(np.int32), mode="r", shape=(rows, columns), order="F" if header.fortran else "C"
    )
    return np.asarray(mapped)


def _values(stream: IO[bytes], count: int, dtype: np.dtype[Any]) -> Iterator[NDArray[np.int32]]:
    """The next numbers of a stream as int32."""
    while count:
        take = min(count, 16 * BLOCK_ROWS)
        raw = stream.read(take * dtype.itemsize)
        if len(raw) < take * dtype.itemsize:
            raise EOFError("it ends early")
        numbers = np.frombuffer(raw, dtype)
        whole = numbers.astype(np.int32)
        if not np.array_equal(whole, numbers):
            wrong = numbers[whole != numbers][0]
            raise ValueError(f"found {wrong}, expected whole numbers of 32 bits")
        yield whole
        count -= take
