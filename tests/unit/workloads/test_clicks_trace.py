"""Samples of 100 to 700 pairs: the published trace, to the byte, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from levelfield.errors import DatasetError
from levelfield.workloads.recommendation.trace import OFFICIAL_MD5, OFFICIAL_PAIRS, drawn_trace, read_trace

# The first lines that tools/dist_trace_verification.txt of the reference lists.
PUBLISHED = (
    "0, 200, 200\n200, 400, 200\n400, 600, 200\n600, 800, 200\n800, 1300, 500\n1300, 2000, 700\n2000, 2200, 200\n"
)


def test_drawn_trace_is_the_published_one_to_the_byte() -> None:
    trace = drawn_trace(OFFICIAL_PAIRS)
    assert (trace.samples, trace.pairs) == (330_067, 89_137_319)
    assert trace.md5 == OFFICIAL_MD5 == "3db90209564316f2506c99cc994ad0b2"
    assert round(trace.sizes.mean()) == 270


def test_last_sample_takes_what_is_left() -> None:
    assert drawn_trace(2050).text == PUBLISHED.replace("2000, 2200, 200", "2000, 2050, 50")
    assert drawn_trace(2200).text == PUBLISHED
    assert drawn_trace(1).text == "0, 1, 1\n"


def test_trace_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_text(PUBLISHED)
    np.testing.assert_array_equal(read_trace(path).bounds, [0, 200, 400, 600, 800, 1300, 2000, 2200])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "found no sample"),
        ("0, 200\n", "1: found '0, 200', expected start, end, count"),
        ("0, 200, 200\nx\n", "2: found 'x', expected start, end, count"),
        ("0, 200, 200\n300, 400, 100\n", "2: found '300, 400, 100', expected 200, 200 + count, count"),
        ("0, 200, 100\n", "1: found '0, 200, 100'"),
        ("0, 0, 0\n", "1: found '0, 0, 0'"),
    ],
)
def test_what_is_no_trace_is_told_by_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "trace.txt"
    path.write_text(text)
    with pytest.raises(DatasetError) as caught:
        read_trace(path)
    assert problem in caught.value.text()


def test_missing_or_binary_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    with pytest.raises(DatasetError, match="cannot be read"):
        read_trace(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_trace(path)
