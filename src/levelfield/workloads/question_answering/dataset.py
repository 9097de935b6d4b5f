"""The questions: the shipped passages (mini), or a folder with SQuAD v1.1 and the model's vocabulary (full)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.files import sha256_of
from levelfield.workloads.dataset_report import DatasetReport
from levelfield.workloads.question_answering.preprocess import (
    FULL,
    Example,
    Feature,
    Lengths,
    examples_of,
    features_of,
    padded,
)
from levelfield.workloads.question_answering.squad import read_squad
from levelfield.workloads.question_answering.wordpiece import WordPiece, read_vocabulary
from levelfield.workloads.sample_rows import SampleRows
from levelfield.workloads.task import IndexArray

__all__ = ["SQUAD_FILE", "VOCABULARY_FILE", "QuestionDataset", "Questions", "check"]

SQUAD_FILE = "dev-v1.1.json"
VOCABULARY_FILE = "vocab.txt"
PUBLISHED_SHA256 = {
    SQUAD_FILE: "95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9",
    VOCABULARY_FILE: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""Of the published files: SQuAD v1.1 dev (4,854,279 bytes), and the vocabulary of BERT uncased (231,508 bytes)."""
PUBLISHED_QUESTIONS = 10_570
PUBLISHED_FEATURES = 10_833
"""With that vocabulary; the samples of the benchmark."""


@dataclass(frozen=True, slots=True)
class Questions:
    """A set of questions, cut into features; a feature is a sample."""

    examples: tuple[Example, ...]
    features: tuple[Feature, ...]
    lengths: Lengths
    tokenizer: WordPiece

    @classmethod
    def read(cls, squad: Path, vocabulary: Path, lengths: Lengths) -> Questions:
        """Read and tokenise; a second or two for all of SQuAD.

        Raises:
            DatasetError: A file is missing or cannot be used, or a paragraph holds no text.
        """
        tokenizer = read_vocabulary(vocabulary)
        examples = examples_of(read_squad(squad))
        features = features_of(examples, tokenizer, lengths)
        seen = {feature.example for feature in features}
        empty = [example.question.identity for number, example in enumerate(examples) if number not in seen]
        if empty:
            raise DatasetError(
                f"{squad}: {len(empty)} questions have a paragraph without any text, for example {empty[0]!r}."
            )
        return cls(examples, features, lengths, tokenizer)

    def token_counts(self) -> NDArray[np.int64]:
        """(samples,): tokens of each feature, its marks included."""
        return np.array([len(feature.tokens) for feature in self.features], np.int64)


class QuestionDataset:
    """The sample library of question answering, and the batches that it makes of what is loaded.

    Args:
        name: In the logs.
        questions: All of them.
        dtype: What the model reads: int64 or int32.
        performance_sample_count: Loaded at a time in a performance run.
        complete: Whether these are all the features that the benchmark is defined on.
    """

    def __init__(
        self,
        name: str,
        questions: Questions,
        dtype: np.dtype[Any],
        *,
        performance_sample_count: int,
        complete: bool,
    ) -> None:
        self.name = name
        self.questions = questions
        self.total_sample_count = len(questions.features)
        self.performance_sample_count = min(performance_sample_count, self.total_sample_count)
        self.complete = complete
        self.token_counts = questions.token_counts()
        """(samples,): without filling."""

        def read(indices: IndexArray) -> NDArray[Any]:
            chosen = (questions.features[index] for index in indices)
            return padded(chosen, questions.tokenizer, questions.lengths).astype(dtype, copy=False)

        self._rows = SampleRows(self.total_sample_count, read)
        self.load, self.unload, self.batch = self._rows.load, self._rows.unload, self._rows.batch


def check(folder: Path) -> DatasetReport:
    """Look at a copy of SQuAD v1.1 dev and the vocabulary: hashes of the published files, and counts."""
    problems: list[str] = []
    facts: list[tuple[str, str]] = []
    for name, published in PUBLISHED_SHA256.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: found no file")
            continue
        found = sha256_of(path)
        same = found == published
        facts.append((f"{name}, SHA-256", "as published" if same else found))
        if not same:
            problems.append(f"{path}: found SHA-256 {found}, expected {published} of the published file")
    try:
        questions = Questions.read(folder / SQUAD_FILE, folder / VOCABULARY_FILE, FULL)
    except DatasetError as error:
        problems += [error.message, *error.problems]
    else:
        for what, count, published_count in (
            ("questions", len(questions.examples), PUBLISHED_QUESTIONS),
            ("features of 384 tokens", len(questions.features), PUBLISHED_FEATURES),
        ):
            facts.append((what, f"{count:,}"))
            if count != published_count:
                problems.append(f"{folder}: found {count:,} {what}, expected {published_count:,}")
    return DatasetReport(dataset="SQuAD v1.1 dev", facts=tuple(facts), problems=tuple(problems))
