"""Files: atomic writes, hashes, and folders that must be empty. Imports nothing of ours but errors."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from levelfield.errors import OutputError

__all__ = ["claim_output_folder", "sha256_of", "write_atomically"]


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader sees the old one or the whole new one, never half.

    Raises:
        OutputError: The folder cannot be written to, or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as lower-case hex, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def claim_output_folder(folder: Path) -> Path:
    """Make an output folder, or refuse one that already holds something or cannot be written to.

    Raises:
        OutputError: The folder is not empty, is not a folder, or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} cannot be used: {error.strerror or error}.",
            hint="Give another folder with --out.",
        ) from error
    if taken:
        shown = ", ".join(taken[:3]) + (", …" if len(taken) > 3 else "")
        raise OutputError(
            f"The output folder {folder} is not empty (it holds {shown}).",
            hint="Give an empty or new folder with --out; results are never overwritten.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"The output folder {folder} is not writable.", hint="Give another folder with --out.")
    return folder
