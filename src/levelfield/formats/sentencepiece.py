"""Vocabularies of sentencepieces: ``.model`` files of the unigram kind, read and written, and the encoding of text.

Source: google/sentencepiece, ``src/sentencepiece_model.proto`` and ``src/unigram_model.cc``: a file is one protocol
buffer; the best cut of a text is that whose pieces have the largest sum of scores. Text must be normalised already:
what the file says of normalisation is not applied, beyond the mark for spaces.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import FormatError

__all__ = ["Piece", "PieceKind", "Sentencepieces", "packed", "read_sentencepieces"]

SPACE = "\u2581"
"""Stands for a space, and before the first word."""
UNIGRAM = 1
BYTES_MAX = 1 << 28


class PieceKind:
    """What a piece is for, as numbered in the file."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the vocabulary; its number is its place."""

    text: str
    score: float = 0.0
    """Logarithm of its probability."""
    kind: int = PieceKind.NORMAL


class Sentencepieces:
    """A vocabulary, and text cut by it. Words are cut once and remembered.

    Args:
        pieces: In the order of their numbers. Spaces are at the start of pieces only, so that words can be cut one by
            one.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = tuple(pieces)
        self._numbers = {
            piece.text: (number, piece.score)
            for number, piece in enumerate(pieces)
            if piece.kind == PieceKind.NORMAL and piece.text
        }
        self._longest = max(map(len, self._numbers), default=0)
        self._words: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The pieces of a text of words with single spaces between them.

        Raises:
            ValueError: A part of it is in no piece.
        """
        numbers: list[int] = []
        for word in text.split():
            if word not in self._words:
                self._words[word] = self._cut(SPACE + word)
            numbers += self._words[word]
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of pieces."""
        return "".join(self.pieces[number].text for number in numbers).replace(SPACE, " ").removeprefix(" ")

    def _cut(self, word: str) -> tuple[int, ...]:
        """The best cut, by dynamic programming; of equal ones that with the longer last piece."""
        best: list[tuple[float, int, int] | None] = [(0.0, 0, 0)] + [None] * len(word)
        for start in range(len(word)):
            here = best[start]
            if here is None:
                continue
            for stop in range(start + 1, min(len(word), start + self._longest) + 1):
                found = self._numbers.get(word[start:stop])
                if found is None:
                    continue
                score, there = here[0] + found[1], best[stop]
                if there is None or score > there[0]:
                    best[stop] = (score, start, found[0])
        if best[-1] is None:
            raise ValueError(f"found {word.removeprefix(SPACE)!r}, which the vocabulary cannot spell")
        numbers, stop = [], len(word)
        while stop:
            step = best[stop]
            assert step is not None
            numbers.append(step[2])
            stop = step[1]
        return tuple(reversed(numbers))


def read_sentencepieces(path: Path) -> Sentencepieces:
    """Read a ``.model`` file.

    Raises:
        FormatError: It is no such file, of another kind than unigram, or has pieces with spaces inside.
        OSError: It cannot be read.
    """
    if path.stat().st_size > BYTES_MAX:
        raise FormatError(path, "as a whole", f"{path.stat().st_size:,} bytes", f"{BYTES_MAX:,} at most")
    content = path.read_bytes()
    try:
        pieces, kind = _model(content)
    except (ValueError, struct.error, IndexError) as error:
        raise FormatError(
            path, "as a whole", f"no protocol buffer of sentencepieces ({error})", "a .model file"
        ) from error
    if not pieces:
        raise FormatError(path, "as a whole", "no piece", "a .model file of sentencepieces")
    if kind != UNIGRAM:
        raise FormatError(path, "trainer_spec.model_type", str(kind), "1, unigram")
    for number, piece in enumerate(pieces):
        if piece.kind == PieceKind.NORMAL and SPACE in piece.text[1:]:
            raise FormatError(path, f"piece {number}", repr(piece.text), "a space at its start only")
    return Sentencepieces(pieces)


def packed(pieces: Sequence[Piece]) -> bytes:
    """The content of a ``.model`` file of the unigram kind that has these pieces."""
    content = b""
    for piece in pieces:
        text = piece.text.encode()
        message = b"\x0a" + _packed_number(len(text)) + text + b"\x15" + struct.pack("<f", piece.score)
        if piece.kind != PieceKind.NORMAL:
            message += b"\x18" + _packed_number(piece.kind)
        content += b"\x0a" + _packed_number(len(message)) + message
    return content + b"\x12\x02\x18\x01"


def _model(content: bytes) -> tuple[list[Piece], int]:
    """Pieces (field 1), and the kind of the model (field 3 of field 2; unigram where it is not said)."""
    pieces, kind = [], UNIGRAM
    for field, value in _fields(content):
        if field == 1:
            if not isinstance(value, bytes):
                raise ValueError("a piece is no message")
            pieces.append(_piece(value))
        elif field == 2 and isinstance(value, bytes):
            kinds = [number for inner, number in _fields(value) if inner == 3 and isinstance(number, int)]
            kind = kinds[-1] if kinds else UNIGRAM
    return pieces, kind


def _piece(message: bytes) -> Piece:
    text, score, kind = "", 0.0, PieceKind.NORMAL
    for field, value in _fields(message):
        if field == 1 and isinstance(value, bytes):
            text = value.decode()
        elif field == 2 and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
        elif field == 3 and isinstance(value, int):
            kind = value
    return Piece(text, score, kind)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field; what has a length or a fixed width comes as its bytes.

    Raises:
        ValueError: It ends too early, or holds a wire type that this format does not use.
    """
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        match tag & 7:
            case 0:
                value, at = _number(message, at)
                yield tag >> 3, value
                continue
            case 1:
                width = 8
            case 2:
                width, at = _number(message, at)
            case 5:
                width = 4
            case wire:
                raise ValueError(f"wire type {wire} at byte {at}")
        if at + width > len(message):
            raise ValueError("it is cut off")
        yield tag >> 3, message[at : at + width]
        at += width


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A variable-length number, and where what follows it begins."""
    value = 0
    for place in range(10):
        if at + place >= len(message):
            raise ValueError("it is cut off")
        byte = message[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError(f"a number of more than ten bytes at byte {at}")


def _packed_number(value: int) -> bytes:
    content = b""
    while value > 127:
        content += bytes([value & 127 | 128])
        value >>= 7
    return content + bytes([value])
