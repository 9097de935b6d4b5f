"""Examples of masked language modelling: pairs of segments, some tokens of which are to be guessed.

The fields are the features of the reference's records (mlcommons/training at 4a4d5a0, language_model/tensorflow/bert,
``README.md``, "TFRecord Features"), and masks are made as its preparation makes them: 15 of 100 tokens are chosen, of
which 80 become ``[MASK]``, 10 any token of the vocabulary, and 10 stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MASKED_SHARE", "Examples", "PairsOfSegments", "Vocabulary", "masked"]

MASKED_SHARE = 0.15
_REPLACED, _CHANGED = 0.8, 0.1
"""Of the chosen tokens: those that become ``[MASK]``, and those that become another token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The token numbers that masking must know."""

    size: int
    padding: int
    classifier: int
    separator: int
    mask: int


@dataclass(frozen=True, slots=True)
class PairsOfSegments:
    """Pairs whose tokens are all to be seen."""

    tokens: NDArray[np.int64]
    """(pairs, length): ``[CLS]`` first ``[SEP]`` second ``[SEP]``, filled up."""
    segments: NDArray[np.int64]
    """(pairs, length): 1 in the second segment."""
    random_next: NDArray[np.int64]
    """(pairs,): 1 where the second segment is from elsewhere."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Some examples; names and order as the records have them."""

    input_ids: NDArray[np.int64]
    """(examples, length): token numbers, 0 where it is filled up."""
    input_mask: NDArray[np.int64]
    """(examples, length): 1 for tokens, 0 for filling."""
    segment_ids: NDArray[np.int64]
    """(examples, length)."""
    masked_lm_positions: NDArray[np.int64]
    """(examples, predictions): where tokens are to be guessed, ascending; 0 where it is filled up."""
    masked_lm_ids: NDArray[np.int64]
    """(examples, predictions): the tokens."""
    masked_lm_weights: NDArray[np.float32]
    """(examples, predictions): 1 for what is to be guessed, 0 for filling."""
    next_sentence_labels: NDArray[np.int64]
    """(examples,): 0 where the second segment follows the first, 1 where it is from elsewhere."""

    def __len__(self) -> int:
        return len(self.input_ids)


def masked(pairs: PairsOfSegments, vocabulary: Vocabulary, *, predictions: int, draw: np.random.Generator) -> Examples:
    """Choose tokens and hide them.

    Args:
        pairs: What is to be learnt.
        vocabulary: Its special tokens are never chosen.
        predictions: The most tokens to guess in one pair.
        draw: Decides.
    """
    tokens, (count, length) = pairs.tokens, pairs.tokens.shape
    is_token = tokens != vocabulary.padding
    special = ~is_token | (tokens == vocabulary.classifier) | (tokens == vocabulary.separator)
    # The reference rounds half to even, as Python does, and so does rint.
    wanted = np.clip(np.rint(MASKED_SHARE * is_token.sum(axis=1)), 1, predictions).astype(np.int64)
    chances = np.where(special, 2.0, draw.random((count, length)))
    chosen = np.argsort(chances, axis=1, kind="stable")[:, :predictions]
    real = np.arange(predictions) < np.minimum(wanted, (~special).sum(axis=1))[:, None]
    positions = np.sort(np.where(real, chosen, length), axis=1)  # filling goes to the end
    weights = positions < length
    positions = np.where(weights, positions, 0)
    hidden = np.where(weights, np.take_along_axis(tokens, positions, axis=1), 0)

    kind, other = draw.random(positions.shape), draw.integers(0, vocabulary.size, positions.shape)
    replaced = np.where(kind < _REPLACED, vocabulary.mask, np.where(kind < _REPLACED + _CHANGED, other, hidden))
    shown = tokens.copy()
    rows, columns = np.nonzero(weights)
    shown[rows, positions[rows, columns]] = replaced[rows, columns]
    return Examples(
        input_ids=shown,
        input_mask=is_token.astype(np.int64),
        segment_ids=pairs.segments,
        masked_lm_positions=positions,
        masked_lm_ids=hidden,
        masked_lm_weights=weights.astype(np.float32),
        next_sentence_labels=pairs.random_next,
    )
