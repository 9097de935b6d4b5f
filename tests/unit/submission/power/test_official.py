"""The verdicts of three revisions of the official check.

The tables below were written by the real ``compliance/check.py`` of mlcommons/power-dev at those commits, run on the
same sessions: numbers of the checks that do not pass, with F for a failure and W for a warning.
"""

from __future__ import annotations

import pytest
from power_mutations import MUTATIONS, NEWEST, Files
from power_sessions import SampleSession

from levelfield.errors import UsageError
from levelfield.rules.power_check import power_check
from levelfield.submission.power.official import OfficialVerdict, official_verdict
from levelfield.submission.power.outcome import Outcome

REVISIONS = ("f7b3b51", "362382f", "c4b3ad8")
SAID = {
    # session: f7b3b51, 362382f, c4b3ad8
    "nothing": ("", "", "1F 2F 3F 10F"),
    "two channels": ("", "", "1F 2F 3F 10F"),
    "client source changed": ("1F", "1F", "1F 2F 3F 10F"),
    "server source missing": ("2F", "2F", "1F 2F 3F 10F"),
    "old daemon": ("3F", "3F", "1F 2F 3F 10F"),
    "other analyzer": ("3F", "3F", "1F 2F 3F 10F"),
    "no Identify": ("3F", "3F", "1F 2F 3F 10F"),
    "range refused": ("3F", "3F", "1F 2F 3F 10F"),
    "Go refused": ("3F", "3F", "1F 2F 3F 10F"),
    "third Stop accepted": ("3F", "3F", "1F 2F 3F 10F"),
    "range not restored": ("3F", "3F", "1F 2F 3F 10F"),
    "no RR": ("", "", "1F 2F 3F 10F"),
    "RR cut": ("3F", "3F", "1F 2F 3F 10F"),
    "wrong uuid": ("4F", "4F", "1F 2F 3F 4F 10F"),
    "uuid is none": ("4F", "4F", "1F 2F 3F 4F 10F"),
    "uuid in capitals": ("", "", "1F 2F 3F 10F"),
    "other session in the client's record": ("5F", "5F", "1F 2F 3F 5F 10F"),
    "message missing": ("7F", "7F", "1F 2F 3F 7F 10F"),
    "reply changed": ("7F", "7F", "1F 2F 3F 7F 10F"),
    "command changed": ("7F", "7F", "1F 2F 3F 7F 10F"),
    "time reply differs": ("", "", "1F 2F 3F 10F"),
    "versions differ": ("7F", "7F", "1F 2F 3F 7F 10F"),
    "clocks 150 ms apart": ("", "", "1F 2F 3F 10F"),
    "clocks 300 ms apart": ("6F", "", "1F 2F 3F 10F"),
    "clocks 900 ms apart": ("6F", "6F", "1F 2F 3F 6F 10F"),
    "a mark missing": ("6F", "6F", "1F 2F 3F 6F 10F"),
    "no marks": ("6F", "6F", "1F 2F 3F 6F 10F"),
    "marks out of order": ("", "", "1F 2F 3F 10F"),
    "load one hour ahead": ("", "", "1F 2F 3F 6F 10F"),
    "load outside its phase": ("6F", "6F", "1F 2F 3F 6F 10F"),
    "shorter testing": ("6F", "6F", "1F 2F 3F 10F"),
    "less power than ranging": ("", "", "1F 2F 3F 6F 10F"),
    "sample file changed": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "samples scaled": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "detail log changed": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "hash not recorded": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "hashes contradict": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "client log missing": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "daemon log missing": ("8F 9F", "8F 9F", "1F 2F 3F 8F 9F 10F"),
    "samples missing": ("8F", "8F", "1F 2F 3F 6F 8F 10F"),
    "ranging samples missing": ("8F", "8F", "1F 2F 3F 6F 8F 10F"),
    "detail log missing": ("6F 8F 9F", "6F 8F 9F", "1F 2F 3F 6F 8F 9F 10F"),
    "CRLF became LF": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "LF became CRLF": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "mixed ends became LF": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "reply in the daemon's log changed": ("8F", "8F", "1F 2F 3F 8F 10F"),
    "error under load": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "USB error under load": ("9W", "9W", "1F 2F 3F 9W 10F"),
    "warning under load": ("9W", "9W", "1F 2F 3F 10F"),
    "warning under load, server six hours west": ("", "", "1F 2F 3F 10F"),
    "uncertain under load": ("9W", "9W", "1F 2F 3F 10F"),
    "error between the phases": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "warning between the phases": ("", "", "1F 2F 3F 10F"),
    "nan while ranging": ("9W", "9W", "1F 2F 3F 10F"),
    "odd error while ranging": ("9W", "9W", "1F 2F 3F 9W 10F"),
    "error without a time": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "two records on one line": ("9W", "9W", "1F 2F 3F 10F"),
    "daemon log cut in ranging": ("8F 9F", "8F 9F", "1F 2F 3F 8F 9F 10F"),
    "no ranging in the daemon's log": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "uncertainty not checked": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "uncertainty checked late": ("9F", "9F", "1F 2F 3F 9F 10F"),
    "unknown device type": ("10F", "10F", "1F 2F 3F 10F"),
    "device type of another model": ("", "", "1F 2F 3F 10F"),
    "one channel of a two-channel analyzer": ("10F", "10F", "1F 2F 3F 10F"),
    "two-channel analyzer": ("", "", "1F 2F 3F 10F"),
    "no analyzer": ("10F", "10F", "1F 2F 3F"),
    "debug": ("11F", "11F", "1F 2F 3F 10F 11F"),
    "debug is false": ("", "", "1F 2F 3F 10F"),
    "phases missing": ("none", "none", "none"),
    "results missing": ("", "", "1F 2F 3F 10F"),
    "client record missing": ("none", "none", "none"),
    "server record cut": ("none", "none", "none"),
    "server record is a list": ("none", "none", "none"),
    "server record nested": ("none", "none", "none"),
    "server record is not UTF-8": ("none", "none", "none"),
    "no power_begin": ("6F 9F", "6F 9F", "1F 2F 3F 6F 9F 10F"),
    "load that ends before it begins": ("6F", "6F", "1F 2F 3F 6F 10F"),
    "no samples": ("", "", "1F 2F 3F 6F 10F"),
    "nan under load": ("", "", "1F 2F 3F 10F"),
    "negative watts": ("", "", "1F 2F 3F 10F"),
    "reversed times": ("", "", "1F 2F 3F 10F"),
    "damaged sample": ("", "", "1F 2F 3F 10F"),
    "damaged ranging sample": ("", "", "1F 2F 3F 10F"),
    "gap of 3 s": ("", "", "1F 2F 3F 10F"),
    "gap of 5 s": ("", "", "1F 2F 3F 10F"),
    "samples crowded": ("", "", "1F 2F 3F 6F 10F"),
    "more samples than the daemon took": ("", "", "1F 2F 3F 10F"),
    "every third sample missing": ("", "", "1F 2F 3F 10F"),
    "daemon took one more": ("", "", "1F 2F 3F 10F"),
    "range below the highest current": ("", "", "1F 2F 3F 10F"),
    "automatic range while testing": ("", "", "1F 2F 3F 10F"),
    "simulated": ("", "", "1F 2F 3F 10F"),
    "samples of another session": ("", "", "1F 2F 3F 10F"),
}
"""``none``: it stops before its first check."""
SAID_BY_NEWEST = {
    "nothing": "",
    "warning at 500 s": "",
    "warning at 1000 s": "9W",
    "uncertain at 1000 s": "9F",
    "uncertain as daemon 1.9.2 writes it": "9W",
    "error at 1000 s": "9F",
    "USB at 1000 s": "9W",
    "three commands for amps": "3F",
    "less power": "6F",
    "less power, much shorter": "6W",
}


def verdict(files: Files, revision: str) -> OfficialVerdict:
    return official_verdict(files.get, power_check(revision))


def not_passed(found: OfficialVerdict) -> str:
    signs = {Outcome.FAIL: "F", Outcome.WARNING: "W"}
    return " ".join(
        f"{number}{signs[one.outcome]}"
        for number, one in enumerate(found.outcomes, start=1)
        if one.outcome is not Outcome.PASS
    )


@pytest.mark.parametrize("name", SAID)
def test_verdicts_are_those_of_the_real_check(name: str) -> None:
    files = MUTATIONS[name].files()
    every = " ".join(f"{number}F" for number in range(1, 12))
    expected = [every if said == "none" else said for said in SAID[name]]
    assert [not_passed(verdict(files, revision)) for revision in REVISIONS] == expected


def test_every_mutation_was_put_before_the_real_check() -> None:
    assert SAID.keys() == MUTATIONS.keys()
    assert SAID_BY_NEWEST.keys() == NEWEST.keys()


@pytest.mark.parametrize("name", SAID_BY_NEWEST)
def test_newest_revision_on_a_session_of_its_own_tool(name: str) -> None:
    session = SampleSession()
    NEWEST[name](session)
    found = verdict(session.write(), "c4b3ad8")
    assert not_passed(found) == SAID_BY_NEWEST[name]
    assert found.passed is ("F" not in SAID_BY_NEWEST[name])


def test_first_warning_hides_a_later_error() -> None:
    session = SampleSession()
    for text in ("WARNING: Missed 3 samples", "ERROR: Bad watts reading nan from WT310"):
        session.ptd_lines.append(f"02-07-2022 11:01:29.000: {text}")
    assert not_passed(verdict(session.write(), "f7b3b51")) == "9W"
    session.ptd_lines[-2:] = reversed(session.ptd_lines[-2:])
    assert not_passed(verdict(session.write(), "f7b3b51")) == "9F"


def test_unknown_revision_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="check@f7b3b51"):
        power_check("check@f7b3b5")
    assert power_check("check@F7B3B51").name == "f7b3b51"
    assert power_check("c4b3ad8").name == "c4b3ad8"
