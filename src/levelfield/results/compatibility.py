"""Which results may stand beside each other: the same benchmark and scenario, from versions that fit together.

Which versions do is decided by MLCommons and read from ``data/compatibility.toml`` (mlcommons/policies,
``MLPerf_Compatibility_Table.adoc``). What is not known there is not comparable across versions; results of one round
need no table. The messaging guidelines, section 4, are why such comparisons are refused and not only marked.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from levelfield.results.model import Result

__all__ = ["Model", "Round", "Suite", "compatibility_source", "model_of", "obstacles", "round_of", "suite_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A benchmark suite, with its versions in their order."""

    name: str
    """``inference``."""
    title: str
    """As it follows the mark: ``Inference``."""
    versions: tuple[str, ...]
    """Oldest first; empty for a suite that the table does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A suite in one version."""

    suite: Suite
    version: str
    """``v2.0``."""

    @property
    def title(self) -> str:
        """``Inference v2.0``."""
        return f"{self.suite.title} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a benchmark is made of, and which of its versions fit together."""

    suite: str
    system_type: str
    """``datacenter`` or ``edge`` in inference; else empty."""
    name: str
    """As the table spells it: ``ResNet-50 v1.5``."""
    folders: tuple[str, ...]
    """What it is called in submissions."""
    runs: tuple[tuple[str, str], ...]
    """First and last version of each run without a change of the benchmark."""
    note: str


def round_of(name: str) -> Round:
    """The round of a name like ``inference-v2.0``; one that the table does not have is kept as it is written."""
    suite, dash, version = name.rpartition("-")
    if not dash:
        suite, version = name, ""
    return Round(suite=suite_named(suite), version=version)


def suite_named(name: str) -> Suite:
    """A suite by its name in the rounds."""
    known = _table().suites.get(name.lower())
    return known or Suite(name=name.lower(), title=name[:1].upper() + name[1:], versions=())


def model_of(result: Result) -> Model | None:
    """The table's row for a result's benchmark; ``None`` where the table has none for its version."""
    the_round = round_of(result.round)
    return next((model for model in _models(result) if _run_at(model, the_round) is not None), None)


def obstacles(one: Result, other: Result) -> tuple[str, ...]:
    """Why two results may not be compared, as sentences without a stop; empty where they may be.

    Differences that only have to be named (division, category, chip count) are no obstacles.
    """
    found = [*_unlike_runs(one, other), *_unlike_benchmarks(one, other)]
    if not found:
        found += _unlike_versions(one, other)
    if (one.power_value is None) != (other.power_value is None):
        found.append("performance of a power submission and of one without power are not comparable")
    return tuple(found)


def compatibility_source() -> str:
    """Where the table is from."""
    return _table().source


def _unlike_runs(one: Result, other: Result) -> list[str]:
    found = []
    if one.edition != other.edition:
        found.append(f"{one.edition} edition and {other.edition} edition are different tasks")
    if one.official != other.official:
        found.append("a quick run did not have the round's full durations and counts")
    return found


def _unlike_benchmarks(one: Result, other: Result) -> list[str]:
    found = []
    if round_of(one.round).suite.name != round_of(other.round).suite.name:
        found.append(f"the suites differ: {one.round} and {other.round}")
    if not _same_benchmark(one, other):
        found.append(f"the benchmarks differ: {one.benchmark} and {other.benchmark}")
    if one.scenario != other.scenario:
        found.append(f"the scenarios differ: {one.scenario or 'none'} and {other.scenario or 'none'}")
    elif not found and one.unit != other.unit:
        found.append(f"the units differ: {one.unit} and {other.unit}")
    return found


def _same_benchmark(one: Result, other: Result) -> bool:
    """Equal folders, or two names of one model with the same accuracy variant."""
    if one.benchmark == other.benchmark:
        return True
    models = (model_of(one), model_of(other))
    return None not in models and models[0] == models[1] and _variant(one.benchmark) == _variant(other.benchmark)


def _variant(benchmark: str) -> str:
    return next((ending for ending in ("-99.9", "-99") if benchmark.endswith(ending)), "")


def _unlike_versions(one: Result, other: Result) -> list[str]:
    first, second = round_of(one.round), round_of(other.round)
    if first.version == second.version:
        return []
    for broken in _table().breaks:
        if (broken.suite, broken.scenario) == (first.suite.name, one.scenario):
            sides = [broken.until >= _place(the_round) for the_round in (first, second)]
            if sides[0] != sides[1]:
                return [broken.reason]
    shared = {(model.system_type, model.name): model for model in _models(one)}
    for model in _models(other):
        if (model.system_type, model.name) in shared:
            run = _run_at(model, first)
            if run is not None and run == _run_at(model, second):
                return []
    return [f"{one.benchmark} of {first.version} and of {second.version} are not the same benchmark"]


# ------------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Break:
    suite: str
    scenario: str
    until: int
    """The place of the last version before it."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    source: str
    suites: dict[str, Suite]
    breaks: tuple[_Break, ...]
    models: dict[tuple[str, str], tuple[Model, ...]]
    """By suite and folder, in lower case."""


@cache
def _table() -> _Table:
    """The file that ships; a test holds that it holds together."""
    file = resources.files("levelfield.results").joinpath("data", "compatibility.toml")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    suites = {
        name: Suite(name=name, title=entry["title"], versions=tuple(entry["versions"]))
        for name, entry in data["suites"].items()
    }
    models: dict[tuple[str, str], tuple[Model, ...]] = {}
    for entry in data["models"]:
        model = Model(
            suite=entry["suite"],
            system_type=entry.get("system_type", ""),
            name=entry["name"],
            folders=tuple(entry["names"]),
            runs=tuple((first, last) for first, last in entry["runs"]),
            note=entry.get("note", ""),
        )
        for folder in model.folders:
            key = (model.suite, folder.lower())
            models[key] = (*models.get(key, ()), model)
    source = data["source"]
    return _Table(
        source=f"{source['repository']} {source['document']} at {source['revision']} ({source['date']})",
        suites=suites,
        breaks=tuple(
            _Break(
                suite=entry["suite"],
                scenario=entry["scenario"],
                until=suites[entry["suite"]].versions.index(entry["until"]),
                reason=entry["reason"],
            )
            for entry in data["breaks"]
        ),
        models=models,
    )


def _models(result: Result) -> tuple[Model, ...]:
    """The rows for a result's folder and system type; of a system without a type, those of all types."""
    types = {word.strip() for word in result.system.type.lower().split(",")} - {""}
    found = _table().models.get((round_of(result.round).suite.name, result.benchmark.lower()), ())
    return tuple(model for model in found if not model.system_type or not types or model.system_type in types)


def _place(the_round: Round) -> int:
    """Where a version stands in the order of its suite; -1 for one that the table does not have."""
    versions = the_round.suite.versions
    return versions.index(the_round.version) if the_round.version in versions else -1


def _run_at(model: Model, the_round: Round) -> tuple[str, str] | None:
    here, order = _place(the_round), the_round.suite.versions
    for first, last in model.runs:
        if order.index(first) <= here <= order.index(last):
            return first, last
    return None
