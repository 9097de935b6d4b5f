"""Law: cutting stretches of pairs out of PTDaemon's log is a matter of speed: the same is read without."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.formats import ptd_pairs
from levelfield.formats.ptd_log import PtdLog, read_ptd_log

stamps = st.sampled_from([b"02-07-2022 10:59:%02d.%03d", b"02-0x-2022 10:59:%02d.%03d", b"99-07-2022 10:59:%02d.%03d"])
texts = st.sampled_from(
    [
        b": WARNING: Uncertainty unknown! channel 0",
        b": ERROR: Can't evaluate uncertainty of this sample!",
        b": ERROR: Bad watts reading nan from WT310",
        b": WARNING: Missed 2 samples02-07-2022 10:59:18.290: ERROR: Bad watts",
        b": Go with mark 's_ranging'",
        b": Completed test",
        b": Response to client sent: Hello",
        b": Uncertainty checking for WT310E is activated",
        b": SIMULATED",
        b"ERROR: no bus",
        b"",
    ]
)


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Some different lines, each a number of times in turn with those beside it."""
    log = b""
    for _ in range(draw(st.integers(0, 6))):
        block = draw(st.lists(st.tuples(stamps, texts), min_size=1, max_size=3))
        for turn in range(draw(st.sampled_from([1, 2, 8, 9, 30, 100]))):
            log += b"".join(stamp % (turn % 60, turn) + text + b"\n" for stamp, text in block)
    return log if draw(st.booleans()) else log[:-1]


def told(log: PtdLog) -> object:
    complaints = [
        (one.kind, one.text, one.numbers.tolist(), None if one.times_ns is None else one.times_ns.tolist())
        for one in log.complaints
    ]
    return complaints, log.runs, log.uncertainty_on, log.replies, log.simulated


@given(data=logs())
@settings(max_examples=150, deadline=None)
def test_the_same_is_read(data: bytes) -> None:
    with patch.object(ptd_pairs, "MOST_TRIED", 0):
        plain = told(read_ptd_log(data))
    assert told(read_ptd_log(data)) == plain
