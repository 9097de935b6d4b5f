"""Whole trees: every file and field that the round asks for, and what is refused with nothing written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packaged_runs import TESTS, change_log, change_result, rehash, with_audits

from levelfield.errors import InputError, LevelfieldError, OutputError, UsageError
from levelfield.files import sha256_of
from levelfield.formats.system_description import REQUIRED_FIELDS, read_system_description
from levelfield.submission.package.log_manifest import problems_of_cut, read_log_manifest, verify_log
from levelfield.submission.package.package import package
from levelfield.submission.package.rehearsal import is_rehearsal
from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Division

Ask = Callable[..., PackageRequest]
SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline")
LOGS = ("mlperf_log_detail.txt", "mlperf_log_summary.txt")

CLOSED_TREE = {
    "PACKAGE.json",
    "TODO.md",
    "closed/Example/.gitattributes",
    "closed/Example/systems/host.json",
    "closed/Example/code/resnet50/levelfield-onnxruntime/README.md",
    "closed/Example/code/resnet50/levelfield-onnxruntime/host/accuracy_logs.json",
    "closed/Example/code/resnet50/levelfield-onnxruntime/host/requirements.txt",
    "closed/Example/code/resnet50/levelfield-onnxruntime/host/run.sh",
    *(
        f"closed/Example/measurements/host/resnet50/{scenario}/{name}"
        for scenario in SCENARIOS
        for name in (
            "README.md",
            "mlperf.conf",
            "user.conf",
            "calibration_process.adoc",
            f"host_levelfield-onnxruntime_{scenario}.json",
        )
    ),
    *(
        f"closed/Example/results/host/resnet50/{scenario}/{name}"
        for scenario in SCENARIOS
        for name in (
            *(f"performance/run_1/{log}" for log in LOGS),
            "performance/run_1/mlperf_log_accuracy.json",
            *(f"accuracy/{log}" for log in LOGS),
            "accuracy/mlperf_log_accuracy.json",
            "accuracy/accuracy.txt",
        )
    ),
    *(
        f"closed/Example/compliance/host/resnet50/{scenario}/{test}/performance/run_1/{log}"
        for scenario in SCENARIOS
        for test in TESTS
        for log in LOGS
    ),
    *(
        f"closed/Example/compliance/host/resnet50/{scenario}/{name}"
        for scenario in SCENARIOS
        for name in (
            "TEST01/verify_performance.txt",
            "TEST01/verify_accuracy.txt",
            "TEST01/accuracy/mlperf_log_accuracy.json",
            "TEST01/accuracy/accuracy.txt",
            "TEST04-A/verify_performance.txt",
            "TEST05/verify_performance.txt",
        )
    ),
}


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refused(request: PackageRequest, kind: type[LevelfieldError] = UsageError) -> str:
    """The whole text of the refusal; nothing was written."""
    with pytest.raises(kind) as caught:
        package(request)
    assert not request.out.exists()
    return caught.value.text()


# ------------------------------------------------------------------------------------------------ what is written


def test_closed_tree_has_every_file_of_the_round(official: Path, request_for: Ask) -> None:
    made = package(request_for(official))
    assert listing(made.out) == CLOSED_TREE
    assert made.files == len(CLOSED_TREE)
    assert [result.scenario for result in made.results] == list(SCENARIOS)
    assert made.reasons == ()


def test_system_has_every_field_and_nothing_invented(official: Path, request_for: Ask) -> None:
    root = package(request_for(official)).root
    system = read_system_description(root / "systems/host.json").as_dict()
    assert tuple(system) == REQUIRED_FIELDS
    assert len(system) == 33
    assert {name: system[name] for name in ("division", "submitter", "status", "system_type", "system_name")} == {
        "division": "closed",
        "submitter": "Example",
        "status": "available",
        "system_type": "datacenter,edge",
        "system_name": "Host One",
    }
    found = json.loads((official / "result.json").read_text())["results"][0]["system"]
    said = {"division", "submitter", "status", "system_type", "system_name", "cooling"}
    assert {name: value for name, value in system.items() if name not in said} == {
        name: value for name, value in found.items() if name not in said
    }


def test_measurement_has_the_five_fields(official: Path, request_for: Ask) -> None:
    root = package(request_for(official)).root
    path = root / "measurements/host/resnet50/Server/host_levelfield-onnxruntime_Server.json"
    fields = json.loads(path.read_text())
    assert list(fields) == [
        "input_data_types",
        "retraining",
        "starting_weights_filename",
        "weight_data_types",
        "weight_transformations",
    ]
    assert fields["input_data_types"] == "fp32"
    assert fields["weight_data_types"] == "int8"
    assert fields["starting_weights_filename"] == "resnet8_int8.onnx"
    assert "static quantisation" in fields["weight_transformations"]
    calibration = path.with_name("calibration_process.adoc").read_text()
    assert "Weights: int8, in resnet8_int8.onnx (SHA-256 9f7f963adeb29c92" in calibration


def test_configuration_and_logs_are_those_of_the_run(official: Path, request_for: Ask) -> None:
    root = package(request_for(official)).root
    for part in ("measurements/host/resnet50/Offline", "results/host/resnet50/Offline/performance/run_1"):
        for path in (official / part).iterdir():
            assert (root / part / path.name).read_bytes() == path.read_bytes()


def test_accuracy_logs_are_cut_and_can_be_verified(official: Path, request_for: Ask) -> None:
    root = package(request_for(official)).root
    manifest = root / "code/resnet50/levelfield-onnxruntime/host/accuracy_logs.json"
    entries = read_log_manifest(manifest)
    assert len(entries) == 8
    for entry in entries:
        cut = root / entry.path
        assert cut.stat().st_size == 8199
        assert problems_of_cut(entry, cut.read_bytes()) == ()
        assert f"hash={entry.whole.sha256}\n" in cut.with_name("accuracy.txt").read_text()
        assert verify_log(official / entry.path, manifest).whole == entry.whole
    text = (root / "results/host/resnet50/Server/accuracy/accuracy.txt").read_text()
    assert text.startswith("accuracy=95.004%, good=1217, total=1281\nhash=")


def test_code_holds_the_command_the_versions_and_the_hashes(official: Path, request_for: Ask) -> None:
    code = package(request_for(official)).root / "code/resnet50/levelfield-onnxruntime"
    commands = [line for line in (code / "host/run.sh").read_text().splitlines() if line.startswith("levelfield")]
    assert [command.split("--scenario ")[1].split()[0] for command in commands] == list(SCENARIOS)
    assert "--precision int8 --duration 0.1 --set min_query_count=700 --system-name host" in commands[0]
    assert "onnxruntime==" in (code / "host/requirements.txt").read_text()
    readme = (code / "README.md").read_text()
    assert commands[2] in readme
    assert "9f7f963adeb29c922e9eea6145638c6fe0161d50e10f587de1d45a01093b1d71" in readme


def test_git_must_not_touch_a_byte(official: Path, request_for: Ask) -> None:
    assert (package(request_for(official)).root / ".gitattributes").read_text() == "* -text\n"


def test_manifest_of_the_package_names_runs_and_hashes(official: Path, request_for: Ask) -> None:
    made = package(request_for(official))
    document = json.loads((made.out / "PACKAGE.json").read_text())
    assert document["schema"] == "levelfield.package/1"
    assert document["round"] == "inference-v2.0"
    assert document["runs"] == [{"folder": str(official), "result_sha256": sha256_of(official / "result.json")}]
    assert set(document["files"]) == CLOSED_TREE - {"PACKAGE.json"}
    assert all(sha256_of(made.out / path) == sha256 for path, sha256 in document["files"].items())


def test_packaging_twice_gives_the_same_tree(official: Path, request_for: Ask, tmp_path: Path) -> None:
    one = package(request_for(official))
    two = package(request_for(official, out=tmp_path / "again"))
    for name in CLOSED_TREE:
        assert (one.out / name).read_bytes() == (two.out / name).read_bytes()


def test_runs_and_audits_may_lie_in_folders_of_their_own(official: Path, request_for: Ask, tmp_path: Path) -> None:
    shutil.move(official / "compliance", tmp_path / "audits" / "compliance")
    made = package(request_for(official, tmp_path / "audits"))
    assert listing(made.out) == CLOSED_TREE


def test_power_session_comes_along(official: Path, request_for: Ask) -> None:
    performance = official / "results/host/resnet50/Offline/performance"
    (performance / "run_1/spl.txt").write_text("Time,02-25-2022 01:07:00.820,Watts,130.97\n")
    names = {
        "ranging": [*LOGS, "spl.txt"],
        "power": ["client.json", "client.log", "ptd_logs.txt", "server.json", "server.log"],
    }
    for folder, files in names.items():
        (performance / folder).mkdir()
        for name in files:
            (performance / folder / name).write_text(f"{folder} {name}\r\n")
    root = package(request_for(official)).root / "results/host/resnet50/Offline/performance"
    assert listing(root) == {
        *(f"run_1/{name}" for name in (*LOGS, "mlperf_log_accuracy.json", "spl.txt")),
        *(f"{folder}/{name}" for folder, files in names.items() for name in files),
    }
    assert (root / "power/ptd_logs.txt").read_bytes() == b"power ptd_logs.txt\r\n"


def test_incomplete_power_session_is_refused(official: Path, request_for: Ask) -> None:
    (official / "results/host/resnet50/Offline/performance/power").mkdir()
    text = refused(request_for(official), InputError)
    performance = official / "results/host/resnet50/Offline/performance"
    assert [line.removeprefix("  - ") for line in text.splitlines() if line.startswith("  - ")] == [
        str(performance / name) for name in ("run_1/spl.txt", "power/client.json", "power/client.log")
    ] + [str(performance / "power" / name) for name in ("ptd_logs.txt", "server.json", "server.log")]


def test_open_division_takes_what_was_reached(official: Path, request_for: Ask) -> None:
    def miss(result: dict[str, object]) -> None:
        result["official"] = False
        verdict = result["verdict"]
        assert isinstance(verdict, dict)
        verdict["validity"] = "INVALID"
        for condition in verdict["conditions"]:
            condition["met"] = condition["name"] != "accuracy"

    change_result(official, miss)
    shutil.rmtree(official / "compliance")
    made = package(request_for(official, division=Division.OPEN))
    assert made.root.parts[-2:] == ("open", "Example")
    assert not (made.root / "compliance").exists()
    assert "accuracy: required" in refused(request_for(official, out=made.out.with_name("other")))


# ---------------------------------------------------------------------------------------------------- inferred


def test_missing_scenario_of_an_edge_system_is_inferred(official: Path, request_for: Ask, tmp_path: Path) -> None:
    drop(official, "MultiStream", "Server")
    (tmp_path / "system.json").write_text('{"status": "available", "system_type": "edge"}')
    assert "missing: MultiStream" in refused(request_for(official))
    made = package(request_for(official, infer=True))
    assert [(result.scenario, result.inferred) for result in made.results] == [
        ("SingleStream", False),
        ("Offline", False),
        ("MultiStream", True),
    ]
    single, multi = (made.root / f"results/host/resnet50/{name}" for name in ("SingleStream", "MultiStream"))
    assert listing(single) == listing(multi)
    for name in listing(single):
        assert (single / name).read_bytes() == (multi / name).read_bytes()
    measurement = made.root / "measurements/host/resnet50/MultiStream"
    assert (measurement / "host_levelfield-onnxruntime_MultiStream.json").is_file()
    assert "The logs are those of SingleStream" in (measurement / "README.md").read_text()
    assert (made.root / "compliance/host/resnet50/MultiStream/TEST01/verify_accuracy.txt").is_file()


def test_nothing_to_infer_is_told(official: Path, request_for: Ask) -> None:
    assert "every scenario that the system needs was measured" in refused(request_for(official, infer=True))


def test_only_edge_systems_infer(official: Path, request_for: Ask, tmp_path: Path) -> None:
    drop(official, "MultiStream", "SingleStream")
    (tmp_path / "system.json").write_text('{"system_type": "datacenter"}')
    assert "only edge systems may infer" in refused(request_for(official, infer=True))


def test_too_few_queries_give_nothing_to_infer_from(official: Path, request_for: Ask, tmp_path: Path) -> None:
    drop(official, "MultiStream", "Server")
    change_log(official, "SingleStream", early_stopping_latency_ms=0)
    (tmp_path / "system.json").write_text('{"system_type": "edge"}')
    assert "none was measured that it could be inferred from" in refused(request_for(official, infer=True))


# --------------------------------------------------------------------------------------------------- rehearsals


def test_mini_run_is_refused_with_every_reason(mini: Path, request_for: Ask) -> None:
    text = refused(request_for(mini))
    for scenario in SCENARIOS:
        where = f"{mini}: host/resnet50/{scenario}"
        assert f"{where}: it is the mini edition" in text
        assert f"{where}: it was run without --official" in text
        assert f"{where}: effective_min_duration_ms: found 100, the round asks for 600000 or more" in text
        assert f"{where}: its audit TEST01 is missing" in text
    assert "--rehearsal" in text


def test_rehearsal_carries_its_label_everywhere(mini: Path, request_for: Ask) -> None:
    made = package(request_for(mini, rehearsal=True, system_json=None))
    assert len(made.reasons) > 20
    files = listing(made.root)
    assert "REHEARSAL.md" in files
    assert {name.split("/")[1] for name in files if name.startswith(("results/", "measurements/"))} == {
        "host-rehearsal"
    }
    system = read_system_description(made.root / "systems/host-rehearsal.json")
    assert is_rehearsal(system)
    assert system.system_name.endswith("(rehearsal)")
    assert (system.status, system.system_type) == ("rdi", "datacenter,edge")
    for name in files:
        if name.endswith(("README.md", ".adoc")):
            assert "REHEARSAL, not a result of a published round" in (made.root / name).read_text(), name
    text = (made.root / "REHEARSAL.md").read_text()
    assert all(f"* {reason}\n" in text for reason in made.reasons)


def test_official_tree_is_no_rehearsal(official: Path, request_for: Ask) -> None:
    made = package(request_for(official))
    assert not is_rehearsal(read_system_description(made.root / "systems/host.json"))
    assert not [name for name in listing(made.out) if b"REHEARSAL" in (made.out / name).read_bytes()]


# --------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("effective_qsl_rng_seed", 1, "effective_qsl_rng_seed: found 1, the round has 6655344265603136530"),
        ("effective_sample_index_rng_seed", 2, "found 2, the round has 15863379492028895792"),
        ("effective_schedule_rng_seed", 12662793979680847246, "found 12662793979680847246, the round has 1266"),
        ("effective_min_duration_ms", 599999, "found 599999, the round asks for 600000 or more"),
        ("effective_samples_per_query", 24575, "found 24575, the round asks for 24576 or more"),
        ("effective_performance_sample_count", 1023, "found 1023, the round asks for 1024 or more"),
    ],
)
def test_setting_that_the_round_fixes_is_read_from_the_log(
    official: Path, request_for: Ask, key: str, value: int, message: str
) -> None:
    change_log(official, "Offline", **{key: value})
    for division in (Division.CLOSED, Division.OPEN):
        text = refused(request_for(official, division=division))
        assert message in text
        assert text.count("\n  - ") == 1


def test_every_unmet_condition_is_named(official: Path, request_for: Ask) -> None:
    def miss(result: dict[str, object]) -> None:
        result["verdict"] = {
            "validity": "INVALID",
            "summary": "",
            "errors": [],
            "conditions": [
                {"name": "early stopping", "met": False, "required": "64 queries", "measured": "3", "advice": None},
                {"name": "minimum duration", "met": False, "required": "600 s", "measured": "4 s", "advice": None},
            ],
        }

    change_result(official, miss, "Server")
    text = refused(request_for(official))
    assert "host/resnet50/Server: early stopping: required 64 queries, measured 3." in text
    assert "host/resnet50/Server: minimum duration: required 600 s, measured 4 s." in text


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("TEST01/verify_accuracy.txt", "TEST FAIL\n", "verify_accuracy.txt does not say TEST PASS"),
        ("TEST05/verify_performance.txt", None, "verify_performance.txt is missing"),
        ("TEST04-B/performance/run_1/mlperf_log_detail.txt", None, "mlperf_log_detail.txt is missing"),
    ],
)
def test_audit_that_does_not_hold_is_refused(
    official: Path, request_for: Ask, name: str, change: str | None, message: str
) -> None:
    path = official / "compliance/host/resnet50/Server" / name
    path.unlink()
    if change is not None:
        path.write_text(change)
    assert message in refused(request_for(official))


def test_audit_passes_where_the_accuracy_of_both_runs_is_shown(official: Path, request_for: Ask) -> None:
    audit = official / "compliance/host/resnet50/Server/TEST01"
    (audit / "verify_accuracy.txt").write_text("TEST FAIL\n")
    for name in ("baseline_accuracy.txt", "compliance_accuracy.txt"):
        (audit / "accuracy" / name).write_text("accuracy=95.0%\n")
    made = package(request_for(official))
    kept = made.root / "compliance/host/resnet50/Server/TEST01/accuracy"
    assert (kept / "baseline_accuracy.txt").is_file()


def test_missing_scenario_and_audit_are_refused(official: Path, request_for: Ask) -> None:
    drop(official, "Server")
    shutil.rmtree(official / "compliance/host/resnet50/Offline/TEST05")
    text = refused(request_for(official))
    assert "a datacenter,edge system needs Server, Offline, SingleStream, MultiStream; missing: Server" in text
    assert "host/resnet50/Offline: its audit TEST05 is missing" in text


def test_scenario_of_another_suite_is_refused(official: Path, request_for: Ask, tmp_path: Path) -> None:
    (tmp_path / "system.json").write_text('{"system_type": "edge"}')
    assert "Server: not a scenario of a edge system here" in refused(request_for(official))


def test_filled_output_folder_is_never_written_over(official: Path, request_for: Ask) -> None:
    request = request_for(official)
    request.out.mkdir()
    (request.out / "mine").write_text("kept")
    with pytest.raises(OutputError, match=r"is not empty \(it holds mine\)"):
        package(request)
    assert listing(request.out) == {"mine"}


def test_disk_error_leaves_nothing_behind(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    text = refused(request_for(official), OutputError)
    assert "No space left on device" in text


def test_interrupt_leaves_nothing_behind(official: Path, request_for: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfile", interrupted)
    request = request_for(official)
    with pytest.raises(KeyboardInterrupt):
        package(request)
    assert not request.out.exists()


# --------------------------------------------------------------------------------------------------- bad input


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


# ------------------------------------------------------------------------------------------------------- to do


def test_to_do_lists_what_only_the_submitter_knows(official: Path, request_for: Ask) -> None:
    def unknown(result: dict[str, dict[str, object]]) -> None:
        result["implementation"] |= {"retraining": None, "weight_transformations": None}

    change_result(official, unknown, "Offline")
    made = package(request_for(official, system_json=None))
    text = (made.out / "TODO.md").read_text()
    needed, also = text.split("## Also asked for")
    assert "- [ ] **status**: whether the system can be bought" in needed
    assert "- [ ] **system_type**" in needed
    assert "measurements/host/resnet50/Offline/calibration_process.adoc" in needed
    assert "- [ ] **cooling**: no sensor tells" in also
    file = "`closed/Example/measurements/host/resnet50/Offline/host_levelfield-onnxruntime_Offline.json`"
    assert also.count(file) == 1
    assert "- [ ] **retraining**: only the maker of the weights" in also
    assert "Server" not in text
    assert "accelerator" not in text


def test_to_do_can_be_empty(official: Path, request_for: Ask, tmp_path: Path) -> None:
    fields = dict.fromkeys(REQUIRED_FIELDS, "said") | {
        "division": "closed",
        "submitter": "Example",
        "status": "available",
        "system_type": "edge,datacenter",
        "host_memory_configuration": "8x DDR5 ECC",
    }
    (tmp_path / "system.json").write_text(json.dumps(fields))
    made = package(request_for(official))
    assert made.to_do == ()
    assert "Nothing" in (made.out / "TODO.md").read_text()


def drop(folder: Path, *scenarios: str) -> None:
    """Take scenarios out of a run, with their audits."""
    path = folder / "result.json"
    document = json.loads(path.read_text())
    document["results"] = [result for result in document["results"] if result["scenario"] not in scenarios]
    path.write_text(json.dumps(document))
    for scenario in scenarios:
        shutil.rmtree(folder / "compliance/host/resnet50" / scenario, ignore_errors=True)
