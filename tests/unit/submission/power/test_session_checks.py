"""Every check: a valid session passes, one with a single thing wrong gives exactly its code at the right file."""

from __future__ import annotations

import pytest
from power_mutations import MUTATIONS
from power_sessions import SampleSession

from levelfield.formats.power_session import FileName
from levelfield.rules import load
from levelfield.submission.finding import Severity
from levelfield.submission.power.checks import SESSION_CHECKS
from levelfield.submission.power.hashes import HashState, hash_state
from levelfield.submission.power.judge import SessionReport, complaints_of, hashes_of, judge_session
from levelfield.submission.power.outcome import OFFICIAL_NAMES, POWER_CHECKER, Outcome
from levelfield.submission.power.session import PowerSession, read_session

RULES = load("inference-v2.0")


def session(name: str = "nothing") -> PowerSession:
    return read_session(MUTATIONS[name].files().get, folder="performance")


def judged(name: str = "nothing") -> SessionReport:
    return judge_session(session(name), rules=RULES)


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutation_gives_exactly_its_finding(name: str) -> None:
    report = judged(name)
    found = {
        (one.code, one.severity.value, one.path.removeprefix("performance/"))
        for one in report.findings
        if (one.code, one.severity) != ("PWR009", Severity.NOTE)
    }
    assert found == MUTATIONS[name].expected
    assert all(one.found and one.expected and one.subject == "performance" for one in report.findings)
    weights = {severity for _, severity, _ in MUTATIONS[name].expected}
    assert report.holds is (not weights & {"void", "error"})


def test_every_code_has_a_mutation() -> None:
    mutated = {code for mutation in MUTATIONS.values() for code, _, _ in mutation.expected}
    assert mutated == {check.text.code for check in SESSION_CHECKS}


def test_codes_are_in_order_and_the_first_eleven_are_the_official_ones() -> None:
    assert [check.text.code for check in SESSION_CHECKS] == [f"PWR{number:03}" for number in range(1, 20)]
    assert tuple(check.text.title for check in SESSION_CHECKS[:11]) == OFFICIAL_NAMES
    assert not any(check.text.official for check in SESSION_CHECKS)  # the submission checker looks at none of it
    assert [check.text.also for check in SESSION_CHECKS] == [POWER_CHECKER] * 11 + [""] * 8
    for check in SESSION_CHECKS:
        text = check.text
        assert all((text.title, text.why, text.clause, text.example, text.fix))


def test_valid_session_passes_everything() -> None:
    report = judged()
    assert {one.outcome for one in report.outcomes} == {Outcome.PASS}
    assert report.revision == "f7b3b51"
    assert report.skipped == ()
    assert report.clock_difference_ns == pytest.approx(10_000_000, abs=500)  # a double of 1.6e9 s has some 240 ns


def test_empty_folder_is_reported_and_not_judged() -> None:
    report = judge_session(read_session(lambda _: None, folder=""), rules=RULES)
    assert {(one.code, one.path) for one in report.findings} == {
        ("PWR012", "power/client.json"),
        ("PWR012", "power/server.json"),
    }
    outcomes = {one.name: one.outcome for one in report.outcomes}
    assert outcomes.pop("Records can be read") is Outcome.FAIL
    assert set(outcomes.values()) == {Outcome.SKIPPED}
    assert len(report.skipped) == 18
    assert not report.holds
    assert report.metric is None


def test_skipped_check_says_what_it_lacks() -> None:
    report = judged("daemon log missing")
    reasons = {one.code: one.reason for one in report.skipped}
    assert reasons["PWR009"] == "power/ptd_logs.txt could not be read"
    assert not report.holds


def found_of(name: str, code: str) -> list[str]:
    return [f"{one.found} | {one.expected}" for one in judged(name).findings if one.code == code]


def test_messages_name_what_was_found_and_expected() -> None:
    assert found_of("client source changed", "PWR001") == [
        "sources that are no released tool; against f7b3b51 these differ: client.py | the tool of 385f0e7, f7b3b51"
    ]
    assert found_of("range not restored", "PWR003") == [
        "SR,A,Auto at the end | SR,A,0.500000, the range that the analyzer had before"
    ]
    assert found_of("clocks 300 ms apart", "PWR006")[0] == (
        "ranging: clocks of client and server 300.0 ms apart at mark 1 | "
        "less than 200 ms (check@c4b3ad8 takes up to 800 ms)"
    )
    assert found_of("load outside its phase", "PWR006") == [
        (
            "ranging: a load that begins +7,202.0 s from mark 2 and ends +7,199.0 s from mark 3 | "
            "between marks 2 and 3 of the client"
        )
    ]
    assert found_of("gap of 5 s", "PWR014") == [
        "5.00 s without a sample under load, from 02-07-2022 11:01:16.300 | at most 3 s"
    ]
    assert found_of("negative watts", "PWR013") == [
        (
            "1 of 60 samples under load with 0 W or less; the mean is 99.2917 W with them and 100.983 W without | "
            "more than 0 W"
        )
    ]
    assert found_of("error under load", "PWR009")[0] == (
        "ERROR 'Bad watts reading nan from WT310' once under load, first at 02-07-2022 11:01:29.000 | "
        "no error under load"
    )
    assert found_of("samples scaled", "PWR015") == [
        "testing: 64 valid samples with a mean of 100.5000 W | the 101.0000 W that PTDaemon says of its 64"
    ]
    assert found_of("range below the highest current", "PWR016") == [
        "testing with SR,A,0.400000 | at least the 0.450000 A seen while ranging"
    ]
    assert found_of("phases missing", "PWR012")[0] == (
        "phases: missing, expected an object. | a complete session record"
    )


def test_finding_names_the_line() -> None:
    (finding,) = [one for one in judged("damaged sample").findings if one.code == "PWR013"]
    assert finding.line == 1
    assert "Time,02-07-2022 11:00:57.300,Watts,100.000000,Vol.000000" in finding.found


def test_all_complaints_are_counted_with_the_first() -> None:
    counts = complaints_of(session("two records on one line"))
    assert [(one.kind.value, one.when.value, one.text, one.count) for one in counts] == [
        ("ERROR", "while ranging", "Can't evaluate uncertainty of this sample!", 64),
        ("WARNING", "while ranging", "Uncertainty unknown for the last measurement sample! channel 0", 64),
        ("ERROR", "while ranging", "Current appears to be too high for set range", 1),
        ("WARNING", "under load", "Missed 3 samples", 1),
    ]


def test_complaints_that_differ_in_figures_are_one_class() -> None:
    sample = SampleSession()
    for percent in ("1.04", "1.10"):
        sample.ptd_lines.append(f"02-07-2022 11:01:29.000: WARNING: Uncertainty {percent}% above 1.00% limit for ..")
    counts = complaints_of(read_session(sample.write().get, folder=""))
    assert (counts[-1].text, counts[-1].count) == ("Uncertainty 1.04% above 1.00% limit for ..", 2)


def test_line_ends_are_tried_and_named() -> None:
    states = {one.file: one.state.value for one in hashes_of(session("CRLF became LF"))}
    assert states[FileName.TESTING_SPL] == "match after end-of-line normalisation (CRLF)"
    assert states[FileName.SERVER_LOG] == "match"
    states = {one.file: one.state.value for one in hashes_of(session("LF became CRLF"))}
    assert states[FileName.PTD_LOGS] == "match after end-of-line normalisation (LF)"
    states = {one.file: one.state.value for one in hashes_of(session("mixed ends became LF"))}
    assert states[FileName.PTD_LOGS] == "mismatch, file has mixed or changed line endings"


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"a\nb\n", HashState.MATCH),
        (b"a\r\nb\r\n", HashState.LF),
        (b"a\r\nb\n", HashState.LF),
        (b"a\nb", HashState.MISMATCH),
        (b"", HashState.MISMATCH),
    ],
)
def test_hash_of_lines_that_ended_with_lf(data: bytes, state: HashState) -> None:
    assert hash_state(data, "05dec960e24d918b8a73a1c53bcbbaac2ee5c2e0") is state  # of a, b with LF


def test_metric_follows_the_folder_not_the_log() -> None:
    sample = SampleSession()
    sample.details["testing"] = (
        sample.details["testing"]
        .replace('"Offline"', '"SingleStream"')
        .replace('"result_query_count", "value": 1,', '"result_query_count", "value": 1000,')
    )
    read = read_session(sample.write().get, folder="")
    values = {
        scenario: judge_session(read, rules=RULES, folder_scenario=scenario).metric
        for scenario in ("Offline", "Server", "SingleStream", "MultiStream")
    }
    assert {name: (metric.value, metric.unit, metric.factor) for name, metric in values.items() if metric} == {
        "Offline": (101.0, "Watts", 1),
        "Server": (101.0, "Watts", 1),
        "SingleStream": (6.06, "Joules", 1),
        "MultiStream": (48.48, "Joules", 8),
    }
