"""Laws: importing a source twice is importing it once; the order of imports does not matter.

A filter in the store is the filter in memory; filters commute, and only take away.
"""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from results import accelerators, result

from levelfield.results.model import Result, Verification
from levelfield.results.query import Filter, SortKey, sort
from levelfield.results.store import Store

NAMES = st.sampled_from(["Acme", "acme", "Äcme", "Straße", "b c", ""])


@st.composite
def some_results(draw: st.DrawFn, source: str = "a") -> list[Result]:
    found = [
        result(
            source=source,
            submitter=draw(NAMES),
            division=draw(st.sampled_from(["closed", "open"])),
            scenario=draw(st.sampled_from(["Offline", "Server"])),
            benchmark=draw(st.sampled_from(["resnet50", "bert-99"])),
            value=draw(st.floats(-1e9, 1e9)),
            system=accelerators(draw(st.integers(0, 3)), type=draw(st.sampled_from(["edge", "datacenter,edge", ""]))),
            inferred=draw(st.booleans()),
            void=draw(st.booleans()),
            verification=draw(st.sampled_from(Verification)),
            power_value=draw(st.none() | st.floats(1, 9)),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    return list({one.key: one for one in found}.values())


def filters() -> st.SearchStrategy[Filter]:
    """Every field is sometimes asked for; a field that is added and forgotten here fails below."""
    some = {
        "rounds": ["inference-V2.0", "x"],
        "suites": ["Inference", "tiny"],
        "divisions": ["CLOSED", "open"],
        "availabilities": ["available"],
        "system_types": ["edge", "datacenter"],
        "benchmarks": ["ResNet50", "bert-99"],
        "scenarios": ["server"],
        "editions": ["full", "mini"],
        "submitters": ["ACM", "ss", "ä", ""],
        "systems": ["BIG", "box-1x2"],
        "processors": ["host"],
        "accelerators": ["a100"],
        "software": ["time"],
    }
    options = {name: st.lists(st.sampled_from(values), max_size=2).map(tuple) for name, values in some.items()}
    for name in ("accelerators_at_least", "accelerators_at_most", "nodes_at_least", "nodes_at_most"):
        options[name] = st.none() | st.integers(0, 3)
    for name in ("power", "verified", "inferred", "official", "void"):
        options[name] = st.none() | st.booleans()
    options["text"] = st.sampled_from(["", "acme", "STRASSE", "a100 server", "%", "_"])
    assert options.keys() == {field.name for field in fields(Filter)}
    return st.fixed_dictionaries({}, optional=options).map(lambda chosen: Filter(**chosen))


def dump_of(*imports: tuple[str, list[Result]]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", create=True) as store:
        for source, found in imports:
            store.add(source, found)
        return list(store.dump())


@settings(max_examples=8, deadline=None)
@given(some_results("a"), some_results("b"), st.randoms())
def test_imports_can_be_repeated_and_reordered(one: list[Result], other: list[Result], random) -> None:
    a, b = ("a", one), ("b", other)
    expected = dump_of(a, b)
    assert dump_of(b, a) == expected
    assert dump_of(a, b, a, b) == expected
    before = [replace(found, provenance=replace(found.provenance, source="a")) for found in other]
    assert dump_of(("a", before), b, ("a", random.sample(one, len(one)))) == expected


@settings(max_examples=30, deadline=None)
@given(some_results(), filters())
def test_store_finds_what_the_filter_matches(found: list[Result], asked: Filter) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", create=True) as store:
        store.add("a", found)
        assert store.select(asked) == sort(one for one in found if asked.matches(one))


@settings(max_examples=50)
@given(some_results(), filters(), filters(), st.sampled_from(SortKey))
def test_filters_commute_and_only_take_away(found: list[Result], one: Filter, other: Filter, key: SortKey) -> None:
    first = [r for r in found if one.matches(r)]
    assert [r for r in first if other.matches(r)] == [r for r in found if other.matches(r) and one.matches(r)]
    assert sorted(map(repr, sort(first, key))) == sorted(map(repr, first))
    if one.is_empty:
        assert first == found
