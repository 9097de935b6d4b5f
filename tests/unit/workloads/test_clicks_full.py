"""Day 23 of Criteo Terabyte in each of its forms, and models of the reference's signature."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from criteo_samples import Day, made_day, text_of, write_arrays, write_binary, write_model, write_text
from onnx import TensorProto

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, ModelError, OutputError
from levelfield.workloads.recommendation import criteo, criteo_arrays, criteo_text
from levelfield.workloads.recommendation.criteo import check, open_criteo
from levelfield.workloads.recommendation.preprocess import FULL, model_inputs
from levelfield.workloads.recommendation.task import full_task

PAIRS = 4001
HALF = 2001


@pytest.fixture(scope="module")
def day() -> Day:
    return made_day(PAIRS)


def opened(folder: Path, model: Path):
    return full_task(
        data=folder,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=204_800,
        official_sample_count=330_067,
    )


def refused(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        open_criteo(folder)
    return caught.value.text()


# --- pre-processing ---


def test_pre_processing_is_the_official_one() -> None:
    record = np.zeros((1, 40), np.int32)
    record[0, :5] = 1, -1, 0, 1, 99
    record[0, 14:17] = 39_999_999, 40_000_000, 41_000_007
    counts, rows = model_inputs(record, FULL)
    assert (counts.shape, counts.dtype, rows.shape) == ((1, 13), np.float32, (26, 1))
    np.testing.assert_allclose(counts[0, :4], [0, 0, 0.6931472, 4.6051702], rtol=1e-6)
    assert rows[:3, 0].tolist() == [39_999_999, 0, 1_000_007]


# --- the forms ---


@pytest.mark.parametrize("form", ["text", "gzip", "arrays", "transposed arrays", "float arrays", "binary"])
def test_every_form_gives_the_same_pairs(tmp_path: Path, day: Day, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(criteo_text, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(criteo_arrays, "BLOCK_ROWS", 100)
    folder = tmp_path / "criteo"
    match form:
        case "text" | "gzip":
            write_text(folder, day, compressed=form == "gzip")
        case "binary":
            write_binary(folder, day)
        case _:
            write_arrays(folder, day, fortran=form != "arrays", kind=np.float64 if form == "float arrays" else np.int32)
    before = {path.name for path in folder.iterdir()}
    found = open_criteo(folder)
    np.testing.assert_array_equal(found.pairs.records(0, HALF), day.records[:HALF])
    assert (len(found.pairs), found.trace.pairs, found.is_official) == (HALF, HALF, False)
    assert {path.name for path in folder.iterdir()} == before | {"terabyte_processed_test.bin"}
    assert open_criteo(folder).trace.md5 == found.trace.md5


def test_text_that_lacks_its_last_line_end_and_is_read_in_one_block(tmp_path: Path) -> None:
    few = made_day(5)
    path = write_text(tmp_path / "criteo", few)
    path.write_bytes(text_of(few).rstrip(b"\n"))
    np.testing.assert_array_equal(open_criteo(path.parent).pairs.records(0, 3), few.records[:3])


def test_trace_of_the_folder_is_used_and_must_fit(tmp_path: Path, day: Day) -> None:
    folder = write_binary(tmp_path / "criteo", day).parent
    trace = folder / "dlrm_trace_of_aggregated_samples.txt"
    trace.write_text("0, 2000, 2000\n2000, 2001, 1\n")
    assert open_criteo(folder).trace.sizes.tolist() == [2000, 1]
    trace.write_text("0, 2000, 2000\n")
    assert "samples of the trace end at pair 2,000" in refused(folder)


# --- damaged copies ---


def test_folder_without_any_form_says_what_it_looked_for(tmp_path: Path) -> None:
    text = refused(tmp_path)
    for name in ("terabyte_processed_test.bin", "day_23_reordered.npz", "day_23.gz"):
        assert name in text
    assert "is not a folder" in refused(tmp_path / "nowhere")


def test_text_without_dictionaries_names_them_all(tmp_path: Path) -> None:
    folder = write_text(tmp_path / "criteo", made_day(5)).parent
    for path in folder.glob("day_fea_dict_*"):
        path.unlink()
    text = refused(folder)
    assert "day_fea_dict_0.npz: found no file" in text
    assert "and 16 more" in text
    assert "day_23_reordered.npz, which is enough by itself" in text


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda line: line.replace(b"\t", b" ", 1), r"day_23:3: found 39 columns, expected 40"),
        (lambda line: b"2" + line[1:], r"day_23:3: column 1: found '2', expected the label, 0 or 1"),
        (lambda line: line[:2] + b"1.5" + line[2:], r"day_23:3: column 2: found '1\.5\S*', expected a whole number"),
        (lambda line: line[:2] + b"99999999999" + line[2:], r"day_23:3: column 2: found '99999999999\S*'"),
        (lambda line: line[:-1] + b"f\n", r"day_23:3: column 40: .* that day_fea_dict_25.npz knows"),
        (lambda line: line[:-1] + b"xyz\n", r"day_23:3: column 40: found '\w*xyz'"),
        (lambda line: b"\n", r"day_23:3: found 1 columns"),
        (lambda line: b"\xff\x00" * 50 + b"\n", r"day_23:3: found 1 columns"),
    ],
    ids=["columns", "label", "fraction", "large", "unknown category", "no category", "empty", "binary"],
)
def test_line_at_fault_is_named(tmp_path: Path, damage, problem: str) -> None:
    some = made_day(9)
    path = write_text(tmp_path / "criteo", some)
    lines = text_of(some).splitlines(keepends=True)
    lines[2] = damage(lines[2])
    path.write_bytes(b"".join(lines))
    text = refused(path.parent)
    assert re.search(problem, text), text
    assert not list(path.parent.glob("*.bin*"))
    assert not list(path.parent.glob(".*"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_archives_that_are_cut_off(tmp_path: Path, day: Day, share: float) -> None:
    for path in (
        write_text(tmp_path / "text", day, compressed=True),
        write_arrays(tmp_path / "arrays", day, fortran=True),
        write_text(tmp_path / "dictionary", day).parent / "day_fea_dict_7.npz",
    ):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        text = refused(path.parent)
        assert path.name in text
        assert not list(path.parent.glob(".*"))


def test_arrays_of_other_shapes_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "day_23_reordered.npz"
    np.savez(path, X_int=np.zeros((4, 12), np.int32), X_cat=np.array([["a"] * 26] * 4), y=np.zeros(4, np.int32))
    text = refused(tmp_path)
    assert "X_int: found (4, 12) int32, expected (4, 13)" in text
    assert "X_cat: found (4, 26) <U1" in text
    np.savez(path, X_int=np.zeros((4, 13)), y=np.zeros(4))
    assert "X_cat" in refused(tmp_path)


def test_array_of_fractions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day_23_reordered.npz"
    np.savez(path, X_int=np.full((4, 13), 0.5), X_cat=np.zeros((4, 26)), y=np.zeros(4))
    assert "X_int: found 0.5, expected whole numbers" in refused(tmp_path)


@pytest.mark.parametrize("size", [0, 161, 159])
def test_binary_file_that_is_cut_off(tmp_path: Path, size: int) -> None:
    (tmp_path / "terabyte_processed_test.bin").write_bytes(bytes(size))
    assert f"found {size} bytes, expected a multiple of 160" in refused(tmp_path)


def test_full_disk_leaves_nothing_half_written(tmp_path: Path, day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_arrays(tmp_path / "criteo", day, fortran=False).parent

    def full(*_: object, **__: object):
        yield day.records[:10]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(criteo, "records_of_arrays", full)
    with pytest.raises(OutputError, match=r"terabyte_processed_test\.bin cannot be written: No space left"):
        open_criteo(folder)
    assert [path.name for path in folder.iterdir()] == ["day_23_reordered.npz"]


# --- the check of a copy ---


def test_check_reports_counts_and_what_differs_from_the_published(tmp_path: Path, day: Day) -> None:
    folder = write_binary(tmp_path / "criteo", day).parent
    np.savez(folder / "day_fea_count.npz", counts=np.full(26, 12))
    report = check(folder)
    facts = dict(report.facts)
    assert report.dataset == "Criteo Terabyte, day 23"
    assert facts["pairs to test on"] == "2,001"
    assert facts["of them clicked"] == f"{day.labels[:HALF].sum():,}"
    assert facts["trace"].startswith("drawn with seed 123: another one")
    assert f"{folder}: found 2,001 pairs to test on, expected 89,137,319" in report.problems
    assert any("table 0: found 12 rows, expected 39,884,406" in problem for problem in report.problems)


@pytest.mark.parametrize("compressed", [False, True])
def test_check_hashes_the_published_text_and_changes_nothing(tmp_path: Path, compressed: bool) -> None:
    path = write_text(tmp_path / "criteo", made_day(30), compressed=compressed)
    before = sorted(path.parent.iterdir())
    report = check(path.parent)
    facts = dict(report.facts)
    assert (facts["form"], facts["rows of the day"]) == (path.name, "30")
    assert any(f"expected {criteo.PUBLISHED_MD5[path.name]}, as published" in problem for problem in report.problems)
    assert sorted(path.parent.iterdir()) == before


def test_check_accepts_what_is_published(tmp_path: Path, day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the published numbers set to those of the small copy, nothing is wrong with it."""
    folder = write_arrays(tmp_path / "criteo", day, fortran=True).parent
    np.savez(folder / "day_fea_count.npz", counts=np.full(26, 12))
    monkeypatch.setattr(criteo, "OFFICIAL_PAIRS", HALF)
    monkeypatch.setattr(criteo, "PUBLISHED_ROWS", PAIRS)
    monkeypatch.setattr(criteo, "OFFICIAL_TABLES", (12,) * 26)
    report = check(folder)
    assert report.problems == ()
    assert dict(report.facts)["rows of the day"] == "4,001, as published"
    assert dict(report.facts)["rows of the tables"] == "those of the reference model"


def test_check_tells_labels_categories_and_traces_at_fault(tmp_path: Path, day: Day) -> None:
    records = day.records[:HALF].copy()
    records[3, 0], records[4, 20], records[5, 39] = 7, -1, -2
    (tmp_path / "test_data.bin").write_bytes(records.astype("<i4").tobytes())
    (tmp_path / "sample_partition_trace.txt").write_text("0, 2000, 2000\n")
    (tmp_path / "day_fea_count.npz").write_bytes(b"PK")
    text = "\n".join(check(tmp_path).problems)
    assert "found 1 pairs whose label is neither 0 nor 1" in text
    assert "found 2 pairs with a category below 0" in text
    assert "the trace ends at pair 2,000, expected 2,001" in text
    assert "day_fea_count.npz cannot be read" in text


def test_check_of_an_empty_folder(tmp_path: Path) -> None:
    assert "in none of its forms" in check(tmp_path).problems[0]


# --- models ---


@pytest.mark.parametrize("each_table", [False, True])
@pytest.mark.parametrize("offsets", [False, True])
def test_models_of_the_reference_signature_run(tmp_path: Path, day: Day, each_table: bool, offsets: bool) -> None:
    folder = write_binary(tmp_path / "criteo", day).parent
    task = opened(folder, write_model(tmp_path / "dlrm.onnx", each_table=each_table, offsets=offsets))
    task.dataset.load(np.arange(task.dataset.total_sample_count))
    payloads = task.infer(np.array([1, 0]))
    counts, rows = model_inputs(day.records[200:400], FULL)
    weights = np.random.default_rng(8).normal(size=(26, 12, 1)).astype(np.float32)
    logit = counts.mean(axis=1) + sum(weights[table][rows[table], 0] for table in range(26))
    np.testing.assert_allclose(payloads[0][:, 0], 1 / (1 + np.exp(-logit)), atol=1e-6)
    np.testing.assert_array_equal(payloads[0][:, 1], day.labels[200:400])
    assert not task.dataset.complete
    assert (", with offsets" in task.describe()["input"]) is offsets


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"counts_name": "dense"}, "it has no input dense_x"),
        ({"counts": 12}, "its input dense_x is of another shape"),
        ({"tables": 25, "each_table": True}, "it has 25 of 26 inputs indices_0 to indices_25: no indices_25"),
        ({"tables": 25}, "its input indices is of another shape"),
        ({"index_type": TensorProto.INT32}, "its input indices is int32, not int64"),
        ({"outputs": 2}, "it has 2 outputs"),
        ({"pairs": 128}, "its input dense_x is fixed at 128 pairs"),
    ],
)
def test_model_that_does_not_fit_says_what_is_expected_and_found(tmp_path: Path, day: Day, change, why: str) -> None:
    folder = write_binary(tmp_path / "criteo", day).parent
    with pytest.raises(ModelError) as caught:
        opened(folder, write_model(tmp_path / "dlrm.onnx", **change))
    text = caught.value.text()
    assert why in text
    assert "expected: inputs dense_x (pairs, 13) float32 and indices (26, pairs) int64, or indices_0 to" in text
    assert "found: inputs" in text


def test_dataset_is_looked_at_before_the_model(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        opened(tmp_path, tmp_path / "no-model.onnx")
