"""``levelfield training list``, and what a run is shown as."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from levelfield.cli.app import run
from levelfield.cli.training_show import exit_code_of, show
from levelfield.errors import DatasetError
from levelfield.training.events import Status
from levelfield.training.result import Header, Report, RunResult, Score

HEADER = Header(
    round="training-v1.1", benchmark="resnet", edition="mini", title="t", targets=("top-1 accuracy ≥ 0.98",),
    system="box", division="open", device="cpu", processes=1, number_format="fp32", request={}, machine={}, software={},
)  # fmt: skip
GOOD = RunResult(
    number=0, log="results/box/resnet/result_0.txt", seed=7, seed_given=True, status=Status.SUCCESS, minutes=1.5
)


def trained(*runs: RunResult, **more: object) -> object:
    pytest.importorskip("torch")
    from levelfield.training.run import Trained

    score = more.pop("score", None)
    return Trained(report=Report(header=HEADER, runs=runs, score=score), record=Path("out/run.json"), **more)


def test_list_names_targets_and_runs_of_both_editions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["training", "list", "--json"]) == 0
    rows = {row["benchmark"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["resnet"]["runs"] == 5
    assert rows["resnet"]["full target"] == "top-1 accuracy ≥ 0.759"
    assert rows["resnet"]["mini target"] == "top-1 accuracy ≥ 0.95"
    assert run(["training", "list"]) == 0
    assert "resnet" in capsys.readouterr().out


def test_list_of_no_round_of_training_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["training", "list", "--rules", "inference-v2.0"]) == 2
    assert "inference-v2.0" in capsys.readouterr().err


def test_everything_that_a_reader_must_know_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    odd = replace(
        GOOD, status=Status.ABORTED, reason="the loss of step 13 is nan", resumed_after=8, init_too_long=True,
        drift_ms=6.0, utilisation=0.4, joules=1234.0,
    )  # fmt: skip
    show(trained(odd, score=Score(minutes=None, explanation="1 of the 5 runs of a submission")), as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    for text in (
        "the loss of step 13 is nan.", "resumed after step 8: for development, never scored.",
        "what came after it counts as training", "the wall clock was moved by 6 ms", "40.0 % of the peak",
        "1,234 J by the processors' own counters", "7 (given)", "score none: 1 of the 5 runs of a submission",
    ):  # fmt: skip
        assert text in said


def test_next_step_with_a_kept_model_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    from levelfield.training.run import Trained

    report = Report(header=replace(HEADER, request={"keep_model": True}), runs=(GOOD,))
    show(Trained(report=report, record=Path("out/run.json")), as_json=False)
    assert "levelfield training export out --out FOLDER" in capsys.readouterr().out
    show(trained(GOOD), as_json=False)
    assert "training export" not in capsys.readouterr().out


def test_score_is_shown_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    score = Score(minutes=12.0, low=11.2, high=12.8, kept=(11, 12, 13), runs=5, needed=5, failed=1)
    show(trained(GOOD, score=score), as_json=False)
    assert "12.00 minutes (95 % interval 11.20 to 12.80), olympic mean of 5 runs, 1 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runs", "more", "code"),
    [
        ((GOOD,), {}, 0),
        ((replace(GOOD, status=Status.ABORTED),), {}, 1),
        ((GOOD, replace(GOOD, status=Status.ABORTED)), {"score": Score(minutes=1.0)}, 0),
        ((GOOD,), {"interrupted": True}, 130),
        ((GOOD,), {"failure": DatasetError("missing")}, 2),
    ],
)
def test_exit_code_says_how_it_went(runs: tuple[RunResult, ...], more: dict[str, object], code: int) -> None:
    assert exit_code_of(trained(*runs, **more)) == code


def test_what_broke_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show(trained(GOOD, failure=DatasetError("The points are missing.", problems=["a"])), as_json=False)
    assert "levelfield: The points are missing.\n  - a" in capsys.readouterr().err
