"""Exports: the same rows in every format, the same bytes every time, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import importlib
import io
import json
import sqlite3
import sys
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from results import result, summary_results

from levelfield.errors import InputError, MissingError, OutputError
from levelfield.results.columns import LONG, Cell, Kind, row_of
from levelfield.results.exports import Export, csv_text, export, json_text, safe_cell, wide_csv_text
from levelfield.results.messaging import LEGEND, Retrieval
from levelfield.results.model import Result, Verification
from levelfield.results.query import sort
from levelfield.results.table import wide_tables

HOSTILE = [
    result(
        submitter=text, notes=text, scenario=f"s{number}", value=number / 7, power_value=0.1 + 0.2, power_unit="Watts"
    )
    for number, text in enumerate(
        ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'quote " and, comma', "line\nbreak", "ü€𝄞", "", "a\u2028b", "</script>"]
    )
]


def typed(kind: Kind, text: str) -> Cell:
    """A CSV cell as what it stands for; an empty one is an empty text or nothing."""
    if kind in {Kind.TEXT, Kind.JSON}:
        return text
    if text == "":
        return None
    return {Kind.NUMBER: float, Kind.INTEGER: int, Kind.BOOLEAN: lambda word: word == "true"}[kind](text)


def truth(kind: Kind, cell: Cell) -> Cell:
    """SQLite has no truth values of its own."""
    return bool(cell) if kind is Kind.BOOLEAN and cell is not None else cell


def rows_of(folder: Path, one: Export) -> list[tuple[Cell, ...]]:
    """What a program reads from an export."""
    kinds = [column.kind for column in LONG]
    names = [column.name for column in LONG]
    match one:
        case Export.JSON:
            document = json.loads((folder / "results.json").read_text())
            assert [column["name"] for column in document["columns"]] == names
            compact = {"ensure_ascii": False, "separators": (",", ":")}
            return [
                tuple(json.dumps(c, **compact) if k is Kind.JSON else c for k, c in zip(kinds, row, strict=True))
                for row in document["rows"]
            ]
        case Export.CSV:
            with (folder / "results.csv").open(newline="", encoding="utf-8") as stream:
                header, *rows = csv.reader(stream)
            assert header == names
            return [tuple(typed(k, c) for k, c in zip(kinds, row, strict=True)) for row in rows]
        case Export.SQLITE:
            database = sqlite3.connect(folder / "results.sqlite")
            rows = database.execute(f"SELECT {', '.join(names)} FROM results_long").fetchall()
            database.close()
            return [
                tuple(bool(c) if k is Kind.BOOLEAN and c is not None else c for k, c in zip(kinds, r, strict=True))
                for r in rows
            ]
        case Export.PARQUET:
            table = pytest.importorskip("pyarrow.parquet").read_table(folder / "results.parquet")
            return [tuple(row[name] for name in names) for row in table.to_pylist()]
        case Export.DUCKDB:
            with pytest.importorskip("duckdb").connect(str(folder / "results.duckdb"), read_only=True) as database:
                return database.execute("SELECT * FROM results").fetchall()
    raise AssertionError(one)


LONG_FORMATS = (Export.JSON, Export.CSV, Export.SQLITE, Export.PARQUET, Export.DUCKDB)


def needed(one: Export) -> None:
    for package in {Export.PARQUET: ["pyarrow"], Export.DUCKDB: ["duckdb"]}.get(one, []):
        pytest.importorskip(package)


@pytest.mark.parametrize("one", LONG_FORMATS)
def test_every_format_has_the_same_rows_by_hand(tmp_path: Path, one: Export) -> None:
    needed(one)
    export(HOSTILE, tmp_path / "out", [one])
    expected = [tuple(row_of(found).values()) for found in sort(HOSTILE)]
    assert sorted(map(repr, rows_of(tmp_path / "out", one))) == sorted(map(repr, expected))
    if one is not Export.SQLITE:  # a table of a database has no order of its own
        assert rows_of(tmp_path / "out", one) == expected


@pytest.mark.parametrize("one", LONG_FORMATS)
def test_every_format_has_the_rows_of_a_published_round(tmp_path: Path, shared_data: Path, one: Export) -> None:
    needed(one)
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    export(found, tmp_path / "out", [one])
    rows = rows_of(tmp_path / "out", one)
    assert len(rows) == 111
    assert sorted(map(repr, rows)) == sorted(repr(tuple(row_of(r).values())) for r in found)


@pytest.mark.parametrize("one", [Export.JSON, Export.CSV, Export.WIDE, Export.SQLITE, Export.PARQUET])
def test_repetition_gives_the_same_bytes(tmp_path: Path, one: Export) -> None:
    needed(one)
    first = export(HOSTILE, tmp_path / "a", [one])
    again = export(HOSTILE[::-1], tmp_path / "b", [one])
    assert [(file.path.name, file.sha256) for file in first] == [(file.path.name, file.sha256) for file in again]
    assert all(file.bytes == file.path.stat().st_size > 0 for file in first)


def test_numbers_have_the_fewest_digits_that_read_back() -> None:
    text = csv_text([result(value=0.1 + 0.2, power_value=1e22, power_unit="Watts")])
    assert ",0.30000000000000004," in text
    assert ",1e+22," in text


def test_nothing_in_the_safe_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(sort(HOSTILE), safe=True), newline="")))
    texts = [cell for row in rows for cell, column in zip(row, LONG, strict=True) if column.kind is Kind.TEXT]
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=1+1" in texts
    assert [safe_cell(cell) for cell in ("=x", -1.5, "x=", None)] == ["'=x", -1.5, "x=", None]


def test_plain_csv_keeps_texts_as_they_are() -> None:
    assert "\r\n" in csv_text(HOSTILE)
    assert "'=1+1" not in csv_text(HOSTILE)


def test_wide_csv_marks_stand_beside_numbers() -> None:
    (table,) = wide_tables([result(inferred=True, verification=Verification.UNKNOWN, notes="=evil()")])
    header, row = csv.reader(wide_csv_text(table).splitlines())
    assert header[-2:] == ["resnet50 Offline Samples/s", "resnet50 Offline Samples/s: mark"]
    assert row[-3:] == ["'=evil()", "8000.0", "≈ unverified"]


def test_json_says_what_belongs_to_it() -> None:
    retrieved = {"inference-v2.0": Retrieval(url="https://example.org", on=date(2022, 4, 6))}
    document = json.loads(json_text([result()], generated="2026-01-01", retrieved=retrieved))
    schema = json.loads(resources.files("levelfield.results").joinpath("data", "results.schema.json").read_text())
    assert list(document) == schema["required"]
    assert set(schema["properties"]) == set(document)
    assert (document["schema"], document["generated"]) == (schema["properties"]["schema"]["const"], "2026-01-01")
    assert document["legend"] == LEGEND
    assert "Retrieved from https://example.org 6 April 2022" in document["footnotes"][0]["text"]
    types = schema["properties"]["columns"]["items"]["properties"]["type"]["enum"]
    assert sorted(types) == sorted(Kind)


def test_legend_goes_with_the_csv_files(tmp_path: Path) -> None:
    files = export([result()], tmp_path / "out", [Export.CSV])
    assert [file.path.name for file in files] == ["results.csv", "results.safe.csv", "results.csv.LICENSE.txt"]
    assert LEGEND in (tmp_path / "out" / "results.csv.LICENSE.txt").read_text()


@pytest.mark.parametrize(("one", "package"), [(Export.PARQUET, "pyarrow"), (Export.DUCKDB, "duckdb")])
def test_missing_extra_names_the_command_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: Export, package: str
) -> None:
    def absent(name: str) -> object:
        if name.split(".", maxsplit=1)[0] == package:
            raise ImportError(name)
        return sys.modules[name]

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingError) as caught:
        export([result()], tmp_path / "out", [Export.JSON, one])
    assert caught.value.hint == f"Install it with: pip install '{package}'"
    assert not (tmp_path / "out").exists()


def test_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(OutputError, match="is not empty"):
        export([result()], tmp_path)


def test_contradiction_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        export([result(source="a"), result(source="b")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("found", [[], [result(edition="mini")]])
def test_nothing_or_only_own_runs(tmp_path: Path, found: list[Result]) -> None:
    files = export(found, tmp_path / "out", [one for one in Export if one not in {Export.PARQUET, Export.DUCKDB}])
    assert not [file for file in files if file.path.name.startswith("wide")]
