"""Packaging runs of training: what is in the tree, and what is refused, with every reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaged_runs import listing
from plain_source import PlainFolder
from trained_runs import MINUTES, change_record, trained

from levelfield.errors import InputError, LevelfieldError, OutputError, UsageError
from levelfield.rules import load_training
from levelfield.submission.package.request import PackageRequest, hold_training
from levelfield.submission.package.training.package import TrainingPackage, package_training
from levelfield.submission.training.check_round import check_training
from levelfield.terms import Division

RULES = load_training("training-v1.1")
STATEMENTS = {"cooling": "air", "status": "available", "host_networking": "none", "accelerators_per_node": 8}


def request_for(*folders: Path, **changes: Any) -> PackageRequest:
    values: dict[str, Any] = {
        "folders": folders,
        "organisation": "Acme",
        "division": Division.CLOSED,
        "out": folders[0].parent / "tree",
        "round": "training-v1.1",
        **changes,
    }
    return PackageRequest(**values)


def packaged(*folders: Path, **changes: Any) -> TrainingPackage:
    return package_training(request_for(*folders, **changes))


def refused(request: PackageRequest, kind: type[LevelfieldError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        package_training(request)
    assert not request.out.exists()
    return caught.value.text()


def test_a_whole_entry_has_every_file_and_nothing_is_found_in_it(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    made = packaged(runs)
    code = "Acme/benchmarks/resnet"
    assert listing(made.out) == {
        "PACKAGE.json",
        "TODO.md",
        "Acme/.gitattributes",
        "Acme/systems/rocket.json",
        f"{code}/implementations/levelfield-torch/README.md",
        f"{code}/implementations/levelfield-torch/requirements-rocket.txt",
        *(
            f"{code}/rocket/{name}"
            for name in (
                "README.md",
                "setup.sh",
                "init_datasets.sh",
                "run_and_time.sh",
                "rocket_levelfield-torch.json",
            )
        ),
        *(f"Acme/results/rocket/resnet/result_{number}.txt" for number in range(5)),
    }
    assert made.files == 16
    for number in range(5):
        name = f"results/rocket/resnet/result_{number}.txt"
        assert (made.root / name).read_bytes() == (runs / name).read_bytes()
    report = check_training(PlainFolder(made.out), RULES)
    assert report.findings == ()
    assert report.scores[0].score == 12
    assert report.official_packages[0].passed
    assert len(report.official_rows) == 1


def test_the_description_is_what_was_found_and_what_is_stated_over_it(tmp_path: Path) -> None:
    statements = tmp_path / "box.json"
    statements.write_text(json.dumps(STATEMENTS))
    made = packaged(trained(tmp_path / "runs"), system_json=statements)
    fields = json.loads((made.root / "systems/rocket.json").read_text())
    assert tuple(fields) == RULES.submission.system_fields
    assert (fields["cooling"], fields["status"], fields["host_processor_vcpu_count"]) == ("air", "available", "256")
    assert (fields["submitter"], fields["division"], fields["accelerators_per_node"]) == ("Acme", "closed", "8")
    to_do = (made.out / "TODO.md").read_text()
    assert "**host_memory_capacity**: it could not be found out on the machine" in to_do
    assert "**cooling**" not in to_do
    assert "**sw_notes**" not in to_do
    assert "**how the data were fetched**" in to_do
    assert "levelfield submission check . --round training-v1.1" in to_do


def test_what_cannot_be_stated_is_told_at_once(tmp_path: Path) -> None:
    statements = tmp_path / "box.json"
    stated = {"division": "open", "status": "soon", "accelerators_per_node": "eight", "colour": "red", "cooling": True}
    statements.write_text(json.dumps(stated))
    text = refused(request_for(trained(tmp_path / "runs"), system_json=statements), InputError)
    assert "division: found 'open', expected closed." in text
    assert "status: found 'soon', expected onprem or available or " in text
    assert "accelerators_per_node: found 'eight', expected a whole number." in text
    assert "colour: not a field of a system of training-v1.1." in text
    assert "cooling: found true, expected text or a number." in text


def test_scripts_are_shell_and_say_when_the_data_are_missing(tmp_path: Path) -> None:
    made = packaged(trained(tmp_path / "runs"))
    steps = made.root / "benchmarks/resnet/rocket"
    for name in ("setup.sh", "init_datasets.sh", "run_and_time.sh"):
        assert subprocess.run(["sh", "-n", str(steps / name)], check=False).returncode == 0
    ended = subprocess.run(["sh", str(steps / "init_datasets.sh")], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "/data/image net: not there\n")
    assert (
        "torchrun --nproc-per-node 8 -m levelfield training run --out runs" in (steps / "run_and_time.sh").read_text()
    )
    place = made.root / "benchmarks/resnet/implementations/levelfield-torch"
    assert (place / "requirements-rocket.txt").read_text() == "levelfield==0.1\n# CPython 3.11.7\ntorch==2.13.0\n"
    named = (steps / "setup.sh").read_text().rpartition("/../")[2].strip()
    assert (steps / ".." / named).resolve() == (place / "requirements-rocket.txt").resolve()


def test_several_folders_are_one_entry_in_the_order_of_launch(tmp_path: Path) -> None:
    late = trained(tmp_path / "late", (10.0, 11.0), first_seed=1, launched_ms=9e9)
    early = trained(tmp_path / "early", (12.0, 13.0, 14.0))
    made = packaged(late, early)
    logs = made.root / "results/rocket/resnet"
    assert (logs / "result_0.txt").read_bytes() == (early / "results/rocket/resnet/result_0.txt").read_bytes()
    assert (logs / "result_3.txt").read_bytes() == (late / "results/rocket/resnet/result_0.txt").read_bytes()
    script = (made.root / "benchmarks/resnet/rocket/run_and_time.sh").read_text()
    assert script.splitlines()[-2:] == [
        f"torchrun --nproc-per-node 8 -m levelfield training run --out {name}" for name in ("late", "early")
    ]


def test_two_systems_share_the_implementation_and_have_versions_of_their_own(tmp_path: Path) -> None:
    def renamed(record: dict[str, Any]) -> None:
        record["header"].update(system="glider", software={"levelfield": "0.1", "torch": "2.12.0"})

    rocket = trained(tmp_path / "one")
    glider = change_record(trained(tmp_path / "two", first_seed=1, launched_ms=9e9), renamed)
    made = packaged(rocket, glider)
    place = made.root / "benchmarks/resnet/implementations/levelfield-torch"
    assert listing(place) == {"README.md", "requirements-rocket.txt", "requirements-glider.txt"}
    assert (place / "requirements-glider.txt").read_text() == "levelfield==0.1\ntorch==2.12.0\n"
    readme = (place / "README.md").read_text()
    assert [line for line in readme.splitlines() if line.startswith("## ")] == ["## rocket", "## glider"]
    report = check_training(PlainFolder(made.out), RULES)
    assert (report.findings, [one.score for one in report.scores]) == ((), [12, 12])
    statements = tmp_path / "box.json"
    statements.write_text("{}")
    shutil.rmtree(made.out)
    text = refused(request_for(rocket, glider, system_json=statements))
    assert "--system-json describes one system, and the runs have 2: rocket, glider." in text


def test_failed_run_is_handed_in_and_too_many_are_refused(tmp_path: Path) -> None:
    bad = trained(tmp_path / "bad", (15.0,), first_seed=1, quality=0.5, status="aborted")
    made = packaged(trained(tmp_path / "good", (10.0, 11.0, 12.0, 13.0)), bad)
    assert made.plan.entries[0].minutes == 12
    assert [one.run.path.parts[-5] for one in made.plan.entries[0].failed] == ["bad"]
    shutil.rmtree(made.out)
    worse = trained(tmp_path / "worse", (15.0, 16.0), first_seed=1, quality=0.5, status="aborted")
    text = refused(request_for(trained(tmp_path / "few", (10.0, 11.0, 12.0)), worse))
    assert "rocket/resnet: 2 of 5 runs do not count, and 1 may: " in text
    assert "result_1.txt: found no evaluation" in text or "result_1.txt: no evaluation" in text


def test_too_few_runs_are_refused_and_on_the_list_of_a_rehearsal(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs", (10.0, 11.0, 12.0))
    assert "rocket/resnet: found 3 runs, the round asks for 5." in refused(request_for(runs))
    made = packaged(runs, rehearsal=True)
    assert made.reasons == ("rocket/resnet: found 3 runs, the round asks for 5.",)
    assert "- [ ] **2 more runs**: the round asks for 5; train them with" in (made.out / "TODO.md").read_text()
    assert "found 3 runs" in (made.root / "REHEARSAL.md").read_text()
    report = check_training(PlainFolder(made.out), RULES)
    assert {(one.code, one.severity.value) for one in report.findings} == {("TRN003", "error"), ("TRN099", "void")}
    assert [one.path for one in report.findings if one.code == "TRN099"] == ["Acme/systems/rocket-rehearsal.json"]


def test_of_more_runs_planned_at_once_the_median_window_is_handed_in(tmp_path: Path) -> None:
    minutes = (10.0, 12.0, 11.0, 14.0, 13.0, 20.0, 9.0)
    made = packaged(trained(tmp_path / "runs", minutes))
    # Windows of five: 12, 13, and 12.67 of 11, 14, 13, 20 and 9, whose score is the one in the middle.
    assert made.plan.entries[0].first == 2
    assert made.plan.entries[0].minutes == pytest.approx(38 / 3)
    assert len(list((made.root / "results/rocket/resnet").iterdir())) == 5
    assert "Handed in are runs 3 to 7 in the order" in (made.root / "benchmarks/resnet/rocket/README.md").read_text()
    report = check_training(PlainFolder(made.out), RULES)
    assert (report.findings, report.scores[0].score) == ((), pytest.approx(38 / 3))


def test_more_runs_of_several_commands_are_refused(tmp_path: Path) -> None:
    one = trained(tmp_path / "one")
    two = trained(tmp_path / "two", (9.0, 9.5), first_seed=1, launched_ms=9e9)
    text = refused(request_for(one, two))
    assert "found 7 runs, the round asks for 5. More count only where their number was settled before" in text


def test_everything_that_speaks_against_the_runs_is_told_at_once(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", (10.0, 11.0, 12.0))
    two = trained(tmp_path / "two", (13.0,), batch_size=4096, first_seed=102, launched_ms=9e9)

    def change(record: dict[str, Any]) -> None:
        record["header"]["number_format"] = "fp16"
        record["header"]["software"]["torch"] = "2.12.0"
        record["header"]["request"]["shuffled_labels"] = True
        record["runs"][0]["seed_given"] = True

    text = refused(request_for(one, change_record(two, change)))
    log = two / "results/rocket/resnet/result_0.txt"
    for reason in (
        "it was trained with --shuffled-labels, the control that must fail.",
        "found 4 runs, the round asks for 5.",
        f"global_batch_size differs: 3264 in most, 4096 in {log}; the runs of one result have one setting.",
        f"number_format differs: 'bf16' in most, 'fp16' in {two}",
        f"torch 2.12.0' in {two}",
        f"{log}: the seed 102 is that of {one / 'results/rocket/resnet/result_2.txt'} too.",
        f"{log}: its seed was chosen with --seed; the closed division wants it from entropy.",
        "labelled as what it is: --rehearsal.",
    ):
        assert reason in text
    made = packaged(one, two, rehearsal=True)
    assert len(made.reasons) == 7


def test_resumed_runs_and_other_divisions_are_in_no_tree(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    change_record(runs, lambda record: record["runs"][4].update(resumed_after=20))
    for rehearsal in (False, True):
        text = refused(request_for(runs, division=Division.OPEN, rehearsal=rehearsal))
        assert f"{runs / 'results/rocket/resnet/result_4.txt'}: the run was resumed" in text
        assert "the logs say the closed division, --division says open." in text
        assert "--rehearsal" not in text


def test_other_availability_in_logs_than_in_the_description(tmp_path: Path) -> None:
    statements = tmp_path / "box.json"
    statements.write_text('{"status": "Preview"}')
    text = refused(request_for(trained(tmp_path / "runs"), system_json=statements))
    assert "its logs say onprem under submission_status, the description of the system Preview under status" in text


def test_two_machines_under_one_name(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "one"), trained(tmp_path / "two", first_seed=1)
    change_record(two, lambda record: record["header"]["machine"].update(accelerators_per_node="4"))
    text = refused(request_for(one, two), InputError)
    assert "rocket: two systems under one name. accelerators_per_node: found '4' in" in text


def test_the_same_runs_in_two_folders(tmp_path: Path) -> None:
    one = trained(tmp_path / "one")
    again = Path(shutil.copytree(one, tmp_path / "again"))
    text = refused(request_for(one, again, rehearsal=True), InputError)
    log = "results/rocket/resnet/result_4.txt"
    assert f"{again / log}: the same log as {one / log}; give one of them." in text


def _log(folder: Path) -> Path:
    return folder / "results/rocket/resnet/result_3.txt"


def _damage_log(folder: Path) -> None:
    data = bytearray(_log(folder).read_bytes())
    data[40] ^= 1
    _log(folder).write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda folder: _log(folder).unlink(), "result_3.txt: missing."),
        (_damage_log, "result_3.txt: found SHA-256 "),
        (
            lambda folder: change_record(folder, lambda record: record["runs"][3].update(status="unfinished")),
            "result_3.txt: the run is unfinished: it was killed, or it is still running.",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["runs"][3].pop("log_sha256")),
            "result_3.txt: its hash was never recorded",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["runs"][3].update(log="../x.txt")),
            "runs[3].log: found '../x.txt', expected a path inside the run's folder.",
        ),
        (lambda folder: change_record(folder, lambda record: record.update(runs=[])), "runs: found none"),
        (
            lambda folder: change_record(folder, lambda record: record.update(schema="other/1")),
            "unknown schema 'other/1'",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["header"].update(system="a/b", command=[])),
            "header.system: found 'a/b', expected a name for a folder",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["header"].update(system="a\ud800")),
            "header.system: found 'a\\ud800', expected a name for a folder",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["header"].update(round="training-v2.0")),
            "trained under training-v2.0, not training-v1.1.",
        ),
        (
            lambda folder: change_record(folder, lambda record: record["header"].update(benchmark="gnmt")),
            "training-v1.1 has no benchmark gnmt.",
        ),
        (lambda folder: (folder / "run.json").write_text("{"), "run.json is damaged: it is not JSON in UTF-8"),
        (lambda folder: (folder / "run.json").write_text("[]"), "run.json is damaged: found list, expected an object."),
        (lambda folder: (folder / "run.json").write_text("[" * 100_000), "run.json is damaged"),
    ],
)
def test_damaged_folders_are_never_packaged(damage: Callable[[Path], object], expected: str, tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    damage(runs)
    text = refused(request_for(runs, rehearsal=True), InputError)
    assert expected in text
    assert "Give folders that levelfield training run wrote, as they were left." in text


def test_requests_that_cannot_be(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    text = refused(request_for(runs, organisation=".a", division=Division.NETWORK, infer=True))
    assert "--org: found '.a'" in text
    assert "--division: found network, training-v1.1 has closed, open." in text
    assert "--infer: runs of training have no scenarios to infer" in text


def test_filled_folder_is_never_written_over(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    out = tmp_path / "tree"
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(OutputError):
        packaged(runs)
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_folders_of_two_suites(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    inference, nothing = tmp_path / "inference", tmp_path / "nothing"
    inference.mkdir()
    nothing.mkdir()
    (inference / "result.json").touch()
    assert hold_training([runs, nothing])
    assert not hold_training([inference, nothing])
    assert not hold_training([nothing])
    with pytest.raises(UsageError) as caught:
        hold_training([runs, inference])
    assert f"{runs}: of training (run.json)." in caught.value.text()
    assert f"{inference}: of inference" in caught.value.text()


def test_code_of_ones_own_is_on_the_list(tmp_path: Path) -> None:
    runs = trained(tmp_path / "runs")
    change_record(runs, lambda record: record["header"]["request"].update(benchmark="mine.nets:RESNET"))
    made = packaged(runs)
    assert "**the code of mine.nets:RESNET**: it is none of levelfield's" in (made.out / "TODO.md").read_text()
    readme = made.root / "benchmarks/resnet/implementations/levelfield-torch/README.md"
    assert "what is trained is `mine.nets:RESNET`." in readme.read_text()


def test_the_tree_notices_what_happens_to_its_logs_later(tmp_path: Path) -> None:
    made = packaged(trained(tmp_path / "runs", MINUTES))
    logs = made.root / "results/rocket/resnet"
    data = (logs / "result_1.txt").read_bytes()
    (logs / "result_1.txt").write_bytes(data.replace(b"some output", b"some outpux"))
    (logs / "result_2.txt").unlink()
    (logs / "result_7.txt").write_bytes(data)
    found = check_training(PlainFolder(made.out), RULES).findings
    told = {one.path.rpartition("/")[2]: one.found for one in found if one.code == "TRN098"}
    assert told["result_1.txt"].startswith("SHA-256 ")
    assert told["result_2.txt"] == "no such log"
    assert told["result_7.txt"] == "a log that was not packaged"
    assert {one.code for one in found} == {"TRN098", "TRN032"}, "and the run that is there twice has a seed twice"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": "levelfield.training-entry/1", "logs": 3}', b"\xff"])
def test_a_record_that_says_nothing_of_logs_is_passed_over(content: bytes, tmp_path: Path) -> None:
    made = packaged(trained(tmp_path / "runs"))
    (made.root / "benchmarks/resnet/rocket/rocket_levelfield-torch.json").write_bytes(content)
    assert check_training(PlainFolder(made.out), RULES).findings == ()
