from __future__ import annotations

import random

import pytest

from levelfield.errors import UsageError
from levelfield.submission.engine import Selection, Tally
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.report import CheckText


def text(code: str, *, official: bool = False) -> CheckText:
    return CheckText(code=code, title="", why="", clause="", example="", fix="", official=official)


TEXTS = [text("INF001", official=True), text("INF010"), text("INF011"), text("PWR001")]


def taken(**options: object) -> list[str]:
    given = {"select": (), "ignore": (), "official": False} | options
    selection = Selection.parse(TEXTS, **given)  # type: ignore[arg-type]
    return [one.code for one in TEXTS if selection.takes(one)]


def test_all_checks_run_unless_some_are_chosen() -> None:
    assert taken() == ["INF001", "INF010", "INF011", "PWR001"]
    assert taken(select=["INF01"]) == ["INF010", "INF011"]
    assert taken(select=["inf010,PWR001"]) == ["INF010", "PWR001"]
    assert taken(select=["official"]) == ["INF001"]
    assert taken(ignore=["INF"]) == ["PWR001"]
    assert taken(select=["INF"], ignore=["INF011", "official"]) == ["INF010"]


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Unknown check 'INF099'") as caught:
        taken(select=["INF099"])
    assert "Did you mean" in str(caught.value)


@pytest.mark.parametrize("options", [{"select": ["INF001"]}, {"ignore": ["INF001"]}])
def test_an_official_run_refuses_to_leave_checks_out(options: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match="An official run makes every check"):
        taken(official=True, **options)


def finding(number: int, severity: Severity = Severity.VOID, subject: str = "") -> Finding:
    return Finding(code="INF001", severity=severity, path=f"{number:09}", found="x", expected="y", subject=subject)


def test_a_million_findings_are_counted_and_a_thousand_kept() -> None:
    tally = Tally()
    order = list(range(1_000_000))
    random.Random(1).shuffle(order)
    tally.add(finding(number) for number in order)
    assert [one.path for one in tally.findings()] == [f"{number:09}" for number in range(1000)]
    assert tally.left_out == 999_000


def test_what_is_kept_does_not_depend_on_how_work_was_cut() -> None:
    numbers = list(range(5000))
    random.Random(2).shuffle(numbers)
    whole, parts = Tally(), Tally()
    whole.add(map(finding, numbers))
    for start in range(0, 5000, 700):
        part = Tally()
        part.add(map(finding, numbers[start : start + 700]))
        parts.merge(part)
    assert parts.findings() == whole.findings()
    assert parts.left_out == whole.left_out == 4000


def test_the_order_does_not_depend_on_what_was_found_first() -> None:
    alike = [finding(1, severity) for severity in Severity]
    one, other = Tally(), Tally()
    one.add(alike)
    other.add(reversed(alike))
    assert one.findings() == other.findings() == tuple(alike)


def test_what_voids_a_result_is_known_beyond_what_is_kept() -> None:
    tally = Tally()
    tally.add(finding(number, subject=f"result {number}") for number in range(3000))
    tally.add([finding(1, Severity.NOTE, subject="result 1")])
    assert len(tally.by_subject) == 3000
    assert tally.by_subject["result 2999"] == {"INF001": Severity.VOID}
    assert tally.by_subject["result 1"] == {"INF001": Severity.VOID}
