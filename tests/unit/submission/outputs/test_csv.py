from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

from reports import HOSTILE_REPORT, REPORT, RESULT

from levelfield.results.model import Processors, Provenance, Result, System
from levelfield.rules import load
from levelfield.submission.outputs.csv import LONG_COLUMNS, write_long_csv, write_official_csv
from levelfield.submission.report import OfficialRow


def test_the_official_file_quotes_some_columns_and_escapes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    write_official_csv(REPORT, path)
    assert path.read_bytes() == b'Organization,SystemName,Result\nAcme,"DGX "A100", 2",12558.5\n'


def test_the_official_file_of_the_round_is_written_again_byte_for_byte(tmp_path: Path, shared_data: Path) -> None:
    official = (shared_data / "groundtruth" / "inference-v2.0-summary.csv").read_bytes()
    header, *rows = csv.reader(io.StringIO(official.decode(), newline=""))
    assert tuple(header) == load("inference-v2.0").csv.columns
    report = replace(
        REPORT,
        official_columns=tuple(header),
        official_rows=tuple(OfficialRow(cells=tuple(row)) for row in reversed(rows)),
    )
    path = tmp_path / "summary.csv"
    write_official_csv(report, path)
    written = path.read_bytes().splitlines(keepends=True)
    assert len(written) == 165
    assert written[0] == official.splitlines(keepends=True)[0]
    assert Counter(written) == Counter(official.splitlines(keepends=True))


def test_the_long_file_has_every_field_of_a_result(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_long_csv(REPORT, path)
    text = path.read_bytes().decode()
    assert text.count("\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["value"] == "12558.5"
    assert row["accuracy"] == "Top-1=76.1"
    assert row["latencies_ns"] == "50.00=1000 99.00=2500"
    assert row["findings"] == "INF012 INF040"
    assert row["run_minutes"] == "1.5 2.0"
    assert (row["power_value"], row["compliant"], row["void"], row["inferred"]) == ("", "", "true", "false")
    assert (row["processors_total"], row["accelerators_per_node"]) == ("4", "8")


def test_no_field_is_forgotten() -> None:
    nested = len(fields(System)) - 2 + 2 * len(fields(Processors)) + len(fields(Provenance))
    assert len(LONG_COLUMNS) == len(fields(Result)) - 2 + nested


def test_the_order_does_not_depend_on_the_order_of_the_results(tmp_path: Path) -> None:
    others = [replace(RESULT, provenance=replace(RESULT.provenance, path=path)) for path in "cab"]
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    write_long_csv(replace(REPORT, results=tuple(others)), first)
    write_long_csv(replace(REPORT, results=tuple(reversed(others))), second)
    assert first.read_bytes() == second.read_bytes()
    assert [row["source_path"] for row in csv.DictReader(io.StringIO(first.read_text()))] == ["a", "b", "c"]


def test_any_text_and_number_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    results = tuple(replace(result, value=math.nan) for result in HOSTILE_REPORT.results)
    write_long_csv(replace(HOSTILE_REPORT, results=results), path)
    (row,) = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True)
    assert row["value"] == "NaN"
    assert row["notes"] == "caf\\udce9 \\x00\\x1b[31m<b a='1'>\"]]>&amp;{0}\r\n,=1+1\\ufffe\U0001f600"
    write_official_csv(HOSTILE_REPORT, path)
    assert path.read_bytes().decode().startswith("Organization,SystemName,Result\ncaf\\udce9 ")
