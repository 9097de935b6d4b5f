"""Places that cannot be written to, and disks that fill up: exit code 2, in words, earlier results kept, none half."""

from __future__ import annotations

import errno
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import ArraySystem, run_in, settings_of

from levelfield.cli.app import run
from levelfield.errors import OutputError
from levelfield.formats.loadgen_log import read_detail_log
from levelfield.formats.loadgen_summary import read_summary
from levelfield.loadgen import read_record
from levelfield.terms import Mode, Scenario

QUICK = ("inference", "run", "-b", "resnet50", "--duration", "0.1", "--set", "min_query_count=70")
USAGE = 2

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command line in the test's folder; gives exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("levelfield.inference.run.capacity_seconds", lambda _: 0.02)

    def ask(*arguments: str) -> tuple[int, str]:
        code = run([*QUICK, *arguments])
        err = capsys.readouterr().err
        assert "Traceback" not in err
        return code, err

    return ask


def test_folder_that_is_not_empty(command: Command) -> None:
    Path("out").mkdir()
    for name in "abcd":
        (Path("out") / name).touch()
    code, err = command("--out", "out")
    assert code == USAGE
    assert "The output folder out is not empty (it holds a, b, c, …)" in err
    assert "Give an empty or new folder with --out; results are never overwritten." in err
    assert sorted(path.name for path in Path("out").iterdir()) == list("abcd")


def test_a_second_run_into_the_same_folder(command: Command) -> None:
    assert command("--out", "out", "--no-accuracy")[0] in {0, 1}
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    code, err = command("--out", "out", "--no-accuracy")
    assert code == USAGE
    assert "is not empty" in err
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("make", "out"),
    [
        (lambda: Path("out").write_text("a file"), "out"),
        (lambda: Path("out").write_text("a file"), "out/below"),
        (lambda: Path("out").symlink_to("nowhere/at/all"), "out"),
        (lambda: None, "/proc/levelfield-out"),
    ],
)
def test_place_that_cannot_be_a_folder(command: Command, make: Callable[[], object], out: str) -> None:
    make()
    code, err = command("--out", out)
    assert code == USAGE
    assert f"The output folder {out} cannot be used" in err
    assert "--out" in err


@pytest.mark.parametrize("out", ["with space/and ünïcödé 結果", "a/b/../c", "./out/"])
def test_folder_names_of_any_kind(command: Command, out: str) -> None:
    code, _ = command("--out", out)
    assert code in {0, 1}
    document = json.loads((Path(out) / "result.json").read_text())
    (result,) = document["results"]
    for file in result["files"].values():
        assert (Path(out) / file["path"]).stat().st_size == file["bytes"]
    assert (Path(out) / "report.html").stat().st_size > 10_000


def test_system_name_of_any_language(command: Command) -> None:
    assert command("--out", "out", "--system-name", "Größe 7 <b>", "--no-accuracy")[0] in {0, 1}
    assert (Path("out") / "results" / "Größe 7 <b>" / "resnet50" / "SingleStream").is_dir()
    report = (Path("out") / "report.html").read_text()
    assert "7 &lt;b&gt;" in report
    assert "7 <b>" not in report


def test_another_run_that_claimed_the_same_folder_a_moment_before(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("levelfield.inference.run.claim_output_folder", lambda folder: folder)
    command("--out", "out", "--no-accuracy")
    code, err = command("--out", "out", "--no-accuracy")
    assert code == USAGE
    assert "another run writes into the same output folder" in err


# --- a full disk -----------------------------------------------------------------------------------------


class FullDisk:
    """From a moment on, whatever is written to files whose path holds a word meets a full disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._word = ""
        self._room = 0
        opened, mkstemp = Path.open, tempfile.mkstemp

        def full_open(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
            if self._word and self._word in str(path) and "w" in mode and self._room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            stream = opened(path, mode, *rest, **named)
            return _Bounded(stream, self) if self._word and self._word in str(path) and mode == "w" else stream

        def full_mkstemp(*rest: Any, **named: Any) -> Any:
            if self._word and self._word in str(named.get("prefix")):
                raise OSError(errno.ENOSPC, "No space left on device")
            return mkstemp(*rest, **named)

        monkeypatch.setattr(Path, "open", full_open)
        monkeypatch.setattr("levelfield.files.tempfile.mkstemp", full_mkstemp)

    def fill(self, word: str, *, room: int = 0) -> None:
        self._word, self._room = word, room

    def take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


class _Bounded:
    """A text stream with room for so many characters."""

    def __init__(self, stream: Any, disk: FullDisk) -> None:
        self._stream = stream
        self._disk = disk

    def write(self, text: str) -> int:
        self._disk.take(len(text))
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


FULL = "No space left on device"
HINT = "Free space on that disk, or choose another output folder; what was measured before is kept."


@pytest.mark.parametrize(
    ("word", "room"),
    [
        ("accuracy/mlperf_log_summary.txt", 0),
        ("accuracy/mlperf_log_detail.txt", 0),
        ("accuracy/mlperf_log_accuracy.json", 0),
        ("accuracy/mlperf_log_detail.txt", 3000),
        ("accuracy/mlperf_log_accuracy.json", 2000),
        ("accuracy.txt", 0),
        ("record-accuracy.npz", 0),
        ("user.conf", 0),
    ],
)
def test_disk_that_is_full_before_anything_counts(command: Command, disk: FullDisk, word: str, room: int) -> None:
    disk.fill(word, room=room)
    code, err = command("--out", "out")
    assert code == USAGE
    name = word.rpartition("/")[2]
    assert f"{name} cannot be" in err
    assert FULL in err
    assert HINT in err
    assert not hidden(Path("out"))


@pytest.mark.parametrize(
    ("word", "room"),
    [
        ("run_1/mlperf_log_summary.txt", 0),
        ("run_1/mlperf_log_summary.txt", 300),
        ("run_1/mlperf_log_detail.txt", 3000),
        ("record-performance.npz", 0),
    ],
)
def test_disk_that_fills_up_in_the_second_scenario(command: Command, disk: FullDisk, word: str, room: int) -> None:
    disk.fill(f"Offline/{'' if 'npz' in word else 'performance/'}{'.' if 'npz' in word else ''}{word}", room=room)
    code, err = command("--out", "out", "-s", "SingleStream", "-s", "Offline")
    assert code == USAGE
    assert FULL in err
    assert word.rpartition("/")[2] in err
    document = json.loads((Path("out") / "result.json").read_text())
    assert [result["scenario"] for result in document["results"]] == ["SingleStream"]
    assert FULL in document["failures"][0]
    assert "SingleStream" in (Path("out") / "report.html").read_text()
    assert not hidden(Path("out"))


def test_disk_without_room_for_the_result(command: Command, disk: FullDisk) -> None:
    disk.fill("result.json")
    code, err = command("--out", "out", "--no-accuracy")
    assert code == USAGE
    assert "result.json cannot be written: No space left on device." in err
    logs = next(Path("out").glob("results/*/resnet50/SingleStream/performance/run_1"))
    assert read_detail_log(logs / "mlperf_log_detail.txt").text("result_validity")
    assert not hidden(Path("out"))


def test_disk_without_room_for_the_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: FullDisk
) -> None:
    monkeypatch.chdir(tmp_path)
    disk.fill("report.html")
    code = run([*QUICK, "--no-accuracy", "--out", "out"])
    printed = capsys.readouterr()
    assert code == USAGE
    assert "report.html cannot be written: No space left on device." in printed.err
    assert "SingleStream" in printed.out  # what was measured is told all the same
    assert json.loads((tmp_path / "out" / "result.json").read_text())["results"]


def test_accuracy_log_that_fills_the_disk_in_mid_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: FullDisk
) -> None:
    # Payloads are written while the run goes on, from the threads of the system under test.
    monkeypatch.setattr("levelfield.loadgen.recorder.FLUSH_BYTES", 16)
    disk.fill("mlperf_log_accuracy.json", room=300)
    with pytest.raises(OutputError, match=r"accuracy\.json cannot be written: No space left"):
        run_in(tmp_path, ArraySystem(), settings_of(Scenario.SINGLE_STREAM, mode=Mode.ACCURACY))
    (measurement, *_) = read_record(tmp_path / "record.npz")
    assert measurement.sample_count > 0
    assert read_summary(tmp_path / "mlperf_log_summary.txt").error_count == 1
    log = read_detail_log(tmp_path / "mlperf_log_detail.txt")
    assert not log.damaged
    assert "No space left" in str(log.errors[0].value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A real file system of so many bytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = []

    def make(size: str) -> Path:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip("a file system cannot be mounted here; the other tests imitate a full one")
        mounted.append(place)
        return place

    yield make
    for one in mounted:
        subprocess.run(["umount", "-l", str(one)], check=True)


@pytest.mark.parametrize("size", ["8k", "64k", "128k", "200k"])
def test_real_small_disk(small_disk: Callable[[str], Path], command: Command, size: str) -> None:
    place = small_disk(size)
    code, err = command("--out", str(place / "out"), "-s", "SingleStream", "-s", "Offline")
    assert code == USAGE
    assert FULL in err
    assert str(place) in err
    assert not hidden(place)
    for path in place.rglob("*.json"):
        if path.name == "result.json":
            assert json.loads(path.read_text())["schema"]


def hidden(folder: Path) -> list[Path]:
    """Temporary files that were left behind."""
    return [path for path in folder.rglob(".*") if path.is_file()]
