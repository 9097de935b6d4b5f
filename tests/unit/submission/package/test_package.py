"""Whole trees: every file and field that the round asks for, what is to be done, and what is inferred."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from packaged_runs import TESTS, change_log, change_result, drop, listing, refused

from levelfield.errors import InputError
from levelfield.files import sha256_of
from levelfield.formats.system_description import REQUIRED_FIELDS, read_system_description
from levelfield.submission.package.log_manifest import problems_of_cut, read_log_manifest, verify_log
from levelfield.submission.package.package import package
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


def test_to_do_lists_what_only_the_submitter_knows(official: Path, request_for: Ask) -> None:
    def unknown(result: dict[str, dict[str, object]]) -> None:
        result["implementation"] |= {"retraining": None, "weight_transformations": None}

    change_result(official, unknown, "Offline")
    made = package(request_for(official, system_json=None))
    text = (made.out / "TODO.md").read_text()
    needed, also = text.split("## Also asked for")
    assert "- [ ] **status**: whether the system can be bought" in needed
    assert "- [ ] **system_type**" in needed
    assert "measurements/host/resnet50/Offline/calibration_process.adoc" in also
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
