"""Training as a person has it: through the command line, killed, interrupted, in several processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import SAMPLES, SRC, Ended, levelfield

from levelfield.cli.app import run
from levelfield.formats.mllog import MlLog, read_mllog

pytest.importorskip("torch")

TINY = ("training", "run", "-b", "tiny_training:BENCHMARK", "--system-name", "box", "--out", "out")


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Runs it in the test's folder, in this process: a process of its own has to import torch again."""
    monkeypatch.chdir(tmp_path)

    def command(*more: str) -> Ended:
        code = run([*TINY, *more])
        output = capsys.readouterr()
        return Ended(code, output.out, output.err)

    return command


def log_of(folder: Path) -> MlLog:
    log = read_mllog((folder / "out/results/box/resnet/result_0.txt").read_bytes(), prove=True)
    assert not log.damaged
    return log


def first_run(folder: Path) -> dict[str, object]:
    return json.loads((folder / "out/run.json").read_text())["runs"][0]


def test_run_succeeds_and_says_what_it_came_to(ran) -> None:
    ended = ran("--runs", "5")
    assert ended.code == 0, ended
    assert "olympic mean of 5 runs" in ended.out
    assert "95 % interval" in ended.out
    assert "out/run.json" in ended.out
    assert ended.err.count("success") == 5
    assert "\r" not in ended.err


def test_killed_run_has_a_log_that_can_be_read_and_is_marked(tmp_path: Path) -> None:
    with levelfield(*TINY, "--set", "kill_at=21", "--set", "opt_base_learning_rate=0", folder=tmp_path) as session:
        ended = session.end(bound_s=300)
    assert ended.code == -signal.SIGKILL, ended
    log = log_of(tmp_path)
    assert len(log.all("eval_accuracy")) == 2
    assert log.first("run_stop") is None
    killed = first_run(tmp_path)
    assert (killed["status"], killed["minutes"]) == ("unfinished", None)
    assert len(killed["quality"]) == 2


def test_interrupted_run_closes_its_log_and_ends_with_130(ran, tmp_path: Path) -> None:
    ended = ran("--set", "interrupt_at=12", "--set", "opt_base_learning_rate=0", "--runs", "3")
    assert ended.code == 130, ended
    assert "Traceback" not in ended.err
    assert "interrupted; what was trained until then is kept" in ended.err
    stop = log_of(tmp_path).last("run_stop")
    assert stop is not None
    assert stop.metadata["status"] == "aborted"
    assert first_run(tmp_path)["status"] == "interrupted"


def test_broken_loss_ends_with_1_and_says_where(ran) -> None:
    ended = ran("--set", "nan_at=13", "--set", "opt_base_learning_rate=0")
    assert ended.code == 1, ended
    assert "the loss of step 13 is nan" in ended.out
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (("--set", "learning_rate=1"), 2, "--set learning_rate: unknown."),
        (("--set", "no_data=1"), 2, "points.npz: not there"),
        (("--set", "raise_at=3"), 1, "Training broke while making step 3: ValueError: no such tensor."),
        (("--precision", "fp8"), 2, "Unknown precision 'fp8'"),
        (("--division", "closed"), 2, "a mini edition is never in the closed division"),
        (("--rules", "inference-v2.0"), 2, "inference-v2.0"),
        (("--resume",), 2, "run.json, file"),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(ran, more: tuple[str, ...], code: int, told: str) -> None:
    ended = ran(*more)
    assert "Traceback" not in ended.err
    assert ended.code == code
    assert told in ended.err


def test_resumed_run_is_shown_as_one_that_is_never_scored(ran, tmp_path: Path) -> None:
    slow = ("--set", "opt_base_learning_rate=0.01", "--checkpoints")
    assert ran(*slow, "--seed", "3").code == 0
    record = tmp_path / "out/run.json"
    record.write_text(record.read_text().replace('"status": "success"', '"status": "unfinished"'))
    ended = ran(*slow, "--resume")
    assert "for development, never scored" in ended.out


def test_two_processes_learn_as_one_does(ran, tmp_path: Path) -> None:
    """The same losses up to the order of summation in float32: a relative difference below 1e-5 over 80 steps."""
    together = tmp_path / "together"
    together.mkdir()
    slow = ("--seed", "5", "--set", "opt_base_learning_rate=0.002")
    assert ran(*slow).code == 1
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            "-m", "levelfield", *TINY, *slow,
        ],
        cwd=together,
        env={**os.environ, "PYTHONPATH": f"{SRC}{os.pathsep}{SAMPLES}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )  # fmt: skip
    assert (together / "out/run.json").exists(), done.stderr
    one, two = (dict(first_run(folder)["losses"]) for folder in (tmp_path, together))
    assert list(one) == list(two) == list(range(1, 81))
    assert one[1] > 2 * one[80]
    for step, loss in one.items():
        assert two[step] == pytest.approx(loss, rel=1e-5)
    quality = [[point["quality"]["top1"] for point in first_run(folder)["quality"]] for folder in (tmp_path, together)]
    assert quality[1] == pytest.approx(quality[0], abs=1e-5)
    log = log_of(together)
    assert len(log.all("run_start")) == len(log.all("seed")) == 1
    header = json.loads((together / "out/run.json").read_text())["header"]
    assert header["processes"] == 2
    assert header["machine"]["number_of_nodes"] == "1"
    assert header["command"][:5] == ["torchrun", "--nproc-per-node", "2", "-m", "levelfield"]


def test_mini_resnet_takes_an_epoch_through_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = run(["training", "run", "-b", "resnet", "--set", "epochs=1", "--set", "eval_every=1", "--json"])
    assert code == 1
    record = json.loads(capsys.readouterr().out)
    (trained,) = record["runs"]
    assert (trained["status"], trained["step"], trained["parameters"]) == ("aborted", 9, 57658)
    assert 0 < trained["quality"][0]["quality"]["top1"] < 0.9
    assert record["header"]["targets"] == ["top-1 accuracy ≥ 0.95"]
    assert (tmp_path / "levelfield-training-resnet/run.json").is_file()
