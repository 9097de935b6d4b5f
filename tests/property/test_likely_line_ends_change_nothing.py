"""Law: which line ends are tried first makes no difference to what is said of a file's hash."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from levelfield.submission.power.hashes import HashState, hash_state

contents = st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r"]), max_size=8).map(b"".join)


@given(data=contents, recorded=contents, likely=st.sampled_from(HashState))
def test_order_makes_no_difference(data: bytes, recorded: bytes, likely: HashState) -> None:
    digest = hashlib.sha1(recorded, usedforsecurity=False).hexdigest()
    assert hash_state(data, digest, likely=likely) is hash_state(data, digest)
