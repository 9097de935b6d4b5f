"""What a user changes: names, numbers and impossible values, all errors at once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from levelfield.errors import SettingsError
from levelfield.training.hyperparameters import read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    steps: int
    rate: float
    start: int = 0

    def problems(self) -> list[str]:
        return [f"steps: found {self.steps}, expected 1 or more"] if self.steps < 1 else []


def read(changed: dict[str, str], defaults: dict[str, float] | None = None) -> Small:
    given = {"steps": 5, "rate": 0.5} if defaults is None else defaults
    return read_settings(Small, given, changed, benchmark="small", aliases={"lr": "rate"}, without_defaults="why")


def test_defaults_and_changes() -> None:
    assert read({}) == Small(steps=5, rate=0.5)
    assert read({"steps": "7", "lr": "1e-3", "start": "-2"}) == Small(steps=7, rate=0.001, start=-2)


def test_all_problems_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"step": "7", "rate": "fast", "start": "1.5"})
    assert list(caught.value.problems) == [
        "step: no hyperparameter of this benchmark; did you mean steps? Known: lr, rate, start, steps",
        "rate: found 'fast', expected a number",
        "start: found '1.5', expected a whole number",
    ]


def test_an_impossible_value_is_told_by_the_record() -> None:
    with pytest.raises(SettingsError, match="steps: found 0, expected 1 or more"):
        read({"steps": "0"})


def test_two_names_of_one_thing() -> None:
    assert read({"rate": "0.25", "lr": "0.25"}).rate == 0.25
    with pytest.raises(SettingsError, match=r"lr: found 0\.5, expected the value of rate, which is the same thing"):
        read({"rate": "0.25", "lr": "0.5"})


def test_what_has_no_default_is_asked_for() -> None:
    assert read({"rate": "1", "steps": "1"}, defaults={}) == Small(steps=1, rate=1.0)
    with pytest.raises(SettingsError, match=r"steps, rate: found nothing, expected a value for each \(why\)"):
        read({}, defaults={})
