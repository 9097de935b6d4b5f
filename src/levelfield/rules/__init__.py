"""The rule book: every limit, target, seed and count of a round, once, as data with its clause."""

from levelfield.rules.document import Change, diff
from levelfield.rules.load import available, load, load_file
from levelfield.rules.model import Benchmark, LimitKind, RuleSet, ScenarioRule

__all__ = [
    "Benchmark",
    "Change",
    "LimitKind",
    "RuleSet",
    "ScenarioRule",
    "available",
    "diff",
    "load",
    "load_file",
]
