"""What the user names as ``SOURCE``, opened: a folder, an archive, or ``git:REPO[@REV][:SUBTREE]``."""

from __future__ import annotations

import os
from pathlib import Path

from levelfield.errors import InputError, UsageError
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.folder import FolderSource
from levelfield.submission.sources.port import Source

__all__ = ["open_source"]

GIT = "git:"
SPELLING = "a folder, a .zip or .tar.* file, or git:REPO[@REV][:SUBTREE]"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
TAR_MAGIC = b"ustar"
TAR_MAGIC_AT = 257


def open_source(text: str, *, bounds: Bounds = BOUNDS) -> Source:
    """Open a source. What an archive is is told by its bytes, not by its name.

    Raises:
        UsageError: The text names nothing.
        InputError: What it names is damaged, or not of a kind that is read.
        MissingError: It needs git, or an unpacker, that is not there.
    """
    if not text or "\0" in text:
        raise UsageError("No source was named.", hint=f"Expected: {SPELLING}.")
    if text.startswith(GIT):
        from levelfield.submission.sources.git import GitSource  # noqa: PLC0415 - a run reads one kind of source

        repository, revision, subtree = _git_parts(text)
        return GitSource(repository, revision=revision, subtree=subtree, name=text, bounds=bounds)
    path = Path(text)
    try:
        if path.is_dir():
            return FolderSource(path, name=text, bounds=bounds)
        if not path.exists():
            raise UsageError(f"There is no {text}.", hint=f"Expected: {SPELLING}.")
        if not path.is_file():
            raise InputError(f"{text} is neither a folder nor a file.", hint=f"Expected: {SPELLING}.")
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise InputError(f"{text} cannot be read: {error.strerror or error}.") from error
    return _open_archive(path, head, text, bounds)


def _open_archive(path: Path, head: bytes, text: str, bounds: Bounds) -> Source:
    from levelfield.submission.sources.tar import TarSource  # noqa: PLC0415
    from levelfield.submission.sources.unpacking import packing_of  # noqa: PLC0415
    from levelfield.submission.sources.zip import ZipSource  # noqa: PLC0415

    if head.startswith(ZIP_MAGIC) or path.suffix.lower() == ".zip":
        return ZipSource(path, name=text, bounds=bounds)
    if packing_of(head) or head.startswith(TAR_MAGIC, TAR_MAGIC_AT) or path.suffix.lower() == ".tar":
        return TarSource(path, name=text, bounds=bounds)
    if not head:
        raise InputError(f"{text} is empty.", hint=f"Expected: {SPELLING}.")
    raise InputError(
        f"{text} is no archive that is read here: its first bytes are {head[:8]!r}.", hint=f"Expected: {SPELLING}."
    )


def _git_parts(text: str) -> tuple[Path, str, str]:
    """Repository, revision and folder of ``git:REPO[@REV][:SUBTREE]``.

    A path may hold ``@`` and ``:`` as well, so the longest part that is a folder is the repository.

    Raises:
        UsageError: No part of it is a folder.
    """
    spec = text.removeprefix(GIT)
    for end in range(len(spec), 0, -1):
        if (end == len(spec) or spec[end] in "@:") and os.path.isdir(spec[:end]):  # noqa: PTH112 - false, and no error, for a name that is too long
            break
    else:
        raise UsageError(f"{text} names no repository: no part of it is a folder.", hint=f"Expected: {SPELLING}.")
    rest = spec[end:]
    if rest.startswith(":"):
        return Path(spec[:end]), "HEAD", rest[1:]
    revision, _, subtree = rest[1:].partition(":")
    return Path(spec[:end]), revision or "HEAD", subtree
