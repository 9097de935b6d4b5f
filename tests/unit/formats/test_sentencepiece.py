"""Vocabularies of sentencepieces, against what the library itself makes of a small one, and damaged files."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import FormatError
from levelfield.formats.sentencepiece import Piece, PieceKind, Sentencepieces, packed, read_sentencepieces

SIXTY = Path(__file__).parents[2] / "samples" / "sixty.model"
"""Trained by sentencepiece 0.2.3 (unigram, no start, no end, identity) on sixteen lines of prose."""


@pytest.fixture(scope="module")
def sixty() -> Sentencepieces:
    return read_sentencepieces(SIXTY)


def test_pieces_are_read_in_order(sixty: Sentencepieces) -> None:
    assert len(sixty) == 60
    assert sixty.pieces[0] == Piece("<unk>", 0.0, PieceKind.UNKNOWN)
    assert [piece.text for piece in sixty.pieces[1:9]] == ["▁", "s", "o", "t", "e", "d", "▁the", "▁a"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("the king's men", [7, 1, 27, 23, 58, 48, 2, 18, 44]),
        (
            "a golden fortune and a happy life",
            [8, 1, 58, 3, 12, 6, 44, 53, 13, 24, 20, 6, 8, 1, 21, 19, 14, 14, 10, 41, 17, 5],
        ),
        ("yet was not my father", [1, 10, 5, 4, 25, 2, 40, 18, 10, 52]),
        ("", []),
    ],
)
def test_text_is_cut_as_the_library_cuts_it(sixty: Sentencepieces, text: str, numbers: list[int]) -> None:
    assert sixty.encode(text) == numbers
    assert sixty.decode(numbers) == text


def test_text_that_cannot_be_spelled_is_refused(sixty: Sentencepieces) -> None:
    with pytest.raises(ValueError, match="found 'jazz', which the vocabulary cannot spell"):
        sixty.encode("jazz quiz")


def test_best_sum_wins_and_not_the_longest_piece(tmp_path: Path) -> None:
    path = tmp_path / "own.model"
    pieces = [Piece("<unk>", 0.0, PieceKind.UNKNOWN)]
    pieces += [Piece("▁ab", -1.0), Piece("c", -1.0), Piece("▁abc", -3.0), Piece("▁a", -1.0), Piece("bc", -0.5)]
    path.write_bytes(packed(pieces))
    found = read_sentencepieces(path)
    assert found.pieces == tuple(pieces)
    assert found.encode("abc ab") == [4, 5, 1]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"text of some kind\n", b"\x08\x01" * 9],
    ids=["empty", "cut off", "endless number", "text", "pieces that are numbers"],
)
def test_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.model"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"bad\.model, as a whole: found no "):
        read_sentencepieces(path)


def test_every_cut_of_a_file_is_read_or_refused(tmp_path: Path) -> None:
    content, path = SIXTY.read_bytes(), tmp_path / "cut.model"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            read_sentencepieces(path)
        except FormatError:
            continue


def test_other_kind_and_spaces_inside_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bpe.model"
    path.write_bytes(packed([Piece("a")])[:-4] + b"\x12\x02\x18\x02")
    with pytest.raises(FormatError, match=r"trainer_spec\.model_type: found 2, expected 1, unigram"):
        read_sentencepieces(path)
    path.write_bytes(packed([Piece("a"), Piece("of▁the")]))
    with pytest.raises(FormatError, match="piece 1: found 'of▁the', expected a space at its start only"):
        read_sentencepieces(path)
