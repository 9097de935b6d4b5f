"""``@frozen`` makes what the standard library's decorator makes."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Generic, TypeVar

import pytest

from levelfield.frozen import frozen

Kind = TypeVar("Kind")


@frozen
class Run:
    """One run."""

    name: str
    latencies_ns: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False, repr=False)


@frozen
class Single:
    """One field."""

    value: int


@frozen
class Holder(Generic[Kind]):
    """Of any kind."""

    held: Kind


@frozen
class LongRun(Run):
    """With one more field."""

    minutes: int

    def __repr__(self) -> str:
        return "its own text"


def test_fields_defaults_and_factories() -> None:
    run = Run(name="a")
    assert (run.name, run.latencies_ns, run.notes) == ("a", (), [])
    assert run.notes is not Run(name="a").notes
    assert Run(name="a", notes=["b"]).notes == ["b"]
    assert [one.name for one in fields(Run)] == ["name", "latencies_ns", "notes"]
    assert is_dataclass(Run)


@pytest.mark.parametrize("wrong", [{}, {"name": "a", "other": 1}])
def test_missing_and_unknown_fields_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"name|other"):
        Run(**wrong)  # type: ignore[arg-type]


def test_fields_are_named_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="positional"):
        Run("a")  # type: ignore[misc]
    assert str(inspect.signature(Single)) == "(*, value: 'int') -> None"


def test_nothing_can_be_changed() -> None:
    run = Run(name="a")
    with pytest.raises(FrozenInstanceError, match="'name'"):
        run.name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'other'"):
        run.other = "b"  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError, match="'name'"):
        del run.name
    assert not hasattr(run, "__dict__")


def test_comparison_and_hash_are_of_the_compared_fields() -> None:
    assert Run(name="a", notes=["b"]) == Run(name="a")
    assert Run(name="a") != Run(name="b")
    assert Run(name="a") != ("a", (), [])
    assert LongRun(name="a", minutes=1) != Run(name="a")
    assert len({Single(value=1), Single(value=1), Single(value=2)}) == 2
    assert hash(Run(name="a", notes=["b"])) == hash(Run(name="a"))


def test_representation_is_that_of_a_dataclass() -> None:
    assert repr(Run(name="a", latencies_ns=(1,))) == "Run(name='a', latencies_ns=(1,))"
    assert repr(LongRun(name="a", minutes=1)) == "its own text"


@pytest.mark.parametrize("value", [Run(name="a", notes=["b"]), Single(value=3), LongRun(name="a", minutes=1)])
def test_copies_and_pickles_are_equal(value: Run | Single) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    assert copy.copy(value) == copy.deepcopy(value) == value
    assert asdict(pickle.loads(pickle.dumps(value))) == asdict(value)


def test_replace_and_generic() -> None:
    assert replace(Run(name="a"), name="b") == Run(name="b")
    assert Holder[int](held=1) == Holder(held=1)


def test_a_class_below_it_has_all_fields() -> None:
    run = LongRun(name="a", minutes=2)
    assert (run.name, run.minutes, run.notes) == ("a", 2, [])
    with pytest.raises(FrozenInstanceError, match="'name'"):
        run.name = "b"  # type: ignore[misc]


def test_the_standard_decorator_below_it_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot inherit frozen"):
        dataclass(frozen=True)(type("Below", (Run,), {}))
