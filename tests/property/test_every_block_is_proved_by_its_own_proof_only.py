"""Law: in a file of any number of blocks, the proof of a block shows that block at its index, and no other there."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from levelfield.submission.package.blocks import is_block_of, proof_of, root_of


@given(st.integers(1, 40), st.data())
def test_every_block_is_proved_by_its_own_proof_only(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count - 1))
    blocks = [bytes([number]) for number in range(count)]
    leaves = [hashlib.sha256(b"\x00" + block).digest() for block in blocks]
    proof = [step.hex() for step in proof_of(leaves, index)]
    root = root_of(leaves).hex()
    shown = is_block_of(blocks[other], index=index, blocks=count, proof=proof, root=root)
    assert shown == (other == index)
