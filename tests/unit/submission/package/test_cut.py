"""Cut accuracy logs, held against what the official tool made of the same bytes (truncate_accuracy_log.py, v2.0)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from levelfield.errors import InputError
from levelfield.submission.package.cut import CutLog, cut_accuracy_log

MAX_BYTES = 10_240
METRIC = b"accuracy=76.456%, good=38228, total=50000\n"


def text(size: int) -> str:
    """Printable characters with an end of line now and then, each place of its own look."""
    return "".join(chr(33 + (7 * i + i // 94) % 94) if i % 61 else "\n" for i in range(size))


def cut(folder: Path, log: bytes, accuracy: bytes | None = METRIC) -> CutLog:
    (folder / "log.json").write_bytes(log)
    if accuracy is not None:
        (folder / "accuracy.txt").write_bytes(accuracy)
    return cut_accuracy_log(folder / "log.json", folder / "accuracy.txt", max_bytes=MAX_BYTES)


@pytest.mark.parametrize(
    ("log", "size", "sha256"),
    [
        (text(4096).encode(), 8199, "c2cc33ee68c990914ce5b8e575da26aac2d4a1181e398e9b8ecafa09d3c93caf"),
        (text(4097).encode(), 8199, "f5eb703397711397b6e6f2015267fe32e4d3f52e34387060f605254633a33c72"),
        (text(5000).encode(), 8199, "5295e22776b6526713b62f257049357ac7dc7b446ff47b2f8ad71615351cd4e6"),
        (text(8192).encode(), 8199, "38106b45a775a00ea0fedf0286e27b80784449ae4334886093da5e9c3bfe870c"),
        (text(8193).encode(), 8199, "e777f1d7a8a594d9be01b8f78c01f693b1811db92a3bc09ec99c2428fa307c42"),
        (text(20000).encode(), 8199, "d3ad7a2189ad7e47b337ccb85ab894cb2367c5e62a56adfa85660de1cb75f5bd"),
        (("é" * 7000).encode(), 12295, "bee7c2fd272e7cd6737d8723c7df8c62d03afcc34fc069601404e8b8a9d4fc56"),
        (("aé€😀" * 1024 + "\n\n").encode(), 14343, "edf3268cc5e12088bee166655d950501ce75013686e7b373de37f230dbb70e30"),
        (
            text(9000).replace("\n", "\r\n").encode(),
            8133,
            "083607c3854ec5c559743646fc313a2a55fbfc746b435db41cf470343c688b93",
        ),
    ],
    ids=["4096", "4097", "5000", "8192", "8193", "20000", "two-byte", "mixed-width", "crlf"],
)
def test_cut_log_is_that_of_the_official_tool(tmp_path: Path, log: bytes, size: int, sha256: str) -> None:
    found = cut(tmp_path, log)
    assert (len(found.log), hashlib.sha256(found.log).hexdigest()) == (size, sha256)
    assert found.accuracy == METRIC + b"hash=" + hashlib.sha256(log).hexdigest().encode() + b"\n"
    assert found.whole is not None
    assert found.whole.size_bytes == len(log)


@pytest.mark.parametrize("log", [b"", b"[]", text(4095).encode()], ids=["empty", "2", "4095"])
def test_log_below_four_kib_stays_whole_where_the_official_tool_breaks(tmp_path: Path, log: bytes) -> None:
    found = cut(tmp_path, log)
    assert found.log == log
    assert found.accuracy.endswith(b"hash=" + hashlib.sha256(log).hexdigest().encode() + b"\n")


def test_bytes_that_are_not_text_are_kept_where_the_official_tool_breaks(tmp_path: Path) -> None:
    log = ("aé€😀" * 1024).encode()  # 4096 bytes before the end is the middle of a character
    found = cut(tmp_path, log)
    assert found.log.endswith(log[-4096:])
    binary = bytes(range(256)) * 40
    assert cut(tmp_path, binary.replace(b"\r", b".")).log.endswith(binary.replace(b"\r", b".")[-4096:])


def test_log_that_was_cut_is_taken_as_it_is(tmp_path: Path) -> None:
    first = cut(tmp_path, text(20000).encode())
    again = cut(tmp_path, first.log, first.accuracy)
    assert (again.log, again.accuracy, again.whole) == (first.log, first.accuracy, None)


def test_hash_of_a_whole_log_that_is_already_stated_is_not_repeated(tmp_path: Path) -> None:
    log = text(20000).encode()
    stated = METRIC + b"hash=" + hashlib.sha256(log).hexdigest().encode() + b"\n"
    found = cut(tmp_path, log, stated)
    assert found.accuracy == stated
    assert len(found.log) == 8199


def test_missing_accuracy_text_holds_nothing_but_the_hash(tmp_path: Path) -> None:
    found = cut(tmp_path, text(5000).encode(), accuracy=None)
    assert found.accuracy == b"hash=" + hashlib.sha256(text(5000).encode()).hexdigest().encode() + b"\n"


def test_text_without_its_last_end_of_line_gets_one_before_the_hash(tmp_path: Path) -> None:
    found = cut(tmp_path, text(5000).encode(), accuracy=METRIC.rstrip())
    assert found.accuracy.splitlines()[0] == METRIC.rstrip()


def test_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.json cannot be read: No such file"):
        cut_accuracy_log(tmp_path / "log.json", tmp_path / "accuracy.txt", max_bytes=MAX_BYTES)
