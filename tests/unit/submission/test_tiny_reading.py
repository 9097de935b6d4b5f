"""Results of tiny from a tree: the good one literally, then one thing wrong at a time."""

from __future__ import annotations

import json

import pytest
from other_rounds import TINY_PATH, tiny_accuracy_log, tiny_performance_log, tiny_results, tiny_tree
from plain_source import PlainTree

from levelfield.errors import InputError
from levelfield.results.model import Direction
from levelfield.rules import load_tiny
from levelfield.submission.reading import Reading
from levelfield.submission.tiny.reading import NO_LABELS, Labels, read_tiny

RULES = load_tiny("tiny-v0.7")
PERFORMANCE, ACCURACY = f"{TINY_PATH}/performance", f"{TINY_PATH}/accuracy"


def read(tree: dict[str, bytes | InputError], labels: Labels = NO_LABELS) -> Reading:
    return read_tiny(PlainTree(tree), RULES, labels=labels)


def found(reading: Reading) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.path, finding.severity) for finding in reading.findings]


def renamed(old: str, new: str) -> dict[str, bytes]:
    return {path.replace(old, new): data for path, data in tiny_tree().items()}


def test_a_whole_submission() -> None:
    reading = read(tiny_tree())
    assert reading.findings == ()
    throughput, energy = reading.results
    assert (throughput.metric, throughput.value, throughput.unit) == ("median throughput", 15.0, "inf/s")
    assert throughput.direction is Direction.HIGHER
    assert (throughput.power_value, throughput.power_unit) == (1000.0, "uJ/inf")
    assert (throughput.division, throughput.availability, throughput.submitter) == ("closed", "preview", "Acme Corp")
    assert (throughput.system.id, throughput.system.name, throughput.system.nodes) == ("board", "Board 1", None)
    assert throughput.system.accelerator.model == ""
    assert throughput.accuracy[0] == ("Top-1", 95.0)
    assert (throughput.accuracy_target, throughput.notes) == (90, "")
    assert (energy.metric, energy.value, energy.unit) == ("median energy per inference", 1000.0, "uJ/inf")
    assert energy.direction is Direction.LOWER
    assert energy.notes == "15 inf/s while energy was measured."
    assert throughput.key != energy.key
    assert throughput.provenance.sha256 != energy.provenance.sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("performance/log", "performance/performance_log"),
        ("/results.txt", "/result.txt"),
        ("/energy/", "/power/"),
        ("/kws/", "/kws/our net/"),
        ("systems/board.json", "systems/board_System_Description.json"),
        ("systems/board.json", "systems/board/anything.json"),
        ("systems/board.json", "systems/board"),
        ("closed/", "deeper/still/closed/"),
        ("/board", "/Board 1 (rev B)"),
    ],
)
def test_trees_as_real_submissions_have_them(old: str, new: str) -> None:
    reading = read(renamed(old, new))
    assert reading.findings == ()
    assert [result.value for result in reading.results] == [15.0, 1000.0]
    assert reading.results[0].model_used == ("our net" if "our net" in new else "kws")


def test_an_edited_median() -> None:
    reading = read({**tiny_tree(), f"{PERFORMANCE}/results.txt": tiny_results(15.2)})
    assert found(reading) == [("TNY004", f"{PERFORMANCE}/results.txt", "error")]
    assert reading.findings[0].expected == "15 by 5 windows"
    assert reading.results[0].value == 15.0
    assert reading.results[0].findings == ("TNY004",)


def test_a_log_of_one_window_leaves_the_printed_number() -> None:
    tree = {**tiny_tree(), f"{PERFORMANCE}/log.txt": tiny_performance_log(windows=1, duration_us=20_001_000)}
    reading = read(tree)
    assert found(reading) == [("TNY005", f"{PERFORMANCE}/log.txt", "warning")]
    assert reading.results[0].value == 15.0
    assert reading.results[0].notes == "As printed: the log holds 1 of 5 windows."


@pytest.mark.parametrize("log", [None, b"", InputError("gone.")])
def test_without_a_log_the_printed_number_is_taken_and_marked(log: bytes | InputError | None) -> None:
    tree: dict[str, bytes | InputError] = {**tiny_tree()}
    del tree[f"{PERFORMANCE}/log.txt"]
    if log is not None:
        tree[f"{PERFORMANCE}/log.txt"] = log
    reading = read(tree)
    assert {code for code, _, _ in found(reading)} == {"TNY009"}
    assert reading.results[0].value == 15.0
    assert reading.results[0].notes == "As printed: no log to compute it from."


@pytest.mark.parametrize(("division", "severity"), [("closed", "error"), ("open", "warning")])
def test_windows_that_are_too_short(division: str, severity: str) -> None:
    short = {
        f"{PERFORMANCE}/log.txt": tiny_performance_log(duration_us=2_000_000),
        f"{PERFORMANCE}/results.txt": tiny_results(150),
    }
    tree = {path.replace("closed", division): data for path, data in {**tiny_tree(), **short}.items()}
    reading = read(tree)
    path = f"{PERFORMANCE}/results.txt".replace("closed", division)
    assert found(reading) == [("TNY005", path, severity)]
    assert reading.findings[0].found == "a window of 2.000 s"


def test_another_number_of_windows() -> None:
    few = {
        f"{PERFORMANCE}/log.txt": tiny_performance_log(windows=3),
        f"{PERFORMANCE}/results.txt": tiny_results(windows=3),
    }
    assert found(read({**tiny_tree(), **few})) == [("TNY005", f"{PERFORMANCE}/results.txt", "error")]


@pytest.mark.parametrize(("wrong", "printed", "codes"), [(110, "89.0", {"TNY006"}), (80, "95.0", {"TNY007"})])
def test_accuracy_against_target_and_log(wrong: int, printed: str, codes: set[str]) -> None:
    tree = {
        **tiny_tree(),
        f"{ACCURACY}/log.txt": tiny_accuracy_log(wrong=wrong),
        f"{ACCURACY}/results.txt": f"Top-1: {printed}%\n".encode(),
    }
    reading = read(tree)
    assert {code for code, _, _ in found(reading)} == codes
    assert reading.results[0].accuracy[0] == ("Top-1", 100 - wrong / 10)


def test_open_submissions_only_state_their_accuracy() -> None:
    tree = {
        **tiny_tree(),
        f"{ACCURACY}/log.txt": tiny_accuracy_log(wrong=500),
        f"{ACCURACY}/results.txt": b"Top-1: 50.0%",
    }
    reading = read({path.replace("closed", "open"): data for path, data in tree.items()})
    assert [(code, severity) for code, _, severity in found(reading)] == [("TNY006", "note")]


def test_an_area_that_is_neither_of_the_two() -> None:
    reading = read({**tiny_tree(), f"{ACCURACY}/results.txt": b"Top-1: 95.0%\nAUC: 0.50"})
    assert found(reading) == [("TNY007", f"{ACCURACY}/results.txt", "error")]


def test_a_log_cut_short_leaves_the_printed_accuracy() -> None:
    reading = read({**tiny_tree(), f"{ACCURACY}/log.txt": tiny_accuracy_log(files=23)})
    assert found(reading) == [("TNY009", f"{ACCURACY}/log.txt", "warning")]
    assert reading.findings[0].found == "answers to 23 files"
    assert reading.results[0].accuracy == (("Top-1", 95.0), ("AUC", 0.97))
    assert reading.results[0].notes == "Accuracy as printed."


def test_labels_are_asked_for_where_names_say_no_class() -> None:
    names = tiny_accuracy_log().replace(b"tst_", b"file_")
    labels = {f"file_{number:06}_Word_{number % 12}.bin": number % 12 for number in range(1000)}
    tree = {**tiny_tree(), f"{ACCURACY}/log.txt": names}
    assert read(tree).results[0].notes == "Accuracy as printed."
    assert read(tree, {"kws": [{"other.bin": 1}, labels]}).results[0].notes == ""


def test_anomaly_scores_are_means_of_windows() -> None:
    """248 files of 196 windows; normal files score 1 and 3 in turn, the others 5: told apart whole."""
    lines, labels = [], {}
    for number in range(248):
        labels[f"{number}.bin"] = int(number >= 140)
        for at in range(196):
            lines.append(f'Command "bload dut "{number}.bin" {at * 512} 2560"')
            lines.append(f"m-results-[{5 if number >= 140 else 1 + 2 * (at % 2)}.0]")
    tree = {path.replace("/kws/", "/ad/"): data for path, data in tiny_tree().items()}
    tree["closed/Acme/results/board/ad/performance/log.txt"] = tiny_performance_log(model="ad01")
    tree["closed/Acme/results/board/ad/accuracy/log.txt"] = "\n".join(lines).encode()
    tree["closed/Acme/results/board/ad/accuracy/results.txt"] = b"Top-1: 77.0%\nAUC: 1.00"
    reading = read(tree, {"ad": [labels]})
    assert reading.findings == ()
    assert reading.results[0].accuracy == (("AUC", 1.0), ("Top-1", 77.0))


def test_a_device_that_holds_another_model() -> None:
    reading = read({**tiny_tree(), f"{PERFORMANCE}/log.txt": tiny_performance_log(model="vww01")})
    assert found(reading) == [("TNY008", f"{PERFORMANCE}/log.txt", "error")]


@pytest.mark.parametrize("data", [b"", b"Top-1: 90.0%", InputError("gone.")])
def test_results_without_a_median_are_taken_from_the_log(data: bytes | InputError) -> None:
    reading = read({**tiny_tree(), f"{PERFORMANCE}/results.txt": data})
    assert "TNY003" in {code for code, _, _ in found(reading)}
    assert reading.results[0].value == 15.0


def test_neither_results_nor_log() -> None:
    tree = {**tiny_tree(), f"{PERFORMANCE}/results.txt": b"", f"{PERFORMANCE}/log.txt": b""}
    reading = read(tree)
    assert ("TNY003", f"{PERFORMANCE}/results.txt", "void") in found(reading)
    assert [result.metric for result in reading.results] == ["median energy per inference"]


def test_repeated_blocks_are_noted() -> None:
    reading = read({**tiny_tree(), f"{PERFORMANCE}/results.txt": tiny_results() * 5})
    assert found(reading) == [("TNY010", f"{PERFORMANCE}/results.txt", "note")]


def test_an_unknown_benchmark_and_a_missing_description() -> None:
    assert {code for code, _, _ in found(read(renamed("/kws/", "/keywords/")))} == {"TNY002", "TNY011"}
    tree = tiny_tree()
    del tree["closed/Acme/systems/board.json"]
    reading = read(tree)
    assert found(reading) == [("TNY001", "closed/Acme/systems", "error")]
    assert (reading.results[0].submitter, reading.results[0].system.name) == ("Acme", "board")


def test_a_repeated_field_of_the_description_is_noted() -> None:
    system = b'{"Submitter": "A", "Submitter": "B"}'
    reading = read({**tiny_tree(), "closed/Acme/systems/board.json": system})
    assert found(reading) == [("TNY001", "closed/Acme/systems/board.json", "note")]
    assert reading.results[0].submitter == "B"


@pytest.mark.parametrize("tree", [{}, {"closed/Acme/results/board/kws/results.txt": json.dumps({}).encode()}])
def test_a_source_without_results_says_so(tree: dict[str, bytes]) -> None:
    assert found(read(tree)) == [("TNY011", ".", "error")]
