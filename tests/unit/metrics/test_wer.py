"""Word error rate: hand-made values, jiwer's on random texts, and logs that cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.errors import InputError
from levelfield.metrics.wer import LabelType, edit_distance, word_errors, word_errors_of_log

ALPHABET = " abc"


def payload(text: str, kind: LabelType = LabelType.INT64) -> bytes:
    return np.array([ALPHABET.index(letter) for letter in text], kind.dtype).tobytes()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("", "a b", 2),
        ("a b c", "", 3),
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "b c", 1),
        ("b c", "a b c", 1),
        ("a b c d", "d a b c", 2),
        ("a a b", "b a a", 2),
    ],
)
def test_edit_distance_of_hand_made_pairs(one: str, other: str, expected: int) -> None:
    assert edit_distance(one.split(), other.split()) == expected


def test_rate_and_line_are_those_of_the_official_script() -> None:
    found = word_errors([("a b c", "a b"), ("c", "c a b"), ("b b a", "b b a")])
    assert (found.errors.tolist(), found.words.tolist()) == ([1, 2, 0], [3, 1, 3])
    assert found.line == "Word Error Rate: 42.857142857142854%, accuracy=57.14285714285714%"


def test_equal_to_jiwer_on_random_texts() -> None:
    jiwer = pytest.importorskip("jiwer")
    draw = np.random.default_rng(8)

    def text(least: int) -> str:
        return " ".join(draw.choice(["one", "two", "three", "four", "it's"], draw.integers(least, 14)))

    pairs = [(text(1), text(0)) for _ in range(300)]
    said, heard = (list(side) for side in zip(*pairs, strict=True))
    assert word_errors(pairs).rate == pytest.approx(jiwer.wer(said, heard), abs=1e-12)


def test_more_heard_than_said_is_above_one() -> None:
    assert word_errors([("a", "b b b")]).rate == 3.0


def test_interval_holds_the_value_and_shrinks_with_more_utterances() -> None:
    few = word_errors([("a b c", "a b c"), ("a b", "a c")] * 10)
    many = word_errors([("a b c", "a b c"), ("a b", "a c")] * 1000)
    for found in (few, many):
        low, high = found.accuracy_interval()
        assert low < found.accuracy_percent == 80.0 < high
    assert np.diff(many.accuracy_interval()) < np.diff(few.accuracy_interval()) / 5


@pytest.mark.parametrize("kind", [*LabelType])
def test_labels_of_every_type_are_read(kind: LabelType) -> None:
    entries = [(1, payload("cab", kind)), (0, payload("a bc", kind))]
    found = word_errors_of_log(entries, ["a bc", "cab b"], kind, alphabet=ALPHABET)
    assert (found.errors.tolist(), found.words.tolist()) == ([0, 1], [2, 2])


def test_four_bytes_are_an_int32() -> None:
    assert payload("ab", LabelType.INT32) == b"\x01\0\0\0\x02\0\0\0"


def test_empty_payload_is_nothing_heard_and_repeats_count_once() -> None:
    found = word_errors_of_log([(0, b""), (0, b"")], ["a b"], LabelType.INT64, alphabet=ALPHABET)
    assert found.rate == 1.0


def test_part_of_a_dataset_is_scored_where_that_is_asked_for() -> None:
    found = word_errors_of_log([(1, payload("a"))], ["b", "a", "c"], LabelType.INT64, alphabet=ALPHABET, whole=False)
    assert (found.rate, len(found.words)) == (0.0, 1)


def test_every_problem_of_a_log_is_named() -> None:
    entries = [
        (0, payload("a")),
        (0, payload("b")),
        (1, b"\1\0\0"),
        (2, np.array([4], "<i8").tobytes()),
        (9, payload("a")),
    ]
    with pytest.raises(InputError, match="cannot be scored") as caught:
        word_errors_of_log(entries, ["a"] * 4, LabelType.INT64, alphabet=ALPHABET)
    assert caught.value.problems == (
        "sample 0: found two different payloads",
        "sample 9: expected an index of 0..3",
        "1 of 4 samples have no entry: 3",
        "sample 1: found a payload of 3 bytes, expected a multiple of 8 (int64 labels)",
        "sample 2: found the label 4, expected 0..3",
    )


def test_transcripts_without_a_word_have_no_rate() -> None:
    with pytest.raises(InputError, match="no word"):
        word_errors([(" ", "a")])
