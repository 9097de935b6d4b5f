"""Hyperparameters as a user writes them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from levelfield.errors import SettingsError
from levelfield.training.changes import with_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    rate: float = 0.5
    steps: int = 3
    flag: bool = False
    name: str = "sgd"
    edges: tuple[int, ...] = (1, 2)
    none: tuple[int, ...] = ()


NAMES = {
    "opt_rate": "rate",
    "opt_steps": "steps",
    "flag": "flag",
    "opt_name": "name",
    "edges": "edges",
    "boundaries": "none",
}


def test_values_are_read_as_what_stands_there() -> None:
    changed = {
        "opt_rate": "2",
        "opt_steps": " 7",
        "flag": "True",
        "edges": "4, 5,6",
        "boundaries": "8",
        "opt_name": "lars",
    }
    assert with_changes(Record(), NAMES, changed, benchmark="some") == Record(
        rate=2.0, steps=7, flag=True, edges=(4, 5, 6), none=(8,), name="lars"
    )
    assert with_changes(Record(), NAMES, {"edges": ""}, benchmark="some").edges == ()
    assert with_changes(Record(), NAMES, {"opt_rate": "inf"}, benchmark="some").rate == float("inf")


def test_all_mistakes_come_at_once() -> None:
    wrong = {
        "opt_rate": "fast",
        "opt_steps": "1.5",
        "flag": "yes",
        "edges": "1,x",
        "opt_rat": "1",
        "nothing_like_it": "1",
    }
    with pytest.raises(SettingsError, match="some cannot be trained like this") as caught:
        with_changes(Record(), NAMES, wrong, benchmark="some")
    assert caught.value.problems == (
        "opt_rate: found 'fast', expected a number",
        "opt_steps: found '1.5', expected a whole number",
        "flag: found 'yes', expected true or false",
        "edges: found '1,x', expected numbers with commas between them, each a whole number",
        "opt_rat: unknown; did you mean 'opt_rate'?",
        "nothing_like_it: unknown",
    )
    assert caught.value.hint == "Hyperparameters: boundaries, edges, flag, opt_name, opt_rate, opt_steps."


def test_what_cannot_be_is_told_with_what_cannot_be_read() -> None:
    with pytest.raises(SettingsError) as caught:
        with_changes(
            Record(),
            NAMES,
            {"opt_rate": "fast", "opt_steps": "-1"},
            benchmark="some",
            check=lambda record: [f"opt_steps: found {record.steps}"] if record.steps < 0 else [],
        )
    assert caught.value.problems == ("opt_rate: found 'fast', expected a number", "opt_steps: found -1")
    assert caught.value.hint is None


def test_nan_is_no_number() -> None:
    with pytest.raises(SettingsError, match="found 'nan', expected a number"):
        with_changes(Record(), NAMES, {"opt_rate": "nan"}, benchmark="some")
