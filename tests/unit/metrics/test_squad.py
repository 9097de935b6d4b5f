"""F1 and exact match: values that the evaluation script of SQuAD v1.1 gives for the same answers."""

from __future__ import annotations

import json
import re

import pytest

from levelfield.metrics.squad import exact_match, f1, normalised, squad_score
from levelfield.rules.load import load


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Old  Mill!", "old mill"),
        ("a an the theatre", "theatre"),
        ("U.S. $5,000", "us 5000"),
        ("the-man", "theman"),
        ("an(other) thing", "another thing"),
        ("café “quoted”", "café “quoted”"),
        ("A", ""),
        ("", ""),
        ("\tthe\n cat\u00a0sat ", "cat sat"),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("Denver Broncos", "The Denver Broncos", 1.0),
        ("Broncos", "Denver Broncos", 2 / 3),
        ("Denver Broncos of Colorado", "Denver Broncos", 2 / 3),
        ("forty two", "forty two cats two", 2 * 1.0 * 0.5 / 1.5),
        ("two two two", "two", 0.5),
        ("nothing", "Denver", 0.0),
        ("the", "a", 0.0),
        ("", "Denver", 0.0),
    ],
)
def test_f1_counts_common_words(prediction: str, answer: str, expected: float) -> None:
    assert f1(prediction, answer) == pytest.approx(expected, abs=1e-15)


def test_exact_match_is_of_the_normal_forms() -> None:
    assert exact_match("the Denver Broncos.", "Denver broncos")
    assert exact_match("the", "a")
    assert not exact_match("Denver", "Denver Broncos")


def test_score_takes_the_best_answer_and_counts_a_missing_question_as_wrong() -> None:
    answers = {"1": ["Denver Broncos", "Broncos"], "2": ["1895"], "3": ["in the old mill"]}
    score = squad_score(answers, {"1": "the Broncos", "3": "mill", "other": "1895"})
    assert score.f1_of.tolist() == [1.0, 0.0, 0.5]
    assert score.exact_of.tolist() == [True, False, False]
    assert score.line == '{"exact_match": 33.333333333333336, "f1": 50.0}'


def test_line_is_what_the_round_reads() -> None:
    score = squad_score({"1": ["a b c"], "2": ["x"]}, {"1": "b", "2": "x"})
    pattern = load("inference-v2.0").rule("bert-99", "Offline").accuracy[0].pattern
    found = re.match(str(pattern), score.line)
    assert found is not None
    assert float(found[1]) == score.f1 == json.loads(score.line)["f1"]


@pytest.mark.parametrize(("answers", "message"), [({}, "found no question"), ({"7": []}, "answers of '7': found none")])
def test_questions_without_answers_are_refused(answers: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        squad_score(answers, {})
