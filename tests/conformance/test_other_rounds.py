"""Results of the published rounds of training, tiny and mobile against official values."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from levelfield.submission.training.reading import read_training
from levelfield.submission.training.runs import KEYS
from plain_source import PlainFolder

from levelfield.formats.mllog import read_mllog
from levelfield.formats.tiny_labels import read_tiny_labels
from levelfield.rules import load_mobile, load_tiny, load_training
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.reading import Findings, Reading
from levelfield.submission.tiny.reading import TinyRecord, read_records, read_tiny

TRAINING_BENCHMARKS = ("bert", "dlrm", "maskrcnn", "minigo", "resnet", "ssd", "rnnt", "unet3d")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def training(data: Path) -> Reading:
    return read_training(PlainFolder(data / "rounds" / "training_v1.1"), load_training("training-v1.1"))


def test_every_score_of_training_is_the_official_one(shared_data: Path) -> None:
    """By folder, as the key: names of systems are not unique. Equal to the last bit, not only to 1e-9."""
    official = {
        f"{row['org']}/results/{row['system_folder']}/{row['benchmark']}": row
        for row in rows(shared_data / "groundtruth" / "training-v1.1-directories.csv")
    }
    ours = {result.provenance.path: result for result in training(shared_data).results}
    assert ours.keys() == official.keys()
    assert len(ours) == 35
    for path, row in official.items():
        result = ours[path]
        assert result.value == float(row["score_minutes_official"]), path
        stated = (result.system.name, result.division, result.availability, result.benchmark)
        assert stated == (row["system_name"], row["division"], row["status"], row["benchmark"])


def test_every_cell_of_the_summary_of_training(shared_data: Path) -> None:
    """25 rows, one a folder of a system, with all its scores and what is said about it."""
    cells = Counter(
        (
            result.division,
            result.availability,
            result.submitter,
            result.system.name,
            result.system.host.model,
            str(result.system.host.total),
            result.system.accelerator.model,
            str(result.system.accelerator.total),
            result.system.software,
            result.benchmark,
            result.value,
        )
        for result in training(shared_data).results
    )
    columns = (
        "division",
        "availability",
        "submitter",
        "system",
        "host_processor_model_name",
        "host_processors_count",
        "accelerator_model_name",
        "accelerators_count",
        "framework",
    )
    expected = Counter(
        (*(row[column] for column in columns), benchmark, float(row[benchmark]))
        for row in rows(shared_data / "groundtruth" / "training-v1.1-summary.csv")
        for benchmark in TRAINING_BENCHMARKS
        if row[benchmark]
    )
    assert sum(expected.values()) == 35
    assert cells == expected


def test_runs_of_training_that_do_not_count(shared_data: Path) -> None:
    """Eight submissions have one run that misses its target; each of them drops it, and has a score."""
    reading = training(shared_data)
    failed = [finding for finding in reading.findings if finding.code == "TRN004"]
    assert len(failed) == 8
    assert all("top-1 accuracy ≥ 0.759" in finding.found for finding in failed)
    assert {finding.code for finding in reading.findings} == {"TRN001", "TRN004"}
    runs = {row["org"] + row["system_folder"] + row["benchmark"]: int(row["runs"]) for row in rows(
        shared_data / "groundtruth" / "training-v1.1-directories.csv"
    )}  # fmt: skip
    assert sum(len(result.run_minutes) for result in reading.results) == sum(runs.values()) - 8


def test_scanning_for_keys_finds_what_parsing_every_line_finds(shared_data: Path) -> None:
    """One log of each folder: the fast way and the whole way agree, event by event."""
    first = {path.parent: path for path in sorted(shared_data.glob("rounds/training_v1.1/*/results/*/*/result_*.txt"))}
    assert len(first) == 35
    for path in first.values():
        data = path.read_bytes()
        scanned, whole = read_mllog(data, keys=KEYS), read_mllog(data)
        assert scanned.events == tuple(event for event in whole.events if event.key in KEYS), path
        assert (scanned.tokens, scanned.damaged, whole.damaged) == (whole.tokens, (), ())


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
