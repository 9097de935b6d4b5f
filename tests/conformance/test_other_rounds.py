"""Results of the published rounds of tiny and mobile against official values."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from plain_source import PlainFolder

from levelfield.formats.tiny_labels import read_tiny_labels
from levelfield.rules import load_mobile, load_tiny
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.reading import Findings, Reading
from levelfield.submission.tiny.reading import TinyRecord, read_records, read_tiny


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


# --------------------------------------------------------------------------------------------------------- tiny


@cache
def tiny(data: Path) -> tuple[dict[tuple[str, str], TinyRecord], Findings]:
    findings = Findings()
    labels = {
        "ic": [read_tiny_labels(data / "tiny" / f"ic01_labels_{name}.csv") for name in ("mlcommons", "energyrunner")],
        "vww": [read_tiny_labels(data / "tiny" / "vww01_labels.csv")],
    }
    source = PlainFolder(data / "rounds" / "tiny_v0.7")
    records = read_records(source, load_tiny("tiny-v0.7"), findings, labels=labels)
    return {(record.implementation.system, record.benchmark.name): record for record in records}, findings


def compared(row: dict[str, str], record: TinyRecord) -> tuple[float | None, float | None]:
    """Computed again, and printed."""
    match row["mode"], row["metric"]:
        case _, "top1":
            return record.top1.recomputed, record.top1.printed
        case _, "auc_thresholded":
            return record.auc.recomputed, record.auc.printed
        case _, "auc_exact":
            return record.auc_exact, None
        case _, "median_energy":
            return record.energy.recomputed, record.energy.printed
        case "energy", "median_throughput":
            return None, record.energy_throughput
        case _:
            return record.throughput.recomputed, record.throughput.printed


def test_every_number_of_tiny_is_the_published_one(shared_data: Path) -> None:
    """126 rows, printed and computed again, to all digits that the table gives."""
    records, _ = tiny(shared_data)
    table = rows(shared_data / "groundtruth" / "tiny-v0.7.csv")
    assert len(table) == 126
    seen = set()
    for row in table:
        seen.add((row["system"], row["benchmark"]))
        recomputed, printed = compared(row, records[row["system"], row["benchmark"]])
        where = (row["system"], row["benchmark"], row["mode"], row["metric"])
        assert printed == (float(row["printed"]) if row["printed"] else None), where
        if row["recomputed"]:
            digits = len(row["recomputed"].partition(".")[2])
            assert recomputed == pytest.approx(float(row["recomputed"]), abs=0.501 * 10**-digits, rel=0), where
        else:
            assert recomputed is None, where
    assert seen == records.keys()


def test_windows_of_tiny(shared_data: Path) -> None:
    records, _ = tiny(shared_data)
    for row in rows(shared_data / "groundtruth" / "tiny-v0.7.csv"):
        record = records[row["system"], row["benchmark"]]
        measured = {"performance": record.throughput, "energy": record.energy}.get(row["mode"])
        if measured is not None:
            assert (measured.inferences, measured.windows) == (int(row["n_inferences"]), int(row["n_windows"]))
            # The table takes the length of an energy window from its heading, which has two decimals.
            digits = 1e-6 if row["mode"] == "performance" else 0.005
            assert measured.shortest_s == pytest.approx(float(row["min_window_s"]), abs=digits, rel=0)


def test_what_is_found_in_tiny(shared_data: Path) -> None:
    """Repeated blocks of one submitter, single-window logs of another, one cut log, two short runs, one broken file."""
    _, findings = tiny(shared_data)
    counts = Counter((finding.code, finding.severity.value) for finding in findings.sorted())
    assert counts == {
        ("TNY010", "note"): 9,
        ("TNY005", "warning"): 14,
        ("TNY009", "warning"): 1,
        ("TNY001", "error"): 1,
        ("TNY001", "note"): 1,
    }


def test_results_of_tiny(shared_data: Path) -> None:
    """One number a system and benchmark, and one for energy where it was measured; printed ones are marked."""
    reading = read_tiny(PlainFolder(shared_data / "rounds" / "tiny_v0.7"), load_tiny("tiny-v0.7"))
    assert Counter(result.unit for result in reading.results) == {"inf/s": 31, "uJ/inf": 6}
    assert len({result.key for result in reading.results}) == 37
    marked = {result.submitter for result in reading.results if "the log holds 1 of 5 windows" in result.notes}
    assert marked == {"Plumerai"}
    (syntiant,) = [
        result for result in reading.results if result.system.id == "syntiant_9120_1v1_98mhz" and result.unit == "inf/s"
    ]
    assert syntiant.value == pytest.approx(558.359347, abs=5e-7)
    assert syntiant.power_value == pytest.approx(49.586830, abs=5e-7)
    assert syntiant.accuracy == (("Top-1", 91.1), ("AUC", 0.99))


# ------------------------------------------------------------------------------------------------------- mobile


def test_results_of_mobile(shared_data: Path) -> None:
    reading = read_mobile(PlainFolder(shared_data / "rounds" / "mobile_v2.0"), load_mobile("mobile-v2.0"))
    assert reading.findings == ()
    assert list(numbers(reading)) == [
        ("mobilenetEdgeTPU", "SingleStream", 2058.0452, 75.92),
        ("mobiledetSSD", "SingleStream", 933.8638, 0.2785),
        ("mosaic", "SingleStream", 540.3011, 0.5755),
        ("mobileBERT", "SingleStream", 19.870346, 93.9833),
        ("mobilenetEdgeTPU", "Offline", 3069.8315, 75.92),
        ("deeplabV3+", "SingleStream", 406.05923, 0.5344),
    ]
    assert {(result.submitter, result.system.name) for result in reading.results} == {
        ("Samsung Electronics", "Samsung Galaxy S22+ 5G SM-S906B/DS")
    }


def numbers(reading: Reading) -> Iterator[tuple[str, str, float, float]]:
    for result in reading.results:
        yield result.benchmark, result.scenario, result.value, result.accuracy[0][1]
