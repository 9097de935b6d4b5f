"""How a training round is judged where the rules leave a choice, or where a later set of points differs."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.rules.rcp import RcpSet, load_rcp, rcp_sets
from levelfield.rules.training import TrainingRules
from levelfield.stats.olympic_window import Median
from levelfield.stats.rcp import Floor
from levelfield.stats.rcp_figure import FigureMode
from levelfield.terms import Edition

__all__ = ["MINI_SET", "Judging"]

MINI_SET = "levelfield-mini-1"
"""Reference points of our own mini editions, where they ship."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The choices of one check."""

    points: RcpSet
    """Reference convergence points to test against; those of the round, or the user's own."""
    figure: FigureMode = FigureMode.AUTO
    """Where figures in samples are looked for."""
    floor: Floor = Floor.CLOSED_FORM
    median: Median = Median.LOWER
    """Which of two middle windows counts where there are more runs than the rules ask for."""
    points_for_all: bool = False
    """Whether every run is tested against these points: those of the open division too, which the rules do not ask
    for, and those of mini editions, which have points of their own."""

    @classmethod
    def of_round(cls, rules: TrainingRules) -> Judging:
        """As the round was judged in the end."""
        return cls(points=load_rcp(rules.submission.rcp_set))

    def points_of(self, edition: Edition) -> RcpSet | None:
        """What runs of an edition are tested against; ``None`` where there is nothing."""
        if edition is Edition.FULL or self.points_for_all:
            return self.points
        return load_rcp(MINI_SET) if MINI_SET in rcp_sets() else None
