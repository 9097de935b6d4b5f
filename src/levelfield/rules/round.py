"""What the rule sets of every suite beside inference share: where they come from, targets of quality, measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from levelfield.rules.citations import Cites, read_citations, read_sources
from levelfield.rules.document import Value as DocumentValue
from levelfield.rules.model import Citation, Document, RuleFile, Source
from levelfield.rules.origin import Origin
from levelfield.rules.table import Problems, Table
from levelfield.terms import Division

__all__ = ["FORMAT", "Head", "Measure", "Round", "Target", "check_aliases", "measure", "read_head", "targets"]

FORMAT = 1
"""Version of the file format. History: 1 (0.1.0) the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a result of the round is a number of."""

    name: str
    """For people: ``minutes to train``."""
    unit: str
    higher_is_better: bool
    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The quality that closed submissions must reach. A benchmark may have several; all must hold."""

    key: str
    """As logs and result files call it."""
    name: str
    """For people: ``top-1 accuracy``."""
    unit: str
    """``%``, or ``1`` for a fraction."""
    at_least: float | None
    at_most: float | None
    above: float | None
    """The value itself does not count."""
    below: float | None
    """The value itself does not count: a quality of exactly 1 is taken for a mistake."""
    verified: bool
    """Whether a public source of this round states it."""
    note: str
    """Where sources disagree, and which one is applied."""
    citation: Citation

    @property
    def bound(self) -> float:
        """The number that people call the target."""
        bound = self.at_most if self.at_least is None else self.at_least
        assert bound is not None  # the reader of the file asks for one of them
        return bound

    def holds(self, value: float) -> bool:
        """Whether an unrounded value counts as reached; never for NaN."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """``top-1 accuracy ≥ 75.9 %``."""
        sign = "≤" if self.at_least is None else "≥"
        return f"{self.name} {sign} {self.bound:.8g}{'' if self.unit == '1' else f' {self.unit}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What every rule set is."""

    origin: Origin
    family: str
    version: str
    divisions: tuple[Division, ...]
    sources: tuple[Source, ...]
    document: Document = field(repr=False, compare=False)
    """The whole round as one document, bases merged in."""

    @property
    def name(self) -> str:
        """``training-v1.1``."""
        return self.origin.name

    @property
    def extends(self) -> str | None:
        """The round that it was made from, if any."""
        return self.origin.extends

    @property
    def files(self) -> tuple[RuleFile, ...]:
        """What it was read from, the base first."""
        return self.origin.files

    @property
    def sha256(self) -> str:
        """What a result names beside the round's name."""
        return self.origin.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The part of a document that every family has."""

    top: Table
    round: Table
    version: str
    divisions: tuple[Division, ...]
    sources: tuple[Source, ...]
    cites: Cites


def read_head(document: Document, family: str) -> Head:
    """Begin to read a document; the caller goes on with :attr:`Head.top`."""
    top = Table(document, (), Problems())
    if top.integer("format") != FORMAT:
        top.wrong("format", f"{FORMAT}")
    top.known("family", [family], "family")
    sources = read_sources(top)
    citations = read_citations(top, sources)
    the_round = top.table("round")
    if not top.table("benchmarks").values:
        top.wrong("benchmarks", "at least one benchmark")
    return Head(
        top=top,
        round=the_round,
        version=top.text("version"),
        divisions=the_round.choices("divisions", Division),
        sources=tuple(sources.values()),
        cites=Cites(top=top.table("cites"), citations=citations),
    )


def measure(table: Table, cites: Cites) -> Measure:
    """Read what a result is a number of."""
    found = Measure(
        name=table.text("name"),
        unit=table.text("unit"),
        higher_is_better=table.flag("higher_is_better"),
        citation=cites.of("measure", table),
    )
    table.finish()
    return found


def targets(table: Table, cites: Cites) -> tuple[Target, ...]:
    """Read the targets of a benchmark, in the order of the file."""
    found = tuple(_target(key, entry, cites) for key, entry in table.table("targets").tables())
    if not found:
        table.wrong("targets", "at least one target of quality")
    return found


def _target(key: str, table: Table, cites: Cites) -> Target:
    if ("at_least" in table) == ("at_most" in table):
        table.problems.add(table.path, "found both or neither of at_least and at_most, expected one of them.")
        table.values = {**table.values, "at_least": 0.0}
    target = Target(
        key=key,
        name=table.text("name"),
        unit=table.text("unit"),
        at_least=table.optional_number("at_least"),
        at_most=table.optional_number("at_most"),
        above=table.optional_number("above"),
        below=table.optional_number("below"),
        verified=table.flag("verified") if "verified" in table else True,
        note=table.text("note", ""),
        citation=cites.of("targets", table),
    )
    table.finish()
    return target


def check_aliases(tables: Sequence[tuple[str, Table]]) -> None:
    """Note a name that stands for two benchmarks."""
    owner: dict[str, str] = {}
    for name, table in tables:
        aliases: DocumentValue = table.values.get("aliases", [])
        for word in dict.fromkeys(
            str(word).lower() for word in (name, *(aliases if isinstance(aliases, list) else ()))
        ):
            if word in owner:
                table.problems.add(table.path, f"the name {word!r} belongs to {owner[word]} already.")
            owner[word] = name
