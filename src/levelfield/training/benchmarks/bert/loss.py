"""The loss of BERT: guessing hidden tokens, and telling whether the second segment follows the first.

The first part is a mean over all hidden tokens of a batch, not of an example; the reference adds 1e-5 to their number
(``run_pretraining.py``, ``get_masked_lm_output``). Here that number is the batch's over all processes and parts, so
that the loss does not depend on how many there are.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from levelfield.training.benchmarks.bert.data import Batch

__all__ = ["summed_losses"]


def summed_losses(tokens: torch.Tensor, next_sentence: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Both parts, summed over hidden tokens and over examples.

    Args:
        tokens: (pairs, predictions, vocabulary) logits.
        next_sentence: (pairs, 2) logits.
        batch: What is right.

    Returns:
        () and (), in fp32.
    """
    each = functional.cross_entropy(tokens.float().flatten(0, 1), batch.masked_lm_ids.flatten(), reduction="none")
    hidden = (each * batch.masked_lm_weights.flatten()).sum()
    return hidden, functional.cross_entropy(next_sentence.float(), batch.next_sentence_labels, reduction="sum")
