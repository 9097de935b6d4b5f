"""Borrowed hyperparameters: which kinds there are, and what a whole, a partial and no borrowing are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from training_logs import Line, changed, data_of, run_lines, without

from levelfield.cli.app import run
from levelfield.errors import UsageError
from levelfield.rules import load_training
from levelfield.rules.training_borrowing import BorrowingKind
from levelfield.submission.training.borrowing import Borrowing, Verdict, compare, side_of

RULES = load_training("training-v1.1")
FREE, GROUP, NEVER = BorrowingKind.FREE, BorrowingKind.GROUP, BorrowingKind.NEVER


def lines_of(benchmark: str = "dlrm", *, org: str = "Acme", **values: object) -> list[Line]:
    lines = changed(run_lines(benchmark), "submission_org", value=org)
    for key, value in values.items():
        lines = changed(lines, key, value=value)
    return lines


def compared(ours: list[Line], donor: list[Line] | None = None) -> Borrowing:
    donor = donor if donor is not None else lines_of(org="Other")
    sides = [side_of(name, [data_of(lines)], RULES) for name, lines in (("ours", ours), ("donor", donor))]
    return compare(*sides, RULES)


def test_kinds_are_in_the_rule_file_with_their_clause() -> None:
    dlrm = RULES.benchmark("dlrm")
    assert {key: dlrm.borrowing.kind(key) for key in RULES.hyperparameters(dlrm, chosen={})} == {
        "global_batch_size": FREE,
        "opt_base_learning_rate": GROUP,
        "opt_learning_rate_warmup_steps": GROUP,
        "lr_decay_start_steps": GROUP,
        "sgd_opt_base_learning_rate": GROUP,
        "sgd_opt_learning_rate_decay_poly_power": GROUP,
        "sgd_opt_learning_rate_decay_steps": GROUP,
        "gradient_accumulation_steps": FREE,
    }
    minigo = RULES.benchmark("minigo")
    assert {key: minigo.borrowing.kind(key) for key in RULES.hyperparameters(minigo, chosen={})} == {
        "train_batch_size": FREE,
        "lr_boundaries": GROUP,
        "lr_rates": GROUP,
        "actual_selfplay_games_per_generation": NEVER,
        "min_selfplay_games_per_generation": GROUP,
        "gradient_accumulation_steps": FREE,
    }
    resnet = RULES.benchmark("resnet")
    assert resnet.borrowing.kind("model_bn_span") is FREE
    assert "sgd_opt_momentum" in RULES.hyperparameters(resnet, chosen={"opt_name": "sgd"})
    assert "sgd_opt_momentum" not in RULES.hyperparameters(resnet, chosen={"opt_name": "lars"})
    assert "seed" not in RULES.hyperparameters(RULES.benchmark("unet3d"), chosen={})
    assert minigo.borrowing.citation.section == "Hyperparameter Borrowing"
    assert minigo.borrowing.never_citation.section == "Hyperparameters, minigo"


def test_a_whole_borrowing_has_its_own_batch() -> None:
    found = compared(lines_of(global_batch_size=55296, gradient_accumulation_steps=2))
    assert found.verdict is Verdict.WHOLE
    assert found.explanation == (
        "OURS is a whole borrowing of DONOR: all 6 hyperparameters that go together are the donor's; what is free, "
        "global_batch_size, gradient_accumulation_steps, is its own."
    )
    assert compared(lines_of()).explanation.endswith("are the donor's; so is what is free.")


def test_a_partial_copy_is_named() -> None:
    found = compared(lines_of(opt_learning_rate_warmup_steps=2750, lr_decay_start_steps=49315))
    assert found.verdict is Verdict.PARTIAL
    assert found.explanation.startswith(
        "OURS is no whole borrowing of DONOR: 3 of 5 tuned hyperparameters that go together are the donor's, and "
        "opt_learning_rate_warmup_steps, lr_decay_start_steps are not. Who borrows replaces all of them;"
    )


def test_what_the_rules_fix_is_nobodys() -> None:
    ours = lines_of(
        opt_base_learning_rate=24.0,
        opt_learning_rate_warmup_steps=2750,
        lr_decay_start_steps=49315,
        sgd_opt_base_learning_rate=24.0,
        sgd_opt_learning_rate_decay_steps=27772,
    )
    found = compared(ours)
    assert found.verdict is Verdict.NONE
    assert [one.key for one in found.compared if one.same and one.kind is GROUP] == [
        "sgd_opt_learning_rate_decay_poly_power"
    ]
    assert "OURS borrows nothing of DONOR" in found.explanation


def test_what_is_not_logged_leaves_it_open() -> None:
    found = compared(without(lines_of(), "lr_decay_start_steps"))
    assert found.verdict is Verdict.UNKNOWN
    assert "cannot be said: lr_decay_start_steps is not in the logs of both" in found.explanation
    both = without(lines_of(org="Other"), "lr_decay_start_steps")
    assert compared(without(lines_of(), "lr_decay_start_steps"), both).verdict is Verdict.UNKNOWN


def test_numbers_are_compared_as_numbers() -> None:
    assert compared(lines_of(sgd_opt_learning_rate_decay_poly_power=2.0, opt_base_learning_rate=18)).verdict == "whole"


def test_games_of_self_play_are_never_borrowed() -> None:
    ours = lines_of("minigo", actual_selfplay_games_per_generation=9000, train_batch_size=8192)
    found = compared(ours, lines_of("minigo", org="Other"))
    assert found.verdict is Verdict.WHOLE
    assert found.remarks[0] == (
        "actual_selfplay_games_per_generation is never borrowed: it stays as it was in the entry that is replaced."
    )
    assert not any("differ among themselves" in remark for remark in found.remarks)


def test_another_optimizer_brings_other_hyperparameters() -> None:
    lars = lines_of("resnet")
    sgd = changed(lines_of("resnet", org="Other"), "opt_name", value="sgd")
    sgd = [replace(line, key=line.key.replace("lars_opt", "sgd_opt")) for line in sgd]
    found = compared(lars, sgd)
    differing = {one.key for one in found.compared if not one.same and not one.silent}
    assert differing == {"opt_name"}
    assert {"lars_opt_momentum", "sgd_opt_momentum"} <= {one.key for one in found.compared if one.silent}
    assert found.verdict is Verdict.NONE


def test_runs_that_differ_among_themselves() -> None:
    logs = [data_of(lines_of()), data_of(lines_of(lr_decay_start_steps=1))]
    ours = side_of("ours", logs, RULES)
    assert (ours.runs, ours.values["lr_decay_start_steps"]) == (2, (70000, 1))
    found = compare(ours, side_of("donor", [data_of(lines_of())], RULES), RULES)
    assert found.verdict is Verdict.PARTIAL
    assert "The runs of OURS differ among themselves in lr_decay_start_steps." in found.remarks
    assert any("Both are of Acme" in remark for remark in found.remarks)


def test_keys_that_the_rules_do_not_name_are_left_to_a_person() -> None:
    ours = [*lines_of(), Line(key="opt_secret", value=1), Line(key="throughput", value=1), Line(key="seed", value=1)]
    donor = [*lines_of(org="Other"), Line(key="opt_secret", value=2), Line(key="seed", value=2)]
    donor += [Line(key="throughput", value=value) for value in (1, 2)]
    found = compared(ours, donor)
    assert [(one.key, one.ours, one.donor) for one in found.unlisted] == [("opt_secret", (1,), (2,))]
    assert found.verdict is Verdict.WHOLE


def test_logs_that_are_of_no_one_entry() -> None:
    with pytest.raises(UsageError) as caught:
        side_of("ours", [data_of(lines_of()), data_of(lines_of("bert")), b"no log"], RULES)
    assert "ours: 1 of 3 logs say no submission_benchmark." in caught.value.text()
    assert "ours: logs of dlrm and bert, expected those of one benchmark." in caught.value.text()
    with pytest.raises(UsageError, match=r"gnmt is no benchmark of training-v1\.1"):
        side_of("ours", [data_of(lines_of(submission_benchmark="gnmt"))], RULES)
    with pytest.raises(UsageError, match="within a benchmark, and these are of two: dlrm in ours, bert in donor"):
        compared(lines_of(), lines_of("bert"))
    with pytest.raises(UsageError, match="1 of 1 logs say no submission_benchmark"):
        side_of("ours", [b"\xff" * 100], RULES)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log, a folder of logs in a tree, and a tree of two entries."""
    monkeypatch.chdir(tmp_path)
    donor = tmp_path / "Other/results/pod/dlrm"
    donor.mkdir(parents=True)
    for number in range(2):
        (donor / f"result_{number}.txt").write_bytes(data_of(lines_of(org="Other", global_batch_size=55296)))
    (tmp_path / "ours.txt").write_bytes(data_of(lines_of()))
    two = tmp_path / "two/results/box"
    for name in ("dlrm", "bert"):
        (two / name).mkdir(parents=True)
        (two / name / "result_0.txt").write_bytes(data_of(lines_of(name)))
    return tmp_path


@pytest.mark.usefixtures("files")
def test_command_prints_and_exits(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["training", "borrow", "ours.txt", "Other"]) == 0
    out = capsys.readouterr().out
    assert "OURS   ours.txt  (dlrm, 1 run, closed, Acme)" in out
    assert "DONOR  Other/results/pod/dlrm  (dlrm, 2 runs, closed, Other)" in out
    assert "7 of 8 hyperparameters of dlrm are the same." in out
    assert "OURS is a whole borrowing of DONOR" in out
    assert "training_rules.adoc, Hyperparameter Borrowing" in out
    Path("ours.txt").write_bytes(data_of(lines_of(lr_decay_start_steps=1)))
    assert run(["training", "borrow", "ours.txt", "Other/results/pod/dlrm", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["donor"]["runs"]) == ("partial", 2)
    assert {one["key"]: (one["kind"], one["same"], one["ours"], one["donor"]) for one in document["hyperparameters"]}[
        "lr_decay_start_steps"
    ] == ("group", False, [1], [70000])


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ("two", "two holds 2 entries: results/box/bert, results/box/dlrm.\n  Name one of them."),
        ("none", "There is no none."),
        ("two/results/box/bert", "these are of two: bert in two/results/box/bert, dlrm in Other/results/pod/dlrm."),
        (".git", "There is no .git."),
    ],
)
def test_command_says_what_it_cannot_compare(ours: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["training", "borrow", ours, "Other"]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.usefixtures("files")
def test_folder_without_logs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert run(["training", "borrow", "empty", "Other"]) == 2
    assert "empty holds no logs of training." in capsys.readouterr().err
