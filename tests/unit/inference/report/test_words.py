from __future__ import annotations

import pytest

from levelfield.inference.report.words import contention_sentence, disturbance
from levelfield.system.contention import Contention


def test_contention_names_who_had_the_processors() -> None:
    assert contention_sentence(Contention(others=0.031, stolen=0.0)) == (
        "Other processes used 3.1 % of the processors during the run."
    )
    assert contention_sentence(Contention(others=0.0, stolen=0.0425)) == (
        "Other processes used 0.0 % of the processors during the run, "
        "and the host of this virtual machine gave 4.2 % of them to others."
    )


@pytest.mark.parametrize(
    ("contention", "told"),
    [
        (None, False),
        (Contention(others=0.049, stolen=0.0049), False),
        (Contention(others=0.05, stolen=0.0), True),
        (Contention(others=0.0, stolen=0.005), True),
    ],
)
def test_only_what_disturbs_stands_beside_a_verdict(contention: Contention | None, told: bool) -> None:
    assert (disturbance(contention) is not None) is told
