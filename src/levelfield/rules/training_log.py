"""What a training round asks of a log beyond its keys: which keys go with which benchmark, weights, evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from levelfield.rules.citations import Cites
from levelfield.rules.expression import Expression, read_expression
from levelfield.rules.log_keys import KeyRule, KeyRules, ValueRule, expand, read_keys, read_value_rule
from levelfield.rules.model import Citation
from levelfield.rules.table import Table

__all__ = [
    "BenchmarkLog",
    "Cadence",
    "LogRules",
    "ProgressUnit",
    "Weight",
    "read_benchmark_log",
    "read_log",
]


class ProgressUnit(StrEnum):
    """What a benchmark counts its progress in."""

    EPOCHS = "epochs"
    SAMPLES = "samples"
    GENERATIONS = "generations"


class Weight(StrEnum):
    """How much it weighs where names of initialised weights differ."""

    ERROR = "error"
    WARNING = "warning"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When a run is evaluated, in a unit of progress. Expressions know ``global_batch_size``.

    Where a dataset is given they know ``samples_per_epoch`` too, which has two readings: with the last batch of an
    epoch filled up, and without it.
    """

    unit: ProgressUnit
    every: Expression
    first: Expression | None
    """The first evaluation; ``None`` where any that is not later than ``every`` will do."""
    last: Expression | None
    """Where a run is given up; ``None`` where nothing is said."""
    dataset: int | None
    """Samples that an epoch is made of."""
    citation: Citation

    def readings(self, batch_size: float) -> tuple[Mapping[str, object], ...]:
        """What the expressions may be applied to, for each reading of an epoch's samples."""
        names: dict[str, object] = {"global_batch_size": batch_size}
        if self.dataset is None:
            return (names,)
        batches = self.dataset / batch_size
        down, up = int(batches) * batch_size, -int(-batches // 1) * batch_size
        return tuple({**names, "samples_per_epoch": samples} for samples in dict.fromkeys((up, down)) if samples > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkLog:
    """What logs of one benchmark say."""

    closed: KeyRules
    """Of closed logs."""
    chosen: tuple[tuple[str, str, KeyRules], ...]
    """Keys that a value of another key brings with it: ``("opt_name", "lars", …)``."""
    advice: Mapping[str, ValueRule]
    """By key, what the text of the rules says and the verifier does not look at."""
    advice_citation: Citation
    weights: tuple[str, ...]
    """Names of the tensors that are initialised, sorted; empty where the round does not ask."""
    weights_citation: Citation
    cadence: Cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRules:
    """What every log of a round says."""

    keys: KeyRules
    closed: KeyRules
    """Of closed logs, beside those of the benchmark."""
    one_of: tuple[tuple[str, ...], ...]
    """Groups of keys of which each has a line of at least one."""
    one_of_citation: Citation
    open_quality_below: float
    """A quality that one evaluation of an open log has to stay under."""
    open_citation: Citation
    weights_mismatch: Weight
    mismatch_citation: Citation


def read_log(top: Table, the_round: Table, cites: Cites) -> LogRules:
    """Read what every log says."""
    table = top.table("log")
    groups = table.values.get("one_of", [])
    table.seen.add("one_of")
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        table.wrong("one_of", "a list of lists of keys")
        groups = []
    rules = LogRules(
        keys=read_keys(table.table("keys"), cites, "keys"),
        closed=read_keys(table.table("closed"), cites, "closed"),
        one_of=tuple(tuple(str(key) for key in group) for group in groups if isinstance(group, list)),
        one_of_citation=cites.of("one_of", table),
        open_quality_below=the_round.number("open_quality_below"),
        open_citation=cites.of("open_quality_below", the_round),
        weights_mismatch=the_round.choice("weights_mismatch", Weight),
        mismatch_citation=cites.of("weights_mismatch", the_round),
    )
    for group in rules.one_of:
        for key in group:
            table.check_known(key, rules.keys, "key", "one_of")
    _check_order(table, rules.keys)
    table.finish()
    return rules


def _check_order(table: Table, keys: Mapping[str, KeyRule]) -> None:
    for key, rule in keys.items():
        for other in (*rule.after, *rule.before):
            table.check_known(other, keys, "key", "keys", key)


def read_benchmark_log(table: Table, cites: Cites, every: LogRules) -> BenchmarkLog:
    """Read what the logs of one benchmark say beside every log."""
    closed = read_keys(table.table("closed"), cites, "closed")
    chosen = tuple(
        (key, value, read_keys(keys, cites, "closed"))
        for key, values in table.table("chosen").tables()
        for value, keys in values.tables()
    )
    known = {*every.keys, *every.closed, *closed}
    for key, _, _ in chosen:
        table.check_known(key, closed, "key", "chosen")
    known |= {key for _, _, keys in chosen for key in keys}
    advice = _advice(table.table("advice"), known)
    _check_formulas(table, known, closed, *(keys for _, _, keys in chosen))
    return BenchmarkLog(
        closed=closed,
        chosen=chosen,
        advice=advice,
        advice_citation=cites.of("advice", table),
        weights=_weights(table),
        weights_citation=cites.of("weights", table),
        cadence=_cadence(table.table("cadence"), cites),
    )


def _advice(table: Table, known: set[str]) -> dict[str, ValueRule]:
    advice = {}
    for key, entry in table.tables():
        rule = read_value_rule(entry)
        entry.finish()
        table.check_known(key, known, "key", key)
        if rule is None:
            table.wrong(key, "a rule for its value")
        else:
            _check_names(entry, rule, known)
            advice[key] = rule
    return advice


def _check_formulas(table: Table, known: set[str], *groups: KeyRules) -> None:
    for keys in groups:
        for rule in keys.values():
            if rule.value is not None:
                _check_names(table, rule.value, known)


def _check_names(table: Table, rule: ValueRule, known: set[str]) -> None:
    for name in sorted(rule.formula.names if rule.formula is not None else ()):
        table.check_known(name, {"value", *known}, "name in a formula", "formula")


def _weights(table: Table) -> tuple[str, ...]:
    names: list[str] = []
    for pattern in table.texts("weights"):
        try:
            names += expand(pattern)
        except ValueError as problem:
            table.wrong("weights", f"patterns of names; {problem}")
    return tuple(sorted(names))


def _cadence(table: Table, cites: Cites) -> Cadence:
    every = _words(table, "every")
    cadence = Cadence(
        unit=table.choice("unit", ProgressUnit),
        every=every or read_expression("1"),
        first=_words(table, "first") if "first" in table else None,
        last=_words(table, "last") if "last" in table else None,
        dataset=table.integer("dataset", at_least=1) if "dataset" in table else None,
        citation=cites.of("cadence", table),
    )
    table.finish()
    return cadence


def _words(table: Table, key: str) -> Expression | None:
    names = {"global_batch_size", *(("samples_per_epoch",) if "dataset" in table else ())}
    try:
        expression = read_expression(table.text(key))
    except ValueError as problem:
        table.wrong(key, f"an expression; {problem}")
        return None
    for name in sorted(expression.names - names):
        table.check_known(name, names, "name in an expression", key)
    return expression
