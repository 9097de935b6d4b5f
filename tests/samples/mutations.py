"""Damage to real bytes, drawn by hypothesis: what a bad disk, a bad transfer and a bad person do."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("LEVELFIELD_FUZZ") or 1)
EDGES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1",
    b"9" * 5000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"...",
    b"\xe2\x80\xa8",
    "\u0665".encode(),
)
"""Pieces that parsers are known to stumble over."""


def fuzz(examples: int) -> settings:
    """So many examples in the usual run; no time limit for one, as machines differ."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


@st.composite
def damaged(draw: st.DrawFn, *originals: bytes) -> bytes:
    """One of the originals with up to five pieces of damage."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 6)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                del data[at:]
            case 2:
                del data[at : at + draw(st.integers(1, 64))]
            case 3:
                data[at:at] = draw(st.sampled_from(EDGES))
            case 4:
                data[at : at + 8] = draw(st.binary(min_size=8, max_size=8))
            case 5:
                start = draw(st.integers(0, len(data)))
                data[at:at] = data[start : start + draw(st.integers(1, 600))]
            case _:
                data[at : at + 1] = bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) if at < len(data) else b""
    return bytes(data)
