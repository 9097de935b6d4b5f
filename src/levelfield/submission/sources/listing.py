"""The list of a source's files, made from what a reader finds: here, once, names are judged and links followed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from posixpath import basename, dirname
from typing import Generic, TypeAlias, TypeVar

from levelfield.errors import InputError
from levelfield.frozen import frozen
from levelfield.submission.sources.bounds import BOUNDS, Bounds
from levelfield.submission.sources.paths import clean, from_bytes, is_plain, problem_of, shown, target_of
from levelfield.submission.sources.port import Entry, Refused
from levelfield.terms import Division

__all__ = ["Collector", "Listing"]

DIVISIONS = frozenset(Division)
Place = TypeVar("Place")


_File: TypeAlias = tuple[int, Place]
"""Size and place."""


@frozen
class Listing(Generic[Place]):
    """What a source holds."""

    source: str
    """As the user named it, for messages."""
    files: tuple[Entry, ...]
    """By path."""
    refused: tuple[Refused, ...]
    """By path."""
    places: Mapping[str, Place]
    """Where the bytes of a file are, as its source knows it."""
    bounds: Bounds

    def __reduce__(self) -> tuple[Callable[..., Listing[Place]], tuple[object, ...]]:
        """For a pipe, in a sixth of the time that thousands of entries take one by one."""
        paths, sizes = zip(*self.files, strict=True) if self.files else ((), ())
        places = tuple(map(self.places.__getitem__, paths))
        return _of_columns, (self.source, (paths, sizes, places), self.refused, self.bounds)

    def place(self, path: str) -> Place:
        """Where a file is.

        Raises:
            InputError: There is no such file; the message names one of that name elsewhere, or why it was refused.
        """
        try:
            return self.places[path]
        except KeyError:
            pass
        from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

        refused = next((entry.reason for entry in self.refused if entry.path == path), "")
        if refused:
            raise InputError(f"{self.source} does not give {shown(path)}: {refused}.")
        beside = [known.path for known in self.files if dirname(known.path) == dirname(path)]
        close = get_close_matches(path, beside[:1000], n=1) or [p for p in self.places if basename(p) == basename(path)]
        hint = f"Did you mean {shown(close[0])!r}?" if close else None
        raise InputError(f"{self.source} holds no file {shown(path)}.", hint=hint)

    def at_most(self, path: str, size: int, limit: int | None) -> int:
        """How many bytes are to be read of a file.

        Raises:
            InputError: No limit was given and the file is too large to be held at once.
        """
        if limit is not None:
            return min(size, max(limit, 0))
        if size > self.bounds.read_bytes:
            raise InputError(
                f"{self.source}: {shown(path)} has {size:,} bytes; at most {self.bounds.read_bytes:,} are read "
                "at once.",
                hint="Look at its beginning only, or take the file out of the tree.",
            )
        return size


def _of_columns(
    source: str,
    columns: tuple[tuple[str, ...], tuple[int, ...], tuple[Place, ...]],
    refused: tuple[Refused, ...],
    bounds: Bounds,
) -> Listing[Place]:
    paths, sizes, places = columns
    return Listing(
        source=source,
        files=tuple(map(Entry, paths, sizes)),
        refused=refused,
        places=dict(zip(paths, places, strict=True)),
        bounds=bounds,
    )


class Collector(Generic[Place]):
    """Takes entries as a reader finds them and gives the list."""

    __slots__ = ("_bounds", "_count", "_files", "_links", "_refused", "_refused_count", "_source", "_total")

    def __init__(self, source: str, bounds: Bounds = BOUNDS) -> None:
        self._source = source
        self._bounds = bounds
        self._files: dict[str, _File[Place]] = {}
        self._links: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._refused_count = 0
        self._count = 0
        self._total = 0

    def count(self, entries: int = 1) -> None:
        """Count entries that are not kept, as a folder.

        Raises:
            InputError: There are more than the bound.
        """
        self._count += entries
        if self._count > self._bounds.files:
            raise InputError(
                f"{self._source} holds more than {self._bounds.files:,} entries.",
                hint="Check the folder of one submitter, or one division, at a time.",
            )

    def add(self, name: bytes | str, size: int, place: Place) -> bool:
        """A file; whether it is taken."""
        path = self._accept(name)
        if path is None:
            return False
        if path in self._files:
            self.refuse(path, "stands more than once in the archive; the last one is read")
            self._total -= self._files[path][0]
        self._links.pop(path, None)
        self._files[path] = (size, place)
        self._grow(size)
        return True

    def add_all(self, files: Mapping[str, _File[Place]]) -> None:
        """Size and place of some files by path, none of which comes again; those with plain names at once."""
        if is_plain("/".join(files), self._bounds):
            self.count(len(files))
            self._files.update(files)
            self._grow(sum(size for size, _ in files.values()))
        else:
            for path, (size, place) in files.items():
                self.add(path, size, place)

    def takes_folder(self, path: str) -> bool:
        """Whether a folder is to be looked into, or else refused with what is below it."""
        self.count()
        if is_plain(path, self._bounds) or not (problem := problem_of(path, self._bounds)):
            return True
        self.refuse(path, f"{problem}; nothing below it is read")
        return False

    def add_link(self, name: bytes | str, text: bytes | str) -> None:
        """A symbolic link and what it says."""
        path = self._accept(name)
        if path is None:
            return
        if path in self._files:
            self.refuse(path, "stands more than once in the archive, as a file and as a link; the file is read")
        elif len(text) > self._bounds.path_bytes:
            self.refuse(path, f"a link of more than {self._bounds.path_bytes} bytes")
        elif len(self._links) >= self._bounds.links:
            self.refuse(path, f"a link beyond the first {self._bounds.links:,}, which are followed")
        else:
            self._links[path] = from_bytes(text) if isinstance(text, bytes) else text

    def add_hard_link(self, name: bytes | str, target: bytes) -> None:
        """Another name for a file that came before, as tar writes it."""
        path = self._accept(name)
        if path is None:
            return
        found = self._files.get(clean(from_bytes(target)))
        if found is None:
            self.refuse(path, f"a hard link to {shown(from_bytes(target))}, which is no file before it")
        else:
            self._files[path] = found
            self._grow(found[0])

    def refuse(self, name: bytes | str, reason: str) -> None:
        """An entry that is not read."""
        path = from_bytes(name) if isinstance(name, bytes) else name
        self._refused_count += 1
        if len(self._refused) < self._bounds.refused:
            # A path of any length can be named: what is kept of it is bounded.
            self._refused.setdefault(path[: self._bounds.path_bytes], reason)

    def finish(self, *, archive: bool = False) -> Listing[Place]:
        """The list, links followed.

        Args:
            archive: Whether a folder that the whole tree was packed in, as hosting sites do, is to be looked into.
        """
        self._refuse_files_that_are_folders()
        if self._links:
            self._follow_links()
        wrapper = _wrapper(self._files) if archive else ""
        if wrapper:
            self._files = {path.removeprefix(wrapper): file for path, file in self._files.items()}
        refused = [
            Refused(path=path.removeprefix(wrapper), reason=reason) for path, reason in sorted(self._refused.items())
        ]
        if (more := self._refused_count - len(refused)) > 0 and len(refused) == self._bounds.refused:
            refused.append(Refused(path="", reason=f"and {more:,} more entries, not named here"))
        ordered = [(path, *self._files[path]) for path in sorted(self._files)]
        return Listing(
            source=self._source,
            files=tuple(Entry(path, size) for path, size, _ in ordered),
            refused=tuple(refused),
            places={path: place for path, _, place in ordered},
            bounds=self._bounds,
        )

    def _accept(self, name: bytes | str) -> str | None:
        path = from_bytes(name) if isinstance(name, bytes) else name
        self.count()
        if is_plain(path, self._bounds):
            return path
        path = clean(path)
        if problem := problem_of(path, self._bounds):
            self.refuse(path, problem)
            return None
        return path

    def _grow(self, size: int) -> None:
        self._total += size
        if self._total > self._bounds.total_bytes:
            raise InputError(
                f"{self._source} holds more than {self._bounds.total_bytes:,} bytes of files, unpacked.",
                hint="Check the folder of one submitter, or one division, at a time.",
            )

    def _refuse_files_that_are_folders(self) -> None:
        folders: set[str] = set()
        for folder in {path.rpartition("/")[0] for path in self._files}:
            above = folder
            while above and above not in folders:
                folders.add(above)
                above = above.rpartition("/")[0]
        for path in (self._files.keys() & folders) | (self._links.keys() & folders):
            self.refuse(path, "a folder, and a file or link of the same name; the folder is read")
            self._files.pop(path, None)
            self._links.pop(path, None)

    def _follow_links(self) -> None:
        """Give a linked file, and every file of a linked folder, their second name."""
        real = sorted(self._files)
        links = sorted(self._links)
        found: dict[str, _File[Place]] = {}
        for link in links:
            target, problem = self._resolve(link)
            if problem:
                self.refuse(link, problem)
            elif target in self._files:
                found[link] = self._files[target]
            elif f"{link}/".startswith(f"{target}/") or not target:
                self.refuse(link, "a link to a folder above itself")
            elif below := _below(real, target):
                for path in below:
                    self._name_again(found, link + path[len(target) :], path)
                for nested in _below(links, target):
                    inner, problem = self._resolve(nested)
                    name = link + nested[len(target) :]
                    if not problem and inner in self._files:
                        self._name_again(found, name, inner)
                    else:
                        self.count()
                        self.refuse(name, problem or "a link to a folder inside a linked folder")
            else:
                self.refuse(link, f"a link to {shown(self._links[link])}, which is not there")
        self._files.update(found)

    def _name_again(self, found: dict[str, _File[Place]], name: str, path: str) -> None:
        accepted = self._accept(name)
        if accepted is not None and accepted not in self._files:
            found[accepted] = self._files[path]
            self._grow(self._files[path][0])

    def _resolve(self, path: str) -> tuple[str, str]:
        """Where a path leads when its links are followed, or why it leads nowhere."""
        done: list[str] = []
        rest = path.split("/")[::-1]
        hops = 0
        while rest:
            done.append(rest.pop())
            text = self._links.get("/".join(done))
            if text is None:
                continue
            hops += 1
            if hops > self._bounds.link_hops:
                return "", "a link that leads in a circle"
            target = target_of("/".join(done), text)
            if target is None:
                return "", f"a link that leaves the tree: {shown(text)}"
            if target.count("/") > self._bounds.depth:
                return "", f"a link to more than {self._bounds.depth} folders deep"
            rest.extend(target.split("/")[::-1] if target else [])
            done = []
        return "/".join(done), ""


def _wrapper(paths: Iterable[str]) -> str:
    """The one folder that everything is in and that holds divisions, with its slash; empty if there is none."""
    tops = {tuple(path.split("/", 2)[:2]) for path in paths}
    wrappers = {top[0] for top in tops}
    if len(wrappers) != 1 or not {top[1] for top in tops if len(top) == 2} & DIVISIONS:
        return ""
    (wrapper,) = wrappers
    return "" if wrapper in DIVISIONS else f"{wrapper}/"


def _below(ordered: list[str], folder: str) -> list[str]:
    """The paths below a folder, from an ordered list."""
    return ordered[bisect_left(ordered, f"{folder}/") : bisect_left(ordered, f"{folder}0")]
