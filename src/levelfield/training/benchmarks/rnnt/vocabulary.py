"""What the labels of rnnt stand for: letters (mini), or 1,023 sentencepieces (full)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from levelfield.errors import DatasetError, FormatError
from levelfield.formats.sentencepiece import read_sentencepieces

__all__ = ["VOCABULARY_FILE", "Letters", "Vocabulary", "find_vocabulary", "open_vocabulary"]

VOCABULARY_FILE = "librispeech1023.model"
"""As ``scripts/create_sentencepieces.sh`` of the reference names it, in a folder ``sentencepieces``."""


class Vocabulary(Protocol):
    """Labels and text, each from the other. The blank comes after the last label."""

    def encode(self, text: str) -> list[int]:
        """The labels of a normalised text."""

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of labels."""


class Letters:
    """A label for each letter."""

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet

    def encode(self, text: str) -> list[int]:
        """The labels of a text."""
        return [self._alphabet.index(letter) for letter in text]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of labels."""
        return "".join(self._alphabet[number] for number in numbers)


def find_vocabulary(folder: Path) -> Path | None:
    """The vocabulary of a copy of LibriSpeech: in the folder or beside it, as the reference has it, or in it."""
    places = (folder / "sentencepieces", folder.parent / "sentencepieces", folder)
    return next((path for path in (place / VOCABULARY_FILE for place in places) if path.is_file()), None)


def open_vocabulary(folder: Path, labels: int) -> Vocabulary:
    """The sentencepieces of a copy of LibriSpeech.

    Args:
        folder: Where the manifests lie.
        labels: How many pieces the network has a score for.

    Raises:
        DatasetError: There is no such file, it cannot be read, or it has another number of pieces.
    """
    path = find_vocabulary(folder)
    if path is None:
        raise DatasetError(
            f"{folder} has no vocabulary: {VOCABULARY_FILE}, there or in a folder sentencepieces beside it.",
            hint="pip install sentencepiece, and it is made from the transcripts before the clock starts.",
        )
    try:
        pieces = read_sentencepieces(path)
    except FormatError as error:
        raise DatasetError(error.message) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    if len(pieces) != labels:
        raise DatasetError(f"{path}: found {len(pieces):,} pieces, expected {labels:,}.")
    return pieces
