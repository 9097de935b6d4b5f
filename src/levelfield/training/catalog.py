"""The eight benchmarks of the suite by name, imported when one is asked for; reading it needs no torch."""

from __future__ import annotations

import importlib
import importlib.util
from typing import cast

from levelfield.errors import MissingError, UsageError, nearest
from levelfield.training.port import Benchmark

__all__ = ["NAMES", "available", "benchmark_named"]

NAMES = ("resnet", "ssd", "maskrcnn", "unet3d", "rnnt", "bert", "dlrm", "minigo")
"""In the order of the rules."""
_HOME = "levelfield.training.benchmarks"
_OBJECT = "BENCHMARK"


def available() -> tuple[Benchmark, ...]:
    """Those that this installation has."""
    return tuple(_imported(f"{_HOME}.{name}") for name in NAMES if _is_there(name))


def benchmark_named(name: str) -> Benchmark:
    """A benchmark by its name, or one of your own as ``package.module:OBJECT``.

    Raises:
        UsageError: There is none; the message names the nearest one, or what the module lacks.
        MissingError: This installation does not have it.
    """
    if ":" in name:
        return _foreign(name)
    found = next((known for known in NAMES if known == name.lower()), None)
    if found is None:
        raise nearest(name, list(NAMES), what="benchmark")
    if not _is_there(found):
        raise MissingError(f"This installation has no {found}.", hint="pip install --force-reinstall levelfield")
    return _imported(f"{_HOME}.{found}")


def _is_there(name: str) -> bool:
    return importlib.util.find_spec(f"{_HOME}.{name}") is not None


def _imported(module: str, name: str = _OBJECT) -> Benchmark:
    return cast("Benchmark", getattr(importlib.import_module(module), name))


def _foreign(named: str) -> Benchmark:
    module, _, name = named.partition(":")
    try:
        return _imported(module, name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"The benchmark {named} cannot be imported: {error}.",
            hint="Name a module on PYTHONPATH and its object, as levelfield.training.port describes it.",
        ) from error
