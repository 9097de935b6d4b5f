"""The rule book: every limit, target, seed and count of a round, once, as data with its clause."""

from importlib import import_module
from typing import TYPE_CHECKING

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
from levelfield.rules.model import Benchmark, LimitKind, RuleSet, ScenarioRule

if TYPE_CHECKING:
    from levelfield.rules.mobile import MobileRules
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

_LATER = {"MobileRules": "mobile", "TinyRules": "tiny", "TrainingRules": "training"}
"""Loaded when somebody asks for them: a run needs the rules of one suite."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
