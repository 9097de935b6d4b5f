"""Results as files that other programs read: JSON, CSV, wide CSV, SQLite, and with extras Parquet and DuckDB.

Every format has the same rows with the same values in the same order, and writing twice gives the same bytes (DuckDB's
file has an identity of its own; its rows are the same). Numbers are written with the fewest digits that read back as
the same number. No date of writing is in any file unless it is handed in.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from levelfield.errors import MissingError, OutputError
from levelfield.files import claim_output_folder, sha256_of, write_atomically, write_problem
from levelfield.results.columns import LONG, Cell, Kind, row_of
from levelfield.results.compatibility import compatibility_source
from levelfield.results.messaging import LEGEND, Retrieval, footnotes
from levelfield.results.model import Result
from levelfield.results.query import sort
from levelfield.results.store import Store
from levelfield.results.table import WideTable, wide_tables

__all__ = ["JSON_SCHEMA", "PLAIN", "Export", "Written", "csv_text", "export", "json_text", "safe_cell", "wide_csv_text"]

JSON_SCHEMA = "levelfield.results/1"
"""History: 1 (0.1.0) the first."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a text."""


class Export(StrEnum):
    """A format."""

    JSON = "json"
    CSV = "csv"
    """``results.csv``, and ``results.safe.csv`` for spreadsheets."""
    WIDE = "wide"
    """A CSV file for each round, system type and division, as the round's spreadsheets have it."""
    SQLITE = "sqlite"
    PARQUET = "parquet"
    """Needs pyarrow."""
    DUCKDB = "duckdb"
    """Needs duckdb."""


PLAIN = (Export.JSON, Export.CSV, Export.WIDE, Export.SQLITE)
"""What needs no extra."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written."""

    path: Path
    about: str
    bytes: int
    sha256: str


def export(
    results: Iterable[Result],
    folder: Path,
    formats: Sequence[Export] = PLAIN,
    *,
    generated: str | None = None,
    retrieved: Mapping[str, Retrieval] | None = None,
) -> tuple[Written, ...]:
    """Write results into an empty or new folder.

    Args:
        results: In any order.
        folder: Where to.
        formats: Which files.
        generated: A date to write into ``results.json``, ISO 8601.
        retrieved: Where and when the results were retrieved, by round.

    Raises:
        MissingError: A format needs a package that is not installed; nothing was written.
        OutputError: The folder is not empty or not writable, or the disk is full.
        InputError: Two results claim one cell of a wide table; nothing was written.
    """
    ordered = sort(results)
    wanted = list(dict.fromkeys(formats))
    wide = wide_tables(ordered, retrieved=retrieved) if Export.WIDE in wanted else ()
    libraries = {one: _library(one) for one in wanted if one in _PACKAGES}
    claim_output_folder(folder)
    files: list[tuple[str, str]] = []

    def text(name: str, content: str, about: str) -> None:
        write_atomically(folder / name, content)
        files.append((name, about))

    for one in wanted:
        match one:
            case Export.JSON:
                text(
                    "results.json",
                    json_text(ordered, generated=generated, retrieved=retrieved),
                    "everything, for programs",
                )
            case Export.CSV:
                text("results.csv", csv_text(ordered), "one row for each result")
                text("results.safe.csv", csv_text(ordered, safe=True), "the same, with no text that is a formula")
                text("results.csv.LICENSE.txt", _notes(ordered, retrieved), "footnotes and legend of the CSV files")
            case Export.WIDE:
                for table in wide:
                    if not table.rows:  # nothing but own runs
                        continue
                    text(f"wide-{_file_name(table.name)}.csv", wide_csv_text(table), "one row for each system")
            case Export.SQLITE:
                _write_sqlite(ordered, folder / "results.sqlite")
                files.append(("results.sqlite", "tables, view results_long, full-text index"))
            case Export.PARQUET | Export.DUCKDB:
                name = f"results.{one.value}"
                write = _write_parquet if one is Export.PARQUET else _write_duckdb
                write(libraries[one], ordered, folder / name)
                files.append((name, "one row for each result"))
    return tuple(
        Written(path=folder / name, about=about, bytes=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
        for name, about in files
    )


# ------------------------------------------------------------------------------------------------------- text


def json_text(
    results: Sequence[Result],
    *,
    generated: str | None = None,
    retrieved: Mapping[str, Retrieval] | None = None,
) -> str:
    """The text of ``results.json``: columns once, rows as arrays of values (``data/results.schema.json``)."""
    objects = {column.name for column in LONG if column.kind is Kind.JSON}
    rows = [
        [json.loads(str(cell)) if name in objects else cell for name, cell in row_of(result).items()]
        for result in results
    ]
    head = {
        "schema": JSON_SCHEMA,
        "generated": generated,
        "sources": list(dict.fromkeys(result.provenance.source for result in results)),
        "compatibility": compatibility_source(),
        "legend": LEGEND,
        "footnotes": [{"code": note.code, "text": note.text} for note in footnotes(results, retrieved=retrieved)],
        "columns": [{"name": column.name, "type": column.kind.value, "about": column.about} for column in LONG],
    }
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for row in rows)
    return f'{json.dumps(head, indent=1, ensure_ascii=False)[:-2]},\n "rows": [\n{lines}\n ]\n}}\n'


def csv_text(results: Sequence[Result], *, safe: bool = False) -> str:
    """The long table as CSV (RFC 4180): a header and rows, nothing else; nothing is an empty cell.

    Args:
        results: In order.
        safe: Texts that a spreadsheet would run as a formula get an apostrophe before them.
    """
    return _csv([column.name for column in LONG], (row_of(result).values() for result in results), safe=safe)


def wide_csv_text(table: WideTable) -> str:
    """A wide table as CSV; what stands beside a number is in a column of its own, so that numbers stay numbers.

    It is made for spreadsheets, so no text in it is a formula.
    """
    columns = range(len(table.measured))
    marked = {index for index in columns for row in table.rows if (cell := row.cells[index]) and cell.marks}
    header = list(table.head)
    for index, column in enumerate(table.measured):
        header += [column.title, *([f"{column.title}: mark"] if index in marked else [])]
    rows = []
    for row in table.rows:
        cells: list[Cell] = list(row.head)
        for index, cell in enumerate(row.cells):
            cells.append(None if cell is None else cell.value)
            if index in marked:
                cells.append(None if cell is None else " ".join(cell.marks))
        rows.append(cells)
    return _csv(header, rows, safe=True)


def safe_cell(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _csv(header: Sequence[str], rows: Iterable[Iterable[Cell]], *, safe: bool) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_csv_cell(safe_cell(cell) if safe else cell) for cell in row])
    return stream.getvalue()


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return repr(cell)
    return str(cell)


def _notes(results: Sequence[Result], retrieved: Mapping[str, Retrieval] | None) -> str:
    return "\n\n".join(note.text for note in footnotes(results, retrieved=retrieved)) + "\n"


def _file_name(name: str) -> str:
    return "".join(character if character.isalnum() or character in "-._+" else "_" for character in name)[:120]


# ---------------------------------------------------------------------------------------------------- databases


def _write_sqlite(results: Sequence[Result], path: Path) -> None:
    by_source: dict[str, list[Result]] = {}
    for result in results:
        by_source.setdefault(result.provenance.source, []).append(result)
    with Store(path, create=True) as store:
        for source in sorted(by_source):
            store.add(source, by_source[source])


_PACKAGES = {Export.PARQUET: "pyarrow", Export.DUCKDB: "duckdb"}


def _library(one: Export) -> Any:
    """The package that a format needs.

    Raises:
        MissingError: It is not installed.
    """
    import importlib  # noqa: PLC0415 - only here

    package = _PACKAGES[one]
    try:
        if one is Export.PARQUET:
            importlib.import_module("pyarrow.parquet")
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingError(
            f"The format {one.value} needs {package}, which is not installed.",
            hint=f"Install it with: pip install '{package}'",
        ) from error


def _cells(results: Sequence[Result]) -> dict[str, list[Cell]]:
    rows = [row_of(result) for result in results]
    return {column.name: [_clean(row[column.name]) for row in rows] for column in LONG}


def _clean(cell: Cell) -> Cell:
    """Text that is UTF-8, as both formats ask for."""
    return cell.encode(errors="backslashreplace").decode() if isinstance(cell, str) else cell


def _write_parquet(pyarrow: Any, results: Sequence[Result], path: Path) -> None:
    types: dict[Kind, Callable[[], Any]] = {
        Kind.TEXT: pyarrow.string,
        Kind.JSON: pyarrow.string,
        Kind.NUMBER: pyarrow.float64,
        Kind.INTEGER: pyarrow.int64,
        Kind.BOOLEAN: pyarrow.bool_,
    }
    schema = pyarrow.schema(
        [pyarrow.field(column.name, types[column.kind](), metadata={"about": column.about}) for column in LONG],
        metadata={"schema": JSON_SCHEMA, "legend": LEGEND},
    )
    try:
        pyarrow.parquet.write_table(pyarrow.table(_cells(results), schema=schema), path, compression="zstd")
    except OSError as error:
        raise write_problem(path, error) from error


def _write_duckdb(duckdb: Any, results: Sequence[Result], path: Path) -> None:
    types = {
        Kind.TEXT: "VARCHAR",
        Kind.JSON: "VARCHAR",
        Kind.NUMBER: "DOUBLE",
        Kind.INTEGER: "BIGINT",
        Kind.BOOLEAN: "BOOLEAN",
    }
    columns = ", ".join(f"{column.name} {types[column.kind]}" for column in LONG)
    try:
        with duckdb.connect(str(path)) as database:
            database.execute(f"CREATE TABLE results ({columns})")
            if results:
                marks = ", ".join("?" * len(LONG))
                rows = [[_clean(cell) for cell in row_of(result).values()] for result in results]
                database.begin()
                database.executemany(f"INSERT INTO results VALUES ({marks})", rows)  # noqa: S608 - values are bound
                database.commit()
    except duckdb.Error as error:
        raise OutputError(f"{path} cannot be written: {error}.") from error
