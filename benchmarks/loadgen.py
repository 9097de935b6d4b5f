"""The load generator's own cost: levelfield and the wheel ``mlcommons-loadgen`` side by side, with a null system.

    python benchmarks/loadgen.py [--quick] [--json FILE] [--publish]

Every measurement is a fresh process (clean memory, clean interpreter); the kinds take turns, so that whatever else the
machine does hits all of them. How to read the numbers: ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from measure import Measurement, Request, measure
from publishing import publish
from surroundings import QUIET_LOAD_PER_CORE, Watch, machine, versions

from levelfield.loadgen.steadiness import measure_steadiness

SOURCE = Path(__file__).parents[1] / "src"
RESULTS = Path(__file__).with_name("results") / "loadgen.json"
CHILD_BOUND_S = 120


@dataclass(frozen=True)
class Job:
    """What is measured with every kind of interface."""

    name: str
    title: str
    kinds: tuple[str, ...]
    request: dict[str, object]
    quick: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table: a value taken from the measurements of a job."""

    job: str
    title: str
    unit: str
    value: Callable[[Measurement], float]
    bar: float | None = None
    """What issue 2 asks of the array interface."""
    higher_is_better: bool = False
    by: str = "best"
    """What is held against the bar. Whatever disturbs can only make the same work dearer, so a cost is that of the best
    repetition, as in ``check.py``; a lateness is made of what disturbs, so it is that of the ``median``."""


SIDE_BY_SIDE = ("array", "object", "wheel")
JOBS = (
    Job(
        "single_stream",
        "SingleStream",
        ("array", "object", "wheel", "wheel-fast"),
        {"scenario": "SingleStream", "queries": 300_000},
        {"queries": 50_000},
    ),
    Job(
        "single_stream_long",
        "SingleStream, four times as long",
        SIDE_BY_SIDE,
        {"scenario": "SingleStream", "queries": 1_200_000},
        {"queries": 200_000},
    ),
    Job(
        "multi_stream",
        "MultiStream (8)",
        SIDE_BY_SIDE,
        {"scenario": "MultiStream", "queries": 60_000},
        {"queries": 20_000},
    ),
    *(
        Job(
            f"server_{qps}",
            f"Server, {qps:,} QPS",
            SIDE_BY_SIDE,
            {"scenario": "Server", "qps": qps, "seconds": seconds},
            {"seconds": 0.5},
        )
        for qps, seconds in ((1_000, 4), (10_000, 2), (50_000, 1))
    ),
    Job(
        "back_to_back",
        "Server, back to back",
        SIDE_BY_SIDE,
        {"scenario": "Server", "qps": 1e8, "queries": 500_000},
        {"queries": 200_000},
    ),
    Job(
        "offline",
        "Offline",
        SIDE_BY_SIDE,
        {"scenario": "Offline", "queries": 1_000_000},
        {"queries": 200_000},
    ),
    Job(
        "busy",
        "Server, 1,000 QPS, Python threads that never rest",
        ("array-inline", "array-process", "wheel"),
        {"scenario": "Server", "qps": 1_000, "seconds": 2, "busy_threads": 2},
        {"seconds": 0.5},
    ),
)


def lateness(percentile: str) -> Callable[[Measurement], float]:
    return lambda measured: measured.latency_ns[percentile] / 1000


ROWS = (
    Row("single_stream", "SingleStream, CPU all in", "µs/query", lambda m: m.cpu_s / m.queries * 1e6, 1.0),
    Row("single_stream", "SingleStream, CPU while issuing", "µs/query", lambda m: m.issuing_cpu_s / m.queries * 1e6),
    Row("single_stream", "SingleStream, reported latency p50", "µs", lateness("50")),
    Row("multi_stream", "MultiStream (8), CPU all in", "µs/query", lambda m: m.cpu_s / m.queries * 1e6),
    *(
        Row(
            f"server_{qps}", f"Server {qps:,} QPS, lateness p{percentile}", "µs", lateness(percentile), bar, by="median"
        )
        for qps in (1_000, 10_000, 50_000)
        for percentile, bar in (("50", 5.0), ("99", 60.0), ("99.9", None))
        for bar in (bar if qps < 50_000 else None,)
    ),
    Row("back_to_back", "Server back to back", "kQPS", lambda m: m.rate / 1000, 500, higher_is_better=True),
    Row("offline", "Offline 1e6, wall all in", "s", lambda m: m.wall_s, 0.1),
    Row("offline", "Offline 1e6, reported latency", "s", lambda m: m.latency_ns["50"] / 1e9),
    Row("offline", "Offline 1e6, extra memory", "MB", lambda m: m.extra_bytes / 1e6, 50),
    Row("busy", "busy Python threads, issued late by p50", "µs", lambda m: m.issue_delay_ns["50"] / 1000),
    Row(
        "busy",
        "busy Python threads, issued late by p99",
        "µs",
        lambda m: m.issue_delay_ns["99"] / 1000,
        1000,
        by="median",
    ),
    Row("busy", "busy Python threads, reported latency p50", "µs", lateness("50")),
    Row("busy", "busy Python threads, reported latency p99", "µs", lateness("99")),
)
MEMORY_BAR = 24.0


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(asdict(measure(Request(**json.loads(arguments.child))))))
        return
    before = os.getloadavg()[0] / (os.cpu_count() or 1)
    slow_before = measure_steadiness().slow_share
    repeats = 2 if arguments.quick else 5
    began = time.monotonic()
    runs = {}
    for job in JOBS:
        print(f"{time.monotonic() - began:5.0f} s  {job.title}", file=sys.stderr, flush=True)
        runs[job.name] = list(_alternating(job, repeats, quick=arguments.quick))
    report = {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": arguments.quick,
        "repetitions": repeats,
        "seconds": round(time.monotonic() - began, 1),
        "machine": machine(),
        "versions": versions("mlcommons-loadgen", "numpy"),
        "load_per_core_before": round(before, 2),
        "slow_share": [round(slow_before, 4), round(measure_steadiness().slow_share, 4)],
        "quiet": before <= QUIET_LOAD_PER_CORE and all(run.comparable for taken in runs.values() for run in taken),
        "rows": [*(_row(row, runs[row.job]) for row in ROWS), _memory_row(runs)],
        "runs": {name: [asdict(run) for run in taken] for name, taken in runs.items()},
    }
    print("\n".join(shown(report)))
    for path in filter(None, [arguments.json, RESULTS if arguments.publish else None]):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if arguments.publish:
        _write_readme(report)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short repetitions: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement here")
    parser.add_argument("--publish", action="store_true", help="write results/loadgen.json and the table of README.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.publish and arguments.quick:
        parser.error("--publish needs a whole run, not --quick")
    return arguments


@dataclass(frozen=True)
class Run(Measurement):
    """A measurement and what the rest of the machine did meanwhile."""

    kind: str = ""
    foreign_load_per_core: float = 0.0
    """CPU time of other processes, as a share of all cores."""
    load_average_per_core: float = 0.0

    @property
    def comparable(self) -> bool:
        """Whether little else ran."""
        return self.foreign_load_per_core <= QUIET_LOAD_PER_CORE


def _alternating(job: Job, repeats: int, *, quick: bool) -> Iterator[Run]:
    request = {**job.request, **(job.quick if quick else {})}
    for _ in range(repeats):
        for kind in job.kinds:
            yield _in_process(Request(kind=kind, **request))


def _in_process(request: Request) -> Run:
    """Measure in a process of its own, in a folder of its own."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps(asdict(request))],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=CHILD_BOUND_S,
            check=True,
        )
    return Run(
        **json.loads(finished.stdout.splitlines()[-1]),
        kind=request.kind,
        foreign_load_per_core=watch.foreign_load_per_core(),
        load_average_per_core=round(os.getloadavg()[0] / (os.cpu_count() or 1), 2),
    )


def _row(row: Row, runs: list[Run]) -> dict[str, object]:
    values: dict[str, list[float]] = {}
    for run in runs:
        values.setdefault(run.kind, []).append(row.value(run))
    return _summed_up(row.title, row.unit, values, row.bar, by=row.by, higher_is_better=row.higher_is_better)


def _memory_row(runs: dict[str, list[Run]]) -> dict[str, object]:
    """Bytes per query: the slope between the two run lengths, so that what every run needs does not count."""
    values: dict[str, list[float]] = {}
    for kind in SIDE_BY_SIDE:
        pairs = zip(*([run for run in runs[name] if run.kind == kind] for name in MEMORY_JOBS), strict=True)
        values[kind] = [
            (longer.extra_bytes - shorter.extra_bytes) / (longer.queries - shorter.queries) for shorter, longer in pairs
        ]
    return _summed_up("SingleStream, memory growth", "B/query", values, MEMORY_BAR)


MEMORY_JOBS = ("single_stream", "single_stream_long")


def _summed_up(
    title: str,
    unit: str,
    values: dict[str, list[float]],
    bar: float | None,
    *,
    by: str = "best",
    higher_is_better: bool = False,
) -> dict[str, object]:
    best = max if higher_is_better else min
    by_kind = {
        kind: {"best": best(taken), "median": statistics.median(taken), "all": taken} for kind, taken in values.items()
    }
    judged = JUDGED[-1] if JUDGED[-1] in by_kind else JUDGED[0]
    found = by_kind[judged][by]
    return {
        "title": title,
        "unit": unit,
        "kinds": by_kind,
        "bar": bar,
        "judged": judged,
        "by": by,
        "met": None if bar is None else bool(found >= bar if higher_is_better else found <= bar),
        "higher_is_better": higher_is_better,
    }


JUDGED = ("array", "array-process")
"""Whose figure is held against the bar: the array interface; with busy threads, the issuing process."""


def shown(report: dict[str, object]) -> Iterator[str]:
    """The report as people read it: what was measured where, then the table."""
    found = report["machine"]
    yield (
        f"{found['processor']}, {found['cores_usable']} cores, "
        f"{found['operating_system']}, {found['kernel']}; {report['date']}"
    )
    yield ", ".join(f"{name} {value}" for name, value in report["versions"].items())
    yield f"{report['repetitions']} repetitions, median (best); ratios are wheel / ours, above 1 is ours better"
    if report["quiet"]:
        yield f"Load per core before: {report['load_per_core_before']}; the machine was quiet."
    else:
        yield "NOT COMPARABLE: other processes were using the machine."
    before, after = report["slow_share"]
    yield (
        f"The processor was slowed down (work took 2.5 times as long or more) for {before:.1%} of two seconds before, "
        f"{after:.1%} of two after."
    )
    if report["quick"]:
        yield "QUICK: shows that everything runs; the numbers are not to be quoted."
    yield ""
    yield from table(report["rows"])


def _write_readme(report: dict[str, object]) -> None:
    """Put the table between the two marks of the README."""
    head, _, rows = "\n".join(shown(report)).partition("\n\n")
    publish("results", f"{head.replace(chr(10), '  ' + chr(10))}\n\n{rows}")


def table(rows: list[dict[str, object]]) -> Iterator[str]:
    """The rows as a Markdown table."""
    yield "| | unit | ours, array | ours, object | wheel | ratio array | ratio object | bar |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        kinds = row["kinds"]
        cells = [row["title"], row["unit"]]
        if "array-process" in kinds:
            inline, process = _cell(kinds["array-inline"]), _cell(kinds["array-process"])
            cells += [f"process {process}; thread {inline}", "", _cell(kinds["wheel"])]
            cells += [_ratio(row, kinds["array-process"]), ""]
        else:
            cells += [_cell(kinds[kind]) for kind in SIDE_BY_SIDE]
            cells += [_ratio(row, kinds[kind]) for kind in SIDE_BY_SIDE[:2]]
        cells.append("" if row["met"] is None else _judgement(row))
        yield "| " + " | ".join(cells) + " |"


def _cell(of_kind: dict[str, float]) -> str:
    return f"{of_kind['median']:.3g} ({of_kind['best']:.3g})"


def _ratio(row: dict[str, object], ours: dict[str, float]) -> str:
    wheel = row["kinds"]["wheel"]["median"]
    above, below = (ours["median"], wheel) if row["higher_is_better"] else (wheel, ours["median"])
    return f"{above / below:.1f}" if below > 0 else ""


def _judgement(row: dict[str, object]) -> str:
    sign = "≥" if row["higher_is_better"] else "≤"
    return f"{sign} {row['bar']:g}: {'met' if row['met'] else 'NOT MET'} ({row['by']})"


if __name__ == "__main__":
    main()
