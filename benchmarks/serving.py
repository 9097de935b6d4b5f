"""Serving a model: levelfield against a bare loop of the runtime, beside the same system under ``mlcommons-loadgen``.

    python benchmarks/serving.py [-b resnet50 ...] [-p fp32 ...] [--quick] [--json FILE] [--publish]

Every measurement is a fresh process; bare loop, levelfield and wheel take turns, with the same batch and threads, and
each is held against the bare loop just before it. How to read the numbers: ``benchmarks/README.md``.
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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from serve_once import Rate, Request, measure
from surroundings import QUIET_LOAD_PER_CORE, Watch, cores, machine, versions

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "serving.json"
README = HERE / "README.md"
BEGIN, END = "<!-- serving results -->", "<!-- end of serving results -->"
CHILD_BOUND_S = 300
KINDS = ("bare", "levelfield", "wheel")
BAR = 0.9
"""Of the bare loop's rate, for levelfield (issue 3, acceptance 7)."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A measurement and its surroundings."""

    request: Request
    rate: Rate
    foreign_load_per_core: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting, measured several times."""

    title: str
    unit_rates: dict[str, list[float]]
    cpu_us_per_sample: dict[str, list[float]]
    shares: dict[str, list[float]]
    """Of the bare loop's rate in the same turn."""
    mean_batch: float
    quiet: bool

    @property
    def met(self) -> bool:
        """Whether the bar is met."""
        return statistics.median(self.shares["levelfield"]) >= BAR


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(asdict(measure(Request(**json.loads(arguments.child))))))
        return
    settings = list(_settings(arguments.benchmark, arguments.precision, quick=arguments.quick))
    repeats = 1 if arguments.quick else arguments.repetitions
    before = os.getloadavg()[0] / (os.cpu_count() or 1)
    began = time.monotonic()
    taken: dict[str, list[Run]] = {}
    for turn in range(repeats):
        for title, request in settings:
            print(f"{time.monotonic() - began:5.0f} s  {turn + 1} of {repeats}: {title}", file=sys.stderr, flush=True)
            taken.setdefault(title, []).extend(_turn(request))
    rows = [_row(title, runs) for title, runs in taken.items()]
    report = {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": arguments.quick,
        "repetitions": repeats,
        "seconds": round(time.monotonic() - began, 1),
        "machine": machine(),
        "versions": versions("onnxruntime", "numpy", "mlcommons-loadgen"),
        "load_per_core_before": round(before, 2),
        "quiet": before <= QUIET_LOAD_PER_CORE and all(row.quiet for row in rows),
        "rows": [asdict(row) for row in rows],
        "runs": [asdict(run) for runs in taken.values() for run in runs],
    }
    text = "\n".join((*_head(report), "", *_table(rows)))
    print(text)
    for path in filter(None, [arguments.json, RESULTS if arguments.publish else None]):
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if arguments.publish:
        _publish(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", action="append", help="may be given several times  [default: resnet50]")
    parser.add_argument("-p", "--precision", action="append", help="fp32, int8  [default: both]")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one short turn: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement here")
    parser.add_argument("--publish", action="store_true", help="write results/serving.json and the table of README.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.benchmark = arguments.benchmark or ["resnet50"]
    arguments.precision = arguments.precision or ["fp32", "int8"]
    if arguments.publish and arguments.quick:
        parser.error("--publish needs a whole run, not --quick")
    return arguments


def _settings(benchmarks: list[str], precisions: list[str], *, quick: bool) -> Iterator[tuple[str, Request]]:
    """What is measured: Offline on all cores, by callers and by threads; Server on all but the load generator's."""
    found = cores()
    rest = max(1, found - 1)
    places = [
        ("Offline", found, 1, 32),
        ("Offline", 1, found, 32),
        ("Server", rest, 1, 1),
        ("Server", rest, 1, 8),
    ]
    for benchmark in benchmarks:
        for precision in precisions:
            for scenario, workers, threads, batch in places:
                title = (
                    f"{benchmark} {precision}, {scenario}, batch {batch}, {_many(workers, 'worker')} "
                    f"of {_many(threads, 'thread')}"
                )
                yield (
                    title,
                    Request(
                        kind="bare",
                        benchmark=benchmark,
                        precision=precision,
                        scenario=scenario,
                        workers=workers,
                        threads=threads,
                        batch=batch,
                        seconds=0.5 if quick else 3,
                    ),
                )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _turn(request: Request) -> Iterator[Run]:
    bare = _in_process(request)
    yield bare
    for kind in KINDS[1:]:
        yield _in_process(replace(request, kind=kind, rate=bare.rate.samples_per_s))


def _in_process(request: Request) -> Run:
    """Measure in a process of its own, in a folder of its own."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps(asdict(request))],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            timeout=CHILD_BOUND_S,
            check=True,
        )
    rate = Rate(**json.loads(finished.stdout.splitlines()[-1]))
    return Run(request=request, rate=rate, foreign_load_per_core=watch.foreign_load_per_core())


def _row(title: str, runs: list[Run]) -> Row:
    by_kind = {kind: [run for run in runs if run.request.kind == kind] for kind in KINDS}
    rates = {kind: [run.rate.samples_per_s for run in taken] for kind, taken in by_kind.items()}
    return Row(
        title=title,
        unit_rates=rates,
        cpu_us_per_sample={
            kind: [run.rate.cpu_s / run.rate.samples * 1e6 for run in taken] for kind, taken in by_kind.items()
        },
        shares={
            kind: [mine / bare for mine, bare in zip(rates[kind], rates["bare"], strict=True)] for kind in KINDS[1:]
        },
        mean_batch=statistics.median(run.rate.mean_batch for run in by_kind["levelfield"]),
        quiet=all(run.foreign_load_per_core <= QUIET_LOAD_PER_CORE for run in runs),
    )


def _head(report: dict[str, object]) -> Iterator[str]:
    found = report["machine"]
    yield (
        f"{found['processor']}, {found['cores_usable']} cores, {found['operating_system']}, {found['kernel']}; "
        f"{report['date']}"
    )
    yield ", ".join(f"{name} {value}" for name, value in report["versions"].items())
    yield f"{_many(report['repetitions'], 'turn')}, medians; shares are of the bare loop's rate in the same turn"
    if report["quiet"]:
        yield f"Load per core before: {report['load_per_core_before']}; the machine was quiet."
    else:
        yield "NOT COMPARABLE: other processes were using the machine."
    if report["quick"]:
        yield "QUICK: shows that everything runs; the numbers are not to be quoted."


def _table(rows: list[Row]) -> Iterator[str]:
    yield (
        "| | bare, samples/s | levelfield | wheel | CPU µs/sample, bare | levelfield | wheel | mean batch "
        "| levelfield / bare | wheel / bare | bar |"
    )
    yield "|---" * 11 + "|"
    for row in rows:
        cells = [
            row.title,
            *(f"{statistics.median(row.unit_rates[kind]):,.0f}" for kind in KINDS),
            *(f"{statistics.median(row.cpu_us_per_sample[kind]):.1f}" for kind in KINDS),
            f"{row.mean_batch:.3g}",
            *(f"{statistics.median(row.shares[kind]):.2f}" for kind in KINDS[1:]),
            f"≥ {BAR}: {'met' if row.met else 'NOT MET'}",
        ]
        yield f"| {' | '.join(cells)} |"


def _publish(text: str) -> None:
    """Put the table between the two marks of the README."""
    head, _, table = text.partition("\n\n")
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    shown = f"{BEGIN}\n{head.replace(chr(10), '  ' + chr(10))}\n\n{table}\n{END}"
    README.write_text(f"{before}{shown}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
