"""Hyperparameters as a user writes them: names, values and contradictions, all mistakes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pytest

from levelfield.errors import SettingsError
from levelfield.training.hyperparameters import (
    by_log_name,
    not_rising,
    own_names,
    read_settings,
    too_small,
    uneven,
)


class Rule(StrEnum):
    LARS = "lars"
    SGD = "sgd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    kept: int = 3
    regions: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    rate: float = 0.5
    steps: int = 3
    flag: bool = False
    rule: Rule = Rule.SGD
    name: str = "small"
    edges: tuple[int, ...] = (1, 2)
    pair: tuple[int, int] = (1, 2)
    rates: tuple[float, ...] = ()
    inner: Inner = Inner()


NAMES = {
    "opt_rate": "rate",
    "sgd_opt_rate": "rate",
    "opt_steps": "steps",
    "flag": "flag",
    "opt_name": "rule",
    "name": "name",
    "edges": "edges",
    "boundaries": "pair",
    "rates": "rates",
    "regions": "inner.regions",
}


def problems(record: Record) -> Iterator[str]:
    if record.steps < 0:
        yield f"opt_steps: found {record.steps}"


def read(changed: Mapping[str, str]) -> Record:
    return read_settings(Record, Record(), changed, names=NAMES, benchmark="some", check=problems)


def test_values_are_read_as_the_record_says() -> None:
    changed = {
        "opt_rate": "2",
        "opt_steps": " 7",
        "flag": "True",
        "opt_name": "lars",
        "name": "large",
        "edges": "4, 5,6",
        "boundaries": "[8, 9]",
        "rates": "1,1e-1",
        "regions": "9",
    }
    assert read(changed) == Record(
        rate=2.0,
        steps=7,
        flag=True,
        rule=Rule.LARS,
        name="large",
        edges=(4, 5, 6),
        pair=(8, 9),
        rates=(1.0, 0.1),
        inner=Inner(kept=3, regions=9),
    )
    assert isinstance(read(changed).rate, float)
    assert read({"edges": ""}).edges == ()
    assert read({"opt_rate": "inf"}).rate == float("inf")
    assert read({}) == Record()


def test_all_mistakes_come_at_once() -> None:
    wrong = {
        "opt_rate": "fast",
        "opt_steps": "1.5",
        "flag": "yes",
        "opt_name": "adam",
        "edges": "1,x",
        "boundaries": "1",
        "rates": "1,nan",
        "regions": "",
        "opt_rat": "1",
        "nothing_like_it": "1",
    }
    with pytest.raises(SettingsError, match="some cannot be trained like this") as caught:
        read(wrong)
    assert caught.value.problems == (
        "opt_rate: found 'fast', expected a number",
        "opt_steps: found '1.5', expected a whole number",
        "flag: found 'yes', expected true or false",
        "opt_name: found 'adam', expected lars or sgd",
        "edges: found '1,x', expected whole numbers with commas between them",
        "boundaries: found '1', expected 2 whole numbers with commas between them",
        "rates: found '1,nan', expected numbers with commas between them",
        "regions: found '', expected a whole number",
        "opt_rat: unknown; did you mean 'opt_rate'?",
        "nothing_like_it: unknown",
    )
    assert caught.value.hint == (
        "Hyperparameters: boundaries, edges, flag, name, opt_name, opt_rate, opt_steps, rates, regions, sgd_opt_rate."
    )


def test_what_cannot_be_is_told_with_what_cannot_be_read() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"opt_rate": "fast", "opt_steps": "-1"})
    assert caught.value.problems == ("opt_rate: found 'fast', expected a number", "opt_steps: found -1")
    assert caught.value.hint is None


def test_nan_is_no_number() -> None:
    with pytest.raises(SettingsError, match="found 'nan', expected a number"):
        read({"opt_rate": "nan"})


def test_two_names_of_one_thing() -> None:
    assert read({"opt_rate": "0.25", "sgd_opt_rate": ".25"}).rate == 0.25
    with pytest.raises(SettingsError) as caught:
        read({"opt_rate": "0.25", "sgd_opt_rate": "0.5"})
    told = "sgd_opt_rate: found '0.5', expected the value of opt_rate, which is the same thing"
    assert caught.value.problems == (told,)


def test_two_names_of_one_thing_of_which_one_cannot_be_read() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"opt_rate": "fast", "sgd_opt_rate": "0.5"})
    assert caught.value.problems == ("opt_rate: found 'fast', expected a number",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    steps: int
    rate: float
    start: int = 0


def read_small(changed: Mapping[str, str], defaults: Mapping[str, float]) -> Small:
    return read_settings(
        Small,
        defaults,
        changed,
        names=own_names(Small),
        benchmark="small",
        check=lambda record: too_small({"steps": record.steps}, 1),
        without_defaults="why",
    )


def test_what_has_no_default_is_asked_for() -> None:
    assert read_small({"rate": "1", "steps": "1"}, {}) == Small(steps=1, rate=1.0)
    assert read_small({"start": "-2"}, {"rate": 1.0, "steps": 1}) == Small(steps=1, rate=1.0, start=-2)
    with pytest.raises(SettingsError) as caught:
        read_small({"star": "2"}, {})
    assert caught.value.problems == (
        "star: unknown; did you mean 'start'?",
        "steps, rate: found nothing, expected a value for each (why)",
    )


def test_what_cannot_be_read_is_not_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        read_small({"rate": "fast", "steps": "0"}, {})
    assert caught.value.problems == ("rate: found 'fast', expected a number",)
    with pytest.raises(SettingsError, match="steps: found 0, expected 1 or more"):
        read_small({"rate": "1", "steps": "0"}, {})


def test_fields_that_nobody_may_change() -> None:
    assert own_names(Small, without=["start"]) == {"steps": "steps", "rate": "rate"}


def test_values_below_the_least_one() -> None:
    infinite = float("inf")
    assert list(too_small({"a": 1, "b": 0, "c": -1.0, "d": infinite, "e": 0.0}, 0)) == [
        "c: found -1.0, expected a finite number of 0 or more",
        "d: found inf, expected a finite number of 0 or more",
    ]
    assert list(too_small({"a": 1, "b": 0, "c": 0.0, "d": infinite, "e": 1e-9}, None)) == [
        "b: found 0, expected above 0",
        "c: found 0.0, expected a finite number above 0",
        "d: found inf, expected a finite number above 0",
    ]


def test_batches_that_cannot_be_shared_out() -> None:
    assert list(uneven("batch", 12, processes=2, parts=3)) == []
    assert list(uneven("batch", 12, processes=2, parts=0)) == []
    assert list(uneven("batch", 0, processes=1)) == ["batch: found 0, expected 1 or more"]
    assert list(uneven("batch", 9, processes=2)) == ["batch: found 9, expected a multiple of the 2 processes"]
    assert list(uneven("batch", 10, processes=2, parts=3)) == [
        "batch: found 10, expected a multiple of the 2 processes times 3 parts"
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    inner: Small
    edges: tuple[int, ...] = (3, 4)
    readers: int = 8


def test_log_has_values_by_their_names_and_lists_for_tuples() -> None:
    names = {"first_steps": "inner.steps", "shape": "edges", "data_readers": "readers"}
    settings = Nested(inner=Small(steps=5, rate=0.5))
    assert by_log_name(settings, names, without={"data_readers"}) == {"first_steps": 5, "shape": [3, 4]}


def test_two_falls_of_the_rate_follow_each_other() -> None:
    assert list(not_rising("steps", (40, 50), example="40,50")) == []
    assert list(not_rising("steps", (40, 40), example="40,50")) == []
    for steps in ((50, 40), (0, 40)):
        assert list(not_rising("steps", steps, example="40,50")) == [
            f"steps: found {list(steps)}, expected 2 ascending whole numbers above 0, as in 40,50"
        ]
