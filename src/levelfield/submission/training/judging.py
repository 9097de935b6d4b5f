"""How a training round is judged where the rules leave a choice, or where a later set of points differs."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.rules.rcp import RcpSet, load_rcp
from levelfield.rules.training import TrainingRules
from levelfield.stats.olympic_window import Median
from levelfield.stats.rcp import Floor
from levelfield.stats.rcp_figure import FigureMode

__all__ = ["Judging"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The choices of one check."""

    points: RcpSet
    """Reference convergence points to test against."""
    figure: FigureMode = FigureMode.AUTO
    """Where figures in samples are looked for."""
    floor: Floor = Floor.CLOSED_FORM
    median: Median = Median.LOWER
    """Which of two middle windows counts where there are more runs than the rules ask for."""
    test_open: bool = False
    """Whether convergence is tested in the open division too, which the rules do not ask for."""

    @classmethod
    def of_round(cls, rules: TrainingRules) -> Judging:
        """As the round was judged in the end."""
        return cls(points=load_rcp(rules.submission.rcp_set))
