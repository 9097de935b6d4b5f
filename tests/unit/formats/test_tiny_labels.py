"""Label files of tiny: the two forms, and what a wrong one is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import InputError
from levelfield.formats.tiny_labels import parse_tiny_labels, read_tiny_labels


def test_both_forms() -> None:
    assert dict(parse_tiny_labels("a.bin,10,7\r\nb.bin, 10, 0\n\n", source="y")) == {"a.bin": 7, "b.bin": 0}
    assert dict(parse_tiny_labels("n.bin,2,1,2560,512", source="y")) == {"n.bin": 1}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "found no line, expected at least one."),
        ("a.bin,10", "line 1: found 'a.bin,10', expected file,classes,class."),
        ("a.bin,10,x", "expected file,classes,class."),
        ("a.bin,10,-1", "expected file,classes,class."),
        ("a.bin,10,10", "line 1: found class 10 of 10, expected a smaller number."),
        ("a.bin,10,1\na.bin,10,1", "line 2: found a.bin again, expected each file once."),
    ],
)
def test_wrong_files(text: str, answer: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_tiny_labels(text, source="y_labels.csv")
    assert str(caught.value).startswith("y_labels.csv is not a file of labels.")
    assert answer in str(caught.value)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "y_labels.csv"
    path.write_bytes(b"a.bin,2,1\r\n")
    assert read_tiny_labels(path) == {"a.bin": 1}
    with pytest.raises(InputError, match="cannot be read"):
        read_tiny_labels(tmp_path / "gone.csv")
