"""Runs of a benchmark that trains in milliseconds: what lies in the folder afterwards, and what is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from levelfield.errors import (  # noqa: E402
    DatasetError,
    FormatError,
    OutputError,
    SettingsError,
    TrainingError,
    UsageError,
)
from levelfield.formats.mllog import MlLog, read_mllog  # noqa: E402
from levelfield.formats.system_description import read_system_description  # noqa: E402
from levelfield.rules.round import Target  # noqa: E402
from levelfield.training.events import Evaluated, Event, Status  # noqa: E402
from levelfield.training.request import TrainingRequest  # noqa: E402
from levelfield.training.result import RunResult  # noqa: E402
from levelfield.training.run import Trained, run_training  # noqa: E402


def trained(out: Path, *, runs: int = 1, seed: int | None = 3, resume: bool = False, **dials: object) -> Trained:
    options = {name: dials.pop(name) for name in ("checkpoints", "system_name", "batch_size") if name in dials}
    done = run_training(
        TrainingRequest(
            benchmark="tiny_training:BENCHMARK", out=out, runs=runs, seed=None if resume else seed, resume=resume,
            changed={name: str(value) for name, value in dials.items()}, **{"system_name": "box", **options},
        )
    )  # fmt: skip
    assert done is not None
    return done


def log_of(out: Path, number: int = 0) -> MlLog:
    log = read_mllog((out / f"results/box/resnet/result_{number}.txt").read_bytes())
    assert not log.damaged
    return log


def record_of(out: Path) -> dict[str, object]:
    return json.loads((out / "run.json").read_text())


def test_run_leaves_the_layout_of_a_submission(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = trained(out)
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "results/box/resnet/result_0.txt", "run.json", "systems/box.json",
    ]  # fmt: skip
    assert read_system_description(out / "systems/box.json").status == "research"
    (run,) = done.report.runs
    assert (run.status, run.step, run.progress, run.batch_size, run.parameters) == (Status.SUCCESS, 8, 1.0, 32, 9)
    assert run.succeeded
    assert done.report.score is not None
    assert done.report.score.explanation == "1 of the 5 runs of a submission"
    assert record_of(out)["schema"] == "levelfield.training-run/1"
    assert done.report.header.command[:5] == ("levelfield", "training", "run", "--benchmark", "tiny_training:BENCHMARK")


def test_record_has_the_hash_of_every_log_that_was_closed(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=2)
    for run in done.report.runs:
        assert run.log_sha256 == hashlib.sha256((tmp_path / "out" / run.log).read_bytes()).hexdigest()
    with pytest.raises(TrainingError):
        trained_or_raised(tmp_path / "broken")
    broken = record_of(tmp_path / "broken")["runs"][0]
    log = tmp_path / "broken/results/box/resnet/result_0.txt"
    assert broken["log_sha256"] == hashlib.sha256(log.read_bytes()).hexdigest()


def trained_or_raised(out: Path) -> None:
    """A run that breaks after it began."""
    failure = trained(out, raise_at=3).failure
    assert failure is not None
    raise failure


def test_log_has_every_key_of_the_rules_in_their_order(tmp_path: Path) -> None:
    trained(tmp_path / "out")
    log = log_of(tmp_path / "out")
    assert [event.key for event in log.events] == [
        "cache_clear", "init_start", "submission_benchmark", "submission_division", "submission_org",
        "submission_platform", "submission_status", "gradient_accumulation_steps", "global_batch_size", "opt_name",
        "sgd_opt_base_learning_rate", "seed", "weights_initialization", "weights_initialization", "init_stop",
        "run_start", "train_samples", "eval_samples", "block_start", "epoch_start", "epoch_stop", "eval_start",
        "eval_accuracy", "eval_stop", "block_stop", "run_stop",
    ]  # fmt: skip
    types = {event.key: event.event_type for event in log.events}
    assert (types["run_start"], types["run_stop"], types["seed"]) == (
        "INTERVAL_START", "INTERVAL_END", "POINT_IN_TIME",
    )  # fmt: skip
    found = {event.key: event for event in log.events}
    assert found["block_start"].metadata["epoch_count"] == 1
    assert found["block_start"].metadata["first_epoch_num"] == 1
    assert found["eval_accuracy"].metadata["epoch_num"] == 1
    assert found["run_stop"].metadata["status"] == "success"
    assert found["submission_platform"].value == "levelfield mini on box"
    assert (found["train_samples"].value, found["eval_samples"].value) == (256, 64)
    assert found["seed"].value == 3
    assert str(Path.cwd()) not in str(log.events)
    times = [event.time_ms for event in log.events]
    assert times == sorted(times)


def test_minutes_of_the_record_are_those_of_the_log(tmp_path: Path) -> None:
    done = trained(tmp_path / "out")
    log = log_of(tmp_path / "out")
    start, stop = log.first("run_start"), log.first("run_stop")
    assert start is not None
    assert stop is not None
    assert done.report.runs[0].minutes == (stop.time_ms - start.time_ms) / 60 / 1000


def test_five_runs_are_scored(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=5, seed=None)
    score = done.report.score
    assert score is not None
    assert score.minutes is not None
    assert (score.runs, score.needed, score.failed, len(score.kept)) == (5, 5, 0, 3)
    assert score.low <= score.minutes <= score.high
    assert len({run.seed for run in done.report.runs}) == 5
    assert not any(run.seed_given for run in done.report.runs)


def test_run_that_fails_counts_as_slowest_and_two_leave_no_score(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=5, opt_base_learning_rate=0)
    assert done.report.score is not None
    assert done.report.score.minutes is None
    assert done.report.score.explanation == "5 runs failed, at most 1 may"
    assert {run.status for run in done.report.runs} == {Status.ABORTED}
    last = log_of(tmp_path / "out", 4).last("run_stop")
    assert last is not None
    assert last.metadata["status"] == "aborted"
    assert last.metadata["reason"] == "the target was not reached in 80 steps"


def test_loss_that_is_no_number_is_kept_in_log_and_record(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", nan_at=13, opt_base_learning_rate=0)
    assert done.failure is None
    (run,) = done.report.runs
    assert (run.status, run.reason, run.step) == (Status.ABORTED, "the loss of step 13 is nan", 13)
    assert record_of(tmp_path / "out")["runs"][0]["losses"][-1] == [13, "nan"]
    assert len(log_of(tmp_path / "out").all("eval_accuracy")) == 1


def test_step_that_raises_is_named_and_the_log_is_closed(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=3, raise_at=11, opt_base_learning_rate=0)
    assert isinstance(done.failure, TrainingError)
    assert done.failure.message == "Training broke while making step 11: ValueError: no such tensor."
    assert "tiny_training.py" in (done.failure.hint or "")
    assert [run.status for run in done.report.runs] == [Status.ABORTED]
    assert log_of(tmp_path / "out").last("run_stop") is not None


def test_dataset_that_is_missing_ends_all_runs(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=3, no_data=1)
    assert isinstance(done.failure, DatasetError)
    assert done.failure.exit_code == 2
    assert [run.reason for run in done.report.runs] == ["The points are missing."]


def test_unknown_hyperparameter_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--set learning_rate: unknown"):
        trained(tmp_path / "out", learning_rate=1)
    assert not (tmp_path / "out").exists()
    trained(tmp_path / "out")


def test_all_problems_of_a_request_are_told_before_anything(tmp_path: Path) -> None:
    request = TrainingRequest(benchmark="tiny_training:BENCHMARK", out=tmp_path / "out", runs=0, device="tpu")
    with pytest.raises(SettingsError) as caught:
        run_training(request)
    assert len(caught.value.problems) == 2


def test_folder_with_a_run_is_never_written_into(tmp_path: Path) -> None:
    trained(tmp_path / "out")
    before = (tmp_path / "out/run.json").read_bytes()
    with pytest.raises(OutputError, match="is not empty"):
        trained(tmp_path / "out")
    assert (tmp_path / "out/run.json").read_bytes() == before


def test_of_two_runs_that_find_an_empty_folder_one_is_refused(tmp_path: Path) -> None:
    from levelfield.training import workplace

    def unaware(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        return folder

    trained(tmp_path / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workplace, "claim_output_folder", unaware)
        with pytest.raises(OutputError, match="another run writes into the same output folder"):
            trained(tmp_path / "out")


def test_listener_that_fails_ends_the_run_and_the_log_says_so(tmp_path: Path) -> None:
    class Full:
        def on(self, event: Event) -> None:
            if isinstance(event, Evaluated):
                raise OutputError("The disk is full.")

    def watch(result: RunResult, targets: Sequence[Target]) -> Full:
        return Full()

    request = TrainingRequest(
        benchmark="tiny_training:BENCHMARK", out=tmp_path / "out", seed=1, system_name="box",
        changed={"opt_base_learning_rate": "0"},
    )  # fmt: skip
    done = run_training(request, watch=watch)
    assert done is not None
    assert isinstance(done.failure, OutputError)
    stop = log_of(tmp_path / "out").last("run_stop")
    assert stop is not None
    assert stop.metadata["reason"] == "The disk is full."


def test_shuffled_labels_miss_the_target(tmp_path: Path) -> None:
    request = TrainingRequest(
        benchmark="tiny_training:BENCHMARK", out=tmp_path / "out", seed=1, system_name="box", shuffled_labels=True
    )
    done = run_training(request)
    assert done is not None
    assert done.report.runs[0].reason == "the target was not reached in 80 steps"


# ------------------------------------------------------------------------------------------------------- resuming


def test_interrupted_run_is_marked_and_its_log_closed(tmp_path: Path) -> None:
    done = trained(tmp_path / "out", runs=3, opt_base_learning_rate=0, interrupt_at=20)
    assert done.interrupted
    (run,) = done.report.runs
    assert (run.status, run.reason, run.step) == (Status.INTERRUPTED, "interrupted", 19)
    stop = log_of(tmp_path / "out").last("run_stop")
    assert stop is not None
    assert stop.metadata["status"] == "aborted"


def test_run_goes_on_only_with_the_settings_that_it_began_with(tmp_path: Path) -> None:
    trained(tmp_path / "out", opt_base_learning_rate=0, checkpoints=True)
    with pytest.raises(UsageError) as caught:
        trained(tmp_path / "out", resume=True, opt_base_learning_rate=0.1, batch_size=64)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["batch_size", "changed"]


def test_resumed_run_reaches_the_target_and_stands_beside_the_results(tmp_path: Path) -> None:
    slow = {"opt_base_learning_rate": 0.01, "checkpoints": True}
    whole = trained(tmp_path / "whole", **slow).report.runs[0]
    first = trained(tmp_path / "out", **slow).report.runs[0]
    assert first.step == whole.step > 16
    kept = torch.load(tmp_path / "out/checkpoints/result_0.rank_0.pt", weights_only=True)
    assert kept["step"] == whole.step - 8  # the last evaluation that missed
    record = tmp_path / "out/run.json"
    record.write_text(record.read_text().replace('"status": "success"', '"status": "unfinished"'))
    done = trained(tmp_path / "out", resume=True, **slow)
    run = done.report.runs[1]
    assert (run.status, run.step, run.resumed_after) == (Status.SUCCESS, whole.step, whole.step - 8)
    assert run.quality[-1].quality == whole.quality[-1].quality
    assert not run.succeeded
    assert done.report.score is not None
    assert done.report.score.runs == 1  # the unfinished one alone
    assert run.log == f"resumed/result_0_after_{whole.step - 8}.txt"
    assert (tmp_path / "out" / run.log).is_file()


def test_run_may_be_resumed_from_the_same_step_again(tmp_path: Path) -> None:
    slow = {"opt_base_learning_rate": 0, "checkpoints": True, "nan_at": 20}
    trained(tmp_path / "out", **slow)
    for attempt in ("", "_again_2", "_again_3"):
        done = trained(tmp_path / "out", resume=True, **slow)
        assert done.report.runs[-1].log == f"resumed/result_0_after_16{attempt}.txt"
        assert done.report.runs[-1].reason == "the loss of step 20 is nan"


def test_nothing_to_resume_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"run\.json"):
        trained(tmp_path / "absent", resume=True)
    trained(tmp_path / "out")
    with pytest.raises(UsageError, match="no unfinished run"):
        trained(tmp_path / "out", resume=True)
    trained(tmp_path / "other", opt_base_learning_rate=0)
    with pytest.raises(UsageError, match="kept no state"):
        trained(tmp_path / "other", resume=True, opt_base_learning_rate=0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "levelfield.training-run/9"}', "[" * 100_000])
def test_damaged_record_cannot_be_resumed(tmp_path: Path, text: str) -> None:
    trained(tmp_path / "out")
    (tmp_path / "out/run.json").write_text(text)
    with pytest.raises(FormatError):
        trained(tmp_path / "out", resume=True)
