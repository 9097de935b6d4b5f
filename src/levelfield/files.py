"""Files: atomic writes, hashes, and folders that must be empty. Imports nothing of ours but errors."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from levelfield.errors import OutputError

__all__ = ["claim_output_folder", "make_folder", "sha256_of", "write_atomically", "write_problem"]


def write_problem(path: Path, error: OSError, *, what: str = "written") -> OutputError:
    """The error for a file that cannot be written; a full disk gets the next step too."""
    hint = None
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "Free space on that disk, or choose another output folder; what was measured before is kept."
    return OutputError(f"{path} cannot be {what}: {error.strerror or error}.", hint=hint)


def write_atomically(path: Path, content: bytes | str | Iterable[str]) -> None:
    """Write a file so that a reader sees the old one or the whole new one, never half.

    Args:
        path: The file.
        content: Its bytes or text; or pieces of text, which are written as they are made and never held together.

    Raises:
        OutputError: The folder cannot be written to, or the disk is full.
    """
    pieces: Iterable[bytes | str] = (content,) if isinstance(content, bytes | str) else content
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            for piece in pieces:
                # A lone surrogate, as in a file name that is not UTF-8, is written as its escape.
                stream.write(piece.encode(errors="backslashreplace") if isinstance(piece, str) else piece)
            os.fchmod(stream.fileno(), 0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise write_problem(path, error) from error
    finally:  # also when Ctrl-C falls into it
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> Path:
    """Make a folder that must not be there yet, and those above it.

    Raises:
        OutputError: It is there, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise OutputError(
            f"{folder} is there already: another run writes into the same output folder.",
            hint="Give each run a folder of its own with --out.",
        ) from error
    except OSError as error:
        raise write_problem(folder, error, what="made") from error
    return folder


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
