"""From the folder of a run to model files: what is written, which run is taken, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from levelfield.backends import Backend, load  # noqa: E402
from levelfield.backends.port import BackendOptions  # noqa: E402
from levelfield.errors import FormatError, MissingError, ModelError, OutputError, UsageError  # noqa: E402
from levelfield.files import sha256_of  # noqa: E402
from levelfield.training.events import Status  # noqa: E402
from levelfield.training.export.record import ExportRecord  # noqa: E402
from levelfield.training.export.run import ExportRequest, export_model  # noqa: E402
from levelfield.training.request import TrainingRequest  # noqa: E402
from levelfield.training.run import Trained, run_training  # noqa: E402
from levelfield.workloads.task import Precision  # noqa: E402


def trained(out: Path, *, runs: int = 1, keep_model: bool = True, **dials: object) -> Trained:
    done = run_training(
        TrainingRequest(
            benchmark="tiny_training:BENCHMARK", out=out, runs=runs, seed=3, system_name="box", keep_model=keep_model,
            changed={name: str(value) for name, value in dials.items()},
        )
    )  # fmt: skip
    assert done is not None
    return done


def exported(folder: Path, **more: object) -> ExportRecord:
    return export_model(ExportRequest(source=folder / "run", out=folder / "model", **more))


def test_model_is_kept_after_the_log_was_closed(tmp_path: Path) -> None:
    trained(tmp_path / "run", runs=2)
    kept = torch.load(tmp_path / "run/models/result_1.pt", weights_only=True)
    assert (kept["number"], kept["seed"], kept["step"]) == (1, 4, 8)
    log = (tmp_path / "run/results/box/resnet/result_1.txt").read_text()
    assert "run_stop" in log.splitlines()[-1]
    assert (tmp_path / "run/models/result_0.pt").is_file()


def test_nothing_is_kept_unless_asked_for_or_where_training_broke(tmp_path: Path) -> None:
    trained(tmp_path / "plain", keep_model=False)
    assert not (tmp_path / "plain/models").exists()
    assert trained(tmp_path / "broken", raise_at=3).failure is not None
    assert not (tmp_path / "broken/models").exists()


def test_state_that_was_kept_and_evaluated_later_is_the_one_that_passed(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", off=1, opt_base_learning_rate=0.01).report.runs[0]
    passed = run.quality[-1].step
    assert passed < run.step == 80
    assert torch.load(tmp_path / "run/models/result_0.pt", weights_only=True)["step"] == passed
    assert exported(tmp_path).quality == run.quality[-1].quality


def test_both_files_and_a_record_are_written(tmp_path: Path) -> None:
    run = trained(tmp_path / "run").report.runs[0]
    record = exported(tmp_path)
    out = tmp_path / "model"
    assert sorted(path.name for path in out.iterdir()) == ["export.json", "model-fp32.onnx", "model-int8.onnx"]
    assert [(file.path, file.precision) for file in record.files] == [
        ("model-fp32.onnx", Precision.FP32), ("model-int8.onnx", Precision.INT8),
    ]  # fmt: skip
    fp32, int8 = record.files
    assert fp32.sha256 == sha256_of(out / "model-fp32.onnx")
    assert fp32.agreement.difference < 1e-6
    assert (fp32.agreement.same, fp32.agreement.answers) == (64, 64)
    assert 1e-4 < int8.agreement.difference < 0.2
    written = json.loads((out / "export.json").read_text())
    assert written["schema"] == "levelfield.model-export/1"
    assert written["run"] == {
        "number": 0, "seed": 3, "started": run.started, "status": "success", "resumed_after": None,
        "shuffled_labels": False, "step": 8, "quality": dict(run.quality[-1].quality),
    }  # fmt: skip
    assert [file["file"] for file in written["files"]] == ["model-fp32.onnx", "model-int8.onnx"]
    assert written["parameters"] == 9
    assert written["compared"].endswith("an answer is the side of a point")
    assert written["software"]["torch"] == torch.__version__


def test_file_gives_what_the_kept_weights_give(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    exported(tmp_path)
    weights = torch.load(tmp_path / "run/models/result_0.pt", weights_only=True)["training"]["model"]
    points = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    session = load(Backend.ONNXRUNTIME, tmp_path / "model/model-fp32.onnx", BackendOptions(threads=1))
    expected = points @ weights["weight"].numpy().T + weights["bias"].numpy()
    assert np.allclose(session.run({"x": points})["y"], expected, atol=1e-5)


def test_first_run_that_reached_the_target_is_taken_or_the_one_that_is_named(tmp_path: Path) -> None:
    trained(tmp_path / "run", runs=3)
    record = tmp_path / "run/run.json"
    record.write_text(record.read_text().replace('"status": "success"', '"status": "aborted"', 1))
    assert exported(tmp_path).run.number == 1
    chosen = export_model(ExportRequest(source=tmp_path / "run/run.json", out=tmp_path / "third", number=3))
    assert (chosen.run.number, chosen.run.seed) == (2, 5)
    with pytest.raises(UsageError, match="There is no run 4") as caught:
        export_model(ExportRequest(source=tmp_path / "run", out=tmp_path / "fourth", number=4))
    assert caught.value.hint == "It has the runs 1 to 3."
    assert not (tmp_path / "fourth").exists()


def test_run_that_missed_its_target_is_exported_and_says_so(tmp_path: Path) -> None:
    trained(tmp_path / "run", opt_base_learning_rate=0)
    record = exported(tmp_path)
    assert record.run.status is Status.ABORTED
    assert json.loads(record.to_json())["run"]["status"] == "aborted"


def test_run_without_a_kept_model_says_how_to_keep_one(tmp_path: Path) -> None:
    trained(tmp_path / "run", keep_model=False)
    with pytest.raises(UsageError, match="kept no model") as caught:
        exported(tmp_path)
    assert "--keep-model" in str(caught.value.hint)
    assert not (tmp_path / "model").exists()


def test_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"run\.json"):
        exported(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text('{"schema": "levelfield.training-run/1", "runs": [], "header": {}}')
    with pytest.raises(FormatError, match="no request"):
        exported(tmp_path)
    header = '{"request": {"benchmark": "tiny_training:BENCHMARK", "edition": "mini"}}'
    (tmp_path / "run/run.json").write_text(f'{{"schema": "levelfield.training-run/1", "runs": [], "header": {header}}}')
    with pytest.raises(UsageError, match="There is no run in"):
        exported(tmp_path)


def test_request_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    record = tmp_path / "run/run.json"
    record.write_text(record.read_text().replace('"edition": "mini"', '"edition": "maxi"'))
    with pytest.raises(FormatError, match="'maxi' is not a valid Edition"):
        exported(tmp_path)


@pytest.mark.parametrize("damage", ["empty", "cut", "another run", "another network", "other keys"])
def test_damaged_model_is_told(tmp_path: Path, damage: str) -> None:
    trained(tmp_path / "run")
    path = tmp_path / "run/models/result_0.pt"
    state = torch.load(path, weights_only=True)
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(path.read_bytes()[:-500])
        case "another run":
            torch.save(state | {"seed": 99}, path)
        case "another network":
            state["training"]["model"]["weight"] = torch.zeros(1, 3)
            torch.save(state, path)
        case "other keys":
            torch.save({"weights": 1}, path)
    with pytest.raises(FormatError, match=r"result_0\.pt"):
        exported(tmp_path)
    assert not (tmp_path / "model").exists()


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    path = tmp_path / "run/models/result_0.pt"
    state = torch.load(path, weights_only=True)
    state["training"]["model"]["bias"][0] = float("nan")
    torch.save(state, path)
    with pytest.raises(ModelError, match="training broke"):
        exported(tmp_path)


def test_file_that_does_something_else_is_an_error_and_not_kept(tmp_path: Path) -> None:
    trained(tmp_path / "run", export_off_by=0.1)
    with pytest.raises(ModelError, match=r"model-fp32\.onnx does not do what the trained network does"):
        exported(tmp_path)
    assert not (tmp_path / "model").exists()


def test_what_the_exporter_or_the_quantisation_raises_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tiny_training

    def broken(*_: object) -> None:
        raise RuntimeError("no such\noperator")

    trained(tmp_path / "run")
    monkeypatch.setattr(tiny_training, "quantise", broken)
    with pytest.raises(ModelError, match="model cannot be written as a model file: RuntimeError: no such operator"):
        exported(tmp_path)
    assert not (tmp_path / "model").exists()


def test_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="is not empty"):
        exported(tmp_path)
    assert (tmp_path / "model/mine.txt").read_text() == "kept"


def test_benchmark_that_gives_no_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tiny_training

    trained(tmp_path / "run")
    monkeypatch.setattr(tiny_training, "Tiny", type("Closed", (tiny_training.Tiny,), {"exported": None}))
    with pytest.raises(UsageError, match="its training has no `exported`"):
        exported(tmp_path)


def test_model_larger_than_a_file_may_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(tmp_path / "run")
    monkeypatch.setattr("levelfield.training.export.run._MOST_BYTES", 8)
    with pytest.raises(UsageError, match=r"a file in ONNX's format holds 2\.1 GB"):
        exported(tmp_path)


def test_missing_package_is_named_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else find(name))
    with pytest.raises(MissingError, match="needs onnx, which is not installed") as caught:
        exported(tmp_path)
    assert caught.value.hint == "pip install 'levelfield[torch]' onnx"


def test_run_that_went_on_is_exported_from_its_end(tmp_path: Path) -> None:
    slow = {"opt_base_learning_rate": "0.01"}
    request = TrainingRequest(
        benchmark="tiny_training:BENCHMARK", out=tmp_path / "run", seed=3, system_name="box", checkpoints=True,
        keep_model=True, changed=slow,
    )  # fmt: skip
    whole = run_training(request)
    assert whole is not None
    record = tmp_path / "run/run.json"
    record.write_text(record.read_text().replace('"status": "success"', '"status": "unfinished"'))
    run_training(
        TrainingRequest(
            benchmark="tiny_training:BENCHMARK", out=tmp_path / "run", system_name="box", checkpoints=True,
            keep_model=True, changed=slow, resume=True,
        )
    )  # fmt: skip
    found = exported(tmp_path)
    assert found.run.resumed_after == whole.report.runs[0].step - 8
    assert found.step == whole.report.runs[0].step


def test_disk_that_is_full_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    trained(tmp_path / "run")
    monkeypatch.setattr("levelfield.training.export.run.compared", full)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        exported(tmp_path)
    assert "Free space" in str(caught.value.hint)
    assert not (tmp_path / "model").exists()
