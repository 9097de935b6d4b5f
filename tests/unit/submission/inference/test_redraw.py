"""What runs say that they drew, drawn again: each once, whoever says it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from small_round import RULES

from levelfield.stats.arrivals import PoissonArrivals
from levelfield.stats.sample_sets import library_order
from levelfield.submission.check import PassedOver, Remark
from levelfield.submission.inference import redraw
from levelfield.submission.inference.checks import RoundSubject
from levelfield.submission.inference.checks.draws import DRAW_CHECKS
from levelfield.submission.inference.claims import RunClaim, RunKind, ScheduleClaim, SetsClaim
from levelfield.submission.inference.redraw import Draws, SetsUnit, draw, draw_units, draws_of
from levelfield.terms import DrawVariant
from levelfield.units import NS_PER_MS

COUNT, DURATION_NS = PoissonArrivals(5, 1000.0).extent(600 * NS_PER_MS, 270, 1)
SCHEDULE = ScheduleClaim(
    seed=5, target_qps=1000.0, min_duration_ms=600, min_query_count=270, query_count=COUNT, duration_ns=DURATION_NS,
    line=3,
)  # fmt: skip


def sets_claim(*, seed: int = 1, variant: DrawVariant = DrawVariant.LEMIRE, line: int = 7) -> SetsClaim:
    first = library_order(seed, variant, 2000)[:10].tolist()
    sha256 = hashlib.sha256(f"[{','.join(map(str, first))}]\n".encode()).hexdigest()
    return SetsClaim(
        is_of_accuracy=False, seed=seed, library_count=2000, set_size=10, padding=0, set_count=1, sha256=sha256,
        line=line,
    )  # fmt: skip


def run(path: str, *, sets: SetsClaim | None = None, schedule: ScheduleClaim | None = None) -> RunClaim:
    return RunClaim(
        path=path, subject=f"of {path}", submitter="", system="", closed=True, kind=RunKind.PERFORMANCE, audit="",
        model="", benchmark="", scenario="", inferred=False, sha256="", sets=sets or sets_claim(), schedule=schedule,
    )  # fmt: skip


def test_what_several_runs_say_is_drawn_once() -> None:
    runs = [
        run("a", schedule=SCHEDULE),
        run("b", sets=sets_claim(line=99), schedule=replace(SCHEDULE, line=98)),
        run("c", sets=sets_claim(variant=DrawVariant.CLASSIC)),
        run("d", sets=sets_claim(seed=2)),
    ]
    units = draw_units(runs, DrawVariant.CLASSIC, 10_000)
    assert units[0] == SCHEDULE
    assert [len(unit.claims) for unit in units[1:] if isinstance(unit, SetsUnit)] == [1, 2]
    found = draw(units)
    assert [found.variants[one.sets] for one in runs] == [
        (DrawVariant.LEMIRE,),
        (DrawVariant.LEMIRE,),
        (DrawVariant.CLASSIC,),
        (DrawVariant.LEMIRE,),
    ]
    assert found.schedules == {SCHEDULE: None}
    assert list(found.missing(units)) == []
    some = draw(draw_units(runs[:1], DrawVariant.CLASSIC, 10_000))
    assert list(some.missing(units)) == [units[1], SetsUnit(DrawVariant.CLASSIC, (runs[2].sets,))]
    some.add(draw(some.missing(units)))
    assert some == found
    assert found.only(units[:1]) == Draws(schedules={SCHEDULE: None})


def test_what_takes_longer_weighs_more_and_comes_later() -> None:
    runs = [run("a", schedule=SCHEDULE), run("b", sets=replace(sets_claim(), library_count=3000))]
    units = draw_units(runs, DrawVariant.LEMIRE, 10_000)
    each = redraw.QUERIES_OF_A_SAMPLE + 1
    assert [draws_of(unit) for unit in units] == [600, 2000 * each, 3000 * each]  # 566 were drawn
    assert draw_units(reversed(runs), DrawVariant.LEMIRE, 10_000) == units


def test_all_together_are_not_drawn_for_ever() -> None:
    runs = [run(str(seed), sets=sets_claim(seed=seed)) for seed in range(100)]
    most = 10 * 2000 * (redraw.QUERIES_OF_A_SAMPLE + 1)
    units = draw_units(runs, DrawVariant.LEMIRE, 0, most=most)
    assert [unit.claims[0].seed for unit in units if isinstance(unit, SetsUnit)] == list(range(10))
    odd = replace(sets_claim(), library_count=redraw.LARGEST_LIBRARY + 1)
    assert draws_of(SetsUnit(DrawVariant.LEMIRE, (odd,))) == 0  # nothing is drawn for it


@pytest.mark.parametrize(
    "left_out",
    [replace(SCHEDULE, target_qps=0.0), replace(SCHEDULE, min_duration_ms=-1), replace(SCHEDULE, query_count=20_000)],
)
def test_what_cannot_be_drawn_or_takes_too_long_is_left_out(left_out: ScheduleClaim) -> None:
    (sets,) = draw_units([run("a", schedule=left_out)], DrawVariant.LEMIRE, 10_000)
    assert isinstance(sets, SetsUnit)


def test_sets_that_were_not_drawn_are_passed_over() -> None:
    first, second = run("a"), run("b", sets=sets_claim(seed=2))
    draws = draw(draw_units([first], DrawVariant.LEMIRE, 0))
    subject = RoundSubject(claims=(first, second), rules=RULES, draws=draws)
    (loaded, mixed, _) = DRAW_CHECKS
    assert [(said.result, said.reason) for said in loaded.look(subject) if isinstance(said, PassedOver)] == [
        ("of b", "b: 2000 samples, not drawn, as all draws together take too long")
    ]
    assert not [said for said in loaded.look(subject) if isinstance(said, Remark)]
    assert not list(mixed.look(subject))


def test_another_schedule_is_told_of() -> None:
    other = replace(SCHEDULE, query_count=COUNT + 1)
    (found, expected) = draw([other]).schedules[other] or ("", "")
    assert found == f"{COUNT + 1} queries in {DURATION_NS} ns"
    assert expected == f"{COUNT} in {DURATION_NS}, from seed 5 at 1000 a second"


def test_sets_that_are_no_sets_are_nobodys() -> None:
    for wrong in (
        replace(sets_claim(), library_count=0),
        replace(sets_claim(), library_count=redraw.LARGEST_LIBRARY + 1),
        replace(sets_claim(), set_size=0),
        replace(sets_claim(), padding=-1),
        replace(sets_claim(), padding=redraw.LARGEST_PADDING + 1),
        replace(sets_claim(), sha256=""),
        replace(sets_claim(), set_count=0),
    ):
        assert draw([SetsUnit(DrawVariant.LEMIRE, (wrong,))]).variants == {wrong: ()}
