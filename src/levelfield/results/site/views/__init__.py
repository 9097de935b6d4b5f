"""The views: each turns results into figures, one for every group that may share an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from levelfield.results.site.catalog import Entry
from levelfield.results.site.views.distribution import distribution
from levelfield.results.site.views.pareto import pareto
from levelfield.results.site.views.parts import Drawing, Shown
from levelfield.results.site.views.ratio import ratio
from levelfield.results.site.views.rounds import rounds
from levelfield.results.site.views.scaling import scaling

__all__ = ["View", "drawn"]


class View(StrEnum):
    """A kind of plot; each has a page of its own."""

    PARETO = "pareto"
    SCALING = "scaling"
    RATIO = "ratio"
    ROUNDS = "rounds"
    DISTRIBUTION = "distribution"


_FUNCTIONS: dict[View, Callable[[Iterable[Entry], Drawing], list[Shown]]] = {
    View.PARETO: pareto,
    View.SCALING: scaling,
    View.RATIO: ratio,
    View.ROUNDS: rounds,
    View.DISTRIBUTION: distribution,
}


def drawn(view: View, entries: Iterable[Entry], drawing: Drawing) -> list[Shown]:
    """Every figure of a view, by round, division, type, benchmark and scenario."""
    return _FUNCTIONS[view](entries, drawing)
