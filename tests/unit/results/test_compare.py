"""An own run beside published results."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from results import accelerators, result, summary_results

from levelfield.results.compare import compare, disqualifications
from levelfield.results.model import Direction, Verification

OWN = {"verification": Verification.UNVERIFIED, "submitter": "", "source": "own"}
POWER = {"power_value": 400.0, "power_unit": "Watts"}


def published(*values: float, **changes: object):
    return [result(value=value, system=accelerators(4, 2, id=f"box-{value}"), **changes) for value in values]


def test_rank_and_ratio_where_more_is_better() -> None:
    found = compare(result(value=8000.0, **OWN), published(4000.0, 16000.0, 8000.0))
    assert (found.own.rank, found.ranked) == (2, 4)
    assert [(one.rank, one.result.value, one.ratio) for one in found.others] == [
        (1, 16000.0, 0.5),
        (2, 8000.0, 1.0),
        (4, 4000.0, 2.0),
    ]


def test_rank_and_ratio_where_less_is_better() -> None:
    latency = {"unit": "Latency (ms)", "direction": Direction.LOWER, "scenario": "SingleStream"}
    found = compare(result(value=2.0, **latency, **OWN), published(1.0, 4.0, **latency))
    assert (found.own.rank, found.ranked) == (2, 3)
    assert [(one.rank, one.ratio) for one in found.others] == [(1, 0.5), (3, 2.0)]
    assert found.own.per_accelerator.reason == "latency does not add up over accelerators or watts"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"edition": "mini"}, "it is of the mini edition, a smaller task than the round's"),
        ({"official": False}, "it is a quick run, without the round's full durations and counts"),
        ({"void": True, "findings": ("minimum duration",)}, "it does not hold (minimum duration)"),
        ({"accuracy": ()}, "its accuracy was not measured"),
        ({"value": math.nan}, "its result is nan"),
        ({"value": 0.0}, "its result is 0"),
    ],
)
def test_run_that_is_no_result_of_the_round_is_never_ranked(changes: dict[str, object], reason: str) -> None:
    own = result(**{**OWN, **changes})
    assert disqualifications(own) == (reason,)
    found = compare(own, published(1.0, 2.0))
    assert (found.own.rank, found.own.reasons, found.ranked) == (None, (reason,), 0)
    assert [(one.rank, one.ratio) for one in found.others] == [(None, None)] * 2
    assert f"not ranked: {reason}." in found.caveats[0]


def test_only_the_same_benchmark_scenario_and_division_are_taken() -> None:
    others = [
        *published(1.0),
        result(benchmark="bert-99"),
        result(scenario="Server", unit="Queries/s"),
        result(division="open"),
        result(round="training-v1.1"),
    ]
    assert [one.result.value for one in compare(result(**OWN), others).others] == [1.0]
    assert len(compare(result(**OWN), others, division="open").others) == 1
    assert compare(result(**OWN), others, system_type="edge").others == ()


def test_void_published_result_is_shown_and_not_ranked() -> None:
    found = compare(result(value=8000.0, **OWN), [*published(4000.0), *published(9000.0, void=True)])
    assert (found.own.rank, found.ranked) == (1, 2)
    assert [(one.rank, one.reasons) for one in found.others] == [(2, ()), (None, ("it does not hold",))]


def test_power_submission_is_not_ranked_with_one_without_power() -> None:
    found = compare(result(value=1.0, **OWN), [*published(2.0, **POWER), *published(3.0)])
    assert [one.rank for one in found.others] == [1, None]
    assert found.others[1].reasons == ("performance of a power submission and of one without power are not comparable",)
    assert found.others[1].per_watt.value == 0.005
    with_power = compare(result(value=1.0, **OWN, **POWER), published(2.0, **POWER))
    assert (with_power.own.rank, with_power.own.per_watt.value) == (2, 0.0025)


def test_no_published_result() -> None:
    found = compare(result(**OWN), [])
    assert (found.own.rank, found.ranked) == (None, 0)
    assert found.own.reasons == ("there is no published result that it may be compared with",)
    assert found.caveats == ("No published closed result of resnet50 Offline is in the database.",)
    assert found.difference_line == ""


def test_other_version_is_ranked_only_where_the_table_allows() -> None:
    fits = compare(result(round="inference-v2.1", **OWN), published(1.0))
    assert fits.own.rank == 1
    assert "version (v2.1, v2.0)" in fits.difference_line
    apart = compare(result(round="inference-v5.1", **OWN), published(1.0))
    assert apart.own.rank is None
    assert apart.others[0].reasons == ("resnet50 of v5.1 and of v2.0 are not the same benchmark",)


def test_duties_of_a_comparison() -> None:
    found = compare(result(division="", **OWN), published(1.0))
    assert [note.code for note in found.footnotes] == [
        "source", "source", "verified", "unverified", "mixed", "derived", "legend",
    ]  # fmt: skip
    assert found.difference_line.startswith(
        "They differ in division (not stated, closed); verification (unverified, verified)"
    )
    assert found.caveats == ("The own run states no division; nobody has checked that it keeps the rules of closed.",)
    assert found.others[0].differences[0] == ("division", ("not stated", "closed"))
    opened = compare(result(division="open", notes="pruned", **OWN), published(1.0))
    assert opened.caveats == ("As an open result it would not qualify as closed in: pruned.",)


def test_published_round(shared_data: Path) -> None:
    """Closed resnet50 Offline without power, by hand from the summary: 179618, 114150, 7047.83, 2758.44, 0.471223."""
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    comparison = compare(result(value=5000.0, system={"type": ""}, **OWN), found)
    assert (comparison.own.rank, comparison.ranked) == (4, 6)
    assert [one.result.value for one in comparison.others[:5]] == [179618.0, 114150.0, 7047.83, 2758.44, 0.471223]
    assert len(comparison.others) == 15
    edge = compare(result(value=5000.0, system={"type": "edge"}, **OWN), found)
    assert (edge.own.rank, edge.ranked) == (3, 5)
