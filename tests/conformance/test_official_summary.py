"""On the published round v2.0, what the official checker lists: its summary cell by cell, and its two counts."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from levelfield.rules import load
from levelfield.submission.engine import Selection
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.report import Report
from levelfield.submission.sources.folder import FolderSource

MISSING = "open/Intel/results/1-node-2s-icx-openvino-INT8/resnet50_bootstrapnasA/Offline"


@pytest.fixture(scope="module")
def report(shared_data: Path) -> Report:
    source = FolderSource(shared_data / "rounds" / "inference_v2.0")
    return check_round(source, load("inference-v2.0"), Selection())


def test_rows_are_those_of_the_official_summary(shared_data: Path, report: Report) -> None:
    with (shared_data / "groundtruth" / "inference-v2.0-summary.csv").open(newline="") as stream:
        columns, *rows = csv.reader(stream)
    assert report.official_columns == tuple(columns)
    assert len(rows) == 164
    assert Counter(row.cells for row in report.official_rows) == Counter(map(tuple, rows))


def test_counts_are_those_that_the_official_checker_prints(report: Report) -> None:
    assert (report.official_results, report.official_no_results) == (111, 1)


def test_every_listed_result_has_a_record_with_the_same_number(report: Report) -> None:
    values = {result.provenance.path: result.value for result in report.results}
    for row in report.official_rows:
        if row.cells[-1] not in {"Watts", "Joules"}:
            assert values[row.cells[17]] == pytest.approx(float(row.cells[9]), rel=1e-12)
    assert len(values) == 111
    assert MISSING not in values
