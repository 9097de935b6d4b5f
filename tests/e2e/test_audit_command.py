"""``levelfield inference audit`` and ``peak`` as a user types them, on a real benchmark for fractions of a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from levelfield.cli.app import run

SHORT = ["--duration", "0.3", "--system-name", "mine", "--set", "min_query_count=100"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of SingleStream with accuracy; quick, so that even a busy machine makes it VALID."""
    out = tmp_path_factory.mktemp("audited") / "run"
    assert run(["inference", "run", "-b", "resnet50", "--out", str(out), *SHORT]) in {0, 1}
    result = out / "result.json"
    text = json.loads(result.read_text())
    # Whether this machine was quiet is not what is tested here.
    text["results"][0]["verdict"]["validity"] = "VALID"
    result.write_text(json.dumps(text))
    return out


def failed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The error of a command that is refused."""
    assert run(arguments) == 2
    return capsys.readouterr().err


def test_audits_run_are_judged_and_kept(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["inference", "audit", str(measured), "--pairs", "2"])
    said = capsys.readouterr()
    assert code in {0, 1}, said.err  # noise may fail an honest system; that it is said is what counts here
    assert "outputs: all " in said.out
    assert "equal the accuracy run's, byte for byte" in said.out
    audits = json.loads((measured / "audit.json").read_text())["audits"]
    assert [(audit["test"], audit["problems"]) for audit in audits] == [
        (name, []) for name in ("TEST01", "TEST04", "TEST05")
    ]
    folder = measured / "compliance/mine/resnet50/SingleStream"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"TEST01", "TEST04-A", "TEST04-B", "TEST05"}
    assert audits[2]["folder"] == "compliance/mine/resnet50/SingleStream/TEST05"
    official = (measured / audits[2]["folder"] / "verify_performance.txt").read_text()
    assert ("TEST PASS" in official) == audits[2]["official_pass"]
    assert code == (0 if all(a["official_pass"] and a["verdict"] != "FAIL" for a in audits) else 1)
    again = failed(["inference", "audit", str(measured), "--test", "TEST05"], capsys)
    assert "An audit was made here already; results are never overwritten." in again
    assert "TEST05" in again


def test_folder_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = failed(["inference", "audit", str(tmp_path)], capsys)
    assert f"{tmp_path} holds no result.json: an audit is compared with a performance run, and there is none." in said
    assert "levelfield inference run" in said


def test_nothing_to_audit(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is nothing to audit." in failed(["inference", "audit"], capsys)
    assert "Give the one or the other." in failed(["inference", "audit", "here", "-b", "resnet50"], capsys)


def test_scenario_that_was_not_measured(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = failed(["inference", "audit", str(measured), "-s", "Offline"], capsys)
    assert "Offline: found no performance run, which its audits are compared with." in said
    assert "levelfield inference run -b resnet50 -s Offline --out NEW" in said


def test_unknown_test(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = failed(["inference", "audit", str(measured), "--test", "TEST03"], capsys)
    assert "Unknown audit of resnet50 'TEST03'." in said
    assert "TEST01, TEST04, TEST05" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "whole file"),
        ("[]", "the result of levelfield inference run"),
        ('{"results": []}', "what levelfield inference run was asked for"),
    ],
)
def test_result_that_is_none(text: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "result.json").write_text(text)
    assert expected in failed(["inference", "audit", str(tmp_path)], capsys)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("performance/run_1/mlperf_log_detail.txt", "mlperf_log_detail.txt is missing."),
        ("record-performance.npz", "record-performance.npz is missing."),
        ("accuracy/mlperf_log_accuracy.json", "TEST01 compares outputs with those of the accuracy run, and"),
    ],
)
def test_run_that_lost_a_file(
    name: str, said: str, measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(measured, copy, ignore=shutil.ignore_patterns("compliance", "audit.json"))
    (copy / "results/mine/resnet50/SingleStream" / name).unlink()
    assert said in failed(["inference", "audit", str(copy)], capsys)


def test_invalid_run_is_not_audited(measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(measured, copy, ignore=shutil.ignore_patterns("compliance", "audit.json"))
    path = copy / "result.json"
    document = json.loads(path.read_text())
    document["results"][0]["verdict"]["validity"] = "INVALID"
    path.write_text(json.dumps(document))
    said = failed(["inference", "audit", str(copy)], capsys)
    assert "SingleStream: the performance run is INVALID, expected VALID." in said


def test_run_under_an_audit_config_is_no_performance_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf, out = tmp_path / "audit.config", tmp_path / "run"
    conf.write_text("*.*.qsl_rng_seed = 5\n")
    short = ["--duration", "0.1", "--system-name", "mine", "--no-accuracy", "--audit-config", str(conf)]
    assert run(["inference", "run", "-b", "resnet50", "--out", str(out), *short]) in {0, 1}
    folder = out / "results/mine/resnet50/SingleStream"
    assert (folder / "audited/run_1/mlperf_log_summary.txt").is_file()
    assert not (folder / "performance").exists()
    capsys.readouterr()
    said = failed(["inference", "audit", str(out)], capsys)
    assert "was made with an audit.config" in said


def test_peak_leaves_its_files_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "peak"
    asked = ["inference", "peak", "-b", "resnet50", "--out", str(out), "--duration", "0.4", "--tolerance", "0.5"]
    asked += ["-s", "Server", "-s", "Offline", "--set", "target_latency=2000", "--probes", "4"]
    code = run(asked)
    said = capsys.readouterr()
    assert code in {0, 1}, said.err
    document = json.loads((out / "peak.json").read_text())
    assert 1 <= len(document["probes"]) <= 4
    assert list(document["expected"]) == ["Offline.target_qps"]
    assert "resnet50.Offline.target_qps = " in (out / "user.conf").read_text()
    assert (out / "peak.html").stat().st_size > 10_000
    assert "Offline should expect target_qps = " in said.out
    before = document["probes"]
    assert run(asked) == code
    assert json.loads((out / "peak.json").read_text())["probes"] == before  # the same command has nothing left to do
    capsys.readouterr()
    other = failed([*asked, "--precision", "int8"], capsys)
    assert "belongs to another search." in other
    assert "precision: found 'fp32', asked for 'int8'." in other


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tolerance", "9"], "--tolerance: found 9, expected a share from 0.001 to 0.5."),
        (["--probes", "2"], "--probes: found 2, expected 4 to 1000."),
        (["--set", "mode=3"], "--set mode: a search runs performance mode."),
        (["--threads", "0"], "--threads: found 0, expected 1 or more."),
    ],
)
def test_search_that_cannot_be_made(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "peak"
    assert said in failed(["inference", "peak", "-b", "resnet50", "--out", str(out), *options], capsys)
    assert not out.exists()
