"""Scores of training from a tree: the good one literally, then one thing wrong at a time."""

from __future__ import annotations

import json

import pytest
from other_rounds import training_log, training_tree
from plain_source import PlainTree

from levelfield.errors import InputError
from levelfield.results.model import Direction, Processors, Verification
from levelfield.rules import load_training
from levelfield.submission.finding import Severity
from levelfield.submission.reading import MAX_FILE_BYTES, Reading
from levelfield.submission.sources.port import Entry
from levelfield.submission.training.reading import read_training

RULES = load_training("training-v1.1")
FOLDER = "Acme/results/rocket/resnet"


def read(tree: dict[str, bytes | InputError]) -> Reading:
    return read_training(PlainTree(tree), RULES)


def found(reading: Reading) -> list[tuple[str, str, str, int]]:
    return [(finding.code, finding.path, finding.severity, finding.line) for finding in reading.findings]


def test_a_whole_submission() -> None:
    reading = read_training(PlainTree(training_tree()), RULES, verification=Verification.VERIFIED)
    assert reading.findings == ()
    (result,) = reading.results
    assert (result.value, result.unit, result.metric) == (12.0, "minutes", "minutes to train")
    assert result.direction is Direction.LOWER
    assert result.run_minutes == (10.0, 11.0, 12.0, 13.0, 14.0)
    assert (result.round, result.division, result.availability) == ("training-v1.1", "closed", "onprem")
    assert (result.submitter, result.system.id, result.system.name) == ("Acme Corp", "rocket", "Rocket 2")
    assert result.system.host == Processors(model="CPU X", per_node=2, total=4)
    assert result.system.accelerator == Processors(model="GPU Y", per_node=8, total=16)
    assert (result.system.software, result.system.accelerator_memory) == ("TensorFlow 2", "80 GB")
    assert (result.benchmark, result.model_used, result.scenario) == ("resnet", "resnet", "")
    assert result.accuracy == (("top-1 accuracy", 0.7595),)
    assert result.accuracy_target == 0.759
    assert (result.void, result.findings, result.notes) == (False, (), "")
    assert result.verification is Verification.VERIFIED
    assert (result.provenance.path, result.provenance.commit) == (FOLDER, "abc123")
    assert len(result.provenance.sha256) == 64


def test_runs_are_numbered_not_sorted_by_text() -> None:
    tree = {
        f"Acme/results/rocket/bert/result_{i}.txt": training_log(10 + i, quality=0.73, benchmark="bert")
        for i in range(11)
    }
    (result,) = read({**training_tree(), **tree}).results[:1]
    assert result.run_minutes[-1] == 20.0
    assert result.benchmark == "bert"


def test_a_source_that_is_the_submitters_own_folder() -> None:
    tree = {path.removeprefix("Acme/"): data for path, data in training_tree().items()}
    (result,) = read(tree).results
    assert (result.value, result.submitter, result.provenance.path) == (12.0, "Acme Corp", "results/rocket/resnet")


@pytest.mark.parametrize("failed", [0, 4])
@pytest.mark.parametrize(
    ("log", "failure"),
    [
        (training_log(1, quality=0.7589), "no evaluation that reaches top-1 accuracy ≥ 0.759; the last is 0.7589"),
        (training_log(1, quality=1.0), "no evaluation that reaches"),
        (training_log(1, quality=float("inf")), "no evaluation"),
        (training_log(1, quality="high"), "no evaluation that reaches top-1 accuracy ≥ 0.759; no evaluation"),
        (training_log(1, quality={"BBOX": 0.9}), "no evaluation that reaches"),
        (training_log(1, without_key="run_stop"), "no run_stop"),
        (training_log(1, without_key="init_start"), "no init_start"),
        (training_log(-1), "run_stop -1 minutes after run_start"),
        (training_log(float("nan")), "run_stop nan minutes after run_start"),
        (training_log(float("inf")), "run_stop inf minutes after run_start"),
        (training_log(1, init_minutes=30), "initialised for 30.00 minutes, expected less than 30"),
        (training_log(1)[:-20], "a line that is no event"),
        (training_log(1) + b':::MLLOG {"namespace": "", "time_ms": 1, "event_type": "", "key": "lr", "v" 1}', "event"),
        (b"", "no line of a training log"),
        (bytes(range(256)) * 100, "no line of a training log"),
        (InputError("the archive is damaged."), "the archive is damaged."),
    ],
)
def test_a_run_that_does_not_count_is_the_slowest(log: bytes | InputError, failure: str, failed: int) -> None:
    """Its one minute would be the fastest. Left are 4 good runs, of which the fastest is dropped."""
    path = f"{FOLDER}/result_{failed}.txt"
    reading = read({**training_tree(), path: log})
    (finding,) = reading.findings
    assert (finding.code, finding.severity, finding.path) == ("TRN004", Severity.WARNING, path)
    assert failure in finding.found
    (result,) = reading.results
    assert result.value == (13.0 if failed == 0 else 12.0)
    assert len(result.run_minutes) == 4
    assert (result.findings, result.notes) == (("TRN004",), "1 of 5 runs do not count.")


def test_29_minutes_59_of_initialisation_are_allowed() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_0.txt": training_log(10, init_minutes=29.99)}
    assert read(tree).findings == ()


def test_a_damaged_line_is_told_by_its_line() -> None:
    data = training_log(10).replace(b"some output", b":::MLLOG {oops")
    (finding,) = read({**training_tree(), f"{FOLDER}/result_0.txt": data}).findings
    assert finding.line == 1
    assert "no JSON at character 2" in finding.found


def test_more_failures_than_are_dropped_leave_no_score() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_0.txt": b"", f"{FOLDER}/result_1.txt": b""}
    reading = read(tree)
    assert reading.results == ()
    assert found(reading) == [
        ("TRN005", FOLDER, "void", 0),
        ("TRN004", f"{FOLDER}/result_0.txt", "warning", 0),
        ("TRN004", f"{FOLDER}/result_1.txt", "warning", 0),
    ]
    assert reading.findings[0].found == "3 runs that count and 2 that do not"


def test_open_submissions_have_no_target() -> None:
    logs = {f"{FOLDER}/result_{i}.txt": training_log(10 + i, division="open", quality=0.5) for i in range(5)}
    reading = read({**training_tree(), **logs})
    assert reading.findings == ()
    assert reading.results[0].accuracy == (("top-1 accuracy", 0.5),)


def test_where_the_log_names_no_division_the_description_decides() -> None:
    log = training_log(10, quality=0.5, without_key="submission_division")
    tree = {**training_tree(), f"{FOLDER}/result_0.txt": log}
    assert found(read(tree)) == [("TRN004", f"{FOLDER}/result_0.txt", "warning", 0)]


def test_both_parts_of_a_quality_are_asked_for_on_one_line() -> None:
    good = training_log(10, benchmark="maskrcnn", quality={"BBOX": 0.378, "SEGM": 0.34})
    half = training_log(10, benchmark="maskrcnn", quality={"BBOX": 0.378, "SEGM": 0.338})
    logs = {f"Acme/results/rocket/mask/result_{i}.txt": half if i == 2 else good for i in range(5)}
    tree = {"Acme/systems/rocket.json": training_tree()["Acme/systems/rocket.json"], **logs}
    reading = read(tree)
    assert found(reading) == [("TRN004", "Acme/results/rocket/mask/result_2.txt", "warning", 0)]
    assert reading.results[0].benchmark == "maskrcnn"
    assert reading.results[0].model_used == "mask"
    assert reading.results[0].accuracy == (("box AP", 0.378), ("mask AP", 0.34))


@pytest.mark.parametrize("count", [4, 6])
def test_another_number_of_runs(count: int) -> None:
    tree = training_tree()
    logs = {f"{FOLDER}/result_{i}.txt": training_log(10) for i in range(count)}
    reading = read({"Acme/systems/rocket.json": tree["Acme/systems/rocket.json"], **logs})
    assert found(reading) == [("TRN003", FOLDER, "error", 0)]
    assert reading.findings[0].found == f"{count} runs"
    assert reading.results[0].value == 10.0


@pytest.mark.parametrize(
    "name", [".result_3.txt.x7Qa", "rcp_checker.log", "power/log.txt", "result_a.txt", "result_0.txt.gz"]
)
def test_a_stray_file_is_noted_and_not_read(name: str) -> None:
    reading = read({**training_tree(), f"{FOLDER}/{name}": b"\xff"})
    assert found(reading) == [("TRN006", f"{FOLDER}/{name}", "note", 0)]
    assert reading.results[0].value == 12.0


def test_a_log_of_another_benchmark() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_0.txt": training_log(10, benchmark="ssd")}
    assert found(read(tree)) == [("TRN007", f"{FOLDER}/result_0.txt", "error", 0)]


def test_an_unknown_benchmark_is_told_and_the_others_are_read() -> None:
    reading = read({**training_tree(), "Acme/results/rocket/resnet50/result_0.txt": training_log(1)})
    assert found(reading) == [("TRN002", "Acme/results/rocket/resnet50", "warning", 0)]
    assert len(reading.results) == 1


def test_without_a_description_the_logs_and_folders_tell() -> None:
    tree = training_tree()
    del tree["Acme/systems/rocket.json"]
    reading = read(tree)
    assert found(reading) == [("TRN001", "Acme/systems", "error", 0)]
    (result,) = reading.results
    assert (result.division, result.submitter, result.system.name) == ("closed", "Acme", "rocket")
    assert result.system.accelerator == Processors(model="", per_node=None, total=None)


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"a": "\xff"}', InputError("gone.")])
def test_a_broken_description(data: bytes | InputError) -> None:
    reading = read({**training_tree(), "Acme/systems/rocket.json": data})
    assert found(reading) == [("TRN001", "Acme/systems/rocket.json", "error", 0)]
    assert len(reading.results) == 1


def test_a_description_in_other_capitals() -> None:
    tree = training_tree()
    tree["Acme/systems/ROCKET.json"] = tree.pop("Acme/systems/rocket.json")
    reading = read(tree)
    assert found(reading) == [("TRN001", "Acme/systems/ROCKET.json", "warning", 0)]
    assert reading.results[0].submitter == "Acme Corp"


def test_counts_that_are_no_numbers() -> None:
    tree = training_tree()
    system = json.loads(tree["Acme/systems/rocket.json"]) | {"accelerators_per_node": "eight"}
    reading = read({**tree, "Acme/systems/rocket.json": json.dumps(system).encode()})
    assert found(reading) == [("TRN008", "Acme/systems/rocket.json", "warning", 0)]
    assert reading.results[0].system.accelerator == Processors(model="GPU Y", per_node=None, total=None)
    assert reading.results[0].findings == ("TRN008",)


@pytest.mark.parametrize("tree", [{}, {"README.md": b"x"}, {"Acme/systems/rocket.json": b"{}"}, {"results/a.txt": b""}])
def test_a_source_without_results_says_so(tree: dict[str, bytes]) -> None:
    reading = read(tree)
    assert reading.results == ()
    assert found(reading) == [("TRN009", ".", "error", 0)]


def test_a_flood_of_findings_is_counted_and_void_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.submission.reading.MAX_FINDINGS", 3)
    strays = {f"{FOLDER}/.stray_{i}": b"" for i in range(10)}
    broken = {f"{FOLDER}/result_{i}.txt": b"" for i in range(2)}
    reading = read({**training_tree(), **strays, **broken})
    assert [code for code, _, _, _ in found(reading)] == ["TRN005", "TRN006", "TRN006", "TRN006"]
    assert reading.findings_left_out == 7 + 2


def test_a_flood_of_events_is_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.formats.mllog.MAX_EVENTS", 5)
    reading = read(training_tree())
    assert reading.results == ()
    assert "events of a score" in reading.findings[1].found


def test_a_file_that_is_too_large_is_not_read() -> None:
    path = f"{FOLDER}/result_0.txt"

    class Huge(PlainTree):
        def files(self) -> tuple[Entry, ...]:
            return tuple(Entry(one.path, MAX_FILE_BYTES + 1) if one.path == path else one for one in super().files())

        def read(self, path: str, *, limit: int | None = None) -> bytes:
            assert path != f"{FOLDER}/result_0.txt"
            return super().read(path, limit=limit)

    reading = read_training(Huge(training_tree()), RULES)
    (finding,) = reading.findings
    assert "has 67,108,865 bytes, expected 67,108,864 at most." in finding.found
