"""F1 and exact match of SQuAD v1.1.

Facts: the evaluation script of SQuAD v1.1, as the round runs it (mlcommons/inference, language/bert/evaluate-v1.1.py,
tag v2.0).
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SquadScore", "exact_match", "f1", "normalised", "squad_score"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without ASCII punctuation, then without articles, single blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def f1(prediction: str, answer: str) -> float:
    """Harmonic mean of precision and recall over the words, counted with repeats; 0 where no word is common."""
    found, wanted = normalised(prediction).split(), normalised(answer).split()
    common = (Counter(found) & Counter(wanted)).total()
    if not common:
        return 0.0
    precision, recall = common / len(found), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def exact_match(prediction: str, answer: str) -> bool:
    """Whether both are the same when normalised."""
    return normalised(prediction) == normalised(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadScore:
    """How well a set of questions was answered."""

    f1_of: NDArray[np.float64]
    """(questions,): 0 to 1, the best over the accepted answers."""
    exact_of: NDArray[np.bool_]
    """(questions,)"""

    @property
    def f1(self) -> float:
        """The mean in percent, unrounded."""
        # Summed in the order of the questions, as the script does: the last digit is the same.
        scores: list[float] = self.f1_of.tolist()
        return 100.0 * sum(scores) / len(scores)

    @property
    def exact_match(self) -> float:
        """Questions answered exactly, in percent, unrounded."""
        return 100.0 * int(self.exact_of.sum()) / len(self.exact_of)

    @property
    def line(self) -> str:
        """The line of the official script, which ``accuracy.txt`` holds."""
        return json.dumps({"exact_match": self.exact_match, "f1": self.f1})


def squad_score(answers: Mapping[str, Sequence[str]], predictions: Mapping[str, str]) -> SquadScore:
    """Score predictions.

    Args:
        answers: The accepted answers of each question, one at least, by its identity.
        predictions: What was answered; a question that is missing scores 0.

    Raises:
        ValueError: There is no question, or one without an accepted answer.
    """
    if not answers:
        raise ValueError("answers: found no question, expected one at least.")
    without = [identity for identity, accepted in answers.items() if not accepted]
    if without:
        raise ValueError(f"answers of {without[0]!r}: found none, expected one at least.")
    best = np.zeros(len(answers))
    exact = np.zeros(len(answers), np.bool_)
    for at, (identity, accepted) in enumerate(answers.items()):
        prediction = predictions.get(identity)
        if prediction is not None:
            best[at] = max(f1(prediction, answer) for answer in accepted)
            exact[at] = any(exact_match(prediction, answer) for answer in accepted)
    return SquadScore(f1_of=best, exact_of=exact)
