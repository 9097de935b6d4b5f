from __future__ import annotations

from pathlib import Path

import pytest
from small_round import SSD, SYSTEM, small_round

from levelfield.cli.app import run
from levelfield.submission.inference.checks import INFERENCE
from levelfield.submission.training.checks import TRAINING


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path, data in small_round().items():
        file = tmp_path / "round" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return tmp_path / "round"


def test_a_valid_tree_exits_with_0_and_both_verdicts(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["submission", "check", str(tree), "--ignore", "PWR", "--jobs", "1"]) == 0
    )  # its power files are no session
    out = capsys.readouterr().out
    assert "146 files" in out
    assert "closed/Org        6     0         0      1      0       0         0      0" in out
    assert "official checker: 6 results, 0 without" in out
    assert "6 results hold, 0 void; findings: 0 void, 0 error, 0 warning, 0 note" in out


def test_findings_are_shown_with_place_and_next_step(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / SYSTEM).rename(tree / "closed/Org/systems/boks.json")
    assert run(["submission", "check", str(tree)]) == 1
    out = capsys.readouterr().out
    assert "void    INF010  Every system with results has a description" in out
    assert "    closed/Org/systems/box.json\n        found no such file, expected a description of the system" in out
    assert "Is it boks.json?" in out
    assert "official checker: 0 results, 1 without" in out


def test_warnings_alone_do_not_fail(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / SSD / "Server/performance/run_1/notes.txt").write_text("x")
    assert run(["submission", "check", str(tree), "--ignore", "PWR"]) == 0
    assert "warning INF035" in capsys.readouterr().out
    assert run(["submission", "check", str(tree), "--ignore", "INF035,PWR"]) == 0
    out = capsys.readouterr().out
    assert "INF035" in out.splitlines()[2]
    assert "Not every check was made: without INF035, PWR." in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "no-such-folder"], "There is no no-such-folder."),
        (["check", ".", "--select", "INF999"], "Unknown check 'INF999'."),
        (["check", ".", "--official", "--ignore", "INF001"], "An official run makes every check."),
        (["check", ".", "--round", "inference-v9"], "Unknown rule set 'inference-v9'."),
        (["explain", "INF99"], "Unknown check 'INF99'."),
    ],
)
def test_what_cannot_be_is_answered(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submission", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_above_or_beside_the_tree_is_answered_with_the_next_step(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["submission", "check", str(tree.parent)]) == 2
    assert f"Give {tree.name}, which holds them." in capsys.readouterr().err
    assert run(["submission", "check", str(tree / "closed")]) == 2
    assert "found Org/, expected closed/ or open/" in capsys.readouterr().err


def test_explain_says_what_is_known_of_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submission", "explain", "inf055"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("INF055  The three seeds are the round's")
    assert "weighs        void; in open warning" in out
    assert "looked at by  the official checker and levelfield" in out


def test_checks_lists_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submission", "checks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:6] for line in lines] == [text.code for text in (*INFERENCE.texts, *TRAINING.texts)]
    assert lines[0] == "INF001  official  Folders at the root are divisions of the round"


def test_every_text_is_a_whole_one() -> None:
    for check in INFERENCE.every:
        for said in (check.text.title, check.text.why, check.text.clause, check.text.example, check.text.fix):
            assert said.strip() == said, check.code
            assert len(said) >= 10, check.code
        assert check.text.fix.endswith("."), check.code
        assert check.text.why.endswith("."), check.code
        assert not check.text.title.endswith("."), check.code
    codes = [check.code for check in INFERENCE.every]
    assert len(codes) == len(set(codes)) == 87
