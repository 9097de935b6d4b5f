"""Reference convergence points: what the reference needed to reach the target, by benchmark and batch size.

A set is data (``data/training/rcp/NAME.toml``), because points were added and corrected after they were used: a verdict
names its set. A set that ``extends`` another says only what differs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, cast

from levelfield.errors import RulesError, nearest
from levelfield.rules.document import extend
from levelfield.rules.load import DATA
from levelfield.rules.model import Document
from levelfield.rules.table import Problems, Table

__all__ = ["Hyperparameter", "RcpPoint", "RcpSet", "RcpSource", "load_rcp", "rcp_sets"]

FORMAT = 1

Hyperparameter: TypeAlias = "str | int | float | bool | tuple[int | float, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RcpSource:
    """Where the numbers of a set come from."""

    repository: str
    """``mlcommons/logging``; for our own sets this project."""
    revision: str
    date: str
    """ISO 8601."""
    tag: str
    """Empty for none."""
    folder: str
    """In the repository."""
    license: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RcpPoint:
    """One batch size of one benchmark."""

    benchmark: str
    batch_size: int
    """Global: samples that one step learns from."""
    id: str
    """As the source calls it."""
    unit: str
    """Of the figures: ``epochs``, ``samples``, ``1+epoch/20``."""
    figures: tuple[float, ...]
    """What each run needed, in the order of the source."""
    hyperparameters: Mapping[str, Hyperparameter]
    """As the source spells them."""
    creator: str
    when: str
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RcpSet:
    """A version of all points."""

    name: str
    """``1.1.0``."""
    ruleset: str
    """Whose rules the runs followed."""
    source: RcpSource
    points: tuple[RcpPoint, ...]
    """By benchmark, then batch size."""

    def of(self, benchmark: str) -> tuple[RcpPoint, ...]:
        """The points of a benchmark, by batch size; none where it has no reference (minigo)."""
        return tuple(point for point in self.points if point.benchmark == benchmark)


@cache
def rcp_sets() -> tuple[str, ...]:
    """The names of the sets that ship with the package."""
    return tuple(sorted(_files()))


@cache
def load_rcp(name: str) -> RcpSet:
    """A set by name, or from a file of one's own (``*.toml``); what it ``extends`` is a shipped set.

    Raises:
        UsageError: There is no such set; the message names the nearest one.
        RulesError: The file cannot be read, or does not hold together.
    """
    if name.endswith(".toml"):
        return _build(_document(Path(name), shown=name, trail=()), shown=name)
    if name not in rcp_sets():
        raise nearest(name, rcp_sets(), what="set of reference convergence points")
    found = _build(_document(_files()[name], shown=_shown(name), trail=(name,)), shown=_shown(name))
    if found.name != name:
        raise RulesError(f"The rule file {_shown(name)} says that it is {found.name}, expected {name}.")
    return found


@cache
def _files() -> dict[str, Path]:
    folder = DATA / "training" / "rcp"
    return {file.name.removesuffix(".toml"): file for file in folder.iterdir() if file.name.endswith(".toml")}


def _shown(name: str) -> str:
    return f"training/rcp/{name}.toml"


def _document(file: Path, *, shown: str, trail: tuple[str, ...]) -> Document:
    """A whole document, bases merged in."""
    try:
        document = cast("Document", tomllib.loads(file.read_bytes().decode()))
    except OSError as error:
        raise RulesError(f"The rule file {shown} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(f"The rule file {shown} is not TOML in UTF-8: {error}.") from error
    base = document.pop("extends", None)
    if base is None:
        return document
    if base in trail or base not in _files():
        known = ", ".join(name for name in rcp_sets() if name not in trail)
        raise RulesError(f"The rule file {shown} extends {base!r}, expected one of {known}.")
    assert isinstance(base, str)
    whole = _document(_files()[base], shown=_shown(base), trail=(*trail, base))
    return extend(whole, document)


def _build(document: Document, *, shown: str) -> RcpSet:
    top = Table(document, (), Problems())
    if top.integer("format") != FORMAT:
        top.wrong("format", f"{FORMAT}")
    units = top.table("units")
    points = [
        _point(name, batch_size, table, unit=units.text(name))
        for name, sizes in top.table("points").tables()
        for batch_size, table in sizes.tables()
    ]
    found = RcpSet(
        name=top.text("set"),
        ruleset=top.text("ruleset"),
        source=_source(top.table("source")),
        points=tuple(sorted(points, key=lambda point: (point.benchmark, point.batch_size))),
    )
    units.finish()
    top.finish()
    if top.problems.found:
        raise RulesError(f"The rule file {shown} does not hold together.", problems=top.problems.found)
    return found


def _source(table: Table) -> RcpSource:
    source = RcpSource(
        repository=table.text("repository"),
        revision=table.text("revision"),
        date=table.text("date"),
        tag=table.text("tag", ""),
        folder=table.text("folder", ""),
        license=table.text("license"),
    )
    table.finish()
    return source


def _point(benchmark: str, batch_size: str, table: Table, *, unit: str) -> RcpPoint:
    number = int(batch_size) if batch_size.isascii() and batch_size.isdigit() and len(batch_size) < 10 else 0
    if not number:
        table.problems.add(table.path, f"found {batch_size!r}, expected a global batch size.")
    figures = table.numbers("figures")
    if any(figure <= 0 for figure in figures):
        table.wrong("figures", "what runs needed, each above 0")
    hyperparameters = table.table("hyperparameters")
    point = RcpPoint(
        benchmark=benchmark,
        batch_size=number,
        id=table.text("id"),
        unit=unit,
        figures=figures,
        hyperparameters=MappingProxyType(
            {name: _hyperparameter(hyperparameters, name) for name in hyperparameters.values}
        ),
        creator=table.text("creator", ""),
        when=table.text("when", ""),
        platform=table.text("platform", ""),
    )
    table.finish()
    return point


def _hyperparameter(table: Table, name: str) -> Hyperparameter:
    value: object = table.values[name]
    if isinstance(value, list):
        return table.numbers(name, empty=True)
    if isinstance(value, str | int | float):
        return value
    table.wrong(name, "a text, a number or a list of numbers")
    return ""
