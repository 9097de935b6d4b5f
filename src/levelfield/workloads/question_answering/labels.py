"""What training learns from a feature: where its answer stands, and which tokens are of the sentence that holds it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.question_answering.preprocess import Example, Feature
from levelfield.workloads.question_answering.wordpiece import WordPiece

__all__ = ["positions_of", "support_of"]

FULL_STOP = {"."}


def positions_of(feature: Feature, example: Example, tokenizer: WordPiece) -> tuple[int, int]:
    """First and last token of the first answer, for training; (0, 0) where the window does not show all of it.

    Of the words that the answer touches, the tokens that spell it; all of them if none do.
    """
    answer = example.question.answers[0]
    starts = np.array(example.word_starts)
    ends = (answer.start, answer.start + len(answer.text) - 1)
    low, high = (int(np.searchsorted(starts, at, side="right")) - 1 for at in ends)
    before = sum(len(tokenizer.tokens(word)) for word in example.words[:low])
    touched = [piece for word in example.words[low : high + 1] for piece in tokenizer.tokens(word)]
    spelt = tokenizer.tokens(answer.text)
    at = next((at for at in range(len(touched)) if touched[at : at + len(spelt)] == spelt), None)
    first, count = (before, len(touched)) if at is None else (before + at, len(spelt))
    shown = first - feature.shown_from
    if shown < 0 or shown + count > len(feature.words):
        return 0, 0
    return feature.first + shown, feature.first + shown + count - 1


def support_of(feature: Feature, positions: tuple[int, int], length: int) -> NDArray[np.bool_]:
    """(length,): the tokens of the sentence that holds the answer; none where the window does not show it."""
    found = np.zeros(length, np.bool_)
    if positions == (0, 0):
        return found
    ends = [at for at, token in enumerate(feature.tokens) if token in FULL_STOP and at >= feature.first]
    begin = max((at + 1 for at in ends if at < positions[0]), default=feature.first)
    end = min((at for at in ends if at >= positions[1]), default=len(feature.tokens) - 2)
    found[begin : end + 1] = True
    return found
