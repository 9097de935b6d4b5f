"""What a unit measures, so that nothing is derived from a number whose meaning is not known.

Spellings are those of the official summaries and of our own logs; a unit that is not listed has no quantity.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Quantity", "joules_in", "quantity_of"]


class Quantity(StrEnum):
    """What kind of number a result is."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"
    TIME_TO_TRAIN = "time to train"
    POWER = "power"
    ENERGY = "energy"
    QUALITY = "quality"
    STREAMS = "streams"


_SPELLINGS = {
    Quantity.THROUGHPUT: ("samples/s", "queries/s", "tokens/s", "inf/s", "inferences/s", "inf./sec.", "models/minute"),
    Quantity.LATENCY: ("latency (ms)", "latency (ns)", "latency (s)", "latency (us)", "ms", "milliseconds"),
    Quantity.TIME_TO_TRAIN: ("minutes", "minutes to train"),
    Quantity.POWER: ("watts", "w"),
    Quantity.ENERGY: ("joules", "j", "uj/inf", "uj/inf.", "µj/inf"),
    Quantity.QUALITY: ("%", "auc"),
    Quantity.STREAMS: ("streams",),
}
_BY_SPELLING = {spelling: quantity for quantity, spellings in _SPELLINGS.items() for spelling in spellings}


def quantity_of(unit: str) -> Quantity | None:
    """What a unit measures, in any case; ``None`` for one that is not known."""
    return _BY_SPELLING.get(unit.strip().lower())


def joules_in(unit: str) -> float:
    """How many joules one of a unit of energy is."""
    return 1e-6 if unit.strip().lower().startswith(("uj", "µj")) else 1.0
