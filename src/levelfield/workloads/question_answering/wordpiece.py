"""Text into WordPiece tokens, lower case, as BERT's uncased models were trained.

Two steps: basic tokens (clean, put ideographs apart, lower, strip accents, split at punctuation), then the longest
pieces of the vocabulary from the left. Facts: the tokenizer of transformers 2.4.0, which the reference implementation
of the round pins (language/bert/Dockerfile, tag v2.0).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from levelfield.errors import DatasetError

__all__ = ["CLS", "PAD", "SEP", "UNKNOWN", "WordPiece", "basic_tokens", "read_vocabulary"]

PAD, UNKNOWN, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_SPECIAL = re.compile(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")
"""Kept whole wherever they stand in a text."""
LONGEST_WORD = 100
"""Characters; a longer word is unknown as a whole."""
_REMEMBERED_WORDS = 1 << 16

_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def basic_tokens(text: str) -> list[str]:
    """Words and single punctuation marks, lower case, without accents."""
    return [part for word in _spaced(text).split() for part in _split_at_punctuation(_without_accents(word.lower()))]


class WordPiece:
    """A vocabulary, and the pieces that it cuts text into.

    Args:
        vocabulary: The pieces; the number of a piece is its position. Those that continue a word begin with ``##``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        # The words of a dataset are few, and cutting one is the expensive part.
        self._pieces = lru_cache(_REMEMBERED_WORDS)(self._cut)

    def tokens(self, text: str) -> list[str]:
        """The pieces of a text, in order."""
        if "[" not in text:
            return self._ordinary(text)
        found: list[str] = []
        for part in _SPECIAL.split(text):
            found += [part] if _SPECIAL.fullmatch(part) else self._ordinary(part)
        return found

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """The number of each token; a special one that the vocabulary lacks counts as unknown."""
        return [self._ids.get(token, self._ids[UNKNOWN]) for token in tokens]

    def _ordinary(self, text: str) -> list[str]:
        return [piece for word in basic_tokens(text) for piece in self._pieces(word)]

    def _cut(self, word: str) -> tuple[str, ...]:
        if len(word) > LONGEST_WORD:
            return (UNKNOWN,)
        pieces: list[str] = []
        at = 0
        while at < len(word):
            for end in range(len(word), at, -1):
                piece = ("##" if at else "") + word[at:end]
                if piece in self._ids:
                    break
            else:
                return (UNKNOWN,)
            pieces.append(piece)
            at = end
        return tuple(pieces)


def read_vocabulary(path: Path) -> WordPiece:
    """Read ``vocab.txt``: one piece a line.

    Raises:
        DatasetError: It is missing, is not text, names a piece twice, or lacks a special piece.
    """
    try:
        pieces = [line.rstrip("\r") for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is not there: the vocabulary of the model is needed to make its input.",
            hint="It comes with the model: one WordPiece a line, 30,522 lines for BERT uncased.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    problems = []
    line_of: dict[str, int] = {}
    for number, piece in enumerate(pieces, 1):
        first = line_of.setdefault(piece, number)
        if first != number:
            problems.append(f"{path}:{number}: found {piece!r} a second time, first in line {first}")
    problems += [
        f"{path}: found no {piece}, expected it as a line" for piece in (PAD, UNKNOWN, CLS, SEP) if piece not in line_of
    ]
    if line_of.get(PAD, 1) != 1:
        problems.append(f"{path}:{line_of[PAD]}: found {PAD}, expected it in line 1: inputs are filled up with 0")
    if problems:
        raise DatasetError(
            f"{path} cannot be used as a vocabulary.",
            problems=[*problems[:10], *([f"and {len(problems) - 10} more"] if len(problems) > 10 else [])],
        )
    return WordPiece(pieces)


def _spaced(text: str) -> str:
    """Control characters dropped, every white space a blank, ideographs between blanks."""
    if text.isascii() and text.isprintable():
        return text
    characters = []
    for character in text:
        code = ord(character)
        if code in {0, 0xFFFD} or _is_control(character):
            continue
        if _is_white(character):
            characters.append(" ")
        elif any(first <= code <= last for first, last in _IDEOGRAPHS):
            characters.append(f" {character} ")
        else:
            characters.append(character)
    return "".join(characters)


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")


def _split_at_punctuation(word: str) -> list[str]:
    if word.isalnum() and word.isascii():
        return [word]
    parts: list[str] = []
    inside = False
    for character in word:
        if _is_punctuation(character):
            parts.append(character)
            inside = False
        elif inside:
            parts[-1] += character
        else:
            parts.append(character)
            inside = True
    return parts


def _is_white(character: str) -> bool:
    return character in " \t\n\r" or unicodedata.category(character) == "Zs"


def _is_control(character: str) -> bool:
    return character not in "\t\n\r" and unicodedata.category(character).startswith("C")


def _is_punctuation(character: str) -> bool:
    """Every ASCII mark that is neither letter nor digit counts, ``$`` and ``^`` too."""
    code = ord(character)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or unicodedata.category(character).startswith("P")
