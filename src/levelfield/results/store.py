"""Results of many sources in one SQLite file: imported whole or not at all, and the same however often it is done.

What a source held before is replaced by what it holds now, in one transaction; a process that is killed in it leaves
the old database. A result that several sources have is kept from each and shown once: the verified one, or the one
whose source comes first by name, so that the order of imports does not matter. The tables are in ``schema.py``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from levelfield.errors import InputError, LevelfieldError, OutputError
from levelfield.results.columns import LONG, result_of
from levelfield.results.messaging import KINDS_OF_FOOTNOTES
from levelfield.results.model import Result
from levelfield.results.query import Filter, SortKey, sort
from levelfield.results.schema import APPLICATION_ID, FULL_TEXT, LONG_SELECT, STEPS, VERSION
from levelfield.results.store_lookup import condition_of
from levelfield.results.store_rows import Row, SetAside, sorted_out, stored_text

__all__ = ["Imported", "Store", "StoredSource"]

PATIENCE_S = 30.0
"""How long another process may hold the file."""
_HEADER = b"SQLite format 3\0"
BATCH = 500
"""Rows handed to SQLite at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    source: str
    results: int
    """Of the source, now."""
    added: int
    """That it did not hold before."""
    changed: int
    removed: int
    """That it held before and holds no more."""
    elsewhere: int
    """That another source has too."""
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """A source in the store."""

    name: str
    revision: str
    results: int


class Store:
    """An open database. A context manager; one object belongs to one thread, any number of processes may read.

    Args:
        path: The file.
        create: Make it where it is missing.

    Raises:
        InputError: It is missing, damaged, of another program, or of a newer levelfield.
        OutputError: It cannot be made or written to.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.is_file():
            raise InputError(
                f"{path} does not exist, expected a database of results.",
                hint="Make one with: levelfield results import SOURCE --round ROUND",
            )
        with self._translated():
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
                uri=True,
                isolation_level=None,
                timeout=PATIENCE_S,
            )
        try:
            with self._translated():
                self._prepare()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def add(self, source: str, results: Iterable[Result]) -> Imported:
        """Make the source hold these results and no others.

        Args:
            source: Its name; every result's provenance says the same.
            results: In any order. What cannot be stored (a number that is not finite, a contradiction) is set aside.

        Raises:
            InputError: A result is of another source.
            OutputError: The file cannot be written to, or the disk is full; the database is as it was.
        """
        kept, set_aside = sorted_out(source, results)
        with self._translated(), self._transaction():
            before = self._digests(source)
            self._replace(source, kept)
            after = self._digests(source)
            elsewhere = self._number(
                "SELECT count(*) FROM results WHERE source = ? AND result_id IN "
                "(SELECT result_id FROM results WHERE source <> ?)",
                stored_text(source),
                stored_text(source),
            )
        return Imported(
            source=source,
            results=len(after),
            added=len(after.keys() - before.keys()),
            changed=sum(after[key] != before[key] for key in after.keys() & before.keys()),
            removed=len(before.keys() - after.keys()),
            elsewhere=elsewhere,
            set_aside=set_aside,
        )

    def select(
        self, asked: Filter | None = None, by: SortKey = SortKey.NATURAL, *, reverse: bool = False
    ) -> tuple[Result, ...]:
        """The results that are asked for, in order."""
        names = [column.name for column in LONG]
        with self._translated():
            condition, values = condition_of(asked or Filter(), self._database)
            rows = self._database.execute(LONG_SELECT + condition, values)
            found = [result_of(dict(zip(names, row, strict=True)), place=str(self.path)) for row in rows]
        return sort(found, by, reverse=reverse)

    def sources(self) -> tuple[StoredSource, ...]:
        """What was imported, by name."""
        query = (
            "SELECT name, revision, count(results.id) FROM sources LEFT JOIN results ON results.source = name "
            "GROUP BY name ORDER BY name"
        )
        with self._translated():
            return tuple(
                StoredSource(name=name, revision=revision, results=count)
                for name, revision, count in self._database.execute(query)
            )

    def dump(self) -> Iterator[str]:
        """The whole database as SQL, statement by statement: equal databases give equal texts."""
        with self._translated():
            yield from self._database.iterdump()

    # ------------------------------------------------------------------------------------------------ opening

    def _prepare(self) -> None:
        """See that the file is ours, and bring an older one up to the schema."""
        with self.path.open("rb") as stream:
            start = stream.read(len(_HEADER))
        if start and start != _HEADER:  # SQLite would take a very short file for an empty database
            raise sqlite3.DatabaseError("file is not a database")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._database.execute("PRAGMA cache_spill = OFF")  # nothing is written before the commit, so readers go on
        self._check_owner()
        if self._version() < VERSION:
            with self._transaction():
                for step in STEPS[self._version() :]:
                    self._run(step)
                self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _check_owner(self) -> None:
        owner = self._number("PRAGMA application_id")
        if owner != APPLICATION_ID and self._number("SELECT count(*) FROM sqlite_master"):
            raise InputError(
                f"{self.path} is an SQLite database of another program, expected one of levelfield's results.",
                hint="Choose another file with --database.",
            )
        if self._version() > VERSION:
            raise InputError(
                f"{self.path} has schema {self._version()}, this levelfield knows schemas up to {VERSION}.",
                hint="Install a newer levelfield, or import the sources into another file with --database.",
            )

    def _version(self) -> int:
        return self._number("PRAGMA user_version")

    # ---------------------------------------------------------------------------------------------- importing

    def _replace(self, source: str, results: Sequence[Result]) -> None:
        run = self._database.execute
        name = stored_text(source)
        run("DELETE FROM results WHERE source = ?", (name,))
        run("DELETE FROM sources WHERE name = ?", (name,))
        revision = next((result.provenance.commit for result in results), "")
        run("INSERT INTO sources VALUES (?, ?)", (name, stored_text(revision)))
        for start in range(0, len(results), BATCH):
            self._insert(results[start : start + BATCH])
        for table, column in (("submissions", "submission"), ("systems", "system"), ("benchmarks", "benchmark")):
            run(f"DELETE FROM {table} WHERE id NOT IN (SELECT {column} FROM results)")  # noqa: S608 - our own names
        run(
            "UPDATE results SET is_shown = id = (SELECT other.id FROM results AS other "
            "WHERE other.result_id = results.result_id ORDER BY other.verification <> 'verified', other.source LIMIT 1)"
        )
        run("DELETE FROM footnotes")
        self._database.executemany(
            "INSERT INTO footnotes VALUES (?, ?)", [(note.code, note.text) for note in KINDS_OF_FOOTNOTES]
        )
        if self._has_full_text():
            self._run(FULL_TEXT)

    def _insert(self, results: Sequence[Result]) -> None:
        rows = [Row(result) for result in results]
        for table, parts in (
            ("submissions", [row.submission for row in rows]),
            ("systems", [row.system for row in rows]),
            ("benchmarks", [row.benchmark for row in rows]),
            ("results", [row.result for row in rows]),
        ):
            names = ", ".join(parts[0])
            values = ", ".join(f":{name}" for name in parts[0])
            ignore = "" if table == "results" else "OR IGNORE "
            self._database.executemany(f"INSERT {ignore}INTO {table} ({names}) VALUES ({values})", parts)  # noqa: S608 - values are bound
        self._database.executemany(
            "INSERT INTO findings VALUES (?, ?, ?)", [line for row in rows for line in row.findings]
        )

    def _digests(self, source: str) -> dict[str, int]:
        """Every result of a source with what stands for all that is stored of it."""
        rows = self._database.execute("SELECT result_id, digest FROM results WHERE source = ?", (stored_text(source),))
        return dict(rows)

    def _has_full_text(self) -> bool:
        return bool(self._number("SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"))

    # ------------------------------------------------------------------------------------------------- SQLite

    def _number(self, query: str, *values: str) -> int:
        found: int = self._database.execute(query, values).fetchone()[0]
        return found

    def _run(self, script: str) -> None:
        """Statements one by one: ``executescript`` would end the transaction."""
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                self._database.execute(statement)
                statement = ""

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; waits for another writer."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What SQLite raises, as one of our errors."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _operational(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{self.path} is not a readable database of results: {error}.",
                hint="Take it away and import the sources again, or choose another file with --database.",
            ) from error


def _operational(path: Path, error: sqlite3.OperationalError) -> LevelfieldError:
    """A file that cannot be opened, locked or written; anything else is a defect of ours and says so."""
    said = str(error)
    match said:
        case "unable to open database file":
            return OutputError(
                f"{path} cannot be opened: its folder does not exist, or is not writable.",
                hint="Choose another file with --database.",
            )
        case "database is locked":
            return OutputError(
                f"{path} is in use by another process for more than {PATIENCE_S:g} s.",
                hint="Try again when the other import has ended.",
            )
        case "attempt to write a readonly database":
            return OutputError(f"{path} is not writable.", hint="Choose another file with --database.")
        case "database or disk is full" | "disk I/O error":
            return OutputError(
                f"{path} cannot be written: {said}.", hint="Free space on that disk; the database is as it was before."
            )
    return InputError(f"{path} cannot be read as a database of results: {said}.")
