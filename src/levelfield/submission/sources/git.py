"""A git repository at a revision as a source: its objects are asked for, nothing is checked out.

``git`` is run with the settings of the repository that could start a program or reach a network turned off: a
repository that was handed in is foreign bytes as an archive is.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO

from levelfield.errors import InputError, MissingError
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.listing import Collector, Listing
from levelfield.submission.sources.paths import clean, from_bytes, shown
from levelfield.submission.sources.port import Entry, Refused

__all__ = ["GitSource"]

LINK_MODE = b"120000"
SUBMODULE_MODE = b"160000"
LINK_BYTES = 4096
PIECE = 1 << 20
DRAINED_BYTES = 8 << 20
"""What is left of an object beyond the limit is read and dropped up to here; for more git is started anew."""
REFS_LOOKED_AT = 10_000


class GitSource:
    """A commit, or a folder in it.

    Args:
        repository: The working tree's root, or a bare repository.
        revision: What names a commit: a branch, a tag, a hash.
        subtree: The folder that is the root of the submission; empty for the whole.
        name: How reports name it.

    Raises:
        InputError: It is no repository, has no such revision or folder, or its objects are missing or damaged.
        MissingError: There is no ``git``.
    """

    __slots__ = ("_listing", "_name", "_reader", "_repository", "_revision")

    def __init__(
        self,
        repository: Path,
        *,
        revision: str = "HEAD",
        subtree: str = "",
        name: str | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._name = f"git:{repository}@{revision}" if name is None else name
        self._repository = os.path.realpath(repository)
        self._revision = _commit_of(self._repository, revision, self._name)
        self._reader = _Reader(self._repository, self._name)
        try:
            tree = _tree_of(self._repository, self._revision, clean(subtree), self._name)
            self._listing = _list(self._repository, tree, self._reader, self._name, bounds)
        except BaseException:
            self._reader.close()
            raise

    @property
    def name(self) -> str:
        """As the user named it."""
        return self._name

    @property
    def revision(self) -> str:
        """The hash of the commit."""
        return self._revision

    def files(self) -> tuple[Entry, ...]:
        """Every file, by path."""
        return self._listing.files

    def refused(self) -> tuple[Refused, ...]:
        """What was found and is not read."""
        return self._listing.refused

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of a file, at most ``limit`` of them.

        Raises:
            InputError: There is no such file, or git cannot give it.
        """
        blob, size = self._listing.place(path)
        return self._reader.read(blob, size, self._listing.at_most(path, size, limit), path)

    def reopened(self) -> GitSource:
        """The same commit, with a git process of its own."""
        again = GitSource.__new__(GitSource)
        again.__setstate__(self.__getstate__())
        return again

    def close(self) -> None:
        """End the git process."""
        self._reader.close()

    def __getstate__(self) -> tuple[str, str, str, Listing[tuple[bytes, int]]]:
        """Without the process."""
        return self._name, self._repository, self._revision, self._listing

    def __setstate__(self, state: tuple[str, str, str, Listing[tuple[bytes, int]]]) -> None:
        self._name, self._repository, self._revision, self._listing = state
        self._reader = _Reader(self._repository, self._name)


class _Reader:
    """One ``git cat-file --batch``, started with the first object that is asked for."""

    __slots__ = ("_name", "_process", "_repository")

    def __init__(self, repository: str, name: str) -> None:
        self._repository = repository
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, blob: bytes, size: int, wanted: int, path: str) -> bytes:
        """The first ``wanted`` bytes of a blob of ``size`` bytes."""
        try:
            source, sink = self._pipes()
            sink.write(blob + b"\n")
            sink.flush()
            head = source.readline(200).split()
            if len(head) != 3 or head[1] != b"blob" or int(head[2]) != size:
                raise self._broken(path)
            data = source.read(wanted)
            if len(data) < wanted:
                raise self._broken(path)
            left = size - wanted + 1
            if left > DRAINED_BYTES:
                self.close()
            else:
                while left > 0 and (dropped := len(source.read(min(left, PIECE)))):
                    left -= dropped
        except (OSError, ValueError) as error:
            raise self._broken(path) from error
        return data

    def close(self) -> None:
        """End the process; the next read starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was not sent is of no interest
                        pipe.close()
            process.wait()

    def __del__(self) -> None:
        self.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = _start(self._repository, ["cat-file", "--batch"], stdin=subprocess.PIPE)
        process = self._process
        assert process.stdout is not None
        assert process.stdin is not None
        return process.stdout, process.stdin

    def _broken(self, path: str) -> InputError:
        self.close()
        return InputError(
            f"{self._name}: git cannot give {shown(path)}: its object is missing or damaged.",
            hint=f"See what git says: git -C {self._repository} fsck",
        )


def _environment(repository: str) -> dict[str, str]:
    """Ours, without what would point git elsewhere; no search above the repository, no fetching of what is missing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_CEILING_DIRECTORIES": os.path.dirname(repository),  # noqa: PTH120 - a text, as git takes it
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _command(repository: str, arguments: Sequence[str]) -> list[str]:
    return ["git", "-C", repository, "-c", "core.fsmonitor=false", "-c", "core.bigFileThreshold=32m", *arguments]


def _start(
    repository: str,
    arguments: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    errors: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - a list and no shell; what the user gives stands behind --end-of-options
            _command(repository, arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(repository),
            bufsize=PIECE,
        )
    except FileNotFoundError as error:
        raise MissingError(
            "There is no git on this machine.", hint="Install it, for example: apt install git"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    ok: bool
    text: str
    error: str
    """The first line that git said."""


def _ask(repository: str, *arguments: str) -> _Answer:
    """Run a short command."""
    with tempfile.TemporaryFile() as errors:
        with _start(repository, arguments, errors=errors) as process:
            assert process.stdout is not None
            out = process.stdout.read(PIECE)
            if len(out) == PIECE:
                process.kill()
        errors.seek(0)
        said = from_bytes(errors.read(2000)).strip().partition("\n")[0].removeprefix("fatal: ")
        return _Answer(ok=process.returncode == 0, text=from_bytes(out), error=shown(said))


def _commit_of(repository: str, revision: str, name: str) -> str:
    """The hash of a revision.

    Raises:
        InputError: There is no repository or no such commit; names what is near.
    """
    if not Path(repository).is_dir():
        raise InputError(f"{name}: there is no folder {repository}.")
    if "\0" in revision:
        raise InputError(f"{name}: a revision holds no NUL.")
    found = _ask(repository, "rev-parse", "--git-dir")
    if not found.ok:
        hint = "Give the root of a working tree, or a bare repository."
        if "dubious ownership" in found.error:
            hint = f"Another user owns it. If you trust it: git config --global --add safe.directory {repository}"
        raise InputError(f"{name}: {repository} is no git repository that can be read: {found.error}.", hint=hint)
    found = _ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not found.ok:
        raise InputError(f"{name}: no commit {shown(revision)!r} in this repository.", hint=_near(repository, revision))
    return found.text.strip()


def _near(repository: str, revision: str) -> str:
    """Branches and tags that the user may have meant."""
    listed = _ask(
        repository,
        "for-each-ref",
        f"--count={REFS_LOOKED_AT}",
        "--format=%(refname:short)",
        "refs/heads",
        "refs/tags",
        "refs/remotes",
    )
    names = [line for line in listed.text.splitlines() if line]
    if not names:
        return "It has neither branches nor tags: nothing was committed yet, or only a hash names a commit."
    close = get_close_matches(revision[:200], names, n=5)
    return (
        f"Did you mean: {', '.join(close)}?"
        if close
        else f"It has: {', '.join(sorted(names)[:5])}{', …' * (len(names) > 5)}"
    )


def _tree_of(repository: str, commit: str, subtree: str, name: str) -> str:
    """The tree that is the root.

    Raises:
        InputError: There is no such folder in the commit.
    """
    if "\0" in subtree or subtree.startswith("/") or ".." in subtree.split("/"):
        raise InputError(f"{name}: {shown(subtree)!r} is no folder inside the repository.")
    found = _ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{subtree}")
    kind = _ask(repository, "cat-file", "-t", found.text.strip()) if found.ok else found
    if not found.ok or kind.text.strip() != "tree":
        top = _ask(repository, "ls-tree", "-d", "--name-only", "-z", "--full-tree", commit).text.split("\0")
        shown_top = ", ".join(shown(folder) for folder in top[:5] if folder)
        hint = f"Folders at its top: {shown_top}." if shown_top else None
        raise InputError(f"{name}: commit {commit[:12]} has no folder {shown(subtree)!r}.", hint=hint)
    return found.text.strip()


def _list(repository: str, tree: str, reader: _Reader, name: str, bounds: Bounds) -> Listing[tuple[bytes, int]]:
    collector: Collector[tuple[bytes, int]] = Collector(name, bounds)
    links: list[tuple[bytes, bytes, int]] = []
    with tempfile.TemporaryFile() as errors:
        with _start(repository, ["ls-tree", "-r", "-t", "-z", "--long", "--full-tree", tree], errors=errors) as process:
            assert process.stdout is not None
            try:
                for record in _records(process.stdout, bounds):
                    _add(collector, record, links)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            said = shown(from_bytes(errors.read(2000)).strip().partition("\n")[0].removeprefix("fatal: "))
            raise InputError(
                f"{name}: git cannot list commit or folder: {said or 'it was ended'}.",
                hint=f"See what is damaged: git -C {repository} fsck",
            )
    for path, blob, size in links:
        try:
            collector.add_link(path, reader.read(blob, size, size, shown(from_bytes(path))))
        except InputError:
            collector.refuse(path, "a link whose object is missing or damaged")
    return collector.finish()


def _records(stream: IO[bytes], bounds: Bounds) -> Iterator[bytes]:
    """What stands between NUL bytes; one that is much longer than a path may be is cut."""
    rest = b""
    while block := stream.read1(PIECE):  # type: ignore[attr-defined]  # a BufferedReader, which the stubs do not say
        *whole, rest = (rest + block).split(b"\0")
        yield from whole
        if len(rest) > PIECE:
            rest = rest[: bounds.path_bytes + 200]
    if rest:
        yield rest


def _add(collector: Collector[tuple[bytes, int]], record: bytes, links: list[tuple[bytes, bytes, int]]) -> None:
    """One line of ``git ls-tree --long``: mode, type, object, size and, behind a tab, the path."""
    head, _, path = record.partition(b"\t")
    mode, kind, blob, size = head.split()
    if kind == b"tree":
        collector.count()  # listed so that trees of empty trees, which multiply as well, are seen
    elif mode == SUBMODULE_MODE:
        collector.refuse(path, "a submodule: its files are in another repository")
    elif not size.isdigit():
        collector.refuse(path, "its object is missing from the repository")
    elif mode == LINK_MODE and int(size) <= LINK_BYTES:
        links.append((path, blob, int(size)))
    elif mode == LINK_MODE:
        collector.refuse(path, "a link of more than 4096 bytes")
    else:
        collector.add(path, int(size), (blob, int(size)))
