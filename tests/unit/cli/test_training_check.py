"""``levelfield training check``, from files to text, JSON and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from training_logs import data_of, run_lines

from levelfield.cli.training_check import command
from levelfield.errors import InputError, UsageError

COMMON = """
- KEY:
    NAME: submission_division
    REQ: EXACTLY_ONE
    POST: " enqueue_config('training_1.1.0/{}.yaml'.format(v['value'])) "
"""
CLOSED = """
- KEY:
    NAME: global_batch_size
    CHECK: " v['value'] % 32 == 0 "
"""


def check(*arguments: object) -> int:
    return int(command.main([str(one) for one in arguments], standalone_mode=False))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.txt"
    path.write_bytes(data_of(run_lines("ssd", quality=0.231)))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.txt"
    path.write_bytes(data_of(run_lines("ssd", quality=0.2, init_minutes=31, weights=False)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "training_1.1.0").mkdir(parents=True)
    (tmp_path / "rules" / "training_1.1.0" / "common.yaml").write_text(COMMON)
    (tmp_path / "rules" / "training_1.1.0" / "closed.yaml").write_text(CLOSED)
    return tmp_path / "rules"


def test_a_log_that_counts(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(good) == 0
    assert capsys.readouterr().out == f"{good}: counts; ssd, closed; 10 minutes; quality 0.231\n"


def test_a_log_that_does_not(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(good, bad) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{bad}: does not comply; ssd, closed; 10 minutes; quality 0.2",
        "  error   TRN023  found no evaluation that reaches the target; the last is 0.2, expected box AP ≥ 0.23",
        "  warning TRN027  found no weights_initialization, expected the 119 tensors of ssd, each once",
        "  error   TRN015  line 18: found initialised for 31.00 minutes, expected less than 30 minutes",
    ]


def test_as_json(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(bad, "--json") == 1
    ((said),) = json.loads(capsys.readouterr().out)
    assert (said["log"]["compliant"], said["log"]["minutes"], said["rule_files"]) == (False, 10.0, None)
    assert [one["code"] for one in said["log"]["findings"]] == ["TRN023", "TRN027", "TRN015"]


def test_rule_files_beside_our_rules(good: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(good, "--rule-files", folder) == 0
    assert capsys.readouterr().out.splitlines()[1] == "  complies by 2 rule files; as the rule files say"
    (folder / "training_1.1.0" / "closed.yaml").write_text(CLOSED.replace("32", "1000"))
    assert check(good, "--rule-files", folder) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  does not comply by 2 rule files; unlike the rule files",
        "    training_1.1.0/closed.yaml: line 10: global_batch_size: v['value'] % 1000 == 0: 1024",
    ]


def test_rule_files_out_of_the_folder_are_not_read(good: Path, folder: Path) -> None:
    (folder.parent / "outside.yaml").write_text(CLOSED)
    common = folder / "training_1.1.0" / "common.yaml"
    for name in ("../outside.yaml", str(folder.parent / "outside.yaml"), "training_1.1.0/../../outside.yaml"):
        common.write_text(COMMON.replace("'training_1.1.0/{}.yaml'.format(v['value'])", repr(name)))
        assert check(good, "--rule-files", folder) == 1


def test_what_cannot_be_used(good: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        check(tmp_path / "none.txt")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        check(tmp_path)
    with pytest.raises(InputError, match="holds no official rule files"):
        check(good, "--rule-files", tmp_path)
    (folder / "training_1.1.0" / "common.yaml").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"common\.yaml cannot be read"):
        check(good, "--rule-files", folder)
    (folder / "training_1.1.0" / "common.yaml").write_text(COMMON.replace("enqueue_config", "exec"))
    with pytest.raises(InputError, match="holds rules that cannot be imported"):
        check(good, "--rule-files", folder)
    with pytest.raises(UsageError):
        check(good, "--rules", "training-v9")
