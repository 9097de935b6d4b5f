"""What a submission says of the accuracy logs that it does not hold, so that one shown later can be verified.

A file ``accuracy_logs.json`` beside the code: for each log its size, SHA-256 and the Merkle root of its blocks, with
the proofs that the two ends in the tree belong to it. The official layout keeps the SHA-256 alone, from which nothing
can be proved about the ends.

History of the schema: 1 (0.1.0) the first.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.rules.model import Document
from levelfield.rules.table import Problems, Table
from levelfield.submission.package.blocks import BLOCK_BYTES, FileBlocks, blocks_of

__all__ = ["LOG_MANIFEST", "LoggedFile", "format_log_manifest", "problems_of_cut", "read_log_manifest", "verify_log"]

LOG_MANIFEST = "accuracy_logs.json"
SCHEMA = "levelfield.accuracy-logs/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedFile:
    """One accuracy log, before it was cut."""

    path: str
    """Of the cut one, below the submitter's folder."""
    whole: FileBlocks


def format_log_manifest(logs: tuple[LoggedFile, ...]) -> str:
    """The text of the file."""
    document = {
        "schema": SCHEMA,
        "tree": "Merkle tree of RFC 9162, section 2.1, SHA-256",
        "block_bytes": BLOCK_BYTES,
        "logs": [{"path": log.path, **asdict(log.whole)} for log in logs],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_log_manifest(path: Path) -> tuple[LoggedFile, ...]:
    """Read the file.

    Raises:
        InputError: It cannot be read, or is no such manifest; every field at fault is listed.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise FormatError(path, "whole file", "text that is no JSON", "a manifest of accuracy logs") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.get("block_bytes") != BLOCK_BYTES:
        raise FormatError(path, "schema", repr(_schema(document)), f"{SCHEMA!r} with blocks of {BLOCK_BYTES} bytes")
    problems = Problems()
    logs = tuple(_log(table) for table in Table(document, (), problems).array("logs"))
    if problems.found:
        raise InputError(f"{path} is no whole manifest of accuracy logs.", problems=problems.found)
    return logs


def verify_log(log: Path, manifest: Path) -> LoggedFile:
    """Find out which log of a manifest a file is, from its content alone.

    Raises:
        InputError: The file is none of them, with what differs; or one of the two cannot be read.
    """
    entries = read_log_manifest(manifest)
    found = blocks_of(log)
    for entry in entries:
        if entry.whole == found:
            return entry
    of_size = [entry.path for entry in entries if entry.whole.size_bytes == found.size_bytes]
    sizes = ", ".join(f"{entry.whole.size_bytes:,}" for entry in entries)
    told = f"of that size there is {', '.join(of_size)}, with other content" if of_size else f"their sizes are {sizes}"
    raise InputError(
        f"{log} is none of the {len(entries)} accuracy logs of {manifest}.",
        problems=[f"found {found.size_bytes:,} bytes, SHA-256 {found.sha256}; {told}."],
        hint="The file must be the log as the load generator wrote it, not edited and not cut.",
    )


def problems_of_cut(entry: LoggedFile, cut: bytes) -> tuple[str, ...]:
    """What speaks against a log in a tree being the two ends of the one that a manifest describes; nothing if it is."""
    whole = entry.whole
    problems = []
    if not whole.blocks:
        return () if not cut else ("the log was empty, and here it is not",)
    if not whole.is_first(cut[: min(BLOCK_BYTES, whole.size_bytes)]):
        problems.append("its beginning is not that of the log with this Merkle root")
    if not whole.is_last(cut[-whole.last_block_bytes :]):
        problems.append("its end is not that of the log with this Merkle root")
    return tuple(problems)


def _schema(document: Document | object) -> object:
    return document.get("schema") if isinstance(document, dict) else type(document).__name__


def _log(table: Table) -> LoggedFile:
    return LoggedFile(
        path=table.text("path"),
        whole=FileBlocks(
            size_bytes=table.integer("size_bytes"),
            sha256=table.text("sha256"),
            blocks=table.integer("blocks"),
            root=table.text("root"),
            first_proof=_proof(table, "first_proof"),
            last_proof=_proof(table, "last_proof"),
        ),
    )


def _proof(table: Table, key: str) -> tuple[str, ...]:
    values = table.values.get(key)
    if isinstance(values, list) and all(isinstance(step, str) and _is_hash(step) for step in values):
        return tuple(str(step) for step in values)
    table.wrong(key, "a list of SHA-256 in hex")
    return ()


def _is_hash(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")
