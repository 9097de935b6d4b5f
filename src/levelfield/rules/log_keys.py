"""What the rules of a training round ask of the lines of a log, key by key.

A key says how often it occurs, what its value and its metadata must be, and which other keys come before or after it.
The kinds of rules are few and closed; what fits none of them is a formula (:mod:`levelfield.rules.expression`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from levelfield.rules.citations import Cites
from levelfield.rules.expression import Expression, is_integer, read_expression
from levelfield.rules.model import Citation
from levelfield.rules.table import Table

__all__ = ["KeyRule", "KeyRules", "Occurs", "ValueRule", "expand", "read_keys", "read_value_rule"]

KeyRules: TypeAlias = "Mapping[str, KeyRule]"
"""By key."""

VALUE = "value"
"""What a formula calls the value that it looks at; other names are keys of the log."""
MAX_NAMES = 10_000


class Occurs(StrEnum):
    """How often a key stands in a log."""

    ONCE = "once"
    """More lines with the same value are warned of: processes repeat each other."""
    SOME = "some"
    """Once or more."""
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """What a value must be; every condition that is there must hold.

    Comparisons are Python's, as in the official rules: ``true`` equals 1, a text of two characters has length two, and
    what cannot be compared does not hold.
    """

    equals: str | int | float | bool | None
    one_of: tuple[str | int | float | bool, ...]
    at_least: float | None
    above: float | None
    multiple_of: float | None
    """To within 1e-5 of the quotient."""
    length: int | None
    whole: bool
    """Whether it must be an integer by type: ``2``, not ``2.0``."""
    not_empty: bool
    """Whether it must be something else than the empty text."""
    formula: Expression | None
    words: str
    """What a formula asks for, in words."""

    def holds(self, value: object, logged: Mapping[str, object]) -> bool:
        """Whether a value is as the rule has it.

        Args:
            value: As the log has it.
            logged: Values of other keys. A formula that needs a missing one holds: that is another finding.
        """
        try:
            return self._holds(value, logged)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return False

    def _holds(self, value: object, logged: Mapping[str, object]) -> bool:
        return (
            (self.equals is None or value == self.equals)
            and (not self.one_of or value in self.one_of)
            and (self.at_least is None or bool(value >= self.at_least))  # type: ignore[operator]
            and (self.above is None or bool(value > self.above))  # type: ignore[operator]
            and (self.multiple_of is None or is_integer(value / self.multiple_of))  # type: ignore[operator]
            and (self.length is None or len(value) == self.length)  # type: ignore[arg-type]
            and (not self.whole or isinstance(value, int))
            and (not self.not_empty or value != "")
            and (self.formula is None or self._formula_holds(self.formula, value, logged))
        )

    def _formula_holds(self, formula: Expression, value: object, logged: Mapping[str, object]) -> bool:
        names = {**logged, VALUE: value}
        return not formula.names <= names.keys() or bool(formula.value(names))

    def __str__(self) -> str:
        """``≥ 8192``, ``one of sgd, lars``."""
        parts = (
            "" if self.equals is None else f"{_shown(self.equals)}",
            f"one of {', '.join(map(_shown, self.one_of))}" if self.one_of else "",
            "" if self.at_least is None else f"≥ {self.at_least:g}",
            "" if self.above is None else f"> {self.above:g}",
            "" if self.multiple_of is None else f"a multiple of {self.multiple_of:g}",
            "" if self.length is None else f"a list of {self.length}",
            "a whole number" if self.whole else "",
            "a value that is not empty" if self.not_empty else "",
            self.words,
        )
        return ", ".join(part for part in parts if part) or "any value"


def _shown(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """What is asked of the lines of one key."""

    key: str
    occurs: Occurs
    value: ValueRule | None
    """``None`` for any value."""
    metadata: tuple[tuple[str, ValueRule | None], ...]
    """Members that the metadata have, each with what it must be."""
    after: tuple[str, ...]
    """Each of these keys has a line before every line of this one."""
    before: tuple[str, ...]
    """None of these keys has a line before any line of this one."""
    citation: Citation = field(compare=False)


def read_keys(table: Table, cites: Cites, cited: str) -> dict[str, KeyRule]:
    """Read a table of keys, in the order of the file.

    Args:
        table: Each entry is a key; an empty one asks for one line with any value.
        cites: Where clauses come from.
        cited: The field under which the document's ``cites`` have the clause of these keys.
    """
    return {key: _key(key, entry, cites, cited) for key, entry in table.tables()}


def _key(key: str, table: Table, cites: Cites, cited: str) -> KeyRule:
    value = read_value_rule(table)
    rule = KeyRule(
        key=key,
        occurs=table.choice("occurs", Occurs, Occurs.ONCE),
        value=value,
        metadata=tuple((name, _finished(entry)) for name, entry in table.table("metadata").tables()),
        after=table.texts("after"),
        before=table.texts("before"),
        citation=cites.of(cited, table),
    )
    table.finish()
    return rule


def _finished(table: Table) -> ValueRule | None:
    rule = read_value_rule(table)
    table.finish()
    return rule


_KINDS = (
    "equals", "one_of", "at_least", "above", "multiple_of", "length", "whole", "not_empty", "formula"
)  # fmt: skip


def read_value_rule(table: Table) -> ValueRule | None:
    """Read the conditions of a table; ``None`` where it has none. The caller looks for unknown keys."""
    table.seen.update(_KINDS)  # so that a misspelt one is told its nearest
    formula = _formula(table)
    rule = ValueRule(
        equals=table.scalar("equals"),
        one_of=table.scalars("one_of"),
        at_least=table.optional_number("at_least"),
        above=table.optional_number("above"),
        multiple_of=table.optional_number("multiple_of"),
        length=table.integer("length") if "length" in table else None,
        whole=table.flag("whole") if "whole" in table else False,
        not_empty=table.flag("not_empty") if "not_empty" in table else False,
        formula=formula,
        words=table.text("words") if formula is not None else "",
    )
    if rule.multiple_of == 0:
        table.wrong("multiple_of", "a number other than 0")
    return rule if any(kind in table for kind in _KINDS) else None


def _formula(table: Table) -> Expression | None:
    if "formula" not in table:
        return None
    try:
        return read_expression(table.text("formula"))
    except ValueError as problem:
        table.wrong("formula", f"an expression; {problem}")
        return None


_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,4})\.\.(\d{1,4})")


def expand(pattern: str) -> list[str]:
    """The names that a pattern stands for: ``up{0..1}_{conv,norm}`` for four; braces multiply from left to right.

    Raises:
        ValueError: A range runs backwards, or there are more than 10,000 names.
    """
    pieces = _BRACES.split(pattern)
    choices = [_choices(piece) if index % 2 else [piece] for index, piece in enumerate(pieces)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MAX_NAMES:
        raise ValueError(f"found {count:,} names, expected {MAX_NAMES:,} at most")
    return ["".join(parts) for parts in itertools.product(*choices)]


def _choices(piece: str) -> list[str]:
    found = _RANGE.fullmatch(piece)
    if found is None:
        return piece.split(",")
    first, last = int(found[1]), int(found[2])
    if last < first:
        raise ValueError(f"found the range {piece}, expected one that runs upwards")
    return [str(number) for number in range(first, last + 1)]
