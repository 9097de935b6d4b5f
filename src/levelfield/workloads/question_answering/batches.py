"""Generated questions as a network learns from them. torch is imported inside the functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from levelfield.workloads.question_answering.generator import Names, passages
from levelfield.workloads.question_answering.labels import positions_of, support_of
from levelfield.workloads.question_answering.preprocess import MINI, examples_of, features_of, padded
from levelfield.workloads.question_answering.wordpiece import WordPiece

if TYPE_CHECKING:
    import torch

__all__ = ["Batch", "questions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step learns from."""

    inputs: torch.Tensor
    """(batch, 3, tokens) int64: token numbers, mask, segments."""
    positions: torch.Tensor
    """(batch, 2) int64: first and last token of the answer, (0, 0) where it is not shown."""
    support: torch.Tensor
    """(batch, tokens) bool: the sentence that holds the answer."""


def questions(tokenizer: WordPiece, seed: int, count: int, sentences: tuple[int, int]) -> Batch:
    """Generated questions with names that training may see, as one batch of all.

    Args:
        tokenizer: Of the mini edition.
        seed: The same seed gives the same questions.
        count: Passages, each with one question or two.
        sentences: Fewest and most in a passage.
    """
    import torch

    examples = examples_of(passages(seed, count, names=Names.SEEN, sentences=sentences))
    features = features_of(examples, tokenizer, MINI)
    positions = [positions_of(feature, examples[feature.example], tokenizer) for feature in features]
    support = [support_of(feature, at, MINI.sequence) for feature, at in zip(features, positions, strict=True)]
    return Batch(
        inputs=torch.from_numpy(padded(features, tokenizer, MINI)),
        positions=torch.tensor(positions),
        support=torch.from_numpy(np.stack(support)),
    )
