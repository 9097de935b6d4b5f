"""The full edition on a small folder in ImageNet's format and models with ResNet-50's signature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, ModelError
from levelfield.loadgen.ports import SampleLibrary
from levelfield.workloads.image_classification.dataset import ImageNetFolder
from levelfield.workloads.image_classification.model import DATA
from levelfield.workloads.image_classification.preprocess import photograph_input
from levelfield.workloads.image_classification.task import ImageClassification, full_task
from levelfield.workloads.pictures import Layout

WriteModel = Callable[..., Path]
WriteFolder = Callable[[list[int]], Path]
Weights = Callable[[int], np.ndarray]

LABELS = [65, 970, 230, 809, 516, 57, 334]


def opened(data: Path, model: Path, *, official_sample_count: int = 50_000) -> ImageClassification:
    return full_task(
        data=data,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=4,
        official_sample_count=official_sample_count,
    )


def colour_classes(folder: Path, weights: np.ndarray) -> list[int]:
    """The model's arithmetic in numpy: the class of each picture."""
    classes = []
    for path in sorted(folder.glob("*.JPEG")):
        picture = photograph_input(cv2.imread(str(path)), Layout.NCHW)
        scores = picture.mean(axis=(1, 2), dtype=np.float64) @ weights
        classes.append(int(scores.argmax()))
    return classes


def run_all(task: ImageClassification) -> list[tuple[int, bytes]]:
    indices = np.arange(task.dataset.total_sample_count)
    task.dataset.load(indices)
    payloads = task.infer(indices)
    task.dataset.unload(indices)
    return [(int(index), payload.tobytes()) for index, payload in zip(indices, payloads, strict=True)]


# --- models: layout, output, background class ---


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(
    ("classes", "outputs", "offset"),
    [
        (1000, ("scores",), 0),
        (1001, ("scores",), 1),
        (1001, ("argmax", "scores"), 1),
        (1000, ("scores", "argmax"), 0),
        (1001, ("argmax",), 1),
        (1001, ("argmax2",), 1),
    ],
    ids=["logits-1000", "logits-1001", "official", "argmax-of-1000", "argmax-alone", "argmax-kept-axis"],
)
def test_each_known_signature_gives_the_right_classes(
    request: pytest.FixtureRequest, layout: str, classes: int, outputs: tuple[str, ...], offset: int
) -> None:
    folder = request.getfixturevalue("write_folder")(LABELS)
    model = request.getfixturevalue("write_model")(layout=layout, classes=classes, outputs=outputs)
    task = opened(folder, model)
    found = [np.frombuffer(payload, "<f4").tolist() for _, payload in run_all(task)]
    expected = colour_classes(folder, request.getfixturevalue("mean_colour_weights")(classes))
    assert found == [[number - offset] for number in expected]


def test_class_numbers_are_preferred_to_scores(write_model: WriteModel, write_folder: WriteFolder) -> None:
    facts = opened(write_folder(LABELS), write_model(outputs=("scores", "argmax"))).describe()
    assert facts["output"] == "argmax: the class number, minus 1 (background class first)"
    assert facts["input"] == "picture, NCHW"
    assert facts["precision"] == "not stated"


def test_free_height_and_width_are_taken(write_model: WriteModel, write_folder: WriteFolder) -> None:
    task = opened(write_folder(LABELS), write_model(layout="NHWC", shape=("n", "h", "w", 3)))
    assert task.model.layout is Layout.NHWC


def test_batch_of_one_is_told(write_model: WriteModel, write_folder: WriteFolder) -> None:
    task = opened(write_folder(LABELS), write_model(shape=(1, 3, 224, 224)))
    assert task.max_batch == 1
    task.dataset.load(np.arange(2))
    assert task.infer(np.array([1])).shape == (1,)
    with pytest.raises(ModelError, match="inputs found: picture: \\(2, 3, 224, 224\\) float32"):
        task.infer(np.array([0, 1]))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"classes": 21}, "no output is known as scores or class numbers"),
        ({"shape": ("n", 3, 299, 299)}, "its input has another shape"),
        ({"shape": (16, 3, 224, 224)}, "its batch is fixed at 16"),
        ({"input_type": TensorProto.UINT8}, "its input is uint8, not float32"),
        ({"input_type": TensorProto.FLOAT16}, "its input is float16, not float32"),
    ],
    ids=["classes", "size", "batch", "uint8", "float16"],
)
def test_model_of_another_kind_is_refused(
    write_model: WriteModel, write_folder: WriteFolder, options: dict[str, object], reason: str
) -> None:
    chosen = {"outputs": ("scores",), **options}
    with pytest.raises(ModelError, match=rf"other\.onnx does not fit this benchmark: {reason}") as caught:
        opened(write_folder(LABELS), write_model(name="other.onnx", **chosen))
    expected, found = caught.value.problems
    assert expected.startswith("expected: one float32 input (batch, 3, 224, 224) or (batch, 224, 224, 3)")
    assert found.startswith("found: inputs picture: (")


def test_mini_model_is_refused(write_folder: WriteFolder) -> None:
    with pytest.raises(ModelError, match="its input has another shape") as caught:
        opened(write_folder(LABELS), DATA / "resnet8_fp32.onnx")
    assert caught.value.problems[1] == (
        "found: inputs image: (any, 1, 32, 32) float32; outputs logits: (any, 10) float32"
    )


# --- the dataset as a sample library ---


def test_dataset_is_a_sample_library_bounded_by_the_performance_count(
    write_model: WriteModel, write_folder: WriteFolder
) -> None:
    dataset = opened(write_folder(LABELS), write_model()).dataset
    assert isinstance(dataset, SampleLibrary)
    assert (dataset.name, dataset.total_sample_count, dataset.performance_sample_count) == ("imagenet", 7, 4)


def test_performance_count_is_at_most_the_dataset(write_model: WriteModel, write_folder: WriteFolder) -> None:
    assert opened(write_folder(LABELS[:2]), write_model()).dataset.performance_sample_count == 2


@pytest.mark.parametrize(("official", "complete"), [(7, True), (50_000, False)])
def test_dataset_of_another_size_is_not_complete(
    write_model: WriteModel, write_folder: WriteFolder, official: int, complete: bool
) -> None:
    task = opened(write_folder(LABELS), write_model(), official_sample_count=official)
    assert task.dataset.complete is complete


def test_pictures_are_decoded_only_when_they_are_loaded(
    write_model: WriteModel, write_folder: WriteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (decoded.append(path.name), real(path))[1])
    task = opened(write_folder(LABELS), write_model())
    decoded.clear()
    task.dataset.load(np.array([5, 2, 5]))
    assert sorted(decoded) == ["ILSVRC2012_val_00000003.JPEG", "ILSVRC2012_val_00000006.JPEG"]


def test_batch_holds_the_official_input(write_model: WriteModel, write_folder: WriteFolder) -> None:
    folder = write_folder(LABELS)
    task = opened(folder, write_model())
    task.dataset.load(np.array([0, 6]))
    (batch,) = task.inputs(np.array([6, 0])).values()
    assert (batch.shape, batch.dtype, batch.flags.c_contiguous) == ((2, 3, 224, 224), np.float32, True)
    last = photograph_input(cv2.imread(str(folder / "ILSVRC2012_val_00000007.JPEG")), Layout.NCHW)
    np.testing.assert_array_equal(batch[0], last)


def test_score_counts_against_the_map(
    write_model: WriteModel, write_folder: WriteFolder, mean_colour_weights: Weights
) -> None:
    folder = write_folder(LABELS)
    model = write_model(classes=1000, outputs=("scores",))
    answers = colour_classes(folder, mean_colour_weights(1000))
    labels = [*answers[:5], *((answer + 1) % 1000 for answer in answers[5:])]
    names = sorted(path.name for path in folder.glob("*.JPEG"))
    (folder / "val_map.txt").write_text("".join(f"{n} {label}\n" for n, label in zip(names, labels, strict=True)))
    task = opened(folder, model)
    score = task.score(run_all(task))
    assert (score.metric, score.unit, score.good, score.total) == ("top-1", "%", 5, 7)
    assert score.line == "accuracy=71.429%, good=5, total=7"
    assert task.reference is None


# --- bad folders ---


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="absent is not a folder"):
        ImageNetFolder(tmp_path / "absent", classes=1000)


def test_folder_without_map_says_what_the_map_is(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no val_map\.txt") as caught:
        ImageNetFolder(tmp_path, classes=1000)
    assert "ILSVRC2012_val_00000001.JPEG 65 (labels 0..999)" in str(caught.value.hint)


def test_every_bad_line_of_the_map_is_named(write_folder: WriteFolder) -> None:
    folder = write_folder(LABELS)
    path = folder / "val_map.txt"
    bad = [
        "ILSVRC2012_val_00000001.JPEG",
        "",
        "two words 3",
        "a.JPEG -1",
        "b.JPEG 1000",
        "c.JPEG 6.5",
        "d.JPEG 1",
        "d.JPEG 2",
    ]
    path.write_text(path.read_text() + "\n".join(bad) + "\n")
    with pytest.raises(DatasetError, match=r"val_map\.txt cannot be used") as caught:
        ImageNetFolder(folder, classes=1000)
    assert caught.value.problems == (
        f"{path}:8: found 'ILSVRC2012_val_00000001.JPEG', expected a file name and a label",
        f"{path}:10: found 'two words 3', expected a file name and a label",
        f"{path}:11: found 'a.JPEG -1', expected a file name and a label",
        f"{path}:12: found the label 1000, expected 0..999",
        f"{path}:13: found 'c.JPEG 6.5', expected a file name and a label",
        f"{path}:15: d.JPEG is named a second time, first in line 14",
    )


def test_map_that_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "val_map.txt").write_text("\n\n")
    with pytest.raises(DatasetError, match="names no picture"):
        ImageNetFolder(tmp_path, classes=1000)


def test_map_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "val_map.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"val_map\.txt cannot be read"):
        ImageNetFolder(tmp_path, classes=1000)


def test_missing_pictures_are_counted_and_named_with_their_line(write_folder: WriteFolder) -> None:
    folder = write_folder(LABELS)
    (folder / "ILSVRC2012_val_00000002.JPEG").unlink()
    (folder / "ILSVRC2012_val_00000005.JPEG").unlink()
    with pytest.raises(DatasetError, match=r"2 of the 7 pictures that val_map\.txt names are missing") as caught:
        ImageNetFolder(folder, classes=1000)
    assert caught.value.problems == (
        f"{folder / 'val_map.txt'}:2: {folder / 'ILSVRC2012_val_00000002.JPEG'} is not there",
        f"{folder / 'val_map.txt'}:5: {folder / 'ILSVRC2012_val_00000005.JPEG'} is not there",
    )


def test_unreadable_pictures_are_all_named_at_load(
    write_folder: WriteFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(LABELS)
    empty, text = folder / "ILSVRC2012_val_00000001.JPEG", folder / "ILSVRC2012_val_00000004.JPEG"
    empty.write_bytes(b"")
    text.write_text("a page that says 404")
    pictures = ImageNetFolder(folder, classes=1000)
    with pytest.raises(DatasetError, match="2 of 7 pictures cannot be read") as caught:
        pictures.read(np.arange(7), Layout.NCHW)
    assert caught.value.problems == (
        f"{empty}: not a picture that OpenCV can decode (0 bytes)",
        f"{text}: not a picture that OpenCV can decode (20 bytes)",
    )
    assert capfd.readouterr().err == ""


def test_many_problems_are_shortened(tmp_path: Path) -> None:
    (tmp_path / "val_map.txt").write_text("".join(f"{number}.JPEG 1\n" for number in range(25)))
    with pytest.raises(DatasetError, match="25 of the 25") as caught:
        ImageNetFolder(tmp_path, classes=1000)
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "and 15 more"
