"""The smallest sources: a folder as it is, and a tree in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.submission.sources.port import Entry, Refused


@dataclass(frozen=True)
class PlainFolder:
    root: Path
    revision: str = ""

    @property
    def name(self) -> str:
        return self.root.name

    def files(self) -> tuple[Entry, ...]:
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return tuple(sorted((Entry(p.relative_to(self.root).as_posix(), p.stat().st_size) for p in found), key=str))

    def refused(self) -> tuple[Refused, ...]:
        return ()

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        with (self.root / path).open("rb") as stream:
            return stream.read(-1 if limit is None else limit)

    def reopened(self) -> PlainFolder:
        return self

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class PlainTree:
    """A tree in memory; a content that is an exception is raised when it is read."""

    contents: Mapping[str, bytes | InputError]
    name: str = "tree"
    revision: str = "abc123"

    def files(self) -> tuple[Entry, ...]:
        return tuple(Entry(path, len(c) if isinstance(c, bytes) else 1) for path, c in sorted(self.contents.items()))

    def refused(self) -> tuple[Refused, ...]:
        return ()

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        content = self.contents[path]
        if isinstance(content, InputError):
            raise content
        return content[:limit]

    def reopened(self) -> PlainTree:
        return self

    def close(self) -> None:
        pass
