"""``levelfield training score`` and ``levelfield submission check`` on a training round, as a user calls them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from training_rounds import bert_log, system, training_log, training_tree

from levelfield.cli.app import run
from levelfield.cli.training_score import command
from levelfield.errors import InputError, UsageError

Score = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "round", training_tree())
    return tmp_path / "round"


def write(root: Path, tree: dict[str, bytes]) -> None:
    for path, data in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str]) -> Score:
    """Call it, ask for an exit code, and give what was printed."""

    def called(*arguments: object, code: int = 0) -> str:
        assert command.main([str(one) for one in arguments], standalone_mode=False) == code
        return capsys.readouterr().out

    return called


def test_a_good_round(root: Path, score: Score) -> None:
    lines = [line.split() for line in score(root).splitlines()]
    assert lines[0] == ["system", "benchmark", "minutes", "95", "%", "runs", "failed", "batch", "convergence", "mean",
                        "floor", "margin"]  # fmt: skip
    assert lines[1][:3] == ["Acme/rocket", "resnet", "12.000"]
    assert lines[1][-7:] == ["5", "3264", "pass", "36.000", "34.553", "+4.2", "%"]


def test_what_does_not_hold_is_told_with_its_reason(root: Path, score: Score) -> None:
    folder = "Acme/results/rocket/resnet"
    slow = {f"{folder}/result_{i}.txt": training_log(10 + i, seed=i, last_epoch=32) for i in range(4)}
    write(root, {**slow, f"{folder}/result_4.txt": training_log(9, seed=4, quality=0.7, status="aborted")})
    printed = score(root, code=1)
    assert "1 run does not count, and is the slowest of its folder" in printed
    assert f"{folder}/result_4.txt\n        no evaluation that reaches the target; the last is 0.7" in printed
    assert "exact in set 1.1.0: The mean 32.0000 is below the floor 34.5526" in printed


def test_sets_and_modes(root: Path, score: Score) -> None:
    scores = [
        json.loads(score(root, "--json", "--rcp-set", name, "--rcp-mode", mode))[0]
        for name, mode in (("1.1.0", "closed-form"), ("1.1.0", "bisect"), ("1.0.0-final", "bisect"))
    ]
    assert [one["points"] for one in scores] == ["1.1.0", "1.1.0", "1.0.0-final"]
    assert scores[0]["convergence"]["floor"] == pytest.approx(34.55261595204442, rel=1e-12)
    assert scores[1]["convergence"]["floor"] == pytest.approx(34.55263658670279, rel=1e-12)
    with pytest.raises(UsageError, match="Unknown set of reference convergence points 'mine'"):
        score(root, "--rcp-set", "mine")


def test_figures_of_bert(root: Path, score: Score) -> None:
    logs = {f"Acme/results/rocket/bert/result_{i}.txt": bert_log(10 + i, seed=i) for i in range(10)}
    write(root, logs)
    assert json.loads(score(root, "--json"))[0]["figure_source"] == "train_samples"
    assert json.loads(score(root, "--json", "--rcp-figure", "epoch_num", code=1))[0]["convergence"]["status"] == "fail"


def test_more_runs_and_their_median(root: Path, score: Score) -> None:
    minutes = [10, 12, 11, 14, 13, 20]
    folder = "Acme/results/rocket/resnet"
    write(root, {
        f"{folder}/result_{i}.txt": training_log(minutes[i], seed=i, launched_ms=1e6 * i) for i in range(6)
    })  # fmt: skip
    printed = score(root)
    assert "2 windows of 5 runs, with the scores 12.000, 13.000" in printed
    assert "Two windows are in the middle; --median says which one counts." in printed
    assert json.loads(score(root, "--json", "--median", "upper"))[0]["score"] == 13.0


def test_power_of_the_test(root: Path, score: Score) -> None:
    printed = score(root, "--speed-up", "2")
    assert "How likely the test sees convergence that is 2 % faster" in printed
    line = printed.splitlines()[-2].split()
    assert line[:2] == ["Acme/rocket", "resnet"]
    assert line[2].endswith("%")


def test_a_folder_of_logs(tmp_path: Path, score: Score) -> None:
    write(tmp_path / "mine", {f"result_{i}.txt": training_log(10 + i, seed=i) for i in range(5)})
    assert json.loads(score(tmp_path / "mine", "--json"))[0]["score"] == 12.0


def test_one_row_for_each_folder(root: Path, score: Score, tmp_path: Path) -> None:
    score(root, "--csv", tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["score_minutes"], row["rcp_verdict"], row["figures"]) == ("12.0", "pass", "36 36 36 36 36")


def test_a_source_without_logs(tmp_path: Path, score: Score) -> None:
    with pytest.raises(InputError, match="holds no logs of a training round"):
        score(tmp_path)
    with pytest.raises(click.BadParameter):
        score(tmp_path, "--rcp-mode", "none")


# ------------------------------------------------------------------------------------------- submission check


def test_a_check_prints_scores_findings_and_both_verdicts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "Acme/results/rocket/resnet/.rsync").write_bytes(b"")
    assert run(["submission", "check", str(root), "--round", "training-v1.1"]) == 0
    out = capsys.readouterr().out
    assert "Acme/rocket     resnet   12.000" in out
    assert "note    TRN006  Only logs lie among the logs" in out
    assert "official summary: 1 scores, 0 folders without" in out
    assert "official package check: no errors in Acme" in out
    assert "1 results hold, 0 void; findings: 0 void, 0 error, 0 warning, 1 note" in out


def test_a_check_writes_every_kind_of_file(root: Path, tmp_path: Path) -> None:
    write(root, {"Acme/systems/rocket.json": system(cooling=None)})
    files = {name: tmp_path / name for name in ("csv", "long-csv", "json", "sarif", "junit")}
    options = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert run(["submission", "check", str(root), "--round", "training-v1.1", *options]) == 1
    with files["csv"].open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["system"], row["resnet"]) == ("Rocket 2", "12.0")
    assert '"TRN083"' in files["json"].read_text()
    assert "TRN083" in files["sarif"].read_text()
    assert "TRN083" in files["junit"].read_text()
    with files["long-csv"].open(newline="") as stream:
        assert next(csv.DictReader(stream))["batch_size"] == "3264"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", ".", "--round", "tiny-v0.7"], "tiny-v0.7 is a round of tiny, expected one of inference or training"),
        (["check", ".", "--round", "training-v1.1", "--select", "INF001"], "Unknown check 'INF001'."),
        (["check", ".", "--round", "training-v9"], "Unknown rule set 'training-v9'."),
    ],
)
def test_wrong_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submission", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submission", "explain", "TRN095"]) == 0
    out = capsys.readouterr().out
    assert "TRN095  The runs need no fewer epochs than the reference" in out
    assert "the official checker and levelfield" in out


def test_results_come_from_the_check(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict on convergence goes into the database with the number."""
    folder = "Acme/results/rocket/resnet"
    write(root, {f"{folder}/result_{i}.txt": training_log(10 + i, seed=i, last_epoch=32) for i in range(5)})
    database = ["--database", str(tmp_path / "results.sqlite")]
    assert run(["results", "import", str(root), "--round", "training-v1.1", *database]) == 0
    capsys.readouterr()
    assert run(["results", "table", "--json", *database]) == 0
    document = json.loads(capsys.readouterr().out)
    names = [column["name"] for column in document["columns"]]
    row = dict(zip(names, document["rows"][0], strict=True))
    assert (row["value"], row["void"]) == (12.0, False)
    assert row["notes"].startswith("Convergence test, set 1.1.0: fail. The mean 32.0000 is below the floor")
