"""What is where in a submission: the folders of a source, addressed by the places of the rule set.

Only paths and sizes are looked at. Which scenario a folder stands for follows the official checker: the round's own
spelling, or all of it in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from levelfield.errors import InputError
from levelfield.frozen import frozen
from levelfield.rules.layout import PlaceName
from levelfield.rules.model import RuleSet
from levelfield.submission.sources.port import Entry

__all__ = ["Folder", "Layout", "SystemPlace", "Tree"]

NOT_DIVISIONS = (".git", ".github", "assets")
"""Folders beside the divisions that mean nothing to the checker."""


class Folder:
    """One folder: its files by name, and the names of the folders in it."""

    __slots__ = ("bytes", "files", "folders")

    def __init__(self) -> None:
        self.files: dict[str, Entry] = {}
        self.folders: set[str] = set()
        self.bytes = 0
        """Of everything below it."""


class Tree:
    """The folders of a source by path; the root is ``""``. Folders without a file below them do not exist."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._folders: dict[str, Folder] = {"": Folder()}
        self.file_count = 0
        for entry in entries:
            above, _, name = entry.path.rpartition("/")
            folder = self._folders.get(above) or self._add(above)
            folder.files[name] = entry
            folder.bytes += entry.size
            self.file_count += 1
        for path in sorted(self._folders, key=len, reverse=True):
            if path:
                self._folders[path.rpartition("/")[0]].bytes += self._folders[path].bytes

    def _add(self, path: str) -> Folder:
        made = self._folders[path] = Folder()
        child = path
        while child:
            above, _, name = child.rpartition("/")
            parent = self._folders.get(above)
            if parent is not None:
                parent.folders.add(name)
                break
            parent = self._folders[above] = Folder()
            parent.folders.add(name)
            child = above
        return made

    def __contains__(self, path: str) -> bool:
        """Whether there is such a folder."""
        return path in self._folders

    def folders(self, path: str) -> list[str]:
        """The names of the folders in a folder, sorted; none where it does not exist."""
        found = self._folders.get(path)
        return sorted(found.folders) if found else []

    def files(self, path: str) -> dict[str, Entry]:
        """The files of a folder by name; none where it does not exist."""
        found = self._folders.get(path)
        return found.files if found else {}

    def file(self, path: str) -> Entry | None:
        """A file by its path."""
        above, _, name = path.rpartition("/")
        return self.files(above).get(name)

    def bytes_below(self, path: str) -> int:
        """The sizes of all files below a folder, in bytes."""
        found = self._folders.get(path)
        return found.bytes if found else 0


@frozen
class SystemPlace:
    """A folder with results of one system: the unit in which work is cut."""

    division: str
    submitter: str
    system: str
    results: str
    """The folder."""
    bytes: int
    """About how much is to be read for it."""

    @property
    def key(self) -> tuple[str, str, str]:
        """In the order of paths."""
        return (self.division, self.submitter, self.system)


class Layout:
    """The places of a round, as paths."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._paths = {place.name: place.path for place in rules.places}
        self._scenarios = {name.lower(): name for name in rules.scenarios} | {name: name for name in rules.scenarios}

    def path(self, place: PlaceName, **names: str) -> str:
        """The path of a place; the names are those of its template."""
        return self._paths[place].format(**names)

    def above(self, place: PlaceName, name: str, **names: str) -> str:
        """The folder in which a place has one folder or file per ``name``: ``closed/Krai/results``."""
        before, found, _ = self._paths[place].partition(f"/{{{name}}}")
        assert found, f"{place}: its path has no {name}"
        return before.format(**names)

    def scenario(self, folder: str) -> str | None:
        """Which scenario a folder stands for; ``None`` for none."""
        return self._scenarios.get(folder)

    def in_order(self, folders: Iterable[str]) -> list[str]:
        """Scenario folders in the order of the round's scenarios, others behind them by name."""
        order = {name: index for index, name in enumerate(self._rules.scenarios)}
        return sorted(folders, key=lambda folder: (order.get(self.scenario(folder) or "", len(order)), folder))

    def submitters(self, tree: Tree) -> Iterator[tuple[str, str]]:
        """Division and submitter of every folder two levels down in a division of the round."""
        for division in self._rules.divisions:
            for submitter in tree.folders(division):
                yield division, submitter

    def systems(self, tree: Tree) -> list[SystemPlace]:
        """Every system that has results, by path.

        Raises:
            InputError: The source has none of the division folders.
        """
        found = []
        for division, submitter in self.submitters(tree):
            results = self.above(PlaceName.PERFORMANCE, "system", division=division, submitter=submitter)
            audits = self.above(PlaceName.AUDIT, "system", division=division, submitter=submitter)
            for system in tree.folders(results):
                size = tree.bytes_below(f"{results}/{system}") + tree.bytes_below(f"{audits}/{system}")
                found.append(
                    SystemPlace(
                        division=division, submitter=submitter, system=system, results=f"{results}/{system}", bytes=size
                    )
                )
        if not any(division in tree for division in self._rules.divisions):
            raise _no_divisions(tree, self._rules)
        return sorted(found, key=lambda place: place.key)

    def unknown_divisions(self, tree: Tree) -> list[str]:
        """Folders at the root that are no division of the round."""
        known = {*self._rules.divisions, *NOT_DIVISIONS}
        return [name for name in tree.folders("") if name not in known]


def _no_divisions(tree: Tree, rules: RuleSet) -> InputError:
    expected = " or ".join(f"{division}/" for division in rules.divisions)
    found = ", ".join(f"{name}/" for name in tree.folders("")[:5]) or "no folder"
    below = next(
        (name for name in tree.folders("") if set(tree.folders(name)) & {str(one) for one in rules.divisions}), None
    )
    hint = f"Give {below}, which holds them." if below else "Give the folder in which these lie, or another --round."
    return InputError(f"This is no submission tree of {rules.name}: found {found}, expected {expected}.", hint=hint)
