"""The 53 published sessions of round v2.0 that are at hand: figures, our findings, and what the official check says."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from levelfield.rules import load
from levelfield.rules.power_check import power_check
from levelfield.submission.finding import Severity
from levelfield.submission.power.hashes import HashState
from levelfield.submission.power.judge import SessionReport, hashes_of, judge_session
from levelfield.submission.power.metric import measured_power
from levelfield.submission.power.official import official_verdict
from levelfield.submission.power.outcome import OFFICIAL_NAMES, Outcome
from levelfield.submission.power.session import PowerSession, read_session

RULES = load("inference-v2.0")


class Session:
    """One session on disk, read and judged."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.folder = root / path
        self.read: PowerSession = read_session(self.bytes_of, folder=path)
        self.report: SessionReport = judge_session(self.read, rules=RULES, folder_scenario=path.split("/")[-2])

    def bytes_of(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> dict[str, dict[str, str]]:
    """The expected figures by folder."""
    with (shared_data / "groundtruth" / "power-v2.0.csv").open() as stream:
        return {row["dir"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def sessions(shared_data: Path, rows: dict[str, dict[str, str]]) -> list[Session]:
    root = shared_data / "rounds" / "inference_v2.0"
    found = {str(path.parent.parent.relative_to(root)) for path in root.glob("*/*/results/*/*/*/*/power/client.json")}
    assert found == set(rows)
    return [Session(root, path) for path in sorted(found)]


def test_figures_are_the_expected_ones(sessions: list[Session], rows: dict[str, dict[str, str]]) -> None:
    """The table has six decimals, so that small joules are known to no more than that."""
    assert len(sessions) == 53
    units = {"W": "Watts", "J/query": "Joules"}
    for session in sessions:
        row, metric, power = rows[session.path], session.report.metric, session.report.power
        assert metric is not None
        assert power is not None
        assert abs(metric.value - float(row["power_metric"])) <= 0.5000001e-6, session.path
        assert metric.unit == units[row["unit"]]
        assert power.sample_count == int(row["n_samples"])
        assert power.duration_s == pytest.approx(float(row["dur_s"]), abs=0.0005)
        assert session.read.testing.query_count == int(row["query_count"])
        assert session.read.testing.scenario == row["effective_scenario"]


def test_figures_equal_the_official_summary_to_the_last_digit(sessions: list[Session], shared_data: Path) -> None:
    with (shared_data / "groundtruth" / "inference-v2.0-summary.csv").open() as stream:
        cells = {row["Location"]: row for row in csv.DictReader(stream) if row["Units"] in {"Watts", "Joules"}}
    assert len(cells) == 53
    for session in sessions:
        cell, metric = cells[session.path.removesuffix("/performance")], session.report.metric
        assert metric is not None
        assert (repr(metric.value), metric.unit) == (cell["Result"], cell["Units"])


def test_bytes_alone_give_the_same_power(sessions: list[Session]) -> None:
    session = sessions[0]
    load, spl = session.read.testing.load, session.bytes_of("run_1/spl.txt")
    assert load is not None
    assert spl is not None
    assert measured_power(spl, begin_ns=load.begin_ns, end_ns=load.end_ns) == session.report.power


def test_accepted_sessions_hold(sessions: list[Session]) -> None:
    found = Counter((one.code, one.severity) for session in sessions for one in session.report.findings)
    assert found == {
        ("PWR006", Severity.WARNING): 3,  # testing 5.31 % below ranging
        ("PWR008", Severity.WARNING): 53,  # line ends of the daemon's log
        ("PWR009", Severity.NOTE): 53,
    }
    assert all(session.report.holds for session in sessions)
    assert not any(session.report.skipped for session in sessions)


def test_files_match_their_hashes_but_for_line_ends(sessions: list[Session]) -> None:
    states = Counter((one.file, one.state) for session in sessions for one in hashes_of(session.read))
    assert states.pop(("power/ptd_logs.txt", HashState.MIXED)) == 53
    assert {state for _, state in states} == {HashState.MATCH}
    assert set(states.values()) == {53}


def test_official_verdicts(sessions: list[Session]) -> None:
    """As the real check gave them on these folders; all of them fail by the hash of the daemon's log alone."""
    said: dict[str, Counter[tuple[str, Outcome]]] = {}
    for name in ("f7b3b51", "362382f", "c4b3ad8"):
        verdicts = [official_verdict(session.bytes_of, power_check(name)) for session in sessions]
        assert not any(verdict.passed for verdict in verdicts)
        said[name] = Counter((one.name, one.outcome) for verdict in verdicts for one in verdict.outcomes)
    sources = (OFFICIAL_NAMES[0], OFFICIAL_NAMES[1])
    messages, times, checksum, log, setup = (OFFICIAL_NAMES[place] for place in (2, 5, 7, 8, 9))
    old = Counter({(name, Outcome.PASS): 53 for name in OFFICIAL_NAMES if name not in {checksum, log}})
    old[checksum, Outcome.FAIL] = 53
    old[log, Outcome.WARNING] = 37
    old[log, Outcome.PASS] = 16
    assert said["f7b3b51"] == old
    assert said["362382f"] == old
    newest = Counter({(name, Outcome.PASS): 53 for name in OFFICIAL_NAMES})
    for name in (*sources, messages, checksum, setup):
        del newest[name, Outcome.PASS]
        newest[name, Outcome.FAIL] = 53
    newest[times, Outcome.PASS], newest[times, Outcome.FAIL] = 50, 3
    assert said["c4b3ad8"] == newest
