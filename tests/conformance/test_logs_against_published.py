"""Our logs of profile v2.0 against every valid published one of the round: same keys in the same order, same labels."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from measured import measured

from levelfield.formats.loadgen_log import DetailLog, read_detail_log
from levelfield.loadgen.logs import LogOptions, TestLogs, announcement
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.settings import MultiStream, Offline, Server, SingleStream
from levelfield.loadgen.statistics import summarise
from levelfield.loadgen.verdict import judge
from levelfield.terms import Mode, Profile

RUNS: dict[str, Measurement] = {
    "SingleStream": measured(SingleStream(), range(1000, 2000), profile=Profile.V2_0),
    "MultiStream": measured(MultiStream(samples_per_query=8), range(8 * 700), profile=Profile.V2_0),
    "Server": measured(Server(), range(1000, 2000), profile=Profile.V2_0),
    "Offline": measured(Offline(), range(1000, 2000), profile=Profile.V2_0),
}
COMPARED = {"SingleStream": 165, "MultiStream": 40, "Server": 58, "Offline": 124}
"""How many published logs are valid, free of errors, and long enough for every estimate: each is compared."""


@pytest.fixture(scope="module")
def published(shared_data: Path) -> list[DetailLog]:
    paths = sorted((shared_data / "rounds" / "inference_v2.0").rglob("mlperf_log_detail.txt"))
    return [log for log in map(read_detail_log, paths) if "result_validity" in log]


def write(folder: Path, run: Measurement) -> None:
    with TestLogs.open(LogOptions(folder=folder), begin=datetime.now(UTC), profile=Profile.V2_0) as logs:
        logs.start(system_name="s", name_duration_ns=0, library_name="q", effective=run.effective)
        logs.event(announcement(Mode.PERFORMANCE))
        logs.loaded_set(run.loaded_set)
        logs.phase(run)
        statistics = summarise(run)
        logs.results(run, statistics, judge(run, statistics))


@pytest.mark.parametrize("scenario", RUNS)
def test_keys(scenario: str, published: list[DetailLog], tmp_path: Path) -> None:
    write(tmp_path, RUNS[scenario])
    ours = [event.key for event in read_detail_log(tmp_path / "mlperf_log_detail.txt").events]
    compared = 0
    for log in published:
        if log.text("effective_scenario") == scenario and log.text("result_validity") == "VALID" and not log.errors:
            # Warnings are about audit files and the reference's own logger.
            assert [event.key for event in log.events if not event.is_warning] == ours, log.path
            compared += 1
    assert compared == COMPARED[scenario]


@pytest.mark.parametrize("scenario", RUNS)
def test_labels(scenario: str, published: list[DetailLog], tmp_path: Path) -> None:
    write(tmp_path, RUNS[scenario])
    ours = labels(tmp_path / "mlperf_log_summary.txt")
    compared = 0
    for log in published:
        theirs = labels(log.path.with_name("mlperf_log_summary.txt"))
        if log.text("effective_scenario") != scenario or log.text("result_validity") != "VALID":
            continue
        if any("Not enough queries" in line for line in theirs):
            continue
        assert theirs == ours, log.path
        compared += 1
    assert compared == COMPARED[scenario]


def labels(path: Path) -> list[str]:
    """The lines of a summary with every figure replaced; percentiles in labels stay."""
    lines = []
    for line in path.read_text().split("\n"):
        label, separator, _ = line.partition(" : ") if " : " in line else line.partition(": ")
        if not separator:
            label = re.sub(r"\d+", "N", label)
        if "encountered" not in label:
            lines.append(label + separator)
    return lines
