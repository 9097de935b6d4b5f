"""The search for the peak on queues whose capacity is known, on a clock of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import Library
from queueing import EventClock, Lines, true_peak

from levelfield.errors import FormatError, UsageError
from levelfield.inference.peak import (
    Found,
    NotFound,
    Peak,
    PeakSearch,
    Probe,
    Try,
    check_bounds,
    next_step,
    probe_of,
    read_peak,
    search,
)
from levelfield.inference.report.peak import outcome_of, render_peak
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.run import IssuingChoice, RunOptions, run_test
from levelfield.loadgen.settings import Seeds, Server, Settings
from levelfield.rules.load import load
from levelfield.terms import Profile

SEED = load("inference-v2.0").seeds.schedule


def on_queue(
    lines: int, service_ns: int, limit_ns: int, folder: Path, tries: list[Try]
) -> Callable[[Try], Probe | None]:
    """Runs rates on a queue, for ten seconds of its own clock each."""

    def attempt(step: Try) -> Probe | None:
        tries.append(step)
        clock, logs = EventClock(), folder / str(len(list(folder.iterdir())))
        logs.mkdir()
        settings = Settings(
            load=Server(target_qps=step.rate, target_latency_ns=limit_ns),
            min_duration_ms=10_000,
            min_query_count=1_000,
            seeds=Seeds(schedule=SEED),
            profile=Profile.V2_0,
        )
        options = RunOptions(
            keeper=clock.keeper(), wall_ns=clock.now, issuing=IssuingChoice.INLINE, stall_s=60, give_up_hopeless=True
        )
        run = run_test(
            Lines(clock, lines, service_ns), Library(), settings, logs=LogOptions(folder=logs), options=options
        )
        return probe_of(run, full=step.full)

    return attempt


def peak_of(limit_ns: int, **bounds: object) -> Peak:
    return Peak(
        benchmark="queue",
        limit_ns=limit_ns,
        percentile=0.99,
        asked={},
        bounds=PeakSearch(**{"start": 0.0, "probes_are_full": True, **bounds}),  # type: ignore[arg-type]
    )


def nothing(peak: Peak, probe: Probe) -> None:
    pass


QUEUES = {
    # lines, service time, limit: the rate at which p99 is the limit, from true_peak with a million queries
    (1, 2_000_000, 20_000_000): 387.9,
    (2, 2_000_000, 12_000_000): 798.3,
    (4, 4_000_000, 15_000_000): 818.8,
}


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("share", [0.3, 0.8, 1.4])
def test_peak_of_a_known_queue_is_within_three_percent_in_twelve_runs(
    queue: tuple[int, int, int], share: float, tmp_path: Path
) -> None:
    lines, service_ns, limit_ns = queue
    tries: list[Try] = []
    start = float(f"{share * lines * 1e9 / service_ns:.4g}")
    found = search(peak_of(limit_ns, start=start), on_queue(*queue, tmp_path, tries), nothing)
    assert isinstance(found.step, Found)
    assert found.step.rate == pytest.approx(QUEUES[queue], rel=0.03)
    assert found.step.within_tolerance
    assert len(tries) <= 12


def test_truth_of_a_queue_is_what_the_table_says() -> None:
    assert true_peak(12_000_000, 2, 2_000_000, queries=60_000) == pytest.approx(798.3, rel=0.01)


def test_search_that_was_killed_goes_on_from_its_file(tmp_path: Path) -> None:
    queue, file = (2, 2_000_000, 12_000_000), tmp_path / "peak.json"
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = search(peak_of(queue[2], start=800.0), on_queue(*queue, tmp_path / "whole", []), nothing)

    class Killed(BaseException):
        pass

    def keep(peak: Peak, probe: Probe) -> None:
        peak.write(file)
        if len(peak.probes) in {2, 4}:
            raise Killed

    tries: list[Try] = []
    peak_of(queue[2], start=800.0).write(file)
    for _ in range(2):
        with pytest.raises(Killed):
            search(read_peak(file), on_queue(*queue, tmp_path / "parts", tries), keep)
    found = search(read_peak(file), on_queue(*queue, tmp_path / "parts", tries), lambda peak, _: peak.write(file))
    assert found.step == whole.step
    assert [probe.rate for probe in found.probes] == [probe.rate for probe in whole.probes]
    assert len(tries) == len(whole.probes)  # none was made twice
    assert read_peak(file) == found


def probe(
    rate: float, *, valid: bool, full: bool = False, completed: float | None = None, disturbed: bool = False
) -> Probe:
    return Probe(
        rate=rate,
        full=full,
        valid=valid,
        abandoned=False,
        disturbed=disturbed,
        why="VALID" if valid else "INVALID",
        queries=1000,
        planned_queries=1000,
        over_limit=0,
        completed_per_s=rate if completed is None else completed,
        latency_percentiles_ns={"50.00": 1_000_000, "99.00": 5_000_000 if valid else 20_000_000},
        took_s=1.0,
    )


BOUNDS = PeakSearch(start=100.0)
FULL = PeakSearch(start=100.0, probes_are_full=True)


@pytest.mark.parametrize(
    ("probes", "bounds", "step"),
    [
        ([], BOUNDS, Try(rate=100.0, full=False)),
        ([probe(100, valid=True)], BOUNDS, Try(rate=125.0, full=False)),
        ([probe(100, valid=False)], BOUNDS, Try(rate=80.0, full=False)),
        # A system that was given twice what it can do says so.
        ([probe(100, valid=False, completed=50)], BOUNDS, Try(rate=46.0, full=False)),
        ([probe(100, valid=True), probe(125, valid=False)], BOUNDS, Try(rate=111.8, full=False)),
        # What fails below a valid rate was noise.
        ([probe(100, valid=False), probe(110, valid=True), probe(111, valid=False)], FULL,
         Found(rate=110, high=111, within_tolerance=True)),
        ([probe(110, valid=True), probe(111, valid=False)], BOUNDS, Try(rate=110, full=True)),
        ([probe(110, valid=True), probe(111, valid=False), probe(110, valid=False, full=True)], BOUNDS,
         Try(rate=108.9, full=True)),
        ([probe(110, valid=True), probe(111, valid=False), probe(110, valid=False, full=True),
          probe(108.9, valid=True, full=True)], BOUNDS, Found(rate=108.9, high=110, within_tolerance=True)),
        # A disturbed probe is made again, and says nothing.
        ([probe(100, valid=False, disturbed=True)], BOUNDS, Try(rate=100, full=False)),
    ],
)  # fmt: skip
def test_step_follows_from_the_probes(probes: list[Probe], bounds: PeakSearch, step: object) -> None:
    assert next_step(probes, bounds) == step


def test_search_without_an_end_is_given_up() -> None:
    failing = [probe(100 * 0.8**n, valid=False) for n in range(12)]
    found = next_step(failing, BOUNDS)
    assert found == NotFound(why="none of 12 rates was valid; the lowest was 8.59 queries/s. Start lower with --qps.")
    far = [probe(100, valid=False), probe(1.9, valid=False)]
    assert isinstance(next_step(far, BOUNDS), NotFound)


def test_two_disturbed_probes_end_the_search() -> None:
    twice = [probe(100, valid=False, disturbed=True)] * 2
    found = next_step(twice, BOUNDS)
    assert isinstance(found, NotFound)
    assert found.why.startswith("at 100 queries/s the load generator itself was late, twice: this machine is too busy")


def test_no_full_run_that_is_valid_is_said() -> None:
    probes = [probe(100, valid=True), probe(100.5, valid=False)]
    probes += [probe(100 / 1.01**n, valid=False, full=True) for n in range(10)]
    found = next_step(probes, BOUNDS)
    assert isinstance(found, NotFound)
    assert found.why.startswith("100 queries/s is valid in a short run, but no run of the full length was valid")


@pytest.mark.parametrize("count", range(16))
def test_search_is_bounded_whatever_is_found(count: int) -> None:
    probes: list[Probe] = []
    while isinstance(step := next_step(probes, BOUNDS), Try):
        number = len(probes)
        valid = bool(count >> (number % 4) & 1)
        probes.append(probe(step.rate, valid=valid, full=step.full, disturbed=not valid and number % 3 == 0))
        assert len(probes) <= 12


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"schema": "other/1", "found": null}'])
def test_other_file_is_no_search(text: str, tmp_path: Path) -> None:
    path = tmp_path / "peak.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"peak\.json, (whole file|schema): found .*, expected"):
        read_peak(path)


def test_bounds_that_cannot_be_kept_are_refused_together() -> None:
    with pytest.raises(UsageError) as caught:
        check_bounds(PeakSearch(start=1, tolerance=2.0, most_probes=1))
    assert list(caught.value.problems) == [
        "--tolerance: found 2, expected a share from 0.001 to 0.5.",
        "--probes: found 1, expected 4 to 1000.",
    ]


def test_page_shows_curve_and_path() -> None:
    peak = peak_of(15_000_000, start=100.0)
    for one in (probe(100, valid=True), probe(101, valid=False)):
        peak = peak.with_probe(one)
    assert outcome_of(peak) == "The highest valid rate is 100.0 queries/s: 101.0 queries/s is not valid."
    page = render_peak(peak)
    assert page == render_peak(peak)
    for text in ("Latency over throughput", "limit 15.0 ms", "highest valid rate", "not valid", "<svg"):
        assert text in page
    assert "Too few probes" in render_peak(peak_of(1, start=1.0))
