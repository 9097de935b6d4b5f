"""The area under the curve of an accuracy log of clicks: both payloads, the official line, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from levelfield.errors import InputError
from levelfield.metrics.clicks import click_auc
from levelfield.rules.load import load

LABELS = [np.array([False, True]), np.array([True, False, False]), np.array([True])]
PREDICTIONS = [[0.25, 0.75], [0.5, 0.125, 0.875], [0.625]]


def alone(index: int) -> bytes:
    return np.array(PREDICTIONS[index], "<f4").tobytes()


def paired(index: int) -> bytes:
    return np.stack([PREDICTIONS[index], LABELS[index]], axis=1).astype("<f4").tobytes()


def scored(entries, **options):
    return click_auc(entries, LABELS.__getitem__, 3, **options)


def refused(entries, **options) -> str:
    with pytest.raises(InputError) as caught:
        scored(entries, **options)
    return caught.value.text()


@pytest.mark.parametrize("payload", [alone, paired])
def test_line_is_the_official_one(payload) -> None:
    """Clicks 0.75, 0.5, 0.625; others 0.25, 0.125, 0.875: six of nine pairs in order.

    Rounded, half to even as numpy does, 0.5 is 0 and wrong, as is 0.875: four of six.
    """
    found = scored([(index, payload(index)) for index in (2, 0, 1)])
    assert found.line == "AUC=66.667%, accuracy=66.667%, good=4, total=6, queries=3"
    assert found.percent == pytest.approx(200 / 3)
    assert found.above_chance == pytest.approx(1 / 3)
    pattern = load("inference-v2.0").benchmark("dlrm-99").rules[0].accuracy[0].pattern
    assert re.match(pattern, found.line).group(1) == "66.667"


def test_pair_is_prediction_then_label_in_little_endian_float32() -> None:
    assert paired(0) == bytes.fromhex("0000803e000000000000403f0000803f")


def test_payloads_of_both_kinds_may_be_mixed() -> None:
    assert scored([(0, alone(0)), (1, paired(1)), (2, alone(2))]) == scored([(n, paired(n)) for n in range(3)])


def test_first_entry_of_a_sample_counts_once() -> None:
    whole = [(n, paired(n)) for n in range(3)]
    assert scored([*whole, (1, paired(1))]) == scored(whole)
    assert "sample 1: found two different payloads" in refused([*whole, (1, alone(1))])


def test_missing_samples_are_named_unless_a_part_is_enough() -> None:
    part = [(0, paired(0))]
    assert "2 of 3 samples have no entry: 1, 2" in refused(part)
    assert scored(part, whole=False).line == "AUC=100.000%, accuracy=100.000%, good=2, total=2, queries=1"
    assert "3 of 3 samples have no entry" in refused([], whole=False)


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    text = refused(
        [
            (0, paired(0)[:-1]),
            (1, np.array([np.nan, 0, 0], "<f4").tobytes()),
            (2, np.array([0.5, 0.0], "<f4").tobytes()),
            (3, b""),
        ]
    )
    assert "sample 0: found a payload of 15 bytes, expected 16 (prediction and label of 2 pairs, float32) or 8" in text
    assert "sample 1: found the prediction nan, expected numbers" in text
    assert "sample 2: found 1 labels that are not the dataset's, the first of pair 0" in text
    assert "sample 3: expected an index of 0..2" in text


def test_labels_of_one_kind_have_no_area() -> None:
    assert "all pairs have the same label" in refused([(2, alone(2))], whole=False)


def test_long_lists_are_shortened() -> None:
    text = refused([(index, b"") for index in range(10, 40)])
    assert "and 21 more" in text
