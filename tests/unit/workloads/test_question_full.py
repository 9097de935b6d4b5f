"""The full edition on a small folder in SQuAD's format, and models with the signature of the reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, ModelError
from levelfield.loadgen.ports import SampleLibrary
from levelfield.workloads.question_answering import dataset as dataset_module
from levelfield.workloads.question_answering.dataset import check
from levelfield.workloads.question_answering.squad import Answer, Paragraph, Question, as_squad
from levelfield.workloads.question_answering.task import QuestionAnswering, full_task
from levelfield.workloads.task import OfManyLengths

WriteModel = Callable[..., Path]

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "who", "sat", "?", "cat", "dog", "on", "mat", ".", "the"]


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    folder = tmp_path / "squad"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    texts = ["The cat sat on the mat.", "The dog sat on the cat. " * 70]
    paragraphs = [
        Paragraph(
            context=text,
            questions=(
                Question(identity=f"{number}", text="Who sat?", answers=(Answer(text="the mat", start=15),)),
                Question(identity=f"{number}b", text="Who?", answers=(Answer(text="cat", start=0),)),
            ),
        )
        for number, text in enumerate(texts)
    ]
    (folder / "dev-v1.1.json").write_text(json.dumps(as_squad(paragraphs, title="cats")))
    return folder


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """A model whose start logit is 10 at the token 10 (mat), whose end logit is 10 at 11 (.), and minus 1 elsewhere."""

    def write(
        *,
        names: tuple[str, ...] = ("input_ids", "input_mask", "segment_ids"),
        outputs: tuple[str, ...] = ("output_start_logits", "output_end_logits"),
        shape: tuple[object, ...] = ("batch", 384),
        dtype: int = TensorProto.INT64,
    ) -> Path:
        tables = {"start": np.full(len(WORDS), -1, np.float32), "end": np.full(len(WORDS), -1, np.float32)}
        tables["start"][12], tables["end"][10] = 10, 10
        if len(outputs) == 1:
            table = np.stack([tables["start"], tables["end"]], 1)
            nodes = [helper.make_node("Gather", ["table", names[0]], [outputs[0]])]
            weights = [numpy_helper.from_array(table, "table")]
        else:
            which = ["end" if "end" in name else "start" for name in outputs]
            nodes = [
                helper.make_node("Gather", [f"{kind}_table", names[0]], [name])
                for kind, name in zip(which, outputs, strict=True)
            ]
            weights = [numpy_helper.from_array(table, f"{kind}_table") for kind, table in tables.items()]
        width = (2,) if len(outputs) == 1 else ()
        graph = helper.make_graph(
            nodes,
            "by-token",
            [helper.make_tensor_value_info(name, dtype, list(shape)) for name in names],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [*shape, *width]) for name in outputs],
            weights,
        )
        path = tmp_path / "bert.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    return write


def opened(data: Path, model: Path, *, official_sample_count: int = 10_833) -> QuestionAnswering:
    return full_task(
        data=data,
        model=model,
        backend=Backend.ONNXRUNTIME,
        options=BackendOptions(threads=1),
        performance_sample_count=10_833,
        official_sample_count=official_sample_count,
    )


def run_all(task: QuestionAnswering, batch: int = 4) -> list[tuple[int, bytes]]:
    total = task.dataset.total_sample_count
    task.dataset.load(np.arange(total))
    parts = [np.arange(start, min(start + batch, total)) for start in range(0, total, batch)]
    return [
        (int(index), payload.tobytes()) for part in parts for index, payload in zip(part, task.infer(part), strict=True)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shape": ("batch", "length")},
        {"shape": ("b", 384), "dtype": TensorProto.INT32},
        {"names": ("input_ids", "attention_mask", "token_type_ids"), "outputs": ("start_logits", "end_logits")},
        {"names": ("input_ids:0", "input_mask:0", "segment_ids:0")},
        {"outputs": ("end_logits", "start_logits")},
        {"outputs": ("logits",), "shape": ("b", "n")},
    ],
    ids=["reference", "free length", "int32", "int8 reference", "TensorFlow names", "end first", "one output"],
)
def test_each_known_signature_gives_the_same_answers(
    squad: Path, write_model: WriteModel, options: dict[str, object]
) -> None:
    task = opened(squad, write_model(**options))
    assert isinstance(task.dataset, SampleLibrary)
    assert isinstance(task, OfManyLengths)
    entries = run_all(task)
    assert len(entries) == 6
    logits = np.frombuffer(entries[0][1], "<f4").reshape(384, 2)
    # [CLS] who sat ? [SEP] the cat sat on the mat . [SEP]: start at both "the", end at "mat".
    assert np.flatnonzero(logits[:, 0] == 10).tolist() == [5, 9]
    assert np.flatnonzero(logits[:, 1] == 10).tolist() == [10]
    score = task.score(entries)
    assert (score.metric, score.unit, score.good, score.total) == ("F1", "%", None, 4)
    # Of equal spans the earlier counts: "The cat sat on the mat", of whose four words "mat" is right, or "cat". In the
    # long paragraph there is no "mat": the first of the spans that are all equally bad is "The".
    assert score.value == pytest.approx(100 * (0.4 + 0.4 + 0 + 0) / 4)


def test_filling_is_left_out_where_the_model_reads_shorter_inputs(squad: Path, write_model: WriteModel) -> None:
    task = opened(squad, write_model(shape=("batch", "length")))
    assert task.dataset.token_counts.tolist() == [13, 12, 384, 368, 384, 367]
    assert task.lengths(np.array([1, 3])).tolist() == [12, 368]
    task.dataset.load(np.arange(6))
    assert {name: array.shape for name, array in task.inputs(np.array([0, 1])).items()} == {
        "input_ids": (2, 13),
        "input_mask": (2, 13),
        "segment_ids": (2, 13),
    }
    alone, together = task.infer(np.array([1])), task.infer(np.array([4, 1, 0]))
    assert together.shape == (3, 384, 2)
    np.testing.assert_array_equal(alone[0], together[1])
    assert (together[1, 12:] == -10000).all()
    assert (together[1, :12] > -10000).all()


def test_fixed_length_gets_filling_and_its_logits_are_kept(squad: Path, write_model: WriteModel) -> None:
    task = opened(squad, write_model(shape=(1, 384)))
    assert task.max_batch == 1
    assert task.lengths(np.array([1, 4])).tolist() == [384, 384]
    task.dataset.load(np.arange(2))
    assert (task.infer(np.array([1]))[0, 12:] == -1).all()
    assert task.describe()["input"] == "input_ids, input_mask, segment_ids; filled up to the full length"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"names": ("input_ids", "mask", "segment_ids")}, ["has no input input_mask or attention_mask"]),
        (
            {"names": ("x", "y", "z")},
            ["has no input input_ids, and none input_mask", "found: inputs x: (any, 384) int64"],
        ),
        ({"names": ("input_ids", "input_mask", "segment_ids", "more")}, ["it has 4 inputs"]),
        ({"shape": ("batch", 128)}, ["an input has the shape (any, 128)", "expected: three int64 (or int32) inputs"]),
        ({"shape": (8, 384)}, ["its batch is fixed at 8"]),
        ({"shape": ("batch", 384, 1)}, ["an input has the shape (any, 384, 1)"]),
        ({"outputs": ("start_logits",), "shape": ("b", 384)}, None),
        ({"outputs": ("start_logits", "more_start_logits", "end_logits")}, ["not known as start and end logits"]),
    ],
    ids=["mask", "names", "four", "length", "batch", "axes", "one", "three"],
)
def test_model_of_another_kind_is_refused(
    squad: Path, write_model: WriteModel, options: dict[str, object], words: list[str] | None
) -> None:
    model = write_model(**options)
    if words is None:  # one output of both logits is fine
        opened(squad, model)
        return
    with pytest.raises(ModelError) as error:
        opened(squad, model)
    for word in words:
        assert word in error.value.text()


def test_float_inputs_are_refused(squad: Path, tmp_path: Path) -> None:
    names = ["input_ids", "input_mask", "segment_ids"]
    graph = helper.make_graph(
        [helper.make_node("Add", names[:2], ["start"]), helper.make_node("Add", names[1:], ["end"])],
        "sums",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 384]) for name in names],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 384]) for name in ("start", "end")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "f.onnx")
    with pytest.raises(ModelError, match="its inputs are not all int64, or all int32"):
        opened(squad, tmp_path / "f.onnx")


def test_folder_is_complete_if_it_has_the_rounds_number_of_features(squad: Path, write_model: WriteModel) -> None:
    assert not opened(squad, write_model()).dataset.complete
    assert opened(squad, write_model(), official_sample_count=6).dataset.complete


@pytest.mark.parametrize("name", ["dev-v1.1.json", "vocab.txt"])
def test_missing_file_is_told(squad: Path, write_model: WriteModel, name: str) -> None:
    (squad / name).unlink()
    with pytest.raises(DatasetError, match=rf"{name} is not there"):
        opened(squad, write_model())


def test_paragraph_without_text_is_told(squad: Path, write_model: WriteModel) -> None:
    content = json.loads((squad / "dev-v1.1.json").read_text())
    content["data"][0]["paragraphs"][1]["context"] = " \n" * 10
    (squad / "dev-v1.1.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="2 questions have a paragraph without any text, for example '1'"):
        opened(squad, write_model())


# --- looking at a copy before a run ---


def test_copy_that_is_not_the_published_one(squad: Path) -> None:
    report = check(squad)
    assert report.dataset == "SQuAD v1.1 dev"
    assert dict(report.facts)["questions"] == "4"
    assert [problem.partition(": ")[2][:30] for problem in report.problems] == [
        "found SHA-256 " + problem.partition("SHA-256 ")[2][:16] for problem in report.problems[:2]
    ] + ["found 4 questions, expected 10", "found 6 features of 384 tokens"]


def test_copy_that_is_the_published_one(squad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the hashes and counts of this small folder in the place of the published ones."""
    for name in dataset_module.PUBLISHED_SHA256:
        monkeypatch.setitem(dataset_module.PUBLISHED_SHA256, name, dataset_module.sha256_of(squad / name))
    monkeypatch.setattr(dataset_module, "PUBLISHED_QUESTIONS", 4)
    monkeypatch.setattr(dataset_module, "PUBLISHED_FEATURES", 6)
    report = check(squad)
    assert report.problems == ()
    assert report.facts == (
        ("dev-v1.1.json, SHA-256", "as published"),
        ("vocab.txt, SHA-256", "as published"),
        ("questions", "4"),
        ("features of 384 tokens", "6"),
    )


def test_copy_without_files(tmp_path: Path) -> None:
    report = check(tmp_path)
    assert report.facts == ()
    assert report.problems == (
        f"{tmp_path}/dev-v1.1.json: found no file",
        f"{tmp_path}/vocab.txt: found no file",
        f"{tmp_path}/vocab.txt is not there: the vocabulary of the model is needed to make its input.",
    )
