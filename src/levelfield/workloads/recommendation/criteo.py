"""Day 23 of Criteo Terabyte: which of its published forms a folder holds, and how they become one.

In order of preference, all of them unshuffled:

* ``terabyte_processed_test.bin`` or ``test_data.bin``: what the reference's binary loader reads, 40 int32 a pair, the
  first
  half of the day. It is mapped, never read whole.
* ``day_23_reordered.npz`` or ``day_23_processed.npz``: the reference's arrays, the whole day.
* ``day_23`` or ``day_23.gz``: the text as it was published, with ``day_fea_dict_0.npz`` to ``_25.npz``.

The last two are turned into ``terabyte_processed_test.bin`` beside them at the first use, as the reference does (14
GB). The trace of samples may lie there too (``dlrm_trace_of_aggregated_samples.txt``); without it the same one is
drawn.

Source: facebookresearch/dlrm, ``data_loader_terabyte.py`` (``numpy_to_binary``, ``CriteoBinDataset``); checksums:
mlcommons/inference, recommendation/dlrm/pytorch/README.md, tag v2.0.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from levelfield.errors import DatasetError
from levelfield.files import write_problem
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.recommendation.criteo_arrays import array_facts, records_of_arrays
from levelfield.workloads.recommendation.criteo_text import Dictionaries, count_lines, records_of_text
from levelfield.workloads.recommendation.preprocess import FULL, RecordLayout, Records
from levelfield.workloads.recommendation.trace import (
    OFFICIAL_MD5,
    OFFICIAL_PAIRS,
    SampleTrace,
    drawn_trace,
    read_trace,
)

__all__ = ["OFFICIAL_TABLES", "BinaryPairs", "CriteoDay", "check", "open_criteo", "open_test_pairs", "write_binary"]

BINARY_FILE = "terabyte_processed_test.bin"
TRACE_FILES = ("dlrm_trace_of_aggregated_samples.txt", "sample_partition_trace.txt")
PUBLISHED_MD5 = {"day_23": "08e251af4f3d1e8771ea15e405f39600", "day_23.gz": "a2748bdbc67dd544b3ac470c4f1a52df"}
PUBLISHED_ROWS = 178_274_637
OFFICIAL_TABLES = (
    39884406, 39043, 17289, 7420, 20263, 3, 7120, 1543, 63, 38532951, 2953546, 403346, 10, 2208, 11938, 155, 4, 976, 14,
    39979771, 25641295, 39664984, 585935, 12972, 108, 36,
)  # fmt: skip
"""Rows of the reference model's tables (``python/main.py``, max_ind_range 40,000,000)."""
_BLOCK = 1 << 20


class Form(Enum):
    """How the day lies in a folder."""

    BINARY = (BINARY_FILE, "test_data.bin")
    ARRAYS = ("day_23_reordered.npz", "day_23_processed.npz")
    TEXT = ("day_23", "day_23.gz")


class BinaryPairs:
    """Records in a file, mapped: only what is asked for comes into memory, and the system may let it go again.

    Raises:
        DatasetError: The file is missing, empty, or ends within a record.
    """

    def __init__(self, path: Path, layout: RecordLayout) -> None:
        self.layout = layout
        self.path = path
        width = 4 * layout.columns
        try:
            size = path.stat().st_size
            if size == 0 or size % width:
                raise DatasetError(
                    f"{path}: found {size:,} bytes, expected a multiple of {width} (one record), above 0.",
                    hint="The file is cut off, or was written with other features; remove it and it is made again.",
                )
            self._records: Records = np.memmap(path, "<i4", mode="r", shape=(size // width, layout.columns))
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error

    def __len__(self) -> int:
        return len(self._records)

    def records(self, start: int, end: int) -> Records:
        """A view of the file."""
        return np.asarray(self._records[start:end])


@dataclass(frozen=True, slots=True)
class CriteoDay:
    """The test half of day 23."""

    pairs: BinaryPairs
    trace: SampleTrace

    @property
    def is_official(self) -> bool:
        """Whether the number of pairs and the trace are those of the round."""
        return self.trace.pairs == OFFICIAL_PAIRS and np.array_equal(
            self.trace.bounds, drawn_trace(OFFICIAL_PAIRS).bounds
        )


def open_criteo(folder: Path, layout: RecordLayout = FULL) -> CriteoDay:
    """Open a folder; at the first use of arrays or text this writes the binary file, which takes minutes to an hour.

    Raises:
        DatasetError: Nothing is there that can be used, or it is damaged.
        OutputError: The binary file cannot be written.
    """
    pairs = open_test_pairs(folder, layout)
    path = pairs.path
    trace = _trace(folder, len(pairs))
    if trace.pairs != len(pairs):
        raise DatasetError(
            f"The samples of the trace end at pair {trace.pairs:,}; {path} has {len(pairs):,} pairs.",
            hint="The trace of the round is for 89,137,319 pairs. Remove it, and one is drawn for what is there.",
        )
    return CriteoDay(pairs, trace)


def open_test_pairs(folder: Path, layout: RecordLayout = FULL) -> BinaryPairs:
    """Open the test half of the day alone, without samples; arrays or text are written as the binary file first.

    Raises:
        DatasetError: Nothing is there that can be used, or it is damaged.
        OutputError: The binary file cannot be written.
    """
    form, path = _found(folder)
    if form is not Form.BINARY:
        path = _converted(form, path, layout)
    return BinaryPairs(path, layout)


def _found(folder: Path) -> tuple[Form, Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the folder of Criteo Terabyte with --data.")
    for form in Form:
        for name in form.value:
            if (folder / name).is_file():
                return form, folder / name
    raise DatasetError(
        f"{folder} holds day 23 of Criteo Terabyte in none of its forms.",
        problems=[f"looked for {' or '.join(form.value)}" for form in Form],
    )


def _trace(folder: Path, pairs: int) -> SampleTrace:
    for name in TRACE_FILES:
        if (folder / name).is_file():
            return read_trace(folder / name)
    return drawn_trace(pairs)


def _converted(form: Form, path: Path, layout: RecordLayout) -> Path:
    """Write the first half of the rows, the middle one included, as the binary loader reads them."""
    folder, target = path.parent, path.parent / BINARY_FILE
    if form is Form.ARRAYS:
        half = -(-array_facts(path, layout).rows // 2)
        records: Iterable[Records] = records_of_arrays(path, layout, rows=half, scratch=folder)
    else:
        dictionaries = Dictionaries(folder, layout)
        half = -(-count_lines(path).lines // 2)
        if not half:
            raise DatasetError(f"{path} is empty.", hint="The copy may be cut off; compare its size and MD5.")
        records = records_of_text(path, layout, dictionaries, lines=half)
    write_binary(target, records)
    return target


def write_binary(target: Path, records: Iterable[Records]) -> None:
    """Write records as the binary file, which appears when it is whole.

    Raises:
        OutputError: It cannot be written.
    """
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            for block in records:
                stream.write(block.astype("<i4").tobytes())
            os.fchmod(stream.fileno(), 0o644)
        temporary.replace(target)
        temporary = None
    except OSError as error:
        raise write_problem(target, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check(folder: Path, layout: RecordLayout = FULL) -> DatasetReport:
    """Look at a copy without changing it: forms, counts, labels, tables, trace, and the published checksums.

    The text is read to its end for its MD5, the binary file for its labels: minutes at full size.
    """
    facts: list[tuple[str, str]] = []
    problems: list[str] = []
    pairs = None
    try:
        form, path = _found(folder)
        facts.append(("form", path.name))
        match form:
            case Form.BINARY:
                pairs = _check_binary(BinaryPairs(path, layout), path, facts, problems)
            case Form.ARRAYS:
                pairs = _half(array_facts(path, layout).rows, facts)
            case Form.TEXT:
                Dictionaries(folder, layout)
                found = count_lines(path)
                pairs = _half(found.lines, facts)
                same = found.md5 == PUBLISHED_MD5[path.name]
                facts.append((f"{path.name}, MD5", "as published" if same else found.md5))
                if not same:
                    problems.append(f"{path}: found MD5 {found.md5}, expected {PUBLISHED_MD5[path.name]}, as published")
    except DatasetError as error:
        problems += [error.message, *map(str, error.problems)]
    if pairs is not None:
        _check_trace(folder, pairs, facts, problems)
        if pairs != OFFICIAL_PAIRS:
            problems.append(f"{folder}: found {pairs:,} pairs to test on, expected {OFFICIAL_PAIRS:,}")
    _check_tables(folder, facts, problems)
    return DatasetReport(dataset="Criteo Terabyte, day 23", facts=tuple(facts), problems=tuple(problems))


def _half(rows: int, facts: list[tuple[str, str]]) -> int:
    facts.append(("rows of the day", f"{rows:,}" + (", as published" if rows == PUBLISHED_ROWS else "")))
    return -(-rows // 2)


def _check_binary(pairs: BinaryPairs, path: Path, facts: list[tuple[str, str]], problems: list[str]) -> int:
    clicked = labels_at_fault = categories_at_fault = 0
    split = 1 + pairs.layout.counts
    for start in range(0, len(pairs), _BLOCK):
        block = pairs.records(start, start + _BLOCK)
        clicked += int((block[:, 0] == 1).sum())
        labels_at_fault += int(((block[:, 0] != 0) & (block[:, 0] != 1)).sum())
        categories_at_fault += int((block[:, split:] < 0).any(axis=1).sum())
    facts += [("pairs to test on", f"{len(pairs):,}"), ("of them clicked", f"{clicked:,}")]
    if labels_at_fault:
        problems.append(f"{path}: found {labels_at_fault:,} pairs whose label is neither 0 nor 1")
    if categories_at_fault:
        problems.append(f"{path}: found {categories_at_fault:,} pairs with a category below 0")
    return len(pairs)


def _check_trace(folder: Path, pairs: int, facts: list[tuple[str, str]], problems: list[str]) -> None:
    try:
        trace = _trace(folder, pairs)
    except DatasetError as error:
        problems += [error.message, *map(str, error.problems)]
        return
    given = [name for name in TRACE_FILES if (folder / name).is_file()]
    md5 = trace.md5
    what = "the official one" if md5 == OFFICIAL_MD5 else f"another one, MD5 {md5}"
    facts += [("samples", f"{trace.samples:,}"), ("trace", f"{given[0] if given else 'drawn with seed 123'}: {what}")]
    if given and md5 != OFFICIAL_MD5:
        problems.append(f"{folder / given[0]}: found MD5 {md5}, expected {OFFICIAL_MD5}, as published")
    if trace.pairs != pairs:
        problems.append(f"{folder}: the trace ends at pair {trace.pairs:,}, expected {pairs:,}")


def _check_tables(folder: Path, facts: list[tuple[str, str]], problems: list[str]) -> None:
    """The numbers of rows that the pre-processing counted, where it left them."""
    path = folder / "day_fea_count.npz"
    if not path.is_file():
        return
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            counts = tuple(arrays["counts"].tolist())
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        problems.append(f"{path} cannot be read: {error}")
        return
    same = counts == OFFICIAL_TABLES
    facts.append(("rows of the tables", "those of the reference model" if same else "others"))
    if not same:
        differing = [
            f"table {number}: found {found:,} rows, expected {expected:,}"
            for number, (found, expected) in enumerate(zip(counts, OFFICIAL_TABLES, strict=False))
            if found != expected
        ]
        problems += [f"{path}: {line}" for line in differing[:5]] or [
            f"{path}: found {len(counts)} tables, expected {len(OFFICIAL_TABLES)}"
        ]
