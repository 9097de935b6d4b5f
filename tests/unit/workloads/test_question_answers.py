"""From logits to answers: the best span that can be one, and how it is written in the paragraph."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

from levelfield.errors import InputError
from levelfield.workloads.question_answering.dataset import Questions
from levelfield.workloads.question_answering.postprocess import answers_of, as_written
from levelfield.workloads.question_answering.preprocess import Lengths, examples_of, features_of
from levelfield.workloads.question_answering.squad import Answer, Paragraph, Question
from levelfield.workloads.question_answering.task import REFERENCE_PAYLOAD, PayloadType, score_entries
from levelfield.workloads.question_answering.wordpiece import WordPiece

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS), "'", "."])
LENGTHS = Lengths(sequence=12, stride=3, question=2)


def questions(*contexts: str, answer: str = "a", lengths: Lengths = LENGTHS) -> Questions:
    examples = examples_of(
        Paragraph(
            context=context,
            questions=(Question(identity=str(number), text="q", answers=(Answer(text=answer, start=0),)),),
        )
        for number, context in enumerate(contexts)
    )
    return Questions(examples, features_of(examples, PIECES, lengths), lengths, PIECES)


def logits(**at: float) -> np.ndarray:
    """(12, 2) of -5 but where said: ``start3=2``."""
    found = np.full((LENGTHS.sequence, 2), -5.0)
    for name, value in at.items():
        found[int(name.removeprefix("start").removeprefix("end")), int(name.startswith("end"))] = value
    return found


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (logits(start3=2, end4=2), "Ab"),
        (logits(start5=1, end8=1), "c's d"),
        (logits(start1=9, start5=1, end5=1), "c"),
        (logits(start5=1, end1=9, end5=1), "c"),
        (logits(start11=9, end11=9, start8=0, end8=0), "d"),
        (logits(start8=3, end3=3, end8=1, start3=0), "d"),
    ],
    ids=["pieces", "punctuation", "start in the question", "end in the question", "filling", "end before start"],
)
def test_best_span_is_taken(found: np.ndarray, expected: str) -> None:
    one = questions("Ab c's d.")
    assert one.features[0].tokens == ("[CLS]", "q", "[SEP]", "a", "##b", "c", "'", "s", "d", ".", "[SEP]")
    assert answers_of(one.examples, one.features, {0: found}) == {"0": expected}


def test_longest_answer_is_thirty_tokens() -> None:
    long = questions(" ".join(["a"] * 40), lengths=Lengths(sequence=50, stride=5, question=2))
    found = np.full((50, 2), -5.0)
    found[3, 0] = 5
    found[33, 1] = 5
    found[32, 1] = 1
    assert answers_of(long.examples, long.features, {0: found}) == {"0": " ".join(["a"] * 30)}


def test_no_span_among_the_best_is_empty() -> None:
    one = questions(" ".join(["a"] * 40), lengths=Lengths(sequence=70, stride=5, question=2))
    found = np.full((70, 2), -5.0)
    found[45:65] = 1  # twenty places of filling are better than any token
    assert answers_of(one.examples, one.features, {0: found}) == {"0": "empty"}
    assert answers_of(one.examples, one.features, {}) == {"0": "empty"}


def test_best_of_all_windows_is_taken_and_a_start_needs_the_most_context() -> None:
    two = questions("a b c d e f g h i j k")
    shown = ["".join(feature.tokens[3:-1]) for feature in two.features]
    assert shown == ["abcdefgh", "defghijk"]
    assert two.features[0].max_context == (True,) * 6 + (False,) * 2
    weak, strong = logits(start3=1, end3=1), logits(start10=3, start4=0, end4=0)
    # The strong start is at the edge of the first window, where the second shows more.
    assert answers_of(two.examples, two.features, {0: strong, 1: weak * 0 - 5}) == {"0": "b"}
    assert answers_of(two.examples, two.features, {0: weak, 1: logits(start8=3, end9=3)}) == {"0": "i j"}


def brute_force(one: Questions, found: dict[int, np.ndarray]) -> dict[str, str]:
    """All pairs of the twenty best, one by one, in the order in which they are written down in the rules."""
    answers = {}
    for number, example in enumerate(one.examples):
        spans = []
        for at, feature in enumerate(one.features):
            if feature.example != number or at not in found:
                continue
            best = [sorted(range(len(found[at])), key=lambda t, c=c, at=at: -found[at][t, c])[:20] for c in (0, 1)]
            last = len(feature.tokens) - 1
            for start, end in itertools.product(*best):
                inside = feature.first <= start < last and feature.first <= end < last
                if inside and feature.max_context[start - feature.first] and start <= end < start + 30:
                    spans.append((-(found[at][start, 0] + found[at][end, 1]), len(spans), at, start, end))
        if not spans:
            answers[example.question.identity] = "empty"
            continue
        _, _, at, start, end = min(spans)
        feature = one.features[at]
        words = [feature.words[place - feature.first] for place in (start, end)]
        answers[example.question.identity] = " ".join(example.words[words[0] : words[1] + 1])
    return answers


@pytest.mark.parametrize("seed", range(6))
def test_spans_are_those_of_a_search_of_all_pairs(seed: int) -> None:
    """Words are single tokens here, so the text is that of the words. Whole logits give many equal scores."""
    draws = np.random.default_rng(seed)
    texts = [" ".join(draws.choice(list(LETTERS), draws.integers(1, 60))) for _ in range(30)]
    some = questions(*texts, lengths=Lengths(sequence=36, stride=11, question=2))
    found = {
        at: draws.normal(size=(36, 2)) if seed % 2 else draws.integers(-2, 3, (36, 2)).astype(float)
        for at in range(len(some.features))
        if draws.random() < 0.9
    }
    assert len(some.features) > len(some.examples)
    assert answers_of(some.examples, some.features, found) == brute_force(some, found)


@pytest.mark.parametrize(
    ("spelt", "original", "expected"),
    [
        ("steve smith", "Steve Smith's", "Steve Smith"),
        ("1895", "(1895-1943).", "1895"),
        ("smith ' s", "Steve Smith's", "Smith's"),
        ("cafe", "the Café.", "Café"),
        ("cafe", "the Cafe\u0301.", "the Cafe\u0301."),
        ("not there", "Steve Smith", "Steve Smith"),
        ("", "Steve Smith", "Steve Smith"),
        ("a a", "a a a", "a a"),
    ],
    ids=["ending", "brackets", "apostrophe", "accent", "loose accent", "not found", "nothing", "first of several"],
)
def test_answer_is_written_as_in_the_paragraph(spelt: str, original: str, expected: str) -> None:
    assert as_written(spelt, original) == expected


# --- payloads and the log ---


def payload(pairs: np.ndarray) -> bytes:
    return pairs.astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (REFERENCE_PAYLOAD, struct.pack("<4f", 1, 2, 3, 4)),
        (PayloadType(dtype=np.dtype("<f4"), transposed=True), struct.pack("<4f", 1, 3, 2, 4)),
        (PayloadType(dtype=np.dtype("<f2")), struct.pack("<4e", 1, 2, 3, 4)),
        (PayloadType(dtype=np.dtype("<i8")), struct.pack("<4q", 1, 2, 3, 4)),
        (PayloadType(dtype=np.dtype("i1")), bytes([1, 2, 3, 4])),
    ],
    ids=["reference", "transposed", "float16", "int64", "int8"],
)
def test_payload_variants(kind: PayloadType, data: bytes) -> None:
    assert kind.read(data, 3).tolist() == [[1, 2], [3, 4], [-10000, -10000]]


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 12, b"\0" * 32], ids=["empty", "odd", "half a pair", "long"])
def test_payload_of_another_size_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=rf"found a payload of {len(data)} bytes, expected 24 \(3 pairs of float32\)"):
        REFERENCE_PAYLOAD.read(data, 3)


def test_score_is_of_the_log_alone() -> None:
    some = questions("a b", "c a", "x y")
    entries = [(number, payload(logits(start3=1, end3=1))) for number in (2, 0, 1)]
    score = score_entries([*entries, entries[1]], some)
    assert (score.f1_of.tolist(), score.f1) == ([0.0, 0.0, 0.0], 0.0)  # "a" is an article: nothing is left of it
    some = questions("b a", "c b", "x y", answer="b")
    assert score_entries(entries, some).f1_of.tolist() == [1.0, 0.0, 0.0]
    assert score_entries(entries, some).line == '{"exact_match": 33.333333333333336, "f1": 33.333333333333336}'


def test_log_that_cannot_be_scored() -> None:
    some = questions("a b", "c a", "x y")
    good = payload(logits(start3=1, end3=1))
    bad = np.full((12, 2), np.nan, "<f4").tobytes()
    with pytest.raises(InputError) as error:
        score_entries([(0, good), (0, good[::-1]), (7, good), (1, bad), (-1, good)], some)
    text = error.value.text()
    for words in (
        "sample 0: found two different payloads",
        "sample 7: expected an index of 0..2",
        "sample -1: expected",
        "sample 1: found a logit that is not a number",
        "1 of 3 samples have no entry: 2",
    ):
        assert words in text


def test_part_of_a_log_scores_the_questions_that_are_whole() -> None:
    some = questions("b a", "c d e f g h i j k l m", "b y", answer="b")
    assert [feature.example for feature in some.features] == [0, 1, 1, 2]
    good = payload(logits(start3=1, end3=1))
    assert score_entries([(0, good), (1, good)], some, whole=False).f1_of.tolist() == [1.0]
    with pytest.raises(InputError, match="3 of 4 samples have no entry"):
        score_entries([(1, good)], some, whole=False)
