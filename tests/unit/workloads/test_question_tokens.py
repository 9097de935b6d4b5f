"""WordPiece: the tokens that transformers 2.4.0 gives for the same text and vocabulary."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import DatasetError
from levelfield.workloads.question_answering.wordpiece import WordPiece, basic_tokens, read_vocabulary

VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "##a", "want", "##want", "##ed", "wa"),
    *("##ing", ",", "low", "lowest", "cafe", "$", "5", "##0", ".", "x", "y", "[", "]", "mask", "中", "文", "'", "s"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" \tHeLLo!how  \n Are yoU? ", ["hello", "!", "how", "are", "you", "?"]),
        ("H\u00e9llo Na\u00efve", ["hello", "naive"]),
        ("Stra\u00dfe \u0130stanbul \ufb01ne \u01c4", ["stra\u00dfe", "istanbul", "\ufb01ne", "\u01c6"]),
        ("ah\u535a\u63a8zz", ["ah", "\u535a", "\u63a8", "zz"]),
        (
            "U.S. $5.00 a/b foo_bar ^^",
            ["u", ".", "s", ".", "$", "5", ".", "00", "a", "/", "b", "foo", "_", "bar", "^", "^"],
        ),
        ("don\u2019t \u2014 \u2026", ["don", "\u2019", "t", "\u2014", "\u2026"]),
        ("a\u200bb \ufffd c\x07d \u00a0e\u3000f", ["ab", "cd", "e", "f"]),
        ("A\u2028B x\u202fy", ["a", "b", "x", "y"]),
        ("\u0300 a\u0301", ["a"]),
        ("\ue000private", ["private"]),
        ("[SEP]", ["[", "sep", "]"]),
        ("", []),
    ],
)
def test_basic_tokens(text: str, expected: list[str]) -> None:
    assert basic_tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UNwanted waNTed", ["un", "##want", "##ed", "want", "##ed"]),
        ("unaffable", ["un", "##aff", "##able"]),
        ("wanting, lowest", ["want", "##ing", ",", "lowest"]),
        ("unwantedX wax", ["[UNK]", "[UNK]"]),
        ("Caf\u00e9 $50.", ["cafe", "$", "5", "##0", "."]),
        ("x[MASK]y [mask] [SEP]", ["x", "[MASK]", "y", "[", "mask", "]", "[SEP]"]),
        ("x" * 101, ["[UNK]"]),
        ("\u4e2d\u6587", ["中", "文"]),
        ("un's", ["un", "'", "s"]),
        ("  ", []),
    ],
)
def test_pieces(text: str, expected: list[str]) -> None:
    assert WordPiece(VOCABULARY).tokens(text) == expected


def test_numbers_are_positions() -> None:
    assert WordPiece(VOCABULARY).ids(["[PAD]", "[UNK]", "un", "s"]) == [0, 1, 5, 30]


@pytest.mark.parametrize("ending", ["", "\n"])
def test_vocabulary_file_is_one_piece_a_line(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(VOCABULARY) + ending, encoding="utf-8")
    assert read_vocabulary(path).vocabulary == tuple(VOCABULARY)
    path.write_bytes("\r\n".join(VOCABULARY).encode() + b"\r\n")
    assert read_vocabulary(path).tokens("lowest") == ["lowest"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["is not there", "30,522 lines"]),
        (b"\xff\xfe", ["cannot be read"]),
        (b"[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na", ["vocab.txt:6: found 'a' a second time, first in line 5"]),
        (b"[PAD]\n[UNK]\nword", ["found no [CLS]", "found no [SEP]"]),
        (b"[UNK]\n[PAD]\n[CLS]\n[SEP]", ["vocab.txt:2: found [PAD], expected it in line 1"]),
        (b"", ["found no [PAD]", "found no [UNK]"]),
        (b"[PAD]\n[UNK]\n[CLS]\n[SEP]" + b"\na" * 20, ["and 9 more"]),
    ],
    ids=["missing", "not text", "repeat", "special pieces", "order", "empty", "many"],
)
def test_vocabulary_that_cannot_be_used(tmp_path: Path, content: bytes | None, words: list[str]) -> None:
    path = tmp_path / "vocab.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError) as error:
        read_vocabulary(path)
    for word in words:
        assert word in error.value.text()
