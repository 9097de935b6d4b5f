"""The logs of the mini editions against the rules of the round: open they comply; closed, all but what a mini changes.

The runs are those of the harness, with steps that learn nothing (tests/samples/untrained_minis.py). What real runs are
told, also by the official checker, is in docs/training-compliance.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from levelfield.rules import load_training  # noqa: E402
from levelfield.submission.finding import Severity  # noqa: E402
from levelfield.submission.training.log import JudgedLog, judge_log  # noqa: E402
from levelfield.training.catalog import NAMES  # noqa: E402
from levelfield.training.request import TrainingRequest  # noqa: E402
from levelfield.training.run import run_training  # noqa: E402

RULES = load_training("training-v1.1")
PAGE = Path(__file__).parents[3] / "docs" / "training-compliance.md"

AGAINST_CLOSED = {
    "resnet": [],
    "ssd": ["max_samples 0"],
    "maskrcnn": [],
    "unet3d": [
        "no evaluation that reaches the target; the last is 0.8",
        "train_samples 256",
        "eval_samples 64",
    ],
    "rnnt": [
        "no evaluation that reaches the target; the last is 0.2",
        "data_speed_perturbaton_min 1.0",
        "data_speed_perturbaton_max 1.0",
        "data_spec_augment_freq_max 8",
        "data_spec_augment_time_n 3",
        "eval_samples 300",
    ],
    "bert": [],
    "dlrm": [],
    "minigo": ["actual_selfplay_games_per_generation 24", "min_selfplay_games_per_generation 24"],
}
"""What a closed log of the mini would not count for."""
TOLD_BESIDE = {
    "resnet": [],
    "ssd": [
        ("TRN020", "opt_learning_rate_decay_boundary_epochs [2, 5]"),
        ("TRN025", "1 epochs between evaluations"),
    ],
    "maskrcnn": [
        ("TRN020", "opt_learning_rate_decay_steps [160, 260]"),
        ("TRN020", "min_image_size 64"),
        ("TRN020", "max_image_size 64"),
    ],
    "unet3d": [
        ("TRN020", "training_input_shape [16, 16, 16]"),
        ("TRN020", "validation_input_shape [16, 16, 16]"),
        ("TRN025", "the first evaluation at 4 epochs"),
    ],
    "rnnt": [],
    "bert": [("TRN025", "4032 samples between evaluations")],
    "dlrm": [("TRN025", "the first evaluation at 1.2 epochs")],
    "minigo": [],
}
"""What is against the text of the rules and does not decide, but for the names of weights (TRN027)."""
OTHER_NAMES = set(NAMES) - {"rnnt"}
"""Whose mini has fewer tensors, or others, than the rules list."""


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def log(name: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp(name)
    request = TrainingRequest(
        benchmark=f"untrained_minis:{name.upper()}", out=out, seed=1, device="cpu", system_name="box"
    )
    assert run_training(request) is not None
    return (out / f"results/box/{name}/result_0.txt").read_bytes()


def judged(name: str, data: bytes) -> JudgedLog:
    return judge_log("result_0.txt", data, rules=RULES, benchmark_folder=name, division="")


def as_closed(log: bytes) -> bytes:
    mark = b'"key": "submission_division", "value": "%s"'
    assert log.count(mark % b"open") == 1
    return log.replace(mark % b"open", mark % b"closed")


def test_open_log_counts_without_a_finding(name: str, log: bytes) -> None:
    found = judged(name, log)
    assert (found.counts, found.findings, found.skipped) == (True, (), ())


def test_closed_log_is_refused_only_for_what_the_mini_changes(name: str, log: bytes) -> None:
    found = judged(name, as_closed(log))
    assert found.counts is not bool(AGAINST_CLOSED[name])
    assert [one.found for one in found.findings if one.severity is Severity.ERROR] == AGAINST_CLOSED[name]
    others = [one for one in found.findings if one.severity is not Severity.ERROR]
    assert [(one.code, one.found) for one in others if one.code != "TRN027"] == TOLD_BESIDE[name]
    assert any(one.code == "TRN027" for one in others) is (name in OTHER_NAMES)


def test_page_lists_each_of_them(name: str) -> None:
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    for found in (*AGAINST_CLOSED[name], *(found for _, found in TOLD_BESIDE[name])):
        named = found.partition(";")[0] if "evaluation" in found else f"`{found.partition(' ')[0]}`"
        assert named in row, found
