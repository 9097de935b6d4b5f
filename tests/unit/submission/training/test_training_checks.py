"""Each check of tree, system and folder: a valid submission with one thing changed, and exactly what is found."""

from __future__ import annotations

import pytest
from plain_source import PlainTree
from training_rounds import RULES, code, system, training_log, training_tree

from levelfield.errors import InputError
from levelfield.submission.inference.checks import INFERENCE
from levelfield.submission.sources.port import Refused
from levelfield.submission.training.check_round import check_training
from levelfield.submission.training.checks import TRAINING

FOLDER = "Acme/results/rocket/resnet"
DESCRIPTION = "Acme/systems/rocket.json"


def found(tree: dict[str, bytes | InputError]) -> list[tuple[str, str, str]]:
    report = check_training(PlainTree(tree), RULES)
    assert all(finding.found and finding.expected for finding in report.findings)
    return [(finding.code, finding.path, finding.severity.value) for finding in report.findings]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (system(cooling=None), [("TRN083", "error")]),
        (system(framework=""), [("TRN084", "warning")]),
        (system(status="soon"), [("TRN086", "warning")]),
        (system(accelerators_per_node="eight"), [("TRN008", "warning")]),
        (system(number_of_nodes=None), [("TRN008", "warning"), ("TRN083", "error")]),
        (system(status="Available on-premise"), []),
        (b"{", [("TRN001", "error")]),
        (b"[]", [("TRN001", "error")]),
        (b'{"a": "\xff"}', [("TRN001", "error")]),
        (InputError("gone."), [("TRN001", "error")]),
        (system()[:-1] + b', "status": "onprem"}', [("TRN001", "note")]),
    ],
)
def test_descriptions(changes: bytes | InputError, expected: list[tuple[str, str]]) -> None:
    tree = {**training_tree(), DESCRIPTION: changes}
    assert found(tree) == [(name, DESCRIPTION, severity) for name, severity in expected]


def test_a_division_in_capitals_is_closed_for_us_and_open_for_the_official_tool() -> None:
    report = check_training(PlainTree({**training_tree(), DESCRIPTION: system(division="Closed")}), RULES)
    assert [(one.code, one.path) for one in report.findings] == [("TRN085", DESCRIPTION)]
    assert report.scores[0].convergence.status == "pass"
    assert report.official_folders[0].rcp_passed is None


def test_no_description() -> None:
    tree = training_tree()
    del tree[DESCRIPTION]
    report = check_training(PlainTree(tree), RULES)
    assert [(one.code, one.path) for one in report.findings] == [("TRN001", "Acme/systems")]
    (result,) = report.results
    assert (result.division, result.submitter, result.system.name) == ("closed", "Acme", "rocket")
    assert result.findings == ("TRN001",)
    assert report.official_rows == ()


def test_a_description_in_other_capitals_has_no_row_in_the_official_summary() -> None:
    tree = training_tree()
    tree["Acme/systems/ROCKET.json"] = tree.pop(DESCRIPTION)
    report = check_training(PlainTree(tree), RULES)
    assert [(one.code, one.severity.value) for one in report.findings] == [("TRN001", "warning")]
    assert (report.results[0].submitter, report.official_rows) == ("Acme Corp", ())


def test_a_description_without_results() -> None:
    spare = "Acme/systems/spare.json"
    assert found({**training_tree(), spare: system()}) == [("TRN087", spare, "warning")]


def test_cells_of_the_official_summary_and_their_quirks() -> None:
    changes = system(
        system_name="tpu-v3",
        accelerator_model_name="tpu-v3",
        framework="TensorFlow 2.4 commit hash = 123abc",
        host_processors_per_node=2,
        submitter="Göögle, Inc",
    )
    report = check_training(PlainTree({**training_tree(), DESCRIPTION: changes}), RULES)
    cells = report.official_rows[0].cells
    assert (cells[2], cells[3], cells[6], cells[8]) == ("Göögle, Inc", "TPUv3.16", "TPUv3", "TensorFlow 2.4")
    assert cells[17].endswith("/Göögle, Inc/systems/tpu-v3-16.json")


@pytest.mark.parametrize("name", ["accelerators_per_node", "host_processors_per_node"])
def test_a_system_whose_counts_are_no_numbers_has_no_official_row(name: str) -> None:
    report = check_training(PlainTree({**training_tree(), DESCRIPTION: system(**{name: "two"})}), RULES)
    assert report.official_rows == ()
    assert len(report.results) == 1


# --------------------------------------------------------------------------------------------------------- trees


@pytest.mark.parametrize("tree", [{}, {"README.md": b"x"}, {"results/a.txt": b""}, {"code/results/a/b/c.txt": b""}])
def test_a_source_without_results_says_so(tree: dict[str, bytes]) -> None:
    assert ("TRN009", ".", "error") in found(tree)


def test_an_entry_that_is_not_read() -> None:
    class Linked(PlainTree):
        def refused(self) -> tuple[Refused, ...]:
            return (Refused(path="Acme/results/rocket/bert", reason="a link that leaves the tree"),)

    (finding,) = check_training(Linked(training_tree()), RULES).findings
    assert (finding.code, finding.path, finding.severity) == ("TRN080", "Acme/results/rocket/bert", "error")


def test_code_that_is_absent() -> None:
    tree = {path: data for path, data in training_tree().items() if "/benchmarks/" not in path}
    assert found(tree) == [("TRN081", "Acme/benchmarks", "warning")]
    assert found({**tree, **code("bert")}) == [("TRN081", "Acme/benchmarks/resnet", "warning")]


def test_steps_that_are_absent() -> None:
    tree = training_tree()
    del tree["Acme/benchmarks/resnet/rocket/run_and_time.sh"]
    report = check_training(PlainTree(tree), RULES)
    (finding,) = report.findings
    assert (finding.code, finding.path) == ("TRN082", "Acme/benchmarks/resnet")
    assert finding.found == "no run_and_time.sh of rocket"


def test_steps_inside_the_implementation() -> None:
    tree = {path.replace("resnet/rocket", "resnet/implementations/tf/rocket"): data for path, data in
            training_tree().items()}  # fmt: skip
    assert found({**tree, **{path: data for path, data in training_tree().items() if "results" in path}}) == []


def test_folders_in_the_code_are_no_results() -> None:
    tree = {**training_tree(), "Acme/benchmarks/resnet/results/a/b/result_0.txt": b"x"}
    assert found(tree) == []


# ---------------------------------------------------------------------------------------------------------- runs


@pytest.mark.parametrize(
    "name", [".result_3.txt.x7Qa", "rcp_checker.log", "power/log.txt", "resultA_0.txt", "result_0.txt.gz"]
)
def test_a_stray_file_is_noted_and_not_read(name: str) -> None:
    tree = {**training_tree(), f"{FOLDER}/{name}": InputError("it was read")}
    assert found(tree) == [("TRN006", f"{FOLDER}/{name}", "note")]


def test_a_log_without_a_number_is_a_log_as_officially() -> None:
    tree = {**training_tree(), f"{FOLDER}/result_old.txt": training_log(9, seed=9)}
    report = check_training(PlainTree(tree), RULES)
    assert [one.code for one in report.findings] == ["TRN003"]
    assert report.scores[0].run_minutes == (10, 11, 12, 13, 14, 9)


def test_an_unknown_benchmark_is_told_and_the_others_are_read() -> None:
    tree = {**training_tree(), "Acme/results/rocket/resnet50/result_0.txt": training_log(1), **code("resnet50")}
    report = check_training(PlainTree(tree), RULES)
    assert [(one.code, one.path) for one in report.findings] == [("TRN002", "Acme/results/rocket/resnet50")]
    assert (len(report.results), len(report.official_folders)) == (1, 1)


def test_a_log_of_another_benchmark() -> None:
    path = f"{FOLDER}/result_0.txt"
    tree = {**training_tree(), path: training_log(10, benchmark="bert", quality=0.73, last_epoch=36)}
    assert ("TRN007", path, "error") in found(tree)


def test_a_log_of_another_division() -> None:
    path = f"{FOLDER}/result_0.txt"
    tree = {**training_tree(), path: training_log(10, division="open")}
    assert ("TRN088", path, "error") in found(tree)


def test_a_log_twice_in_a_folder() -> None:
    tree = training_tree()
    tree[f"{FOLDER}/result_3.txt"] = tree[f"{FOLDER}/result_1.txt"]
    assert ("TRN090", f"{FOLDER}/result_3.txt", "error") in found(tree)


def test_a_log_twice_in_a_round() -> None:
    tree = training_tree()
    other = {path.replace("Acme", "Bolt"): data for path, data in tree.items()}
    other["Bolt/results/rocket/resnet/result_0.txt"] = training_log(10, seed=999)
    report = check_training(PlainTree({**tree, **other}), RULES)
    assert [(one.code, one.path) for one in report.findings] == [
        ("TRN091", f"Bolt/results/rocket/resnet/result_{i}.txt") for i in range(1, 5)
    ]
    assert report.findings[0].found == "the same bytes as Acme/results/rocket/resnet/result_1.txt"
    assert [result.findings for result in report.results] == [(), ("TRN091",)]


def test_codes_are_unique_and_every_text_says_something() -> None:
    codes = [text.code for text in TRAINING.texts]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {text.code for text in INFERENCE.texts}
    own = [code for code in codes if not "TRN010" <= code < "TRN080"]
    assert own == [*(f"TRN{number:03}" for number in (*range(1, 10), *range(80, 100)))]
    for text in TRAINING.texts:
        assert all((text.title, text.why, text.clause, text.example, text.fix))
        assert ": found " in text.example, text.code
        assert text.fix.endswith(".")
        assert text.why.endswith(".")
