"""Stretches of equal pairs of complaints, cut out of PTDaemon's log."""

from __future__ import annotations

import pytest

from levelfield.formats import ptd_pairs
from levelfield.formats.ptd_pairs import FEWEST, cut_out_pairs

WARNING = b"02-07-2022 10:59:%02d.289: WARNING: Uncertainty unknown for the last measurement sample! channel 0\n"
ERROR = b"02-07-2022 10:59:%02d.290: ERROR: Can't evaluate uncertainty of this sample!\n"
GO = b"02-07-2022 10:59:17.987: Go with mark 's_ranging'\n"


def pairs(count: int, *, first: int = 0) -> bytes:
    return b"".join(WARNING % second + ERROR % second for second in range(first, first + count))


def test_a_stretch_is_two_complaints_and_the_rest_keeps_its_numbers() -> None:
    found, left = cut_out_pairs(GO + pairs(20) + GO + pairs(10, first=20) + GO)
    assert [(one.number, one.lines) for one in found] == [(2, 20), (3, 20), (43, 10), (44, 10)]
    assert found[0].stamps[:46] == b"02-07-2022 10:59:00.28902-07-2022 10:59:01.289"
    assert found[1].rest == b": ERROR: Can't evaluate uncertainty of this sample!"
    assert [(one.number, one.text) for one in left] == [(1, GO[:-1]), (42, GO[:-1]), (63, GO)]


@pytest.mark.parametrize("text", [b"", b"\n", b"WARNING:", GO, pairs(FEWEST - 1), WARNING % 1, pairs(20).lower()])
def test_what_is_no_stretch_is_left(text: bytes) -> None:
    assert cut_out_pairs(text) == ([], [(1, text)])


@pytest.mark.parametrize(
    "spoilt",
    [
        pairs(20).replace(b"channel 0", b"channel 0 Uncertainty checking for WT310E is activated"),
        pairs(20).replace(b"02-07-2022 10", b"02-7-2022 10"),
        pairs(20).replace(b": ERROR", b": error"),
        pairs(20).replace(b"sample!\n", b"sample!" + b"!" * 3000 + b"\n"),
    ],
)
def test_pairs_of_another_kind_are_left(spoilt: bytes) -> None:
    assert cut_out_pairs(spoilt) == ([], [(1, spoilt)])


def test_a_stretch_ends_where_a_letter_differs() -> None:
    """Also where it is far below or above the digits and letters that stand there."""
    for other in (b"\x00", b"\xff", b"/", b":"):
        text = bytearray(pairs(200 % 60 + 40))
        at = len(pairs(30)) + 17  # a digit of the seconds
        text[at : at + 1] = other
        found, left = cut_out_pairs(bytes(text))
        assert [one.lines for one in found][:2] == [30, 30]
        assert left[0].number in {61, 62, 63}


def test_a_log_of_many_short_stretches_is_left_after_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptd_pairs, "MOST_TRIED", 3)
    found, left = cut_out_pairs((pairs(10) + GO) * 5)
    assert [one.number for one in found] == [1, 2, 22, 23, 43, 44]
    assert left[-1].number == 63
