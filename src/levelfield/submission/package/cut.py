"""Cutting an accuracy log to its two ends, and leaving its hash in ``accuracy.txt``, exactly as the official tool does.

Source: mlcommons/inference, ``tools/submission/truncate_accuracy_log.py`` at v2.0. It works on decoded text: 4096
characters from the front, then two newlines, three dots, two newlines, then what follows from 4096 bytes before the
end. Where that tool breaks, ours goes on: a log below 4096 bytes stays whole, and bytes that are not text are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.submission.package.blocks import FileBlocks, blocks_of

__all__ = ["GAP", "KEPT", "CutLog", "cut_accuracy_log"]

KEPT = 4096
"""Characters kept at either end."""
GAP = "\n\n...\n\n"
HASH = re.compile(r"^hash=(\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutLog:
    """What a submission holds in place of an accuracy log."""

    log: bytes
    accuracy: bytes
    """The content of ``accuracy.txt``, hash line included."""
    whole: FileBlocks | None
    """Of the log before the cut; ``None`` where it had been cut already."""


def cut_accuracy_log(log: Path, accuracy: Path, *, max_bytes: int) -> CutLog:
    """Cut a log; the files themselves are not touched.

    Args:
        log: ``mlperf_log_accuracy.json``.
        accuracy: ``accuracy.txt`` beside it; may be missing, as for TEST01, and then holds nothing but the hash.
        max_bytes: Below this a log whose hash is stated counts as cut (``accuracy_log_max_bytes`` of the round).

    Raises:
        InputError: A file cannot be read.
    """
    try:
        said = accuracy.read_text(encoding="utf-8", errors="surrogateescape") if accuracy.exists() else ""
        size = log.stat().st_size
        stated = HASH.findall(said)
        if stated and size < max_bytes:
            return CutLog(log=log.read_bytes(), accuracy=_bytes(said), whole=None)
        text = _ends(log, size)
    except OSError as error:
        raise InputError(f"{error.filename or log} cannot be read: {error.strerror or error}.") from error
    whole = blocks_of(log)
    if whole.sha256 not in stated:
        said += ("" if said.endswith("\n") or not said else "\n") + f"hash={whole.sha256}\n"
    return CutLog(log=_bytes(text), accuracy=_bytes(said), whole=whole)


def _ends(log: Path, size: int) -> str:
    with log.open(encoding="utf-8", errors="surrogateescape") as stream:
        if size < KEPT:
            return stream.read()
        start = stream.read(KEPT)
    with log.open(encoding="utf-8", errors="surrogateescape") as stream:
        stream.seek(size - KEPT)
        return start + GAP + stream.read(KEPT)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")
