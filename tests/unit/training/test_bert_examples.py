"""Masking by the reference's rule, and the small language: the same everywhere, and learnable up to a known limit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from levelfield.training.benchmarks.bert.data import EVALUATION_SEED, TRAIN_SEED
from levelfield.training.benchmarks.bert.examples import PairsOfSegments, masked
from levelfield.training.benchmarks.bert.grammar import VOCABULARY, Grammar, sha256_of_pairs
from levelfield.training.benchmarks.bert.settings import MINI_TARGET

EVALUATION_SHA256 = "ba2640ba53b49d7e3f9fc0e7676660c363628a1e5c9cac4c82db7b3b328f1511"
TRAIN_SHA256 = "59ebe613f48753ca2031ac01cde02d0438789507fcdc6667fdd7be8bfdad0f16"


def pairs(count: int = 2000, *, length: int = 32, seed: int = EVALUATION_SEED) -> PairsOfSegments:
    return Grammar().pairs(count, length=length, seed=seed)


def test_the_data_are_a_fact_of_their_seeds() -> None:
    assert sha256_of_pairs(pairs()) == EVALUATION_SHA256
    assert sha256_of_pairs(pairs(8000, seed=TRAIN_SEED)) == TRAIN_SHA256


def test_a_pair_is_marks_and_two_segments_of_one_topic_each() -> None:
    drawn = pairs(500)
    same_topic = []
    for tokens, segments, random_next in zip(drawn.tokens, drawn.segments, drawn.random_next, strict=True):
        one, other = np.flatnonzero(tokens == VOCABULARY.separator)
        assert tokens[0] == VOCABULARY.classifier
        assert (tokens[other + 1 :] == VOCABULARY.padding).all()
        assert segments.tolist() == [0] * (one + 1) + [1] * (other - one) + [0] * (31 - other)
        topics = [{(token - 9) // 24 for token in part} for part in (tokens[2:one], tokens[one + 2 : other])]
        assert all(len(topic) == 1 for topic in topics)
        assert {tokens[1] - 5, tokens[one + 1] - 5} == topics[0] | topics[1]
        if not random_next:
            assert topics[0] == topics[1]
        else:
            same_topic.append(topics[0] == topics[1])
    assert 0.15 < np.mean(same_topic) < 0.35
    assert 0.05 < (drawn.tokens[:, -1] == VOCABULARY.padding).mean() < 0.15


def test_usual_words_follow_85_times_in_a_hundred() -> None:
    grammar, drawn = Grammar(), pairs()
    usual = total = 0
    for tokens in drawn.tokens[:400]:
        for word, following in pairwise(tokens):
            if word >= 9 and following >= 9:
                topic, place = divmod(int(word) - 9, 24)
                options = grammar.successors[:, topic, place] + 9 + 24 * topic
                assert following in options
                usual += following == options[0]
                total += 1
    assert 0.83 < usual / total < 0.87


def test_masks_follow_the_reference() -> None:
    drawn = pairs(4000)
    examples = masked(drawn, VOCABULARY, predictions=5, draw=np.random.default_rng(3))
    weights = examples.masked_lm_weights > 0
    # 15 of 100 tokens, marks counted, half to even: 32 tokens hide 5, 30 hide 4 (4.5), 26 hide 4 (3.9).
    lengths = (drawn.tokens != VOCABULARY.padding).sum(axis=1)
    assert dict(zip(lengths.tolist(), weights.sum(axis=1).tolist(), strict=True)) == {
        length: {32: 5, 31: 5, 30: 4}.get(length, round(0.15 * length)) for length in set(lengths.tolist())
    }
    rows = np.nonzero(weights)[0]
    positions = examples.masked_lm_positions[weights]
    truth = drawn.tokens[rows, positions]
    assert (truth == examples.masked_lm_ids[weights]).all()
    assert (truth >= 5).all(), "special tokens are never hidden"
    shown = examples.input_ids[rows, positions]
    assert 0.78 < (shown == VOCABULARY.mask).mean() < 0.82
    assert 0.08 < (shown == truth).mean() < 0.12
    untouched = examples.input_ids.copy()
    untouched[rows, positions] = truth
    assert (untouched == drawn.tokens).all()
    assert (np.diff(np.where(weights, examples.masked_lm_positions, 99), axis=1)[weights[:, 1:]] > 0).all()
    assert (examples.masked_lm_positions[~weights] == 0).all()
    assert (examples.masked_lm_ids[~weights] == 0).all()


def test_no_more_than_there_is_to_hide() -> None:
    tokens = np.array([[2, 7, 3, 8, 3, 0], [2, 7, 3, 0, 3, 0]])
    examples = masked(
        PairsOfSegments(tokens=tokens, segments=np.zeros_like(tokens), random_next=np.zeros(2, int)),
        VOCABULARY,
        predictions=4,
        draw=np.random.default_rng(0),
    )
    assert examples.masked_lm_weights.sum(axis=1).tolist() == [1, 1]


def test_the_target_is_below_what_can_be_reached_and_above_what_words_alone_give() -> None:
    examples = masked(pairs(1000), VOCABULARY, predictions=5, draw=np.random.default_rng(EVALUATION_SEED))
    reachable = Grammar().reachable(examples)
    assert reachable == pytest.approx(0.968, abs=0.01)
    hidden = examples.masked_lm_ids[examples.masked_lm_weights > 0]
    commonest = np.bincount(hidden).max() / len(hidden)
    assert commonest < 0.04
    assert commonest + 0.3 < MINI_TARGET < reachable - 0.1


def test_the_limit_of_a_pair_by_hand() -> None:
    """One hidden word with both neighbours shown: what may stand there by Bayes, worked out without chains."""
    grammar = Grammar()
    first = 9
    chain = [first]
    for _ in range(3):
        chain.append(int(grammar.successors[0, 0, chain[-1] - 9]) + 9)
    tokens = np.array([[2, 5, *chain, 3, 5, first, 3]])
    shown = tokens.copy()
    shown[0, 4] = VOCABULARY.mask
    examples = masked(
        PairsOfSegments(tokens=tokens, segments=np.zeros_like(tokens), random_next=np.zeros(1, int)),
        VOCABULARY,
        predictions=1,
        draw=np.random.default_rng(0),
    )
    examples = type(examples)(
        shown,
        examples.input_mask,
        examples.segment_ids,
        np.array([[4]]),
        np.array([[chain[2]]]),
        np.array([[1.0]], np.float32),
        examples.next_sentence_labels,
    )
    before, after = chain[1] - 9, chain[3] - 9
    chance = np.zeros(24)
    for order, share in ((0, 0.85), (1, 0.15)):
        word = grammar.successors[order, 0, before]
        for following, likely in ((0, 0.85), (1, 0.15)):
            chance[word] += share * likely * (grammar.successors[following, 0, word] == after)
    assert grammar.reachable(examples) == pytest.approx(chance.max() / chance.sum(), abs=1e-12)
