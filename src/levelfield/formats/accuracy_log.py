"""LoadGen's accuracy log, ``mlperf_log_accuracy.json``: the outputs of the samples, in order of completion.

``[``, then an entry a line, ``{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" }``, then ``]``. Data is upper-case hex.
With tokens (profile v6) Offline adds ``token_count``, the other scenarios ``token_data`` and ``token_count``. Source:
mlcommons/inference, ``loadgen/logging.cc``, ``AsyncLog::LogAccuracy``, at v2.0 and b66003e1.

Published rounds hold logs cut down to their first and last 4000 bytes, with ``...`` between
(``tools/submission/truncate_accuracy_log.py``); the reader takes what is whole and says so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from levelfield.errors import InputError

__all__ = ["AccuracyEntry", "AccuracyLog", "AccuracyReader", "AccuracyWriter", "format_entry", "read_accuracy_log"]

ELLIPSIS = "..."
CHUNK = 1 << 20
"""Characters read at a time."""
ENTRY_MAX = 1 << 30
"""Characters of the longest entry that is waited for: a whole segmented volume in hex has a quarter of it."""

OBJECT = re.compile(r"\{[^{}]*\}")
"""An entry, in whatever layout: hex holds no braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyEntry:
    """The output of one sample."""

    seq_id: int
    """Sequence number of the sample in the test."""
    sample_index: int
    """Index into the dataset."""
    data: bytes
    token_data: bytes | None = None
    """What came with the first token."""
    token_count: int | None = None


def format_entry(entry: AccuracyEntry) -> str:
    """An entry as it stands in the log, without comma or line end."""
    parts = [
        f'"seq_id" : {entry.seq_id}, "qsl_idx" : {entry.sample_index}, "data" : "{entry.data.hex().upper()}"',
    ]
    if entry.token_data is not None:
        parts.append(f'"token_data" : "{entry.token_data.hex().upper()}"')
    if entry.token_count is not None:
        parts.append(f'"token_count" : {entry.token_count}')
    return f"{{ {', '.join(parts)} }}"


class TextOutput(Protocol):
    """Where text goes: an open file, or anything that takes it."""

    def write(self, text: str, /) -> object:
        """Append text."""


class AccuracyWriter:
    """Writes an accuracy log as the entries come; an empty one is ``[``, ``]``."""

    __slots__ = ("_any", "_stream")

    def __init__(self, stream: TextOutput) -> None:
        self._stream = stream
        self._any = False
        stream.write("[")

    def write(self, entries: Iterable[AccuracyEntry]) -> None:
        """Append entries."""
        text = ",\n".join(map(format_entry, entries))
        if text:
            self._stream.write((",\n" if self._any else "\n") + text)
            self._any = True

    def close(self) -> None:
        """Write the end; the stream stays open."""
        self._stream.write("\n]\n")


class AccuracyReader:
    """Reads an accuracy log as a stream: iterate, then look at the flags.

    The layout does not matter: published logs also come indented and with the members in another order.
    """

    __slots__ = ("_line", "_stream", "complete", "damaged", "truncated")

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = 1
        self.complete = False
        """Whether the closing bracket was seen."""
        self.truncated = False
        """Whether the middle was cut out, as in published rounds."""
        self.damaged: list[int] = []
        """Lines, from 1, on which something starts that is no entry; the entry that the cut falls in is not one."""

    def __iter__(self) -> Iterator[AccuracyEntry]:
        parts: list[str] = []
        waiting = 0
        while chunk := self._stream.read(CHUNK):
            parts.append(chunk)
            waiting += len(chunk)
            if "}" not in chunk and waiting < ENTRY_MAX:  # no entry ends here, so there is nothing to look for yet
                continue
            pending = "".join(parts)
            end = 0
            for found in OBJECT.finditer(pending):
                self._pass_over(pending[end : found.start()])
                entry = self._read(found[0])
                if entry is not None:
                    yield entry
                self._line += found[0].count("\n")
                end = found.end()
            pending = pending[end:]
            if len(pending) >= ENTRY_MAX:
                self._pass_over(pending)
                pending = ""
            parts, waiting = [pending], len(pending)
        self._pass_over("".join(parts))

    def _pass_over(self, between: str) -> None:
        """Look at what stands between two entries."""
        if ELLIPSIS in between:
            self.truncated = True
        elif between.strip("[], \t\r\n"):
            self.damaged.append(self._line + between[: len(between) - len(between.lstrip("[], \t\r\n"))].count("\n"))
        self.complete = between.rstrip().endswith("]") or (self.complete and not between.strip())
        self._line += between.count("\n")

    def _read(self, text: str) -> AccuracyEntry | None:
        try:
            return _entry(json.loads(text))
        except (ValueError, KeyError, TypeError, RecursionError):
            if ELLIPSIS in text:
                self.truncated = True
            else:
                self.damaged.append(self._line)
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyLog:
    """An accuracy log."""

    entries: tuple[AccuracyEntry, ...]
    complete: bool
    """Whether the closing bracket was there."""
    truncated: bool
    """Whether the middle was cut out, as in published rounds."""
    damaged: tuple[int, ...]
    """Lines that are no entries, from 1."""

    @property
    def repeated(self) -> dict[int, int]:
        """How often each sample index occurs that occurs more than once (MultiStream padding makes such)."""
        counts = Counter(entry.sample_index for entry in self.entries)
        return {index: count for index, count in counts.items() if count > 1}

    def first_by_sample(self) -> dict[int, AccuracyEntry]:
        """The first entry of each sample index: the one that counts."""
        found: dict[int, AccuracyEntry] = {}
        for entry in self.entries:
            found.setdefault(entry.sample_index, entry)
        return found


def read_accuracy_log(path: Path) -> AccuracyLog:
    """Read an accuracy log whole.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as stream:
            reader = AccuracyReader(stream)
            entries = tuple(reader)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return AccuracyLog(
        entries=entries, complete=reader.complete, truncated=reader.truncated, damaged=tuple(reader.damaged)
    )


def _entry(found: dict[str, object]) -> AccuracyEntry:
    data, token_data, token_count = found["data"], found.get("token_data"), found.get("token_count")
    seq_id, sample_index = found["seq_id"], found["qsl_idx"]
    if not (isinstance(seq_id, int) and isinstance(sample_index, int) and isinstance(data, str)):
        raise TypeError("seq_id, qsl_idx: expected integers; data: expected hex")
    return AccuracyEntry(
        seq_id=seq_id,
        sample_index=sample_index,
        data=bytes.fromhex(data),
        token_data=bytes.fromhex(token_data) if isinstance(token_data, str) else None,
        token_count=token_count if isinstance(token_count, int) else None,
    )
