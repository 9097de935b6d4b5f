"""Utterances as a transducer learns from them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from levelfield.workloads.speech_recognition.batches import collated, spoken  # noqa: E402
from levelfield.workloads.speech_recognition.generator import Part, text, utterance  # noqa: E402


def test_utterances_are_made_once() -> None:
    made = spoken(Part.CALIBRATION, 3)
    assert spoken(Part.CALIBRATION, 3) is made
    assert list(made.texts) == [text(Part.CALIBRATION, index) for index in range(3)]
    for index, rows in enumerate(made.features):
        samples = len(utterance(Part.CALIBRATION, index).pcm)
        assert made.seconds[index] == samples / 16_000
        assert rows.shape == (-(-(1 + samples // 160) // 3), 240)  # a frame each 10 ms, three frames a row


def test_batch_is_filled_up_with_zeros() -> None:
    short, long = np.ones((2, 240), np.float32), np.full((5, 240), 2, np.float32)
    batch = collated([(short, [3, 4, 5]), (long, [6])])
    assert batch.features.shape == (5, 2, 240)
    assert batch.features[:, 0, 0].tolist() == [1, 1, 0, 0, 0]
    assert batch.features[:, 1, 0].tolist() == [2] * 5
    assert batch.lengths.tolist() == [2, 5]
    assert batch.labels.tolist() == [[3, 4, 5], [6, 0, 0]]
    assert batch.counts.tolist() == [3, 1]


def test_parts_drop_what_none_of_theirs_fills() -> None:
    rows = [np.ones((length, 240), np.float32) for length in (2, 5)]
    one, other = collated([(rows[0], [1]), (rows[1], [2, 3])]).parts(2)
    assert (one.features.shape, one.labels.shape) == ((2, 1, 240), (1, 1))
    assert (other.features.shape, other.labels.shape) == ((5, 1, 240), (1, 2))
