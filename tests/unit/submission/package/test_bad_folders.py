"""Damaged, incomplete and mixed folders, and statements that cannot be: told all at once, nothing written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from packaged_runs import change_result, drop, refused, rehash, with_audits

from levelfield.errors import InputError, LevelfieldError
from levelfield.rules.layout import PlaceName
from levelfield.rules.load import load
from levelfield.submission.package.package import package
from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Division

Ask = Callable[..., PackageRequest]


def test_folder_that_is_none_and_one_given_twice(tmp_path: Path, official: Path, request_for: Ask) -> None:
    text = refused(request_for(tmp_path / "none", official, official, organisation="a/b"))
    assert f"{tmp_path / 'none'}: not a folder." in text
    assert f"{official}: given 2 times." in text
    assert "--org: found 'a/b'" in text


def test_empty_folder_is_no_run(tmp_path: Path, request_for: Ask) -> None:
    (tmp_path / "empty").mkdir()
    text = refused(request_for(tmp_path / "empty"), InputError)
    assert "holds no result.json of a run, and no compliance/ with audits" in text


def test_audits_without_their_run_are_refused(tmp_path: Path, official: Path, request_for: Ask) -> None:
    drop(official, "Server")
    with_audits(official, tmp_path / "audits")
    shutil.rmtree(official / "compliance")
    other = tmp_path / "audits/compliance/host/resnet50"
    shutil.copytree(other / "Offline/TEST05", other / "Server/TEST05")
    text = refused(request_for(official, tmp_path / "audits"), InputError)
    assert "an audit of host/resnet50/Server, of which no run was given" in text
    assert "No folder holds a run, only audits" in refused(request_for(tmp_path / "audits"), InputError)


def test_same_run_in_two_folders_is_refused(tmp_path: Path, official: Path, request_for: Ask) -> None:
    again = Path(shutil.copytree(official, tmp_path / "again"))
    text = refused(request_for(official, again), InputError)
    assert f"{again}: host/resnet50/Server: measured in {official} too; give one of them." in text
    assert f"the same audit is in {official}/compliance/host/resnet50/Server/TEST01" in text


def test_two_machines_under_one_name_are_refused(tmp_path: Path, official: Path, request_for: Ask) -> None:
    other = Path(shutil.copytree(official, tmp_path / "other"))
    shutil.rmtree(other / "compliance")
    drop(official, "Server")
    drop(other, "SingleStream", "MultiStream", "Offline")

    def change(result: dict[str, dict[str, str]]) -> None:
        result["system"]["host_memory_capacity"] = "1 TiB"

    change_result(other, change)
    text = refused(request_for(official, other), InputError)
    assert "two systems under one name. host_memory_capacity: found '1 TiB'" in text


def test_run_of_another_round_is_refused(official: Path, request_for: Ask) -> None:
    def change(result: dict[str, dict[str, str]]) -> None:
        result["rules"]["name"] = "inference-v6.1"

    change_result(official, change, "Offline")
    text = refused(request_for(official), InputError)
    assert "host/resnet50/Offline: run under inference-v6.1, not inference-v2.0." in text
    assert "--round" in text


def test_unknown_round_and_division_are_refused(official: Path, request_for: Ask) -> None:
    assert "inference-v2.0" in refused(request_for(official, round="inference-v9"), LevelfieldError)
    text = refused(request_for(official, division=Division.NETWORK))
    assert "--division: found network, inference-v2.0 has closed, open." in text


def test_round_of_another_layout_is_refused(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load("inference-v2.0")
    places = tuple(place for place in rules.places if place.name is not PlaceName.MEASUREMENTS)
    other = replace(rules, places=places)
    monkeypatch.setattr("levelfield.submission.package.package.load_rules", lambda name: other)
    assert "inference-v2.0 has no place for measurements in its layout." in refused(request_for(official))


def test_interrupted_and_broken_runs_are_refused_also_for_a_rehearsal(mini: Path, request_for: Ask) -> None:
    path = mini / "result.json"
    document = json.loads(path.read_text()) | {"interrupted": True, "failures": ["The system raised.\n  - here"]}
    path.write_text(json.dumps(document))
    text = refused(request_for(mini, rehearsal=True), InputError)
    assert f"{mini}: the run was interrupted; run it again." in text
    assert f"{mini}: the run broke: The system raised.\n" in text


def test_changed_and_missing_files_are_named(official: Path, request_for: Ask) -> None:
    logs = official / "results/host/resnet50/Server/performance/run_1"
    (logs / "mlperf_log_summary.txt").unlink()
    detail = logs / "mlperf_log_detail.txt"
    detail.write_bytes(detail.read_bytes().replace(b"VALID", b"valid", 1))
    (official / "measurements/host/resnet50/Server/user.conf").unlink()
    text = refused(request_for(official), InputError)
    assert f"{logs / 'mlperf_log_summary.txt'}: missing (summary of Server)." in text
    assert f"{detail}: found SHA-256 " in text
    assert "user.conf: missing." in text


def test_file_that_cannot_be_read_is_named(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("levelfield.submission.package.run_folder.sha256_of", unreadable)
    text = refused(request_for(official), InputError)
    assert f"{official / 'result.json'} cannot be read: Permission denied." in text


def test_run_without_accuracy_is_refused(mini: Path, request_for: Ask) -> None:
    change_result(mini, lambda result: result.update(accuracy=None), "Server")
    assert "Server: accuracy was not run, and a submission needs it." in refused(
        request_for(mini, rehearsal=True), InputError
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is damaged: it is not JSON"),
        ("[]", "found list, expected an object"),
        ("[" * 100_000, "is damaged: it is not JSON"),
        ("{}", "schema: missing, expected a text"),
        (
            '{"schema": "levelfield.inference-run/7", "interrupted": false}',
            "unknown schema 'levelfield.inference-run/7'",
        ),
        ('{"schema": "levelfield.inference-run/1", "interrupted": 0, "results": [1]}', "results: found [1]"),
        ('{"schema": "levelfield.inference-run/1", "interrupted": false, "results": []}', "holds no result"),
    ],
)
def test_damaged_result_file_is_refused(official: Path, request_for: Ask, text: str, message: str) -> None:
    (official / "result.json").write_text(text)
    assert message in refused(request_for(official), InputError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"system_id": "../up"}, "system_id: found '../up', expected a name for a folder"),
        ({"system_id": ""}, "system_id: found '', expected a name for a folder"),
        ({"edition": "huge"}, "edition: found 'huge', expected one of full, mini"),
        ({"implementation": None}, "implementation: found None"),
        ({"official": 1}, "official: found 1, expected true or false"),
        (
            {"files": {"detail": {"path": "../../etc/passwd", "sha256": "", "bytes": 1}}},
            "a path inside the run's folder",
        ),
        ({"files": {}}, "files: found none for summary, detail, accuracy_log, accuracy"),
    ],
)
def test_damaged_result_is_refused_with_its_place(
    official: Path, request_for: Ask, change: dict[str, object], message: str
) -> None:
    change_result(official, lambda result: result.update(change), "SingleStream")
    text = refused(request_for(official), InputError)
    assert message in text
    assert "SingleStream" in text or "results[0]" in text


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ("{", "text that is no JSON"),
        ("[1]", "found list"),
        ('{"status": "sold"}', "status: found 'sold', expected available or preview or rdi"),
        ('{"system_type": "phone"}', "system_type: found 'phone', expected datacenter or edge, or both"),
        ('{"submitter": "Other"}', "submitter: found 'Other', expected Example"),
        ('{"division": "open"}', "division: found 'open', expected closed"),
        ('{"colour": "red"}', "colour: not a field of a system of inference-v2.0"),
        ('{"cooling": ["air"]}', 'cooling: found ["air"], expected text or a number'),
    ],
)
def test_statements_about_the_system_that_cannot_be(
    official: Path, request_for: Ask, tmp_path: Path, statements: str, message: str
) -> None:
    (tmp_path / "system.json").write_text(statements)
    assert message in refused(request_for(official), InputError)


def test_statements_about_one_system_do_not_fit_two(official: Path, request_for: Ask, tmp_path: Path) -> None:
    other = Path(shutil.copytree(official, tmp_path / "other"))
    for part in ("results", "measurements", "compliance"):
        (other / part / "host").rename(other / part / "host2")

    def change(result: dict[str, object]) -> None:
        result["system_id"] = "host2"
        files = result["files"]
        assert isinstance(files, dict)
        for file in files.values():
            file["path"] = file["path"].replace("/host/", "/host2/")

    change_result(other, change)
    rehash(other)
    assert "describes one system, and the runs have 2: host, host2" in refused(request_for(official, other))
    made = package(request_for(official, other, system_json=None))
    assert sorted(path.name for path in (made.root / "systems").iterdir()) == ["host.json", "host2.json"]
    todo = (made.out / "TODO.md").read_text()
    assert "`closed/Example/systems/host2.json`" in todo
