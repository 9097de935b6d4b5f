from __future__ import annotations

import math
from datetime import date
from typing import Any

from results import accelerators, result

from levelfield.results.model import Direction, Result, Verification
from levelfield.results.site.catalog import catalog_of
from levelfield.results.site.figure import Figure
from levelfield.results.site.frame import Places
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.views import View, drawn
from levelfield.results.site.views.parts import Drawing


def figures(view: View, *results: Result) -> list[Figure]:
    inputs = SiteInputs(results=results, retrieved=date(2026, 11, 26))
    drawing = Drawing(places=Places(current="x.html"), inputs=inputs)
    return [shown.figure for shown in drawn(view, catalog_of(results).entries, drawing)]


def points(figure: Figure) -> list[tuple[float, float]]:
    return [(point.x, point.y) for one in figure.series for point in one.points]


def powered(chips: int, value: float, watts: float | None, **changes: Any) -> Result:
    unit = "" if watts is None else "Watts"
    return result(system=accelerators(chips), value=value, power_value=watts, power_unit=unit, **changes)


def test_front_passes_over_what_is_beaten_and_leaves_out_inferred_and_void_results() -> None:
    [figure] = figures(
        View.PARETO,
        powered(1, 100, 50),
        powered(2, 90, 60),
        powered(4, 300, 200),
        powered(8, 900, 210, inferred=True),
        powered(16, 950, 205, void=True),
        powered(32, 999, None),
    )
    [line] = figure.lines
    assert line.points == ((50, 100), (200, 100), (200, 300))
    assert len(points(figure)) == 5
    assert [point.mark.void for one in figure.series for point in one.points].count(True) == 1
    assert "dotted: ✗ void by our check" in figure.markup()
    assert "1 result of this group cannot be drawn: no power was measured for them." in figure.footnotes


def test_verified_and_unverified_results_have_fronts_of_their_own_and_the_footnote_of_mixing() -> None:
    other = {"verification": Verification.UNKNOWN}
    [figure] = figures(
        View.PARETO, powered(1, 1, 1), powered(2, 2, 2), powered(4, 3, 1.5, **other), powered(8, 4, 3, **other)
    )
    assert [line.name for line in figure.lines] == ["Pareto front", "Pareto front of unverified results"]
    assert [point.mark.hollow for one in figure.series for point in one.points] == [False, False, True, True]
    assert any(note.startswith("Unverified results have not been through") for note in figure.footnotes)
    assert any(note.startswith("Result not verified by MLCommons Association.") for note in figure.footnotes)


def test_what_may_not_be_compared_is_never_on_one_axis() -> None:
    kinds = (
        powered(1, 1, 1),
        powered(1, 1, 1, scenario="Server", unit="Queries/s"),
        powered(1, 1, 1, benchmark="bert-99"),
        powered(1, 1, 1, division="open"),
        powered(1, 1, 1, round="inference-v1.1"),
        powered(1, 1, 1, edition="mini"),
        powered(1, 1, 1, official=False),
    )
    assert [len(points(figure)) for figure in figures(View.PARETO, *kinds)] == [1] * 7
    assert [len(points(figure)) for figure in figures(View.DISTRIBUTION, *kinds)] == [1] * 7


def minutes(chips: int, value: float, **changes: Any) -> Result:
    common = {"round": "training-v1.1", "scenario": "", "unit": "minutes", "direction": Direction.LOWER}
    return result(system=accelerators(chips), value=value, **common, **changes)


def test_scaling_joins_one_kind_of_system_and_states_its_efficiency() -> None:
    [figure] = figures(
        View.SCALING, minutes(8, 100), minutes(16, 50), minutes(32, 50), minutes(8, 70, submitter="Best")
    )
    assert [(one.name, [(p.x, p.y) for p in one.points]) for one in figure.series] == [
        ("Acme, Chip A100, Runtime 1.0", [(8, 100), (16, 50), (32, 50)]),
        ("Best, Chip A100, Runtime 1.0", [(8, 70)]),
    ]
    assert [point.cells[4] for point in figure.series[0].points] == ["1", "1", "0.5"]
    assert figure.lines[0].points == ((8.0, 100), (32.0, 25.0))
    assert any("(t₁·n₁) / (t·n)" in note for note in figure.footnotes)
    assert "log scale" in figure.x.title
    assert "log scale" in figure.y.title


def test_scaling_needs_two_numbers_of_accelerators_and_something_that_adds_up() -> None:
    assert figures(View.SCALING, minutes(8, 100), minutes(8, 90)) == []
    latency = {"unit": "Latency (ms)", "scenario": "SingleStream", "direction": Direction.LOWER}
    assert figures(View.SCALING, powered(1, 9, None, **latency), powered(2, 8, None, **latency)) == []


def test_ratio_is_of_the_same_system_and_marked_derived() -> None:
    server = {"scenario": "Server", "unit": "Queries/s"}
    [figure] = figures(
        View.RATIO,
        powered(1, 1000, None),
        powered(1, 800, None, **server),
        powered(2, 2000, None),
        powered(4, 900, None, **server),
    )
    assert points(figure) == [(0.8, 0)]
    assert figure.series[0].points[0].mark.dashed
    assert "(derived)" in figure.x.title
    assert any("Server result / Offline result" in note for note in figure.footnotes)


def test_rounds_are_joined_as_far_as_their_versions_fit_together() -> None:
    [figure] = figures(
        View.ROUNDS, powered(1, 10, None, round="inference-v1.1"), powered(1, 12, None), powered(2, 30, None)
    )
    assert [word for _, word in figure.x.ticks] == ["v1.1", "v2.0"]
    assert [(one.name, len(one.points)) for one in figure.series] == [
        ("Acme, 1 x Chip A100", 2),
        ("systems of one round", 1),
    ]
    assert figure.lines[0].points == ((0.0, 10), (1.0, 30))
    streams = {"scenario": "MultiStream", "unit": "streams"}
    latency = {"scenario": "MultiStream", "unit": "Latency (ms)", "direction": Direction.LOWER}
    assert (
        figures(View.ROUNDS, powered(1, 8, None, round="inference-v1.1", **streams), powered(1, 8, None, **latency))
        == []
    )


def test_distribution_lists_submitters_best_first_whatever_the_direction() -> None:
    latency = {"unit": "Latency (ms)", "scenario": "SingleStream", "direction": Direction.LOWER}
    [figure] = figures(
        View.DISTRIBUTION,
        powered(1, 5, None, submitter="Slow", **latency),
        powered(1, 2, None, submitter="Fast", **latency),
        powered(2, 9, None, submitter="Fast", **latency),
    )
    assert figure.categories == ("Fast (2)", "Slow (1)")
    assert points(figure) == [(2, 0), (9, 0), (5, 1)]


def test_numbers_that_are_none_are_counted_and_not_drawn() -> None:
    [figure] = figures(View.DISTRIBUTION, powered(1, 5, None), powered(2, -3, None), powered(4, 0, None))
    assert points(figure) == [(5, 0)]
    assert "2 results of this group cannot be drawn: their number is not above 0." in figure.footnotes
    assert figures(View.DISTRIBUTION, powered(1, math.nan, None), powered(1, math.inf, None)) == []


def test_more_submitters_than_looks_share_the_last_one() -> None:
    many = [powered(1, float(n + 1), 5.0 + n, submitter=f"S{n:02d}") for n in range(12)]
    [figure] = figures(View.PARETO, *many)
    assert len(figure.series) == 7
    assert figure.series[-1].name == "6 more submitters"
    assert len(points(figure)) == 12
