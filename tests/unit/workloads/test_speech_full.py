"""The full edition of rnnt on a small folder written exactly as the reference's scripts write LibriSpeech."""

from __future__ import annotations

import json
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, MissingError, ModelError
from levelfield.inference.benchmarks import BENCHMARKS
from levelfield.workloads.speech_recognition.dataset import LibriSpeech, check
from levelfield.workloads.speech_recognition.model import DATA
from levelfield.workloads.speech_recognition.task import SpeechRecognition, full_task

TEXTS = ["he was in a fevered state", "his wife's action", "far too long", "walked the floor"]
SAMPLES = [16_000, 24_321, 16_000 * 15 + 1, 9_000]
Write = Callable[..., Path]


def pcm(number: int) -> np.ndarray:
    return (np.random.default_rng(number).standard_normal(SAMPLES[number]) * 3000).astype("<i2")


def write_wav(path: Path, samples: np.ndarray, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def entry(number: int) -> dict[str, Any]:
    duration = SAMPLES[number] / 16_000
    return {
        "files": [
            {
                "channels": 1,
                "sample_rate": 16000.0,
                "bitrate": 16,
                "duration": duration,
                "num_samples": SAMPLES[number],
                "encoding": "Signed Integer PCM",
                "silent": False,
                "fname": f"dev-clean-wav/2277/149896/2277-149896-{number:04}.wav",
                "speed": 1,
            }
        ],
        "original_duration": duration,
        "original_num_samples": SAMPLES[number],
        "transcript": TEXTS[number],
    }


@pytest.fixture
def librispeech(tmp_path: Path) -> Path:
    folder = tmp_path / "librispeech"
    for number in range(4):
        write_wav(folder / entry(number)["files"][0]["fname"], pcm(number))
    (folder / "dev-clean-wav.json").write_text(json.dumps([entry(number) for number in range(4)], indent=2))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Three networks of the signature that weigh nothing: they say "b" at once, and then nothing more."""
    folder = tmp_path / "model"
    folder.mkdir()
    f, i = TensorProto.FLOAT, TensorProto.INT64

    def save(name: str, nodes: list[Any], reads: list[Any], returns: list[Any], constants: dict[str, Any]) -> None:
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info(*one) for one in reads],
            [helper.make_tensor_value_info(*one) for one in returns],
            [onnx.numpy_helper.from_array(np.array(value), key) for key, value in constants.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(made, folder / f"{name}.onnx")

    save(
        "encoder",
        [
            helper.make_node("Transpose", ["features"], ["turned"], perm=[1, 0, 2]),
            helper.make_node("Slice", ["turned", "zero", "many", "one", "two"], ["encoded"]),
            helper.make_node("Add", ["lengths", "one"], ["more"]),
            helper.make_node("Div", ["more", "two"], ["steps"]),
        ],
        [("features", f, ["r", "b", 240]), ("lengths", i, ["b"])],
        [("encoded", f, ["b", "s", 240]), ("steps", i, ["b"])],
        {"zero": [0], "many": [2**31], "one": [1], "two": [2]},
    )
    save(
        "prediction",
        [
            helper.make_node("Add", ["labels", "one"], ["counted"]),
            helper.make_node("Cast", ["counted"], ["number"], to=f),
            helper.make_node("Unsqueeze", ["number", "axis"], ["predicted"]),
            helper.make_node("Identity", ["hidden"], ["next_hidden"]),
            helper.make_node("Identity", ["cell"], ["next_cell"]),
        ],
        [("labels", i, ["b", "u"]), ("hidden", f, [1, "b", 1]), ("cell", f, [1, "b", 1])],
        [("predicted", f, ["b", "u", 1]), ("next_hidden", f, [1, "b", 1]), ("next_cell", f, [1, "b", 1])],
        {"one": np.int64(1), "axis": [2]},
    )
    row = np.zeros((1, 29), np.float32)
    row[0, 28] = 1.0  # times the label's number: 0 at the start, so that the constant for "b" wins
    constant = np.zeros(29, np.float32)
    constant[2] = 0.5
    save(
        "joint",
        [
            helper.make_node("ReduceMean", ["encoded"], ["mean"], axes=[2], keepdims=1),
            helper.make_node("Mul", ["mean", "nothing"], ["silent"]),
            helper.make_node("Add", ["silent", "predicted"], ["number"]),
            helper.make_node("MatMul", ["number", "row"], ["rows"]),
            helper.make_node("Add", ["rows", "constant"], ["flat"]),
            helper.make_node("Unsqueeze", ["flat", "axis"], ["scores"]),
        ],
        [("encoded", f, ["b", "s", 240]), ("predicted", f, ["b", 1, 1])],
        [("scores", f, ["b", "s", 1, 29])],
        {"nothing": np.float32(0), "row": row, "constant": constant, "axis": [2]},
    )
    return folder


def opened(data: Path, model: Path, official: int = 2513) -> SpeechRecognition:
    return full_task(
        data=data,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=2513,
        official_sample_count=official,
    )


def test_utterances_above_15_s_are_left_out_and_the_order_is_kept(librispeech: Path, model: Path) -> None:
    task = opened(librispeech, model)
    assert task.dataset.transcripts == [TEXTS[0], TEXTS[1], TEXTS[3]]
    assert (task.dataset.total_sample_count, task.dataset.complete) == (3, False)
    assert opened(librispeech, model, official=3).dataset.complete


def test_samples_are_scaled_as_the_reference_scales_them(librispeech: Path) -> None:
    (sound,) = LibriSpeech(librispeech).read(np.array([1]))
    assert sound.dtype == np.float32
    np.testing.assert_array_equal(sound, pcm(1).astype(np.float32) / 32768)


def test_whole_path_gives_labels_and_the_official_line(librispeech: Path, model: Path) -> None:
    task = opened(librispeech, model)
    indices = np.array([2, 0, 1])
    task.dataset.load(indices)
    payloads = [labels.tobytes() for labels in task.infer(indices)]
    assert payloads == [b"\x02" + b"\0" * 7] * 3
    assert task.lengths(indices).tolist() == [19, 34, 51]
    score = task.score(zip(indices.tolist(), payloads, strict=True))
    assert score.line == "Word Error Rate: 100.0%, accuracy=0.0%"
    assert task.reference is None


def test_mini_model_is_refused(librispeech: Path) -> None:
    with pytest.raises(ModelError, match=r"joint\.onnx does not fit .* scores of \(1, 2, 1, 14\)") as caught:
        opened(librispeech, DATA / "fp32")
    assert caught.value.problems[0].endswith("scores (batch, steps, 1, 29) float32")


def test_flac_files_of_the_published_archive_are_found(librispeech: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    for number in range(4):
        path = librispeech / entry(number)["files"][0]["fname"]
        flac = librispeech / "LibriSpeech/dev-clean/2277/149896" / path.with_suffix(".flac").name
        flac.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(str(flac), pcm(number), 16_000, subtype="PCM_16")
        path.unlink()
    (sound,) = LibriSpeech(librispeech).read(np.array([1]))
    np.testing.assert_array_equal(sound, pcm(1).astype(np.float32) / 32768)


def test_flac_without_its_library_names_the_command(librispeech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = librispeech / entry(0)["files"][0]["fname"]
    flac = librispeech / "dev-clean/2277/149896" / path.with_suffix(".flac").name
    flac.parent.mkdir(parents=True)
    path.rename(flac)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingError, match="not installed") as caught:
        LibriSpeech(librispeech).read(np.array([0]))
    assert caught.value.hint == "pip install 'levelfield[speech]'"


# --- bad folders ---


def test_missing_recordings_are_named(librispeech: Path) -> None:
    (librispeech / entry(1)["files"][0]["fname"]).unlink()
    with pytest.raises(DatasetError, match="1 of the 3 recordings") as caught:
        LibriSpeech(librispeech)
    assert caught.value.problems == (f"{librispeech / entry(1)['files'][0]['fname']} is not there",)


def test_folder_without_manifest_says_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no dev-clean-wav\.json") as caught:
        LibriSpeech(tmp_path)
    assert "mlcommons/inference, tag v2.0" in str(caught.value.hint)
    with pytest.raises(DatasetError, match="is not a folder"):
        LibriSpeech(tmp_path / "absent")


@pytest.mark.parametrize("content", ["{", "[]", "3", "\xff", "[" * 100_000])
def test_manifest_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev-clean-wav.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DatasetError, match=r"dev-clean-wav\.json"):
        LibriSpeech(tmp_path)


def test_every_bad_entry_is_named(librispeech: Path) -> None:
    bad = [entry(0) for _ in range(5)]
    del bad[0]["transcript"]
    bad[1]["files"][0]["fname"] = "../../etc/passwd"
    bad[2]["files"][0]["num_samples"] = -1
    bad[3]["transcript"] = "8 o'clock"
    bad[4] = {"original_duration": None}
    (librispeech / "dev-clean-wav.json").write_text(json.dumps(bad))
    with pytest.raises(DatasetError, match="cannot be used") as caught:
        LibriSpeech(librispeech)
    place = f"{librispeech / 'dev-clean-wav.json'}: entry"
    assert caught.value.problems == (
        f"{place} 0: 'transcript' is missing",
        f"{place} 1: found the file name '../../etc/passwd', expected one inside the folder",
        f"{place} 2: found -1 samples, expected a whole number above 0",
        f"{place} 3: found 8, expected letters, apostrophes and punctuation of ASCII",
        f"{place} 4: not an utterance as the reference's scripts write it",
    )


def test_every_bad_recording_is_named(librispeech: Path) -> None:
    names = [librispeech / entry(number)["files"][0]["fname"] for number in range(4)]
    write_wav(names[0], pcm(0)[:100])
    write_wav(names[1], pcm(1), rate=44_100)
    names[3].write_bytes(names[3].read_bytes()[:2000])
    with pytest.raises(DatasetError, match="3 of 3 recordings cannot be used") as caught:
        LibriSpeech(librispeech).read(np.arange(3))
    assert caught.value.problems == (
        f"{names[0]}: found 100 samples, expected 16,000 as the manifest says",
        f"{names[1]}: found 1 channels at 44100 Hz, expected 1 at 16000 Hz",
        f"{names[3]}: found 978 samples, expected 9,000 as its header says: it is cut off",
    )


# --- a look before a long run ---


def test_check_of_a_good_but_small_copy(librispeech: Path) -> None:
    report = check(librispeech, expected=3)
    assert report.dataset == "LibriSpeech dev-clean"
    assert dict(report.facts) == {
        "utterances of at most 15 s": "3",
        "manifest": "another",
        "recordings read": "3 WAV",
        "hours": "0.00",
    }
    (problem,) = report.problems
    assert "it is not the one of the reference" in problem


def test_check_of_a_bad_copy_names_everything(librispeech: Path) -> None:
    (librispeech / entry(1)["files"][0]["fname"]).unlink()
    (librispeech / entry(3)["files"][0]["fname"]).write_bytes(b"")
    (librispeech / "dev-clean.tar.gz").write_bytes(b"half an archive")
    benchmark = next(one for one in BENCHMARKS if one.name == "rnnt")
    assert benchmark.check is not None
    problems = " ".join(benchmark.check(librispeech).problems)
    assert "found 3 utterances of at most 15 s, expected 2,513" in problems
    assert "expected 42e2234ba48799c1f50f24a7926300a1 as openslr.org publishes it" in problems
    assert "2277-149896-0001.wav: it is not there" in problems
    assert "2277-149896-0003.wav: not a WAV file" in problems


def test_check_of_no_dataset(tmp_path: Path) -> None:
    report = check(tmp_path, expected=2513)
    assert report.problems[0].endswith("which names each recording and its transcript.")
