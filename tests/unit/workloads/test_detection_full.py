"""The full edition on a small folder in COCO's format, with models of the reference's signatures."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from coco_folder import NUMBERS, entries, write_coco, write_model
from onnx import TensorProto

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, ModelError
from levelfield.workloads.object_detection.dataset import check
from levelfield.workloads.object_detection.model import FULL_MOBILENET, FULL_RESNET34, ModelContract
from levelfield.workloads.object_detection.task import ObjectDetection, full_task

TF_NAMES = ("detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0")
PT_NAMES = ("bboxes", "labels", "scores")
BOXES = np.array([[0.1, 0.2, 0.5, 0.6], [0.0, 0.0, 1.0, 1.0], [0.3, 0.3, 0.4, 0.4]])
CLASSES = np.array([4, 1, 2])
SCORES = np.array([0.9, 0.5, 0.04])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_coco(tmp_path / "coco")


def opened(contract: ModelContract, folder: Path, model: Path, samples: int = 4) -> ObjectDetection:
    return full_task(
        contract,
        data=folder,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=samples,
        official_sample_count=5000,
    )


def small(contract: ModelContract, size: int = 40) -> ModelContract:
    """The same contract for smaller pictures, so that the tests are quick."""
    from dataclasses import replace

    return replace(contract, size=size)


def mobilenet(tmp_path: Path, **changes: Any) -> Path:
    usual: dict[str, Any] = {
        "names": TF_NAMES,
        "boxes": BOXES,
        "classes": CLASSES.astype(np.float32),
        "scores": SCORES,
        "count": 2,
        "input_type": TensorProto.UINT8,
        "shape": ("batch", "height", "width", 3),
    }
    return write_model(tmp_path / "mobilenet.onnx", **{**usual, **changes})


def resnet34(tmp_path: Path, **changes: Any) -> Path:
    usual: dict[str, Any] = {
        "names": PT_NAMES,
        "boxes": BOXES,
        "classes": CLASSES,
        "scores": SCORES,
        "shape": (1, 3, 40, 40),
    }
    return write_model(tmp_path / "resnet34.onnx", **{**usual, **changes})


# --- payloads ---


def test_mobilenet_payload_is_that_of_the_reference(tmp_path: Path, folder: Path) -> None:
    task = opened(FULL_MOBILENET, folder, mobilenet(tmp_path))
    task.dataset.load(np.arange(4))
    first, second = task.infer(np.array([3, 1]))
    # Index, top, left, bottom, right, score, class; the third detection is beyond the model's count.
    row = struct.pack("<14f", 3, 0.1, 0.2, 0.5, 0.6, 0.9, 4, 3, 0.0, 0.0, 1.0, 1.0, 0.5, 1)
    assert first.tobytes() == row
    assert second.tobytes()[:4] == struct.pack("<f", 1)
    assert task.max_batch is None


def test_resnet34_boxes_are_turned_and_cut_at_one_half(tmp_path: Path, folder: Path) -> None:
    scores = np.array([0.9, 0.49, 0.8])  # the reference stops at the first that is too low
    task = opened(small(FULL_RESNET34), folder, resnet34(tmp_path, scores=scores))
    task.dataset.load(np.arange(2))
    (payload,) = task.infer(np.array([1]))
    assert payload.tobytes() == struct.pack("<7f", 1, 0.2, 0.1, 0.6, 0.5, 0.9, 4)
    assert task.max_batch == 1


def test_resnet34_of_tensorflow_keeps_the_order_and_cuts_at_a_twentieth(tmp_path: Path, folder: Path) -> None:
    names = ("detection_bboxes:0", "detection_classes:0", "detection_scores:0")
    task = opened(small(FULL_RESNET34), folder, resnet34(tmp_path, names=names))
    task.dataset.load(np.arange(1))
    (payload,) = task.infer(np.array([0]))
    np.testing.assert_allclose(payload[:, 1:5], BOXES[:2], rtol=1e-6)


def test_mobilenet_of_pytorch_is_cut_at_three_tenths(tmp_path: Path, folder: Path) -> None:
    model = resnet34(tmp_path, scores=np.array([0.9, 0.31, 0.29]), shape=("batch", 3, 40, 40))
    task = opened(small(FULL_MOBILENET), folder, model)
    task.dataset.load(np.arange(1))
    (payload,) = task.infer(np.array([0]))
    assert payload[:, 5].tolist() == pytest.approx([0.9, 0.31])
    assert "(x - 127.5) / 127.5" in task.describe()["input"]


def test_nothing_found_is_an_empty_payload(tmp_path: Path, folder: Path) -> None:
    task = opened(FULL_MOBILENET, folder, mobilenet(tmp_path, count=0))
    task.dataset.load(np.arange(1))
    (payload,) = task.infer(np.array([0]))
    assert payload.tobytes() == b""


# --- pictures ---


def test_pictures_are_those_of_the_file_in_its_order(tmp_path: Path, folder: Path) -> None:
    task = opened(FULL_MOBILENET, folder, mobilenet(tmp_path))
    assert task.dataset.facts.numbers.tolist() == list(NUMBERS)
    assert (task.dataset.total_sample_count, task.dataset.performance_sample_count) == (6, 4)
    assert not task.dataset.complete
    task.dataset.load(np.array([2]))
    picture = task.dataset.batch(np.array([2]))
    assert (picture.dtype, picture.shape) == (np.uint8, (1, 300, 300, 3))
    decoded = cv2.imread(str(folder / f"val2017/{NUMBERS[2]:012d}.jpg"))
    assert abs(picture[0, 150, 150].astype(int) - decoded[30, 40, ::-1]).max() <= 1


def test_resnet34_reads_normalised_values(tmp_path: Path, folder: Path) -> None:
    task = opened(small(FULL_RESNET34), folder, resnet34(tmp_path))
    task.dataset.load(np.array([0]))
    decoded = cv2.imread(str(folder / f"val2017/{NUMBERS[0]:012d}.jpg"))[30, 40, ::-1]
    expected = (decoded / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(task.dataset.batch(np.array([0]))[0, :, 20, 20], expected, atol=0.02)


# --- the score, against pycocotools by the way of the official script ---


def official_map(log: list[tuple[int, bytes]], folder: Path, *, inverse_map: bool) -> float:
    """What accuracy-coco.py prints, with the arithmetic of its time."""
    import contextlib
    import io

    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO(str(folder / "annotations/instances_val2017.json"))
        mapped = [0, *truth.getCatIds()]
        detections, numbers = [], set()
        for index, payload in log:
            image = truth.dataset["images"][index]
            numbers.add(image["id"])
            rows = np.frombuffer(payload, np.float32).reshape(-1, 7).tolist()
            for _, top, left, bottom, right, score, number in rows:
                height, width = image["height"], image["width"]
                box = [left * width, top * height, right * width - left * width, bottom * height - top * height]
                category = mapped[int(number)] if inverse_map else int(number)
                detections.append({"image_id": image["id"], "category_id": category, "bbox": box, "score": score})
        run = cocoeval.COCOeval(truth, truth.loadRes(detections), iouType="bbox")
        run.params.imgIds = list(numbers)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return 100 * float(run.stats[0])


@pytest.mark.parametrize("inverse_map", [False, True], ids=["categories", "contiguous"])
def test_score_is_that_of_the_official_script(tmp_path: Path, folder: Path, inverse_map: bool) -> None:
    contract = small(FULL_RESNET34) if inverse_map else FULL_MOBILENET
    task = opened(contract, folder, resnet34(tmp_path) if inverse_map else mobilenet(tmp_path))
    document = entries()
    draw = np.random.default_rng(9)
    places = [1, 2, 3, 4] if inverse_map else [1, 2, 5, 90]
    log = []
    for index, image in enumerate(document["images"]):
        rows = []
        for one in document["annotations"]:
            if one["image_id"] == image["id"]:
                left, top, width, height = np.array(one["bbox"]) * draw.uniform(0.93, 1.07, 4)
                sides = [top / image["height"], left / image["width"]]
                sides += [(top + height) / image["height"], (left + width) / image["width"]]
                number = places[[1, 2, 5, 90].index(one["category_id"])]
                rows.append([index, *sides, draw.choice([0.5, 0.7, 0.9]), number])
        log.append((index, np.array(rows, np.float32).tobytes()))
    score = task.score(log)
    expected = official_map(log, folder, inverse_map=inverse_map)
    assert 10 < expected < 100
    assert score.value == pytest.approx(expected, abs=1e-10)
    assert score.line == f"mAP={expected:.3f}%"
    assert score.interval is not None
    assert score.interval[0] <= score.value <= score.interval[1]
    assert (score.metric, score.unit, score.good, score.total) == ("mAP", "%", None, 6)
    part = task.score_subset(log[:3])
    assert part.value == pytest.approx(official_map(log[:3], folder, inverse_map=inverse_map), abs=1e-10)


# --- what does not fit ---


@pytest.mark.parametrize(
    ("contract", "make", "said"),
    [
        (FULL_MOBILENET, lambda path: mobilenet(path, names=(*TF_NAMES[:3], "count")), "its outputs have other names"),
        (FULL_MOBILENET, lambda path: mobilenet(path, input_type=TensorProto.INT32), "its input is int32"),
        (FULL_MOBILENET, lambda path: mobilenet(path, shape=("batch", 3, 224, 224)), "its input has another shape"),
        (FULL_MOBILENET, lambda path: mobilenet(path, shape=(8, 300, 300, 3)), "its batch is fixed at 8"),
        (FULL_MOBILENET, lambda path: mobilenet(path, boxes=BOXES[:, :3]), "do not belong together"),
        (FULL_MOBILENET, lambda path: mobilenet(path, classes=np.float32([1, 2])), "do not belong together"),
        (FULL_RESNET34, lambda path: resnet34(path, input_type=TensorProto.UINT8), "its input is uint8"),
    ],
)
def test_model_that_does_not_fit_is_refused(
    tmp_path: Path, folder: Path, contract: ModelContract, make: Callable[[Path], Path], said: str
) -> None:
    with pytest.raises(ModelError, match=said) as raised:
        opened(contract, folder, make(tmp_path))
    expected, found = raised.value.problems
    assert expected.startswith("expected: one input (batch, 3,")
    assert found.startswith("found: inputs picture: (")


def test_missing_pictures_are_named(tmp_path: Path, folder: Path) -> None:
    (folder / f"val2017/{NUMBERS[1]:012d}.jpg").unlink()
    with pytest.raises(DatasetError, match="1 of the 6 pictures") as raised:
        opened(FULL_MOBILENET, folder, mobilenet(tmp_path))
    assert f"{NUMBERS[1]:012d}.jpg is not there" in raised.value.problems[0]


def test_broken_pictures_are_named_when_they_are_loaded(tmp_path: Path, folder: Path) -> None:
    (folder / f"val2017/{NUMBERS[1]:012d}.jpg").write_bytes(b"no picture")
    task = opened(FULL_MOBILENET, folder, mobilenet(tmp_path))
    with pytest.raises(DatasetError, match="1 of 3 pictures cannot be read") as raised:
        task.dataset.load(np.arange(3))
    assert "not a picture that OpenCV can decode (10 bytes)" in raised.value.problems[0]


def test_folder_without_annotations(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"instances_val2017\.json is not there") as raised:
        opened(FULL_MOBILENET, tmp_path, tmp_path / "none.onnx")
    assert "annotations/instances_val2017.json and the pictures in val2017/" in str(raised.value.hint)


def spoilt(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = entries()
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("images"), "images: found nothing, expected a list"),
        (lambda d: d["images"].clear(), "annotations[0].image_id: found 397133, which no image has"),
        (lambda d: d["images"][1].pop("height"), "images[1].height: found None, expected a whole number"),
        (lambda d: d["images"][1].update(width=0), "images[1].width: found 0, expected 1 or more"),
        (lambda d: d["images"][0].update(file_name="../x.jpg"), "images[0].file_name: found '../x.jpg'"),
        (lambda d: d["images"].append(d["images"][0]), "images: the id 397133 occurs a second time"),
        (lambda d: d["annotations"][2].update(bbox=[1, 2, 3]), "annotations[2].bbox: found [1, 2, 3]"),
        (lambda d: d["annotations"][2].update(bbox=[1, 2, 3, float("nan")]), "annotations[2].bbox"),
        (lambda d: d["annotations"][0].update(area="4"), "annotations[0].area: found '4', expected a number"),
        (lambda d: d["annotations"][0].update(category_id=3), "annotations[0].category_id: found 3"),
        (lambda d: d["annotations"].insert(0, 7), "annotations[0]: found int, expected an object"),
    ],
)
def test_annotations_that_cannot_be_used(tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_val2017.json").write_text(json.dumps(spoilt(change)))
    with pytest.raises(DatasetError) as raised:
        opened(FULL_MOBILENET, tmp_path, tmp_path / "none.onnx")
    assert any(said in problem for problem in raised.value.problems)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000], ids=["not JSON", "a list", "deep"])
def test_annotations_that_are_no_such_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_val2017.json").write_text(content)
    with pytest.raises(DatasetError, match=r"instances_val2017\.json cannot be"):
        check(tmp_path)


# --- a look at a copy ---


def test_check_counts_and_compares(folder: Path) -> None:
    (folder / f"val2017/{NUMBERS[0]:012d}.jpg").write_bytes(b"")
    (folder / f"val2017/{NUMBERS[1]:012d}.jpg").unlink()
    assert cv2.imwrite(str(folder / f"val2017/{NUMBERS[2]:012d}.jpg"), np.zeros((5, 7, 3), np.uint8))
    report = check(folder)
    facts = dict(report.facts)
    assert facts["pictures named"] == "6"
    assert facts["pictures there"] == "5"
    assert facts["pictures that decode to their size"] == "3"
    assert facts["objects"] == "15, 1 of them crowds"
    text = "\n".join(report.problems)
    assert "pictures: found 6, expected 5,000" in text
    assert "objects: found 15, expected 36,781" in text
    assert "categories: found 4, expected 80" in text
    assert "sha256: found" in text
    assert f"{NUMBERS[1]:012d}.jpg is not there" in text
    assert f"{NUMBERS[0]:012d}.jpg: not a picture that OpenCV can decode (0 bytes)" in text
    assert f"{NUMBERS[2]:012d}.jpg: found 7 x 5 pixels, expected 96 x 68" in text
