"""From logits to the text of an answer. Untimed.

The steps are those of ``accuracy-squad.py`` (mlcommons/inference, language/bert, tag v2.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.question_answering.preprocess import Example, Feature
from levelfield.workloads.question_answering.wordpiece import basic_tokens

__all__ = ["BEST", "LONGEST_ANSWER", "NO_ANSWER", "answers_of"]

BEST = 20
"""Starts, and ends, that are tried with each other."""
LONGEST_ANSWER = 30
"""Tokens."""
NO_ANSWER = "empty"
"""What the script answers where no span can be one."""


def answers_of(
    examples: Sequence[Example], features: Sequence[Feature], logits: Mapping[int, NDArray[np.float64]]
) -> dict[str, str]:
    """The answer to each question, by its identity.

    Args:
        examples: Every question.
        features: Every window of them; one that has no logits is passed over.
        logits: Of a feature, by its position: (tokens, 2), start and end.
    """
    best: dict[int, tuple[float, int, int, int]] = {}
    for number, feature in enumerate(features):
        found = logits.get(number)
        span = None if found is None else _best_span(feature, found)
        # The first of equals stays, as a stable sort over all windows leaves it.
        if span is not None and (feature.example not in best or span[0] > best[feature.example][0]):
            best[feature.example] = (span[0], number, span[1], span[2])
    answers = {}
    for number, example in enumerate(examples):
        chosen = best.get(number)
        text = NO_ANSWER if chosen is None else _text(example, features[chosen[1]], *chosen[2:])
        answers[example.question.identity] = text
    return answers


def _best_span(feature: Feature, logits: NDArray[np.float64]) -> tuple[float, int, int] | None:
    """Score, first and last token of the likeliest span that can be an answer.

    Spans are ordered by their score, those of equal score by the rank of the start and then of the end.
    """
    # Logits of filling take part in the ranks, which is how a span can be missed; the script is the same.
    starts, ends = (np.argsort(-column, kind="stable")[:BEST] for column in logits.T)
    first, last = feature.first, len(feature.tokens) - 2
    start_can_be = (starts >= first) & (starts <= last)
    start_can_be[start_can_be] = np.array(feature.max_context)[starts[start_can_be] - first]
    length = ends[None, :] - starts[:, None] + 1
    can_be = start_can_be[:, None] & ((ends >= first) & (ends <= last))[None, :]
    can_be &= (length >= 1) & (length <= LONGEST_ANSWER)
    if not can_be.any():
        return None
    scores = np.where(can_be, logits[starts, 0][:, None] + logits[ends, 1][None, :], -np.inf)
    at = int(scores.argmax())
    if not can_be.flat[at]:  # every logit of a possible span is -inf
        at = int(can_be.argmax())
    row, column = divmod(at, scores.shape[1])
    return float(scores[row, column]), int(starts[row]), int(ends[column])


def _text(example: Example, feature: Feature, start: int, end: int) -> str:
    """The span as it is written in the paragraph."""
    spelt = " ".join(feature.tokens[start : end + 1]).replace(" ##", "").replace("##", "")
    low, high = (feature.words[at - feature.first] for at in (start, end))
    return as_written(" ".join(spelt.split()), " ".join(example.words[low : high + 1]))


def as_written(spelt: str, original: str) -> str:
    """The part of the original that is spelt so in tokens: ``steve smith`` in ``Steve Smith's`` is ``Steve Smith``.

    Blanks apart, the characters of the tokens and of the original are held against each other one by one. Where their
    numbers differ (an accent was dropped), or the spelling is not found, it is the whole original.
    """
    tokens = " ".join(basic_tokens(original))
    start = tokens.find(spelt)
    if start == -1:
        return original
    places = [at for at, character in enumerate(original) if character != " "]
    if len(places) != len(tokens) - tokens.count(" "):
        return original
    first = start - tokens.count(" ", 0, start)
    last = first + len(spelt) - spelt.count(" ") - 1
    if not spelt or last < first:
        return original
    return original[places[first] : places[last] + 1]
