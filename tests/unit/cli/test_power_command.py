"""``levelfield power check``: what is printed, the JSON, the exit codes, and how wrong input is answered."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from power_mutations import MUTATIONS
from power_sessions import SampleSession, write_to

from levelfield.cli.app import run
from levelfield.formats.power_session import FileName
from levelfield.submission.power.outcome import OFFICIAL_NAMES


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


def result(folder: Path, name: str = "nothing", scenario: str = "offline") -> Path:
    """A folder of a result with a session in it."""
    write_to(folder / scenario / "performance", MUTATIONS[name].files())
    return folder / scenario


def test_good_session(tmp_path, capsys) -> None:
    assert run(["power", "check", str(result(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert f"{tmp_path}/offline/performance\n" in out
    assert "Offline: 101.000 Watts\n" in out
    assert "101.000 W over 60.000 s from 60 samples, largest gap 1.00 s at 02-07-2022 11:00:59.300" in out
    assert "clocks of client and server at most 10.0 ms apart" in out
    for name in OFFICIAL_NAMES:
        assert name in out
    assert "FAIL" not in out
    assert "while ranging" in out
    assert "note PWR009 power/ptd_logs.txt:13" in out


def test_bad_session(tmp_path, capsys) -> None:
    assert run(["power", "check", str(result(tmp_path, "wrong uuid"))]) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert (
        "void PWR004 power/server.json\n  found     uuid of the client '00000000-840e-4797-9baf-7141e08567e1'\n" in out
    )


@pytest.mark.parametrize("below", ["", "performance", "performance/run_1"])
def test_folder_may_be_the_result_or_the_session(tmp_path, capsys, below: str) -> None:
    assert run(["power", "check", str(result(tmp_path) / below), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["scenario"] == "Offline"


def test_scenario_is_that_of_the_folder(tmp_path, capsys) -> None:
    assert run(["power", "check", str(result(tmp_path, scenario="multistream"))]) == 0
    assert "MultiStream: 6,060.00 Joules per query\n" in capsys.readouterr().out


def test_session_alone_has_the_scenario_of_its_log(tmp_path, capsys) -> None:
    assert run(["power", "check", str(write_to(tmp_path / "any", SampleSession().write()))]) == 0
    assert "Offline: 101.000 Watts\n" in capsys.readouterr().out


def test_json_file(tmp_path, capsys) -> None:
    target = tmp_path / "report.json"
    assert run(["power", "check", str(result(tmp_path, "nan under load")), "--json", str(target)]) == 1
    found = json.loads(target.read_text())
    assert found["format"] == 1
    assert found["limits"] == "check@f7b3b51"
    assert found["holds"] is False
    assert found["metric"] == {"value": None, "unit": "Watts", "per_query": False, "factor": 1}
    assert found["power"]["non_finite_count"] == 1
    assert [one["name"] for one in found["checks"]][:11] == list(OFFICIAL_NAMES)
    assert {one["code"] for one in found["findings"]} == {"PWR009", "PWR013"}
    assert found["complaints"][0]["count"] == 64
    assert found["official"] is None
    assert "FAIL" in capsys.readouterr().out


def test_verdict_of_a_revision_decides_when_it_is_asked_for(tmp_path, capsys) -> None:
    folder = str(result(tmp_path, "clocks 300 ms apart"))
    assert run(["power", "check", folder]) == 0
    assert run(["power", "check", folder, "--as", "check@f7b3b51"]) == 1
    out = capsys.readouterr().out
    assert "What check.py at f7b3b51 says" in out
    assert "Not all checks passed (by check@f7b3b51)." in out
    assert run(["power", "check", folder, "--as", "362382f", "--json", "-"]) == 0
    official = json.loads(capsys.readouterr().out)["official"]
    assert (official["revision"], official["passed"]) == ("362382f", True)


def refused(capsys, *arguments: str) -> str:
    assert run(["power", "check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_wrong_arguments_are_answered(tmp_path, capsys) -> None:
    assert "There is no folder" in refused(capsys, str(tmp_path / "nowhere"))
    assert "no folder power, nor performance/power" in refused(capsys, str(tmp_path))
    folder = str(result(tmp_path))
    assert "check@362382f" in refused(capsys, folder, "--as", "check@1234567")
    assert "Did you mean 'inference-v2.0'?" in refused(capsys, folder, "--round", "inference-v2.1")
    assert "cannot be" in refused(capsys, folder, "--json", str(tmp_path / "no" / "file.json"))


def test_huge_file_is_not_read(tmp_path, capsys) -> None:
    folder = result(tmp_path)
    os.truncate(folder / "performance" / FileName.TESTING_SPL, 3 * 1024**3)
    assert run(["power", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "void PWR012 run_1/spl.txt\n  found     more than 32 MiB\n  expected  at most 32 MiB\n" in out


def test_session_with_nothing_in_it(tmp_path, capsys) -> None:
    (tmp_path / "power").mkdir()
    assert run(["power", "check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "no scenario: no power can be given" in out
    assert "skipped" in out
