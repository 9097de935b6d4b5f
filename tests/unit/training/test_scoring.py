"""Scores of several runs: the vectors of the rules."""

from __future__ import annotations

import pytest

from levelfield.rules import load_training
from levelfield.training.events import Status
from levelfield.training.result import RunResult
from levelfield.training.scoring import score_of

FIRST = "runs 1 to 5 of 6, the window with the median score"
RESNET = load_training("training-v1.1").benchmark("resnet")


def runs(*minutes: float | None) -> list[RunResult]:
    """In the order of launch; ``None`` failed."""
    return [
        RunResult(
            number=number,
            log=f"result_{number}.txt",
            seed=number,
            seed_given=False,
            status=Status.ABORTED if time is None else Status.SUCCESS,
            minutes=99.0 if time is None else time,
        )
        for number, time in enumerate(minutes)
    ]


def test_fastest_and_slowest_are_dropped() -> None:
    score = score_of(runs(10, 11, 12, 13, 14), RESNET)
    assert (score.minutes, score.kept, score.failed, score.explanation) == (12.0, (11, 12, 13), 0, "")
    assert score.low is not None
    assert score.high is not None
    assert 11 <= score.low < 12 < score.high <= 13


def test_run_that_failed_is_the_slowest() -> None:
    score = score_of(runs(10, 11, None, 12, 13), RESNET)
    assert (score.minutes, score.kept, score.failed) == (12.0, (11, 12, 13), 1)


def test_two_that_failed_leave_no_score() -> None:
    score = score_of(runs(10, 11, None, 12, None), RESNET)
    assert (score.minutes, score.explanation) == (None, "2 runs failed, at most 1 may")


def test_fewer_runs_than_a_submission_has_are_no_score() -> None:
    assert score_of(runs(10, 11), RESNET).explanation == "2 of the 5 runs of a submission"


@pytest.mark.parametrize(
    ("minutes", "score", "told"),
    [
        (
            (10, 12, 11, 14, 13, 20), 12.0,
            f"{FIRST}; of two middle ones the lower: the upper, from run 2, has 13 minutes",
        ),
        (
            (10, 12, 11, None, 13, 20), 12.0,
            f"{FIRST}; of two middle ones the lower: the upper, from run 2, has 15 minutes",
        ),
        ((10, 12, None, None, 13, 20), None, "2 runs failed, at most 1 may"),
        ((10, 12, 11, 14, 13, 20, 30), 13.0, "runs 2 to 6 of 7, the window with the median score"),
    ],
)  # fmt: skip
def test_of_more_runs_a_window_is_the_submission(minutes: tuple[float | None, ...], score: float, told: str) -> None:
    found = score_of(runs(*minutes), RESNET)
    assert (found.minutes, found.explanation) == (score, told)
    assert found.runs == len(minutes)


def test_resumed_run_is_left_out() -> None:
    resumed = RunResult(
        number=5, log="resumed", seed=1, seed_given=False, resumed_after=3, status=Status.SUCCESS, minutes=0.1
    )
    assert score_of([*runs(10, 11, 12, 13, 14), resumed], RESNET).minutes == 12.0
