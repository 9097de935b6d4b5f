"""From training to a checked tree, through the command line: a mini trained five times, packaged, checked, damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from levelfield.cli.app import run

pytest.importorskip("torch")

TREE = ("submission", "package", "five", "--org", "Example", "--division", "open", "--rehearsal", "--out")
LOGS = "Example/results/box-rehearsal/dlrm"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``five``, five real runs of the mini dlrm, and ``tree``, packaged of them.

    Seeds are given, since one set of five in some converges faster than the reference, which is a finding of its own.
    """
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        training = "training run -b dlrm --runs 5 --seed 0 --threads 1 --system-name box --out five"
        assert run(training.split()) == 0
        assert run([*TREE, "tree"]) == 0
    return folder


@pytest.fixture
def tree(place: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(place / "tree", tmp_path / "tree"))


def checked(tree: Path, tmp_path: Path) -> tuple[int, list[tuple[str, str, str]]]:
    """The exit code, and code, weight and file of what was found."""
    report = tmp_path / "report.json"
    code = run(["submission", "check", str(tree), "--round", "training-v1.1", "--json", str(report), "--jobs", "1"])
    found = json.loads(report.read_text())["findings"]
    return code, sorted((one["code"], one["severity"], one["path"]) for one in found)


WHOLE = [
    ("TRN097", "error", LOGS),
    ("TRN099", "void", "Example/systems/box-rehearsal.json"),
]
"""What remains of a mini: that it is one. Nothing of layout, description, code or logs."""


def test_the_tree_is_whole_and_says_what_it_is(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(place / "tree", tmp_path) == (1, WHOLE)
    assert "official package check: no errors in Example" in capsys.readouterr().out
    for number in range(5):
        name = f"result_{number}.txt"
        assert (place / "tree" / LOGS / name).read_bytes() == (place / "five/results/box/dlrm" / name).read_bytes()


def test_without_the_flag_and_in_the_closed_division_it_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = ["submission", "package", str(place / "five"), "--org", "Example", "--out", str(tmp_path / "no")]
    assert run([*package, "--division", "open"]) == 2
    assert "box/dlrm: it is the mini edition, whose model and data are not the round's." in capsys.readouterr().err
    assert run([*package, "--division", "closed", "--rehearsal"]) == 2
    told = capsys.readouterr().err
    assert "the logs say the open division, --division says closed. A mini edition is always in the open one." in told
    assert not (tmp_path / "no").exists()


def test_a_log_that_was_removed_is_missed(tree: Path, tmp_path: Path) -> None:
    (tree / LOGS / "result_3.txt").unlink()
    missed = [("TRN003", "error", LOGS), ("TRN098", "error", f"{LOGS}/result_3.txt")]
    assert checked(tree, tmp_path) == (1, sorted([*WHOLE, *missed]))


def test_one_changed_byte_of_a_log_is_seen(tree: Path, tmp_path: Path) -> None:
    log = tree / LOGS / "result_0.txt"
    text = log.read_bytes()
    at = text.index(b'"key": "seed", "value": ') + len(b'"key": "seed", "value": ')
    log.write_bytes(text[:at] + (b"3" if text[at : at + 1] != b"3" else b"4") + text[at + 1 :])
    assert checked(tree, tmp_path) == (1, sorted([*WHOLE, ("TRN098", "error", f"{LOGS}/result_0.txt")]))


def test_an_emptied_description_is_seen(tree: Path, tmp_path: Path) -> None:
    description = "Example/systems/box-rehearsal.json"
    (tree / description).write_bytes(b"")
    assert checked(tree, tmp_path) == (1, sorted([WHOLE[0], ("TRN001", "error", description)]))


def test_a_run_that_was_resumed_is_in_no_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = ["training", "run", "-b", "tiny_training:BENCHMARK", "--system-name", "box", "--out", "out", "--checkpoints"]
    slow += ["--set", "opt_base_learning_rate=0.01"]
    assert run([*slow, "--seed", "3"]) == 0
    record = tmp_path / "out/run.json"
    record.write_text(record.read_text().replace('"status": "success"', '"status": "interrupted"'))
    run([*slow, "--resume"])
    package = ["submission", "package", "out", "--org", "Example", "--division", "open", "--rehearsal", "--out", "no"]
    capsys.readouterr()
    assert run(package) == 2
    told = capsys.readouterr().err
    assert "the run was resumed, which is for development; train it anew." in told
    assert "out/resumed/result_0_after_" in told
    assert "box/resnet: found 2 runs, the round asks for 5." in told
    assert not (tmp_path / "no").exists()


def test_runs_of_both_suites_make_no_tree(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured/result.json").write_text("{}")
    package = ["submission", "package", str(place / "five"), str(tmp_path / "measured"), "--org", "Example"]
    assert run([*package, "--division", "open", "--out", str(tmp_path / "no")]) == 2
    assert "A tree is of one suite, and these folders are of two." in capsys.readouterr().err
