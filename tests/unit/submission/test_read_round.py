"""One door to the rounds of tiny and mobile, and the texts of what their reading can find."""

from __future__ import annotations

import pytest
from other_rounds import mobile_tree, tiny_tree
from plain_source import PlainTree

from levelfield.results.model import Verification
from levelfield.rules import load_mobile, load_tiny
from levelfield.submission.read_round import READING_CHECKS, read_round


@pytest.mark.parametrize(
    ("tree", "rules", "values"),
    [
        (tiny_tree(), load_tiny("tiny-v0.7"), [15.0, 1000.0]),
        (mobile_tree(), load_mobile("mobile-v2.0"), [1000.5, 900.25]),
    ],
)
def test_each_suite_is_read_by_its_rules(tree, rules, values: list[float]) -> None:
    reading = read_round(PlainTree(tree), rules, verification=Verification.UNVERIFIED)
    assert [result.value for result in reading.results] == values
    assert {result.round for result in reading.results} == {rules.name}
    assert {result.verification for result in reading.results} == {Verification.UNVERIFIED}


def test_codes_are_unique_and_every_text_says_something() -> None:
    codes = [check.text.code for check in READING_CHECKS]
    assert codes == [
        *(f"TNY{number:03}" for number in range(1, 12)),
        *(f"MOB{number:03}" for number in range(1, 9)),
    ]
    for check in READING_CHECKS:
        text = check.text
        assert all((text.title, text.why, text.clause, text.example, text.fix))
        assert ": found " in text.example
        assert text.fix.endswith(".")
        assert text.why.endswith(".")
