"""From questions to inputs: words, windows, the window of most context, filling; and SQuAD's file format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from levelfield.errors import DatasetError
from levelfield.workloads.question_answering.labels import positions_of, support_of
from levelfield.workloads.question_answering.preprocess import (
    Feature,
    Lengths,
    examples_of,
    features_of,
    padded,
)
from levelfield.workloads.question_answering.squad import Answer, Paragraph, Question, as_squad, read_squad
from levelfield.workloads.question_answering.wordpiece import WordPiece

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS), "?", "."])
SHORT = Lengths(sequence=10, stride=3, question=2)


def paragraph(context: str, question: str = "q ?", answer: str = "a", start: int = 0) -> Paragraph:
    return Paragraph(
        context=context,
        questions=(Question(identity="1", text=question, answers=(Answer(text=answer, start=start),)),),
    )


def cut(context: str, question: str = "q ?", lengths: Lengths = SHORT) -> tuple[Feature, ...]:
    return features_of(examples_of([paragraph(context, question)]), PIECES, lengths)


def test_words_are_split_at_the_five_white_characters_of_the_reference() -> None:
    example = examples_of([paragraph("a  b\tc\nd\re\u202ff g\u00a0h i\u2028j")])[0]
    assert example.words == ("a", "b", "c", "d", "e", "f", "g\u00a0h", "i\u2028j")
    assert example.word_starts == (0, 3, 5, 7, 9, 11, 13, 17)


def test_short_paragraph_is_one_input() -> None:
    (feature,) = cut("ab c.", "q")
    assert feature.tokens == ("[CLS]", "q", "[SEP]", "a", "##b", "c", ".", "[SEP]")
    assert (feature.first, feature.words, feature.max_context) == (3, (0, 0, 1, 1), (True,) * 4)
    rows = padded([feature], PIECES, SHORT)
    assert rows.dtype == np.int64
    assert rows.tolist() == [
        [
            [2, 20, 3, 4, 31, 6, 57, 3, 0, 0],
            [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
            [0, 0, 0, 1, 1, 1, 1, 1, 0, 0],
        ]
    ]


def test_long_paragraph_is_cut_into_windows_that_overlap() -> None:
    """Room for 5 tokens, 3 further each time; the last window is the one that reaches the end."""
    features = cut("a b c d e f g h i j")
    shown = ["".join(feature.tokens[feature.first : -1]) for feature in features]
    assert shown == ["abcde", "defgh", "ghij"]
    assert [feature.shown_from for feature in features] == [0, 3, 6]
    # e has nothing on its right in the first window and one token on its left in the second; of h it is the other way.
    assert [feature.max_context for feature in features] == [
        (True, True, True, True, False),
        (False, True, True, True, False),
        (False, True, True, True),
    ]


def test_of_equal_context_the_longer_window_counts() -> None:
    """``0.01 * length`` decides: d is at the edge of both."""
    first, second = cut("a b c d e f", lengths=Lengths(sequence=9, stride=3, question=2))
    assert ("".join(first.tokens[first.first : -1]), "".join(second.tokens[second.first : -1])) == ("abcd", "def")
    assert (first.max_context, second.max_context) == ((True,) * 4, (False, True, True))


def test_question_is_cut_and_leaves_the_rest_to_the_paragraph() -> None:
    features = cut("a b c d e f", "p q r s t")
    assert [feature.tokens[:4] for feature in features] == [("[CLS]", "p", "q", "[SEP]")] * 2


def test_every_question_of_a_paragraph_has_its_inputs_in_order() -> None:
    text = Paragraph(
        context="a b c d e f g",
        questions=tuple(Question(identity=q, text=q, answers=(Answer(text="a", start=0),)) for q in "xyz"),
    )
    features = features_of(examples_of([text, text]), PIECES, SHORT)
    assert [(feature.example, feature.tokens[1]) for feature in features] == [
        (number, "xyz"[number % 3]) for number in range(6) for _ in range(2)
    ]


@pytest.mark.parametrize(
    ("context", "answer", "start", "expected"),
    [
        ("ab cd ef", "cd", 3, [(6, 7)]),
        ("ab (cd) ef", "cd", 4, [(7, 8)]),
        ("abcd ef", "bc", 1, [(4, 7)]),
        ("a b c d e f g h i j", "d e", 6, [(7, 8), (4, 5), (0, 0)]),
        ("a b c def g h i j", "def", 6, [(0, 0), (4, 6), (0, 0)]),
    ],
    ids=["words", "in brackets", "part of a token", "two windows", "cut by the first window"],
)
def test_answer_in_tokens(context: str, answer: str, start: int, expected: list[tuple[int, int]]) -> None:
    example = examples_of([paragraph(context, "q ?", answer, start)])[0]
    features = features_of(
        [example], PIECES, SHORT if len(context) > 12 else Lengths(sequence=16, stride=4, question=2)
    )
    assert [positions_of(feature, example, PIECES) for feature in features][: len(expected)] == expected


def test_support_is_the_sentence_of_the_answer() -> None:
    feature = cut("a b. c d. e", lengths=Lengths(sequence=14, stride=3, question=2))[0]
    assert feature.tokens == ("[CLS]", "q", "?", "[SEP]", "a", "b", ".", "c", "d", ".", "e", "[SEP]")
    assert np.flatnonzero(support_of(feature, (8, 8), 14)).tolist() == [7, 8, 9]
    assert np.flatnonzero(support_of(feature, (4, 5), 14)).tolist() == [4, 5, 6]
    assert np.flatnonzero(support_of(feature, (10, 10), 14)).tolist() == [10]
    assert not support_of(feature, (0, 0), 14).any()


# --- the file ---


def document() -> dict[str, Any]:
    return as_squad([paragraph("ab cd", answer="cd", start=3), paragraph("x")], title="t")


def written(folder: Path, content: object) -> Path:
    path = folder / "dev-v1.1.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def renamed(content: dict[str, Any]) -> dict[str, Any]:
    content["data"][0]["paragraphs"][1]["qas"][0]["id"] = "2"
    return content


def test_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = read_squad(written(tmp_path, renamed(document())))
    assert [text.context for text in found] == ["ab cd", "x"]
    assert found[0].questions == (Question(identity="1", text="q ?", answers=(Answer(text="cd", start=3),)),)
    packed = tmp_path / "questions.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(renamed(document())).encode()))
    assert read_squad(packed) == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ('{"version": "1.1", "data": [', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "version: found None, expected '1.1'"),
        ({"version": "v2.0", "data": []}, "found 'v2.0', expected '1.1'"),
        ({"version": "1.1"}, "data: found nothing, expected a list"),
        ({"version": "1.1", "data": []}, "holds no question"),
        ({"version": "1.1", "data": [{}]}, "data[0].paragraphs: found nothing"),
        ({"version": "1.1", "data": [{"paragraphs": [{"qas": []}]}]}, "data[0].paragraphs[0].context: found nothing"),
        (document(), "data[0].paragraphs[1].qas[0].id: found '1' a second time, first at data[0].paragraphs[0].qas[0]"),
        (
            as_squad([paragraph("ab", start=3)], title="t"),
            "answers[0].answer_start: found 3, expected a position in the paragraph (0..2)",
        ),
        (
            {"version": "1.1", "data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1", "question": 5}]}]}]},
            "qas[0].question: found 5, expected a text",
        ),
    ],
)
def test_file_that_cannot_be_used(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(DatasetError) as error:
        read_squad(written(tmp_path, content))
    assert words in error.value.text()


def test_missing_and_cut_off_files(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"dev-v1\.1\.json is not there"):
        read_squad(tmp_path / "dev-v1.1.json")
    packed = tmp_path / "questions.json.gz"
    for content in (gzip.compress(b"{}" * 1000)[:-9], b"no gzip"):
        packed.write_bytes(content)
        with pytest.raises(DatasetError, match="cannot be read"):
            read_squad(packed)
