"""The full edition on a small folder in KiTS19's format and models with the 3D U-Net's signature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from kits_folder import CASES, SPACINGS, brightness_model, kits_case, kits_folder
from nifti_files import write_nifti
from onnx import TensorProto

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, ModelError
from levelfield.workloads.medical_segmentation.dataset import OFFICIAL_CASES, KitsFolder, check
from levelfield.workloads.medical_segmentation.model import DATA
from levelfield.workloads.medical_segmentation.preprocess import Scan, prepared_image, prepared_labels
from levelfield.workloads.medical_segmentation.task import MedicalSegmentation, full_task


def opened(data: Path, model: Path, *, official_sample_count: int = 42) -> MedicalSegmentation:
    return full_task(
        data=data,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=42,
        official_sample_count=official_sample_count,
    )


def test_official_cases_are_the_42_in_order() -> None:
    assert len(OFFICIAL_CASES) == len(set(OFFICIAL_CASES)) == 42
    assert (OFFICIAL_CASES[0], OFFICIAL_CASES[7], OFFICIAL_CASES[41]) == ("case_00000", "case_00041", "case_00207")
    assert list(OFFICIAL_CASES) == sorted(OFFICIAL_CASES)
    source = json.loads((DATA / "kits19_cases.json").read_text())["source"]
    assert source.startswith("mlcommons/inference")


def test_whole_path_from_files_to_dice(tmp_path: Path) -> None:
    task = opened(kits_folder(tmp_path / "kits19"), brightness_model(tmp_path / "unet.onnx"))
    assert (task.dataset.name, task.dataset.total_sample_count, task.dataset.complete) == ("kits19", 2, False)
    entries = []
    for index in range(2):
        task.dataset.load(np.array([index]))
        (labels,) = task.infer(np.array([index]))
        image = task.dataset.volume(index)
        task.dataset.unload(np.array([index]))
        # What the model computes, in numpy: blending cannot change the answer of a model that sees single voxels.
        expected = np.where(image > (175 - 101) / 76.9, 2, np.where(image > (40 - 101) / 76.9, 1, 0))
        assert (labels != expected).mean() < 1e-4
        assert (labels.dtype, labels.shape) == (np.uint8, image.shape)
        entries.append((index, labels.tobytes()))
    score = task.score(entries)
    assert 0.85 < score.value < 1
    assert score.total == 2
    assert task.reference is None


def test_volumes_are_those_of_the_official_steps(tmp_path: Path) -> None:
    folder = KitsFolder(kits_folder(tmp_path))
    assert folder.cases == list(CASES)
    for index in range(2):
        image, labels = kits_case(index)
        spacing = tuple(float(np.float32(step)) for step in SPACINGS[index])
        expected = prepared_image(Scan(voxels=image, spacing_mm=spacing), 128)  # type: ignore[arg-type]
        np.testing.assert_array_equal(folder.image(index), expected)
        truth = prepared_labels(Scan(voxels=labels, spacing_mm=spacing), 128)  # type: ignore[arg-type]
        np.testing.assert_array_equal(folder.labels(index), truth)
    assert folder.image(1).shape == (1, 128, 128, 128)


@pytest.mark.parametrize(
    ("code", "stored"), [("i2", 1), ("i4", 1), ("f4", 1), ("f8", 1)], ids=["int16", "int32", "float32", "float64"]
)
def test_each_type_of_image_gives_the_same_volume(tmp_path: Path, code: str, stored: int) -> None:
    folder = kits_folder(tmp_path, CASES[:1])
    image, _ = kits_case(0)
    reference = KitsFolder(folder).image(0)
    write_nifti(folder / "data" / CASES[0] / "imaging.nii.gz", image.astype(code) * stored, SPACINGS[0])
    np.testing.assert_array_equal(KitsFolder(folder).image(0), reference)


def test_folder_of_the_cases_themselves_is_taken(tmp_path: Path) -> None:
    assert KitsFolder(kits_folder(tmp_path) / "data").count == 2


def test_complete_with_as_many_cases_as_the_round_says(tmp_path: Path) -> None:
    folder, model = kits_folder(tmp_path), brightness_model(tmp_path / "unet.onnx")
    assert opened(folder, model, official_sample_count=2).dataset.complete


# --- models ---


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (1, 1, 128, 128, 128)},
        {"shape": ("n", 1, "d", "h", "w")},
        {"declared": ("n", "c", "d", "h", "w")},
    ],
    ids=["batch of one", "free edges", "undeclared output"],
)
def test_known_signatures(tmp_path: Path, options: dict[str, object]) -> None:
    task = opened(kits_folder(tmp_path, CASES[:1]), brightness_model(tmp_path / "unet.onnx", **options))  # type: ignore[arg-type]
    assert (task.model.input_name, task.model.output_name) == ("input", "output")
    assert task.describe()["windows_at_once"] == "1"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"shape": ("n", 1, 64, 64, 64)}, "its input has another shape"),
        ({"shape": ("n", 128, 128, 128, 1)}, "its input has another shape"),
        ({"shape": (2, 1, 128, 128, 128)}, "its batch is fixed at 2"),
        ({"input_type": TensorProto.UINT8}, "its input is uint8, not float32"),
        ({"classes": 4}, "no output is known as scores of three classes"),
    ],
    ids=["size", "channels last", "batch", "uint8", "classes"],
)
def test_model_of_another_kind_is_refused(tmp_path: Path, options: dict[str, object], reason: str) -> None:
    model = brightness_model(tmp_path / "other.onnx", **options)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=rf"other\.onnx does not fit this benchmark: {reason}") as caught:
        opened(kits_folder(tmp_path / "kits19", CASES[:1]), model)
    expected, found = caught.value.problems
    assert expected.startswith("expected: one float32 input (batch, 1, 128, 128, 128)")
    assert found.startswith("found: inputs input: (")


# --- bad folders ---


def test_folder_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="absent is not a folder"):
        KitsFolder(tmp_path / "absent")
    with pytest.raises(DatasetError, match="has none of the 42 cases of the benchmark") as caught:
        KitsFolder(tmp_path)
    assert "case_00000 with imaging.nii.gz and segmentation.nii.gz" in str(caught.value.hint)


def test_missing_files_of_cases_are_named(tmp_path: Path) -> None:
    folder = kits_folder(tmp_path)
    (folder / "data/case_00003/imaging.nii.gz").unlink()
    (folder / "data/case_00041/segmentation.nii.gz").unlink()
    with pytest.raises(DatasetError, match="2 files of the cases") as caught:
        KitsFolder(folder)
    assert caught.value.problems == (
        f"{folder / 'data/case_00003/imaging.nii.gz'} is not there",
        f"{folder / 'data/case_00041/segmentation.nii.gz'} is not there",
    )


def test_labels_on_another_grid_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    folder = kits_folder(tmp_path)
    path = folder / "data" / CASES[0] / "segmentation.nii.gz"
    _, labels = kits_case(0)
    write_nifti(path, labels[:-1], SPACINGS[0])
    with pytest.raises(DatasetError, match=r"found the shape \(29, 80, 90\), the image has \(30, 80, 90\)"):
        KitsFolder(folder).labels(0)
    labels[0, 0, 0] = 5
    write_nifti(path, labels, SPACINGS[0])
    with pytest.raises(DatasetError, match="found 1 voxels with another label than 0, 1, 2, as 5"):
        KitsFolder(folder).labels(0)


# --- checking a copy ---


def test_check_of_a_part_names_what_is_missing(tmp_path: Path) -> None:
    report = check(kits_folder(tmp_path))
    assert report.dataset == "KiTS19"
    assert report.facts[:2] == (("cases", "2 of 42 are whole"), ("voxels", "920,000"))
    assert len(report.problems) == 40
    assert report.problems[0] == f"{tmp_path / 'data/case_00000'} is not there"


def test_check_finds_each_kind_of_damage(tmp_path: Path) -> None:
    folder = kits_folder(tmp_path)
    image, labels = kits_case(1)
    cut = folder / "data" / CASES[0] / "imaging.nii.gz"
    cut.write_bytes(cut.read_bytes()[:5000])
    labels[0, 0, :3] = 7
    write_nifti(folder / "data" / CASES[1] / "segmentation.nii.gz", labels[:-1], (5.0, 0.75, 0.8))
    image[0, 0, 0] = np.nan
    write_nifti(folder / "data" / CASES[1] / "imaging.nii.gz", image, (5.0, 0.75, 0.75))
    found = "\n".join(problem for problem in check(folder).problems if "is not there" not in problem)
    assert "imaging.nii.gz, gzip stream: found its end before the data's" in found
    assert "segmentation.nii.gz: found 3 voxels with another label than 0, 1, 2, as 7" in found
    assert "imaging.nii.gz: found values that are no numbers" in found
    assert "found the shape (31, 100, 220), the image has (32, 100, 220)" in found
    assert "found the spacing (5.0, 0.75, 0.80" in found


def test_check_of_a_whole_copy_has_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.workloads.medical_segmentation.dataset.OFFICIAL_CASES", CASES)
    report = check(kits_folder(tmp_path))
    assert report.problems == ()
    assert report.facts[0] == ("cases", "2 of 2 are whole")
