"""Questions into what the network reads: tokens of the question and of a window of its paragraph, filled up with 0.

The steps are those of ``create_squad_data.py`` (mlcommons/inference, language/bert, tag v2.0). A paragraph that is too
long for one input gives several, each a *feature*; a feature is a sample of the benchmark. Untimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.question_answering.squad import Paragraph, Question
from levelfield.workloads.question_answering.wordpiece import CLS, SEP, WordPiece

__all__ = ["FULL", "MINI", "Example", "Feature", "Lengths", "examples_of", "features_of", "padded"]

_WHITE = frozenset(" \t\r\n\u202f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How inputs are cut, in tokens."""

    sequence: int
    """Of an input, with its three marks."""
    stride: int
    """From the start of a window to the start of the next."""
    question: int
    """What of a question is read."""


FULL = Lengths(sequence=384, stride=128, question=64)
MINI = Lengths(sequence=64, stride=24, question=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question with the words of its paragraph."""

    question: Question
    words: tuple[str, ...]
    """What stands between white space, as it is written."""
    word_starts: tuple[int, ...]
    """The first character of each word in the paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input of the network."""

    example: int
    """Whose question it is: a position in the examples."""
    tokens: tuple[str, ...]
    """Without filling."""
    first: int
    """Where the paragraph's tokens begin; they end before the last token."""
    shown_from: int
    """Which of the paragraph's tokens is its first."""
    words: tuple[int, ...]
    """The word of each of the paragraph's tokens."""
    max_context: tuple[bool, ...]
    """Whether no other window shows more around the token; an answer starts at such a token only."""


def examples_of(paragraphs: Iterable[Paragraph]) -> tuple[Example, ...]:
    """One for each question, in order."""
    found: list[Example] = []
    for paragraph in paragraphs:
        words, starts = _words(paragraph.context)
        found += [Example(question=question, words=words, word_starts=starts) for question in paragraph.questions]
    return tuple(found)


def features_of(examples: Iterable[Example], tokenizer: WordPiece, lengths: Lengths) -> tuple[Feature, ...]:
    """Every window of every question, in the order of the sample library.

    A question on a paragraph without any token has none.
    """
    found: list[Feature] = []
    known: tuple[tuple[str, ...] | None, list[str], list[int]] = (None, [], [])
    for number, example in enumerate(examples):
        if example.words is not known[0]:  # questions on one paragraph follow each other
            pieces = [(piece, at) for at, word in enumerate(example.words) for piece in tokenizer.tokens(word)]
            known = (example.words, [piece for piece, _ in pieces], [at for _, at in pieces])
        _, tokens, words = known
        question = tokenizer.tokens(example.question.text)[: lengths.question]
        windows = _windows(len(tokens), lengths.sequence - len(question) - 3, lengths.stride)
        best = _widest(windows, len(tokens))
        for at, (start, end) in enumerate(windows):
            found.append(
                Feature(
                    example=number,
                    tokens=(CLS, *question, SEP, *tokens[start:end], SEP),
                    first=len(question) + 2,
                    shown_from=start,
                    words=tuple(words[start:end]),
                    max_context=tuple((best[start:end] == at).tolist()),
                )
            )
    return tuple(found)


def padded(features: Iterable[Feature], tokenizer: WordPiece, lengths: Lengths) -> NDArray[np.int64]:
    """(features, 3, sequence) int64: token numbers, mask (1 = a token, 0 = filling), segments (1 = paragraph)."""
    listed = tuple(features)
    rows = np.zeros((len(listed), 3, lengths.sequence), np.int64)
    for row, feature in zip(rows, listed, strict=True):
        count = len(feature.tokens)
        row[0, :count] = tokenizer.ids(feature.tokens)
        row[1, :count] = 1
        row[2, feature.first : count] = 1
    return rows


def _words(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Split at the five characters that the reference takes for white space; others, such as U+00A0, stay in a word."""
    words: list[str] = []
    starts: list[int] = []
    inside = False
    for at, character in enumerate(text):
        if character in _WHITE:
            inside = False
        elif inside:
            words[-1] += character
        else:
            words.append(character)
            starts.append(at)
            inside = True
    return tuple(words), tuple(starts)


def _windows(count: int, room: int, stride: int) -> list[tuple[int, int]]:
    """Start and end of each window over so many tokens."""
    windows: list[tuple[int, int]] = []
    start = 0
    while start < count:
        end = min(start + room, count)
        windows.append((start, end))
        if end == count:
            break
        start += min(end - start, stride)
    return windows


def _widest(windows: list[tuple[int, int]], count: int) -> NDArray[np.int64]:
    """(count,): the window that shows most on both sides of each token; the earlier one of equals."""
    best = np.zeros(count, np.int64)
    score = np.full(count, -1.0)
    for number, (start, end) in enumerate(windows):
        at = np.arange(start, end)
        shown = np.minimum(at - start, end - 1 - at) + 0.01 * (end - start)
        better = shown > score[start:end]
        best[start:end][better] = number
        score[start:end][better] = shown[better]
    return best
