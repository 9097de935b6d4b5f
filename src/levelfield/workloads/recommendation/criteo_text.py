"""Day 23 as it was published: a text file, or gzip of it, one pair a line.

A line is a label, 13 whole numbers and 26 hexadecimal numbers, between tabs; an empty column is 0. Lines are parsed by
the block, all columns of the same kind at a time, so the 44 GB take minutes and a few hundred MB of memory.

The reference does not use the hexadecimal numbers as rows: modulo 40,000,000 they are looked up in one dictionary for
each feature, ``day_fea_dict_0.npz`` to ``_25``, which its pre-processing of all 24 days leaves; the position in the
dictionary is the row. A model trained on it can read nothing else, so without the dictionaries the text is refused.

Source: facebookresearch/dlrm, ``data_utils.py`` (``process_one_file``, ``processCriteoAdData``).
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.workloads.recommendation.preprocess import RecordLayout, Records

__all__ = ["Dictionaries", "TextFacts", "count_lines", "records_of_text"]

BLOCK_BYTES = 1 << 23
TAB, NEWLINE, MINUS = ord("\t"), ord("\n"), ord("-")
LONGEST = 11
"""Characters of a column: a sign and ten digits."""
_SHOWN = 10
_DIGITS = np.full(256, 99, np.int64)
"""The value of each character as a digit, 99 where it is none."""
for _value, _character in enumerate(b"0123456789abcdef"):
    _DIGITS[_character] = _DIGITS[ord(chr(_character).upper())] = _value


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What one pass over the text tells."""

    lines: int
    md5: str
    """Of the file as it lies there, compressed or not."""


class Dictionaries:
    """The rows of categories: the position of a value in the dictionary of its feature.

    Args:
        folder: Where the files lie.
        layout: How many there must be.

    Raises:
        DatasetError: One is missing or cannot be read; all are named.
    """

    def __init__(self, folder: Path, layout: RecordLayout) -> None:
        self._values: list[NDArray[np.int64]] = []
        self._rows: list[NDArray[np.int32]] = []
        problems = []
        for feature in range(layout.categories):
            path = folder / f"day_fea_dict_{feature}.npz"
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                    unique = arrays["unique"].astype(np.int64)
            except FileNotFoundError:
                problems.append(f"{path}: found no file")
                continue
            except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error) as error:
                problems.append(f"{path}: {error}")
                continue
            order = np.argsort(unique, kind="stable").astype(np.int32)
            self._values.append(unique[order])
            self._rows.append(order)
        if problems:
            raise DatasetError(
                f"{folder} has the text of day 23, but not the dictionaries that turn its categories into rows.",
                problems=_shortened(problems),
                hint="The reference's pre-processing of all 24 days writes them (data_utils.py of the DLRM code), and "
                "day_23_reordered.npz, which is enough by itself.",
            )

    def look_up(self, feature: int, values: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The rows of values, and which values are in the dictionary at all."""
        known = self._values[feature]
        if not len(known):
            return np.zeros(len(values), np.int32), np.zeros(len(values), np.bool_)
        place = np.searchsorted(known, values).clip(max=len(known) - 1)
        return self._rows[feature][place], known[place] == values


def count_lines(path: Path) -> TextFacts:
    """Count lines and hash the file, in one pass.

    Raises:
        DatasetError: The file cannot be read, or a compressed one ends early.
    """
    digest = hashlib.md5(usedforsecurity=False)
    lines, last = 0, b"\n"
    with _opened(path, digest.update) as stream:
        while block := stream.read(BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return TextFacts(lines=lines + (last != b"\n"), md5=digest.hexdigest())


def records_of_text(path: Path, layout: RecordLayout, dictionaries: Dictionaries, *, lines: int) -> Iterator[Records]:
    """The first lines of the text as records, block by block.

    Raises:
        DatasetError: The file cannot be read, or a line is not what it should be; those of a block are collected.
    """
    done, rest = 0, b""
    with _opened(path) as stream:
        while done < lines:
            block = stream.read(BLOCK_BYTES)
            text = rest + block
            if not text:
                raise DatasetError(f"{path} ends after {done:,} lines, expected {lines:,} or more.")
            if not block and not text.endswith(b"\n"):
                text += b"\n"  # the last line of a file may lack its end
            cut = text.rfind(b"\n") + 1
            rest = text[cut:]
            if cut:
                records = _parsed(path, text[:cut], layout, dictionaries, first_line=done + 1)[: lines - done]
                done += len(records)
                yield records


@contextmanager
def _opened(path: Path, seen: Callable[[bytes], None] | None = None) -> Iterator[IO[bytes]]:
    """The text, decompressed where the name says so; ``seen`` is given the bytes of the file itself."""
    try:
        with path.open("rb") as file:
            source: IO[bytes] = _Watched(file, seen) if seen else file  # type: ignore[assignment]
            yield gzip.GzipFile(fileobj=source) if path.suffix == ".gz" else source  # type: ignore[misc]
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            f"{path} cannot be read to its end: {error}.", hint="The copy may be cut off; compare its size and MD5."
        ) from error


class _Watched:
    """A file of which every byte that is read is seen by someone else too."""

    def __init__(self, file: IO[bytes], seen: Callable[[bytes], None]) -> None:
        self._file = file
        self._seen = seen

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._seen(block)
        return block


def _parsed(path: Path, text: bytes, layout: RecordLayout, dictionaries: Dictionaries, *, first_line: int) -> Records:
    """(lines, columns): whole lines, parsed.

    Raises:
        DatasetError: Lines at fault, the first ten spelled out.
    """
    characters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((characters == TAB) | (characters == NEWLINE))
    is_last = characters[ends] == NEWLINE
    per_line = np.diff(np.flatnonzero(np.r_[True, is_last]))
    wrong = np.flatnonzero(per_line != layout.columns)
    if wrong.size:
        _refuse(
            path,
            first_line,
            {int(line): f"found {per_line[line]} columns, expected {layout.columns} between tabs" for line in wrong},
        )
    starts = np.r_[0, ends[:-1] + 1].reshape(-1, layout.columns)
    lengths = ends.reshape(-1, layout.columns) - starts
    split = 1 + layout.counts
    numbers, good = _numbers(characters, starts[:, :split], lengths[:, :split], base=10)
    values, good_values = _numbers(characters, starts[:, split:], lengths[:, split:], base=16)
    good = np.concatenate([good, good_values], axis=1)
    good[:, 0] &= (numbers[:, 0] == 0) | (numbers[:, 0] == 1)
    good[:, 1:split] &= np.abs(numbers[:, 1:]) < 2**31
    records = np.empty((len(starts), layout.columns), np.int32)
    records[:, :split] = np.maximum(numbers, 0)
    for feature in range(layout.categories):
        rows, known = dictionaries.look_up(feature, values[:, feature] % layout.modulus)
        records[:, split + feature] = rows
        good[:, split + feature] &= known
    if not good.all():
        found: dict[int, str] = {}
        for line, column in np.argwhere(~good):
            start, length = starts[line, column], lengths[line, column]
            what = text[start : start + length].decode(errors="replace")
            expected = _expected(int(column), split)
            found.setdefault(int(line), f"column {column + 1}: found {what[:40]!r}, expected {expected}")
        _refuse(path, first_line, found)
    return records


def _expected(column: int, split: int) -> str:
    if column == 0:
        return "the label, 0 or 1"
    if column < split:
        return "a whole number below 2,147,483,648, or nothing"
    return f"a hexadecimal number that day_fea_dict_{column - split}.npz knows, or nothing"


def _numbers(
    characters: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], *, base: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The numbers that begin at ``starts``, and which of them are numbers; nothing at all is 0."""
    values = np.zeros(starts.shape, np.int64)
    good = lengths <= LONGEST
    negative = (characters[starts] == MINUS) & (lengths > 1) & (base == 10)
    last = len(characters) - 1
    for place in range(min(LONGEST, int(lengths.max(initial=0)))):
        within = (lengths > place) & ~(negative & (place == 0))
        digit = _DIGITS[characters[np.minimum(starts + place, last)]]
        good &= ~within | (digit < base)
        values = np.where(within, values * base + digit, values)
    return np.where(negative, -values, values), good


def _refuse(path: Path, first_line: int, found: dict[int, str]) -> None:
    problems = [f"{path}:{first_line + line}: {what}" for line, what in sorted(found.items())]
    raise DatasetError(f"{path} is not the text of Criteo Terabyte.", problems=_shortened(problems))


def _shortened(problems: list[str]) -> list[str]:
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]
