"""The logs of one entry as a user names it: one log, a folder of logs, a run's folder, a part of a tree, an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from levelfield.errors import InputError, UsageError
from levelfield.formats.mllog import TOKEN
from levelfield.submission.reading import MAX_FILE_BYTES, read_file
from levelfield.submission.sources.open import open_source
from levelfield.submission.sources.port import Source
from levelfield.submission.training.tree import LOG_PLACE, training_tree

__all__ = ["EntryLogs", "entry_logs"]

SHOWN = 5
EntryLogs = tuple[str, Iterator[bytes]]
"""What to call it, and its logs, read one by one."""


@contextmanager
def entry_logs(text: str) -> Iterator[EntryLogs]:
    """Open an entry.

    Raises:
        UsageError: It is not there, or holds several entries.
        InputError: It cannot be read, or holds no logs.
    """
    path = Path(text)
    alone = _log_in(path) if path.is_file() else None
    if alone is not None:
        yield text, iter((alone,))
        return
    with closing(open_source(text)) as source:
        yield _of_source(text, source)


def _log_in(path: Path) -> bytes | None:
    """A file that is a log; ``None`` where it is something else, as an archive is."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    if path.suffix.lower() in {".txt", ".log"} or data.startswith(TOKEN.encode()):
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path} has more than {MAX_FILE_BYTES:,} bytes, which no log has.")
        return data
    return None


def _of_source(text: str, source: Source) -> EntryLogs:
    folders = [folder for folder in training_tree(source.files()).folders if folder.logs]
    if not folders:
        hint = f"Expected {LOG_PLACE}, or a folder of result_<i>.txt."
        raise InputError(f"{text} holds no logs of training.", hint=hint)
    if len(folders) > 1:
        more = f", and {len(folders) - SHOWN} more" if len(folders) > SHOWN else ""
        raise UsageError(
            f"{text} holds {len(folders)} entries: {', '.join(one.path for one in folders[:SHOWN])}{more}.",
            hint="Name one of them.",
        )
    (folder,) = folders
    name = text if folder.is_bare else f"{text.rstrip('/')}/{folder.path}"
    return name, (read_file(source, entry) for entry in folder.logs)
