"""A small language to learn: what the mini edition trains and is tested on, the same on every machine.

There are 4 topics of 24 words. A segment is the marker of its topic and words of it; after each word comes one of two
others of the topic, in 85 of 100 cases always the same. Of a pair the second segment is on the topic of the first, or
on one drawn anew. So a word can be guessed from its neighbours and its topic, though not with certainty:
:meth:`Grammar.reachable` is how often the best of all guesses is right.

Everything is whole numbers from raw bits of PCG64, so the SHA-256 of the data is a fact of the seed.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.bert.examples import Examples, PairsOfSegments, Vocabulary

__all__ = ["VOCABULARY", "Grammar", "sha256_of_pairs"]

TOPICS, WORDS = 4, 24
_SPECIAL = 5
"""``[PAD]``, ``[UNK]``, ``[CLS]``, ``[SEP]``, ``[MASK]``, in the order of BERT's vocabulary files."""
VOCABULARY = Vocabulary(size=_SPECIAL + TOPICS + TOPICS * WORDS, padding=0, classifier=2, separator=3, mask=4)
FIRST_MARKER, FIRST_WORD = _SPECIAL, _SPECIAL + TOPICS
WORLD_SEED = 20200101
"""Of the language itself; pairs have seeds of their own."""
_USUAL = 85
"""Times in a hundred that the usual word follows."""
_SHORT = 10
"""Times in a hundred that a pair is shorter than it may be, as in the reference (``short_seq_prob``)."""
_SHORTEST = 4
"""Tokens of a segment."""


class _Bits:
    """Whole numbers from the raw bits of a seed."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.PCG64(seed)

    def below(self, limit: int | NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """(count,): numbers from 0 up to a limit, or up to one for each."""
        words = (self._source.random_raw(count) >> np.uint64(32)).astype(np.int64)
        return words * limit >> 32


class Grammar:
    """The language: which two words follow each word."""

    def __init__(self) -> None:
        bits = _Bits(WORLD_SEED)
        # Two orders of the words of a topic, each a permutation without a word that follows itself.
        self.successors = np.empty((2, TOPICS, WORDS), np.int64)
        for topic in range(TOPICS):
            ring = np.argsort(bits.below(1 << 30, WORDS), kind="stable")
            other = np.argsort(bits.below(1 << 30, WORDS), kind="stable")
            for order, words in enumerate((ring, other)):
                self.successors[order, topic, words] = np.roll(words, -1)

    def pairs(self, count: int, *, length: int, seed: int) -> PairsOfSegments:
        """Draw pairs.

        Args:
            count: How many.
            length: Tokens of a pair, three marks included; shorter ones are filled up.
            seed: Another one gives other pairs of the same language.
        """
        bits = _Bits(seed)
        room = np.full(count, length - 3)
        short = bits.below(100, count) < _SHORT
        room[short] = 2 * _SHORTEST + bits.below(length - 3 - 2 * _SHORTEST + 1, count)[short]
        first = _SHORTEST + bits.below(room - 2 * _SHORTEST + 1, count)
        topics = bits.below(TOPICS, count)
        random_next = bits.below(2, count)
        others = np.where(random_next == 1, bits.below(TOPICS, count), topics)
        one, other = self._segments(topics, length, bits), self._segments(others, length, bits)

        tokens = np.full((count, length), VOCABULARY.padding)
        segments = np.zeros((count, length), np.int64)
        rows = np.arange(count)
        tokens[:, 0] = VOCABULARY.classifier
        for place in range(length - 3):
            in_first = place < first
            tokens[in_first, 1 + place] = one[in_first, place]
            in_second = ~in_first & (place < room)
            tokens[in_second, 2 + place] = other[in_second, (place - first)[in_second]]
        tokens[rows, 1 + first] = VOCABULARY.separator
        tokens[rows, 2 + room] = VOCABULARY.separator
        places = np.arange(length)
        segments[(places > 1 + first[:, None]) & (places <= 2 + room[:, None])] = 1
        return PairsOfSegments(tokens=tokens, segments=segments, random_next=random_next)

    def _segments(self, topics: NDArray[np.int64], length: int, bits: _Bits) -> NDArray[np.int64]:
        """(segments, length): marker and words, longer than any segment."""
        count = len(topics)
        found = np.empty((count, length), np.int64)
        found[:, 0] = FIRST_MARKER + topics
        word = bits.below(WORDS, count)
        for place in range(1, length):
            found[:, place] = FIRST_WORD + topics * WORDS + word
            order = (bits.below(100, count) >= _USUAL).astype(np.int64)
            word = self.successors[order, topics, word]
        return found

    def reachable(self, examples: Examples) -> float:
        """How often the best possible guess is right, 0 to 1: by the exact probabilities of a hidden Markov chain.

        It is told more than a model is (the topic of each segment, which positions were chosen), so no model can be
        better but by chance.
        """
        right, total = 0.0, 0
        for row in range(len(examples)):
            weights = examples.masked_lm_weights[row] > 0
            places, hidden = examples.masked_lm_positions[row][weights], examples.masked_lm_ids[row][weights]
            shown = examples.input_ids[row].copy()
            truth = shown.copy()
            truth[places] = hidden
            chosen = np.zeros(len(shown), bool)
            chosen[places] = True
            total += len(places)
            for start, end in _segments_of(truth):
                right += self._right_in(truth[start:end], shown[start:end], chosen[start:end])
        return right / total

    def _right_in(self, truth: NDArray[np.int64], shown: NDArray[np.int64], chosen: NDArray[np.bool_]) -> float:
        """Of a segment, how many chosen tokens the best guess gives on average."""
        topic = int(truth[0]) - FIRST_MARKER
        base = FIRST_WORD + topic * WORDS
        step = np.zeros((WORDS, WORDS))
        step[np.arange(WORDS), self.successors[0, topic]] += _USUAL / 100
        step[np.arange(WORDS), self.successors[1, topic]] += 1 - _USUAL / 100
        words = len(truth) - 1
        seen = np.ones((words, WORDS))  # how likely what is shown is, for each word that may be behind it
        for place in range(words):
            word = int(shown[1 + place]) - base
            if not chosen[1 + place]:
                seen[place] = 0
                seen[place, word] = 1
            elif 0 <= word < WORDS:  # it stayed, or was changed into this very word
                seen[place] = 1 / VOCABULARY.size
                seen[place, word] += 1
        before, after = np.empty((words, WORDS)), np.ones((words, WORDS))
        before[0] = seen[0] / seen[0].sum()
        for place in range(1, words):
            moved = (before[place - 1] @ step) * seen[place]
            before[place] = moved / moved.sum()
        for place in range(words - 2, -1, -1):
            moved = step @ (after[place + 1] * seen[place + 1])
            after[place] = moved / moved.sum()
        together = before * after
        best = (together / together.sum(axis=1, keepdims=True)).max(axis=1)
        return float(best[chosen[1:]].sum()) + float(chosen[0])  # a marker is certain, as the topic is known


def _segments_of(tokens: NDArray[np.int64]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Begin and end of both segments of a pair."""
    one, other = np.flatnonzero(tokens == VOCABULARY.separator)[:2].tolist()
    return (1, one), (one + 1, other)


def sha256_of_pairs(pairs: PairsOfSegments) -> str:
    """Of all numbers, as little-endian 16 bits."""
    digest = hashlib.sha256()
    for array in (pairs.tokens, pairs.segments, pairs.random_next):
        digest.update(array.astype("<i2").tobytes())
    return digest.hexdigest()
