"""What is asked for or handed in cannot be: exit code 2, one clear message, no traceback, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from levelfield.cli.app import run
from levelfield.inference.benchmarks import registry

SHIPPED = Path(__file__).parents[2] / "src/levelfield/workloads/image_classification/data"
USAGE = 2

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Run ``levelfield inference run -b resnet50 --out out ...``; gives the message of the refusal."""
    monkeypatch.chdir(tmp_path)

    def ask(*arguments: str | Path, benchmark: str = "resnet50", code: int = USAGE) -> str:
        command = ["inference", "run", "-b", benchmark, "--out", "out", *map(str, arguments)]
        assert run(command) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "Traceback" not in printed.err
        assert printed.err.startswith("levelfield: ")
        assert not Path("out").exists()
        return printed.err

    return ask


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-s", "Servr"), ("Unknown scenario 'Servr'", "Did you mean 'Server'?", "SingleStream, MultiStream")),
        (("--edition", "maxi"), ("Unknown edition 'maxi'", "Did you mean 'mini'?", "full, mini")),
        (("--backend", "onnxrutime"), ("Unknown backend 'onnxrutime'", "Did you mean 'onnxruntime'?")),
        (("--rules", "inference-v2.1"), ("Unknown rule set 'inference-v2.1'", "Did you mean 'inference-v2.0'?")),
        (("--precision", "int4"), ("Unknown precision 'int4'", "Did you mean 'int8'?", "fp32, int8")),
        (("--issuing", "proces"), ("Unknown way of issuing 'proces'", "Did you mean 'process'?", "auto, inline")),
    ],
)
def test_unknown_word(refused: Refused, arguments: Sequence[str], words: Sequence[str]) -> None:
    message = refused(*arguments)
    for word in words:
        assert word in message


def test_unknown_benchmark(refused: Refused) -> None:
    assert "Unknown benchmark 'resnet5'" in (message := refused(benchmark="resnet5"))
    assert "Did you mean 'resnet50'?" in message


def test_benchmark_of_the_round_that_cannot_be_run_yet(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BENCHMARKS", tuple(one for one in registry.BENCHMARKS if one.name == "resnet50"))
    message = refused(benchmark="bert-99")
    assert "bert-99 is a benchmark of inference-v2.0, but levelfield cannot run it yet" in message
    assert "What can be run: resnet50" in message


def test_unknown_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inferense"]) == USAGE
    assert "Did you mean 'inference'?" in capsys.readouterr().err
    assert run(["inference", "run", "--benchmrk", "resnet50"]) == USAGE
    assert "--benchmark" in capsys.readouterr().err


def test_impossible_options_are_reported_all_at_once(refused: Refused) -> None:
    message = refused(
        "-s", "Server", "--threads", 0, "--workers", -1, "--batch", 0, "--batch-delay", "nan", "--duration", -1,
        "--stall", 0, "--system-name", "../../elsewhere", "--qps", 0, "--set", "target_latency_percentile=200",
        "--set", "min_duratoin=3", "--set", "max_query_count", "--set", "samples_per_query=2",
    )  # fmt: skip
    for words in (
        "--threads: found 0, expected 1 or more.",
        "--workers: found -1, expected 0 (the issuing thread) or more.",
        "--batch: found 0, expected 1 or more.",
        "--batch-delay: found nan, expected milliseconds, 0 or more.",
        "--duration: found -1, expected seconds, 0 or more.",
        "--stall: found 0, expected seconds, more than 0.",
        "--system-name: found '../../elsewhere', expected a name for a folder",
        "'target_qps=0.0': found 0.0, expected a number above 0.",
        "'target_latency_percentile=200': found 200, expected a percentage from 0 to 100.",
        "'min_duratoin=3': unknown key 'min_duratoin' for Server (nearest: 'min_duration').",
        "'max_query_count': expected key=value.",
        "'samples_per_query=2': ",
    ):
        assert f"\n  - {words}" in message
    assert message.startswith("levelfield: These settings cannot be run.\n")


@pytest.mark.parametrize("value", ["inf", "nan", "1e400"])
def test_durations_without_end(refused: Refused, value: str) -> None:
    assert "--duration: found" in refused("--duration", value)


def test_settings_that_can_be_read_but_not_run(refused: Refused) -> None:
    message = refused(
        "-s", "Server", "--set", "max_duration=10", "--set", "max_query_count=3", "--set",
        "target_latency_percentile=100", "--set", "performance_issue_same=true", "--set",
        "performance_issue_unique=true", "--set", "target_latency=0",
    )  # fmt: skip
    for words in (
        "max_duration_ms: found 10, expected at least min_duration_ms (10000)",
        "max_query_count: found 3, expected at least min_query_count (1024)",
        "target_latency_percentile: found 1, expected a fraction above 0 and below 1",
        "target_latency: found 0 ns, expected more than 0",
        "performance_issue_unique, performance_issue_same: found both, expected at most one",
    ):
        assert words in message


def test_what_is_wrong_in_some_scenarios_only_names_them(refused: Refused) -> None:
    message = refused("-s", "all", "--set", "max_duration=10", "--set", "samples_per_query=0")
    assert "\n  - SingleStream, MultiStream, Offline: max_duration_ms: found 10, expected at least" in message
    assert "\n  - Server: max_duration_ms: found 10, expected at least min_duration_ms (10000)" in message
    assert "MultiStream: samples_per_query: found 0, expected 1 or more." in message


def test_nothing_left_to_run(refused: Refused) -> None:
    assert "Give at most one of them" in refused("--no-accuracy", "--accuracy-only")


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "  ", "two\nlines"])
def test_system_name_that_is_no_folder_name(refused: Refused, name: str) -> None:
    assert "--system-name: found" in refused("--system-name", name)


# --- models ----------------------------------------------------------------------------------------------


def test_missing_model(refused: Refused, tmp_path: Path) -> None:
    message = refused("--model", tmp_path / "absent.onnx")
    assert f"{tmp_path / 'absent.onnx'} is not there" in message
    assert "--model" in message


def test_folder_in_place_of_a_model(refused: Refused, tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder: a model file was expected" in refused("--model", tmp_path)


@pytest.mark.parametrize("content", ["truncated", "text", "empty"])
def test_corrupt_model(refused: Refused, tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.onnx"
    whole = next(SHIPPED.glob("*fp32*.onnx")).read_bytes()
    path.write_bytes({"truncated": whole[: len(whole) // 2], "text": b"hello\n", "empty": b""}[content])
    message = refused("--model", path)
    assert f"{path} cannot be loaded by onnxruntime" in message
    assert "The file may be damaged, or not be ONNX" in message


def test_model_of_another_shape(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    write_model(path, channels=3, side=32, classes=7)
    message = refused("--model", path)
    assert f"{path} does not fit this benchmark" in message
    assert "expected: one float32 input" in message
    assert "found: inputs picture: (any, 3, 32, 32) float32" in message


def write_model(path: Path, *, channels: int, side: int, classes: int) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [channels, classes], np.ones(channels * classes, np.float32))
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["picture"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["colour", "w"], ["scores"]),
        ],
        "g",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", channels, side, side])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", classes])],
        [weights],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


# --- datasets --------------------------------------------------------------------------------------------


@pytest.fixture
def full(tmp_path: Path, refused: Refused) -> Callable[..., str]:
    """Refuse a full-edition run on a folder with these files; text of ``val_map.txt`` by name."""
    write_model(tmp_path / "m.onnx", channels=3, side=224, classes=1000)

    def ask(files: dict[str, Any], **options: Any) -> str:
        folder = tmp_path / "imagenet"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return refused("--edition", "full", "--model", tmp_path / "m.onnx", "--data", folder, **options)

    return ask


def jpeg() -> bytes:
    _, encoded = cv2.imencode(".jpg", np.full((260, 240, 3), 90, np.uint8))
    return encoded.tobytes()


def test_full_edition_without_data_and_model(refused: Refused) -> None:
    message = refused("--edition", "full")
    assert "--data: found none, expected the ImageNet folder" in message
    assert "--model: found none, expected an ONNX file" in message
    assert "--edition mini" in message


def test_dataset_folder_that_is_none(refused: Refused, tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx", channels=3, side=224, classes=1000)
    message = refused("--edition", "full", "--model", "m.onnx", "--data", tmp_path / "nowhere")
    assert f"{tmp_path / 'nowhere'} is not a folder" in message
    assert "--data" in message


def test_dataset_without_its_map_file(full: Callable[..., str], tmp_path: Path) -> None:
    message = full({"a.JPEG": jpeg()})
    assert f"{tmp_path / 'imagenet'} has no val_map.txt" in message
    assert "ILSVRC2012_val_00000001.JPEG 65" in message


def test_map_lines_that_cannot_be_parsed(full: Callable[..., str], tmp_path: Path) -> None:
    message = full({"a.JPEG": jpeg(), "val_map.txt": "a.JPEG 1\nb.JPEG\nc.JPEG one\nd.JPEG 1000\na.JPEG 2\n"})
    path = tmp_path / "imagenet" / "val_map.txt"
    for words in (
        f"{path}:2: found 'b.JPEG', expected a file name and a label",
        f"{path}:3: found 'c.JPEG one', expected a file name and a label",
        f"{path}:4: found the label 1000, expected 0..999",
        f"{path}:5: a.JPEG is named a second time, first in line 1",
    ):
        assert words in message


def test_pictures_that_are_missing(full: Callable[..., str], tmp_path: Path) -> None:
    message = full({"a.JPEG": jpeg(), "val_map.txt": "a.JPEG 1\nb.JPEG 2\n"})
    assert "1 of the 2 pictures that val_map.txt names are missing" in message
    assert f"val_map.txt:2: {tmp_path / 'imagenet' / 'b.JPEG'} is not there" in message


def test_pictures_that_cannot_be_read(full: Callable[..., str], tmp_path: Path) -> None:
    files = {"a.JPEG": jpeg(), "b.JPEG": b"no picture", "c.JPEG": b"", "val_map.txt": "a.JPEG 1\nb.JPEG 2\nc.JPEG 3\n"}
    message = full(files)
    assert "2 of 3 pictures cannot be read" in message
    assert f"{tmp_path / 'imagenet' / 'b.JPEG'}: not a picture that OpenCV can decode (10 bytes)" in message
    assert f"{tmp_path / 'imagenet' / 'c.JPEG'}: not a picture that OpenCV can decode (0 bytes)" in message


# --- configuration ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--user-conf", "--audit-config"])
def test_config_lines_that_cannot_be_parsed(refused: Refused, option: str) -> None:
    Path("bad.conf").write_text("# fine\n*.Server.min_duration 3\nresnet50.Server.target_qps = many\n")
    message = refused("-s", "Server", option, "bad.conf")
    assert "bad.conf:2: found '3' after the key, expected '='" in message
    assert "bad.conf:3: found 'many', expected a number" in message


@pytest.mark.parametrize("option", ["--user-conf", "--audit-config", "--config"])
def test_config_file_that_is_not_there(refused: Refused, option: str) -> None:
    message = refused(option, "absent.conf")
    assert "absent.conf cannot be read: No such file or directory" in message


def test_toml_that_cannot_be_parsed(refused: Refused) -> None:
    Path("levelfield.toml").write_text("[settings\n")
    message = refused("--config", "levelfield.toml")
    assert "levelfield.toml is not TOML" in message
    assert "line 1" in message


def test_toml_with_wrong_keys_and_values(refused: Refused) -> None:
    Path("levelfield.toml").write_text('[settings]\nmin_duratoin = 3\nmin_duration = "long"\n[settings.Servr]\nx = 1\n')
    message = refused("--config", "levelfield.toml")
    assert "levelfield.toml:2: unknown key 'min_duratoin' in [settings] (nearest: 'min_duration')" in message
    assert "levelfield.toml:3: min_duration: found 'long', expected a whole number (milliseconds), 0 or more" in message
    assert "levelfield.toml:4: unknown scenario 'Servr' (nearest: 'Server')" in message


def test_official_run_that_changes_what_the_rules_fix(refused: Refused) -> None:
    Path("user.conf").write_text("*.Server.target_latency = 100\n*.*.qsl_rng_seed = 7\n")
    message = refused("-s", "Server", "--official", "--duration", 3, "--user-conf", "user.conf")
    assert "user.conf:1: server_target_latency_ns: found 100 ms, expected at most 15 ms" in message
    assert "user.conf:2: qsl_rng_seed: found 7, expected exactly" in message
    assert "command line: min_duration_ms: found 3 s, expected at least 600 s" in message
    assert message.startswith("levelfield: The rules fix what was changed here.")
    assert "Without --official anything may be changed" in message
