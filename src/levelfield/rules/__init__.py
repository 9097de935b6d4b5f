"""The rule book: every limit, target, seed and count of a round, once, as data with its clause."""

from levelfield.rules.document import Change, diff
from levelfield.rules.load import (
    AnyRules,
    available,
    load,
    load_any,
    load_any_file,
    load_file,
    load_mobile,
    load_tiny,
    load_training,
)
from levelfield.rules.mobile import MobileRules
from levelfield.rules.model import Benchmark, LimitKind, RuleSet, ScenarioRule
from levelfield.rules.tiny import TinyRules
from levelfield.rules.training import TrainingRules

__all__ = [
    "AnyRules",
    "Benchmark",
    "Change",
    "LimitKind",
    "MobileRules",
    "RuleSet",
    "ScenarioRule",
    "TinyRules",
    "TrainingRules",
    "available",
    "diff",
    "load",
    "load_any",
    "load_any_file",
    "load_file",
    "load_mobile",
    "load_tiny",
    "load_training",
]
