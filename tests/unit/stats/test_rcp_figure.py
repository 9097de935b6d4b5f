"""Where the figure of a run stands: three habits of loggers, and three ways of reading them."""

from __future__ import annotations

import pytest

from levelfield.stats.rcp_figure import FigureMode, FigureSource, figure_of, plausible_samples

CORPUS = 156_725_653
RANGE = plausible_samples([2_549_219.6, 4_625_749.3])


def test_plausible_samples() -> None:
    assert plausible_samples([2e6, 3e6, 1e6]) == (200_000, 15e6)


@pytest.mark.parametrize(
    ("epoch_num", "train_samples", "value", "source"),
    [
        (2_764_800.0, CORPUS, 2_764_800.0, FigureSource.EPOCH_NUM),
        (1.0, 2_663_811, 2_663_811, FigureSource.TRAIN_SAMPLES),
        (None, 2_663_811, 2_663_811, FigureSource.TRAIN_SAMPLES),
        (1.0, CORPUS, None, None),
        (1.0, 100.0, None, None),
        (1000.0, None, None, None),
        (None, None, None, None),
    ],
)
def test_auto(epoch_num: float, train_samples: float, value: float | None, source: FigureSource | None) -> None:
    found = figure_of(epoch_num=epoch_num, train_samples=train_samples, train_samples_as_text=7.0, plausible=RANGE)
    assert (found.value, found.source) == (value, source)
    assert bool(found.problem) == (value is None)


def test_an_undetermined_figure_names_both_numbers() -> None:
    found = figure_of(epoch_num=1.0, train_samples=CORPUS, train_samples_as_text=None, plausible=RANGE)
    assert found.problem == (
        "epoch_num 1 and train_samples 156,725,653, neither of which can be samples until the target"
    )


def test_the_official_modes() -> None:
    arguments = {"epoch_num": 1.00049, "train_samples": 9.0, "train_samples_as_text": 8.0, "plausible": RANGE}
    epochs = figure_of(**arguments, mode=FigureMode.EPOCH_NUM)  # type: ignore[arg-type]
    samples = figure_of(**arguments, mode=FigureMode.TRAIN_SAMPLES)  # type: ignore[arg-type]
    assert (epochs.value, samples.value) == (1.0, 8.0)
    absent = figure_of(epoch_num=1.0, train_samples=9.0, train_samples_as_text=None, plausible=RANGE,
                       mode=FigureMode.TRAIN_SAMPLES)  # fmt: skip
    assert absent.problem == "no train_samples that is a number"


@pytest.mark.parametrize("mode", FigureMode)
def test_benchmarks_in_epochs_have_one_place(mode: FigureMode) -> None:
    found = figure_of(epoch_num=61.23456, train_samples=5e6, train_samples_as_text=5e6, plausible=None, mode=mode)
    assert (found.value, found.source) == (61.235, FigureSource.EPOCH_NUM)
