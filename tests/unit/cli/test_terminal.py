"""What a terminal is shown of texts that it cannot spell, or that would steer it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from levelfield.cli.terminal import encodable


def console(encoding: str) -> Console:
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding))


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "MLPerf® ≈ 1.5 µs", "MLPerf® ≈ 1.5 µs"),
        ("utf-8", "two\nlines", "two\nlines"),
        ("ascii", "MLPerf® ≈ 1.5 µs ✗ …", "MLPerf(R) ~ 1.5 us !! ..."),
        ("ascii", "Ünïcode", "?n?code"),
        ("utf-8", "\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("utf-8", "right\u202eleft", "right\\u202eleft"),
        ("utf-8", "\udcff", "\\udcff"),
    ],
)
def test_encodable(encoding: str, text: str, shown: str) -> None:
    assert encodable(text, console(encoding)) == shown
