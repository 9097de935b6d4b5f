"""The grammar: the same passages from the same seed, one true answer to each question, names kept apart."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter

import pytest

from levelfield.workloads.question_answering.generator import Names, passages, vocabulary
from levelfield.workloads.question_answering.labels import positions_of
from levelfield.workloads.question_answering.preprocess import MINI, examples_of, features_of
from levelfield.workloads.question_answering.squad import as_squad
from levelfield.workloads.question_answering.wordpiece import WordPiece

SOME = {
    Names.SEEN: list(passages(5, 900, names=Names.SEEN)),
    Names.UNSEEN: list(passages(6, 300, names=Names.UNSEEN)),
}
NAME = re.compile(r"\b([A-Z]\w+) ([A-Z]\w+)\b")


def full_names(names: Names) -> set[str]:
    """Of people whom a question names in full."""
    found = set()
    for text in SOME[names]:
        for question in text.questions:
            if question.text.startswith(("What is the job of ", "Who does ")):
                found |= {" ".join(pair) for pair in NAME.findall(question.text)}
    return found


def test_same_seed_same_bytes() -> None:
    content = json.dumps(as_squad(passages(1, 50, names=Names.SEEN), title="t"), sort_keys=True)
    assert (
        hashlib.sha256(content.encode()).hexdigest()
        == "e403a9cdbb2d0bf55d0b64dc18d6b47b8dba945be5e96733f4f1cd0dc23ef7b6"
    )
    assert list(passages(1, 3, names=Names.SEEN)) != list(passages(2, 3, names=Names.SEEN))


@pytest.mark.parametrize("names", [*Names])
def test_answer_stands_where_it_is_said_to(names: Names) -> None:
    for text in SOME[names]:
        for question in text.questions:
            (answer,) = question.answers
            assert text.context[answer.start : answer.start + len(answer.text)] == answer.text


def test_some_passages_are_too_long_for_one_input_and_none_has_an_unknown_word() -> None:
    pieces = WordPiece(vocabulary())
    examples = examples_of(SOME[Names.UNSEEN])
    features = features_of(examples, pieces, MINI)
    assert 1.02 < len(features) / len(examples) < 1.6
    assert not any("[UNK]" in feature.tokens for feature in features)
    shown = Counter(positions_of(feature, examples[feature.example], pieces) != (0, 0) for feature in features)
    assert shown[True] >= len(examples)


def test_answer_of_a_position_is_the_answer() -> None:
    pieces = WordPiece(vocabulary())
    examples = examples_of(SOME[Names.SEEN])
    for feature in features_of(examples, pieces, MINI):
        start, end = positions_of(feature, examples[feature.example], pieces)
        if (start, end) != (0, 0):
            spelt = " ".join(feature.tokens[start : end + 1]).replace(" ##", "")
            assert spelt == examples[feature.example].question.answers[0].text.lower()


def test_full_names_of_the_hard_half_are_new_and_their_parts_are_not() -> None:
    seen, unseen = full_names(Names.SEEN), full_names(Names.UNSEEN)
    assert len(seen) > 30
    assert len(unseen) > 30
    assert not seen & unseen
    known = {word for text in SOME[Names.SEEN] for word in re.findall(r"\w+", text.context)}
    assert {part for name in unseen for part in name.split()} <= known


def test_question_has_one_answer_in_its_passage() -> None:
    """Who has an object: it occurs once. Where, when, how many of a person: one sentence is on both."""
    for text in SOME[Names.SEEN]:
        for question in text.questions:
            words = re.match(r"How many (\w+) does (\w+) (\w+) keep\?", question.text)
            if words:
                of_person = rf"(?:^|\. )(?:{words[2]} )?{words[3]} keeps [a-z ]+ {words[1]}\."
                assert len(re.findall(of_person, text.context)) == 1
            thing = re.match(r"Who keeps (.*)\?", question.text)
            if thing:
                assert text.context.count(f"keeps {thing[1]}.") == 1
            place = re.match(r"Who was born in (.*)\?", question.text)
            if place:
                assert len(re.findall(rf"(in {place[1]}\.|{place[1]} is the birthplace)", text.context)) == 1


def test_vocabulary_is_of_distinct_pieces() -> None:
    pieces = vocabulary()
    assert len(set(pieces)) == len(pieces) == 287
    assert pieces[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
