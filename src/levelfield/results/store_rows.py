"""What of a result goes into which table of the store, and what cannot go into any."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.errors import InputError
from levelfield.results.columns import Cell, digest_of, row_of
from levelfield.results.model import Result
from levelfield.results.query import natural, search_text
from levelfield.results.schema import OF_SUBMISSIONS, OF_SYSTEMS

__all__ = ["Row", "SetAside", "sorted_out", "stored_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A result that cannot be stored, and why."""

    path: str
    reason: str


class Row:
    """A result cut into the rows of the tables."""

    def __init__(self, result: Result) -> None:
        cells = {name: stored_text(cell) if isinstance(cell, str) else cell for name, cell in row_of(result).items()}
        digest = digest_of(*map(repr, cells.values()))
        identity = digest_of(result.provenance.source, *result.key)
        self.submission: dict[str, Cell] = {name: cells.pop(name) for name in OF_SUBMISSIONS}
        self.system: dict[str, Cell] = {name: cells.pop(name) for name in OF_SYSTEMS}
        self.benchmark: dict[str, Cell] = {"suite": self.submission["suite"], "benchmark": cells.pop("benchmark")}
        for part in (self.submission, self.system, self.benchmark):
            part["id"] = digest_of(*(repr(cell) for cell in part.values()))
        self.result: dict[str, Cell] = {
            **cells,
            "id": identity,
            "digest": digest,
            "submission": self.submission["id"],
            "system": self.system["id"],
            "benchmark": self.benchmark["id"],
            "searched": stored_text(search_text(result)),
        }
        self.findings = [(identity, place, stored_text(code)) for place, code in enumerate(result.findings)]


def stored_text(text: str) -> str:
    """A text as SQLite can hold it: what is no character (a file name that is not UTF-8) as its escape."""
    if text.isascii() and "\0" not in text:  # nearly always
        return text
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def sorted_out(source: str, results: Iterable[Result]) -> tuple[list[Result], tuple[SetAside, ...]]:
    """What can be stored, each once and in order, and what cannot."""
    kept: dict[tuple[str, ...], Result] = {}
    contradicted: set[tuple[str, ...]] = set()
    aside: list[SetAside] = []
    strangers = []
    for result in sorted(results, key=natural):
        path = result.provenance.path
        if result.provenance.source != source:
            strangers.append(f"{path}: found source {result.provenance.source!r}.")
        elif reason := _unstorable(result):
            aside.append(SetAside(path=path, reason=reason))
        elif kept.setdefault(result.key, result) != result:
            contradicted.add(result.key)
    if strangers:
        raise InputError(f"An import takes results of one source, {source!r}.", problems=strangers[:20])
    for key in sorted(contradicted):
        first = kept.pop(key)
        reason = f"two results claim to be {first.benchmark} {first.scenario} ({first.metric}) of {first.system.id}"
        aside.append(SetAside(path=first.provenance.path, reason=reason))
    return list(kept.values()), tuple(aside)


def _unstorable(result: Result) -> str | None:
    """Why a result cannot be kept as a number that can be compared."""
    numbers = (
        ("value", result.value),
        ("accuracy target", result.accuracy_target),
        ("power", result.power_value),
        *((f"accuracy {name}", number) for name, number in result.accuracy),
        *(("a run's minutes", number) for number in result.run_minutes),
    )
    for name, number in numbers:
        if number is not None and not math.isfinite(number):
            return f"{name} is {number}, which is no finite number"
    system = result.system
    counts = (
        system.nodes,
        system.host.per_node,
        system.host.total,
        system.accelerator.per_node,
        system.accelerator.total,
    )
    if any(count is not None and not -(2**63) <= count < 2**63 for count in counts):
        return "a count of nodes, processors or accelerators is beyond 64 bits"
    return None
