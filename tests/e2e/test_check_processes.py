"""``levelfield submission check`` as a command, alone and with a process that is made before files are listed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from small_round import small_round

BOUND_S = 60
ENOUGH_BYTES = 9 << 20


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for two processes."""
    root = tmp_path_factory.mktemp("round")
    for path, data in {**small_round(), "closed/Org/results/box/ssd-resnet34/notes": bytes(ENOUGH_BYTES)}.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def check(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "levelfield", "submission", "check", str(tree), *options],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--select", "INF"), ("--select", "official"), ("--ignore", "INF122")])
def test_two_processes_say_what_one_says(tree: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    reports = [tmp_path / "one.json", tmp_path / "two.json"]
    one, two = (
        check(tree, *options, "--jobs", jobs, "--json", str(report)) for jobs, report in zip("12", reports, strict=True)
    )
    assert (one.returncode, one.stdout, one.stderr) == (two.returncode, two.stdout, two.stderr)
    assert reports[0].read_bytes() == reports[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--ignore", "INF9999"), "Unknown check 'INF9999'"),
        (("--round", "inference-v9.9"), "Unknown rule set 'inference-v9.9'"),
    ],
)
def test_an_error_behind_the_fork_is_told_once(tree: Path, arguments: tuple[str, ...], message: str) -> None:
    ended = check(tree, "--jobs", "2", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count(message) == 1
    assert "Traceback" not in ended.stderr


def test_a_folder_that_is_no_tree_is_told_of_once(tmp_path: Path) -> None:
    ended = check(tmp_path, "--jobs", "2")
    assert ended.returncode == 2
    assert ended.stderr.count("This is no submission tree of inference-v2.0") == 1


def test_a_name_that_is_too_long_is_told_of(tmp_path: Path) -> None:
    ended = check(tmp_path / ("a" * 5000), "--jobs", "2")
    assert ended.returncode == 2
    assert "cannot be read: File name too long" in ended.stderr


def test_a_check_that_is_killed_leaves_no_process(tree: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "levelfield", "submission", "check", str(tree), "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        others: list[psutil.Process] = []
        while not others and process.poll() is None:
            others = psutil.Process(process.pid).children()
        process.kill()
    assert others
    _, left = psutil.wait_procs(others, timeout=BOUND_S)
    assert not left
