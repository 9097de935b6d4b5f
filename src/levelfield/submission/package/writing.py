"""Writing a tree, whole or not at all, with what it was made from beside it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from levelfield import __version__
from levelfield.errors import InputError
from levelfield.files import claim_output_folder, sha256_of, write_problem

__all__ = ["PACKAGE_FILE", "Origin", "PlannedFile", "text_file", "write_package"]

SCHEMA = "levelfield.package/1"
PACKAGE_FILE = "PACKAGE.json"
COPIED_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file of a tree."""

    path: str
    """POSIX, relative to the root of the tree."""
    content: bytes | Path
    """The bytes, or the file to copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a tree was made from, as ``PACKAGE.json`` has it."""

    round: str
    rules_sha256: str
    rehearsal: bool
    records: tuple[tuple[Path, str], ...]
    """The folder of each run, and the hash of its record."""


def text_file(path: str, text: str) -> PlannedFile:
    """A file of a text; what UTF-8 cannot spell is written as its escape."""
    return PlannedFile(path=path, content=text.encode("utf-8", errors="backslashreplace"))


def write_package(out: Path, files: Iterable[PlannedFile], origin: Origin) -> int:
    """Write everything aside, then put it in its place; returns the number of files.

    Raises:
        InputError: A file to copy cannot be read.
        OutputError: The folder is not empty, or cannot be written.
    """
    made = not out.exists()
    claim_output_folder(out)
    workshop = None
    try:
        workshop = Path(tempfile.mkdtemp(prefix=".package.", dir=out))
        hashes = {}
        for file in files:
            hashes[file.path] = _put(workshop / file.path, file.content)
        document = {
            "schema": SCHEMA,
            "levelfield": __version__,
            "round": origin.round,
            "rules_sha256": origin.rules_sha256,
            "rehearsal": origin.rehearsal,
            "runs": [{"folder": str(folder), "result_sha256": sha256} for folder, sha256 in origin.records],
            "files": dict(sorted(hashes.items())),
        }
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        _put(workshop / PACKAGE_FILE, text.encode("utf-8", errors="backslashreplace"))
        for part in sorted(workshop.iterdir(), key=Path.is_dir):  # the tree itself last
            part.replace(out / part.name)
    except OSError as error:
        raise write_problem(Path(error.filename or out), error) from error
    finally:  # also when Ctrl-C falls into it
        if workshop is not None:
            shutil.rmtree(workshop, ignore_errors=True)
        if made:
            with suppress(OSError):  # it holds the tree
                out.rmdir()
    return len(hashes) + 1


def _put(path: Path, content: bytes | Path) -> str:
    """Write or copy a file; returns its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        try:
            source = content.open("rb")
        except OSError as error:
            raise InputError(f"{content} cannot be read: {error.strerror or error}.") from error
        with source, path.open("wb") as target:
            shutil.copyfileobj(source, target, COPIED_AT_ONCE)
    return sha256_of(path)
