"""Results of mobile from a tree: the good one literally, then one thing wrong at a time."""

from __future__ import annotations

import pytest
from other_rounds import MOBILE_PATH, mobile_entries, mobile_entry, mobile_tree
from plain_source import PlainTree

from levelfield.results.model import Direction
from levelfield.rules import load_mobile
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.reading import Reading

RULES = load_mobile("mobile-v2.0")


def read(tree: dict[str, bytes]) -> Reading:
    return read_mobile(PlainTree(tree), RULES)


def found(reading: Reading) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.severity, finding.found) for finding in reading.findings]


def test_a_whole_submission() -> None:
    reading = read(mobile_tree())
    assert reading.findings == ()
    classification, detection = reading.results
    assert (classification.benchmark, classification.model_used) == ("mobilenetEdgeTPU", "IC_tpu_uint8")
    assert (classification.value, classification.unit, classification.scenario) == (1000.5, "Queries/s", "SingleStream")
    assert classification.direction is Direction.HIGHER
    assert classification.accuracy == (("top-1 accuracy", 75.92),)
    assert classification.accuracy_target == 74.66
    assert (classification.submitter, classification.system.name) == ("Acme Corp", "Phone 1")
    assert classification.system.accelerator.model == "NPU"
    assert (classification.division, classification.availability) == ("closed", "available")
    assert (detection.value, detection.accuracy) == (900.25, (("mAP", 0.2785),))
    assert classification.key != detection.key
    assert detection.provenance.path == "closed/Acme/results/phone"


def test_offline_is_a_scenario_of_its_own() -> None:
    entries = [mobile_entry("IC_tpu_uint8_offline"), mobile_entry("IC_tpu_uint8_offline", accuracy="75.92%")]
    (result,) = read(mobile_tree(entries)).results
    assert (result.benchmark, result.scenario, result.unit) == ("mobilenetEdgeTPU", "Offline", "Samples/s")


@pytest.mark.parametrize("name", ["result.json", "Results.JSON"])
def test_other_names_of_the_file(name: str) -> None:
    tree = {path.replace("results.json", name): data for path, data in mobile_tree().items()}
    assert len(read(tree).results) == 2


@pytest.mark.parametrize(
    ("entries", "findings", "results"),
    [
        (mobile_entries()[1:], [("MOB005", "error", "no performance of IC_tpu_uint8")], 1),
        (mobile_entries()[:3], [("MOB005", "error", "no accuracy of OD_uint8")], 2),
        (
            [*mobile_entries(), mobile_entry("OD_uint8", score="2000")],
            [("MOB004", "error", "2 performance results of OD_uint8")],
            2,
        ),
        ([*mobile_entries(), mobile_entry("OD_uint9")], [("MOB003", "warning", "OD_uint9")], 2),
        (
            [*mobile_entries()[:3], mobile_entry("OD_uint8", accuracy="0.2707 mAP")],
            [("MOB007", "error", "0.2707 of OD_uint8")],
            2,
        ),
        (
            [*mobile_entries()[:3], mobile_entry("OD_uint8", accuracy="27.85%")],
            [("MOB006", "error", "'27.85%' of OD_uint8")],
            2,
        ),
        (
            [*mobile_entries()[:3], mobile_entry("OD_uint8", accuracy="good")],
            [("MOB006", "error", "'good' of OD_uint8")],
            2,
        ),
        (
            [mobile_entry("IS_uint8"), mobile_entry("IS_uint8", accuracy="0.5000 mIoU")],
            [("MOB007", "warning", "0.5 of IS_uint8")],
            1,
        ),
        ([], [], 0),
    ],
)
def test_entries_that_are_wrong(entries, findings, results: int) -> None:
    reading = read(mobile_tree(entries))
    assert found(reading) == findings
    assert len(reading.results) == results
    assert all(result.findings == () for result in reading.results if result.model_used == "IC_tpu_uint8")


def test_open_submissions_only_state_their_accuracy() -> None:
    entries = [*mobile_entries()[:3], mobile_entry("OD_uint8", accuracy="0.1 mAP")]
    tree = {path.replace("closed", "open"): data for path, data in mobile_tree(entries).items()}
    assert found(read(tree)) == [("MOB007", "note", "0.1 of OD_uint8")]


def test_an_unverified_target_is_said() -> None:
    entries = [mobile_entry("IS_uint8"), mobile_entry("IS_uint8", accuracy="0.5344 mIoU")]
    (result,) = read(mobile_tree(entries)).results
    assert result.notes.startswith("The accuracy target is unverified: ")


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"score": "NaN"}]', b"\xff\xfe", b"[" * 100_000])
def test_a_result_file_that_cannot_be_read(data: bytes) -> None:
    reading = read({**mobile_tree(), MOBILE_PATH: data})
    assert reading.results == ()
    ((code, severity, text),) = found(reading)
    assert (code, severity) == ("MOB002", "void")
    assert "the file" in text


def test_a_description_in_other_capitals_and_a_missing_one() -> None:
    tree = {path.replace("phone.json", "Phone.json"): data for path, data in mobile_tree().items()}
    assert found(read(tree)) == [("MOB001", "warning", "Phone")]
    del tree["closed/Acme/systems/Phone.json"]
    reading = read(tree)
    assert found(reading) == [("MOB001", "error", "no description of phone")]
    assert reading.results[0].submitter == "Acme"


@pytest.mark.parametrize("tree", [{}, {"results.json": b"[]"}, {"a/results/b/c/results.json": b"[]"}])
def test_a_source_without_results_says_so(tree: dict[str, bytes]) -> None:
    assert found(read(tree)) == [("MOB008", "error", "no results.json")]
