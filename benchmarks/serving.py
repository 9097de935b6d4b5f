"""Serving a model: levelfield against a bare loop of the runtime, beside the same system under ``mlcommons-loadgen``.

    python benchmarks/serving.py [-b resnet50 ...] [-p fp32 ...] [--quick] [--json FILE] [--publish]

Each setting is measured in processes of its own, in which bare loop, levelfield and wheel take short turns with the
same batch and threads; each is held against the bare loops just before and after it. How to read the numbers:
``benchmarks/README.md``.
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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from publishing import publish
from serve_once import Request, Turn, measure
from surroundings import QUIET_LOAD_PER_CORE, Watch, cores, machine, versions

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "serving.json"
CHILD_BOUND_S = 300
SECONDS = {"Offline": 0.5, "Server": 0.25}
"""Of each part of a turn. The shorter, the less often the machine changes its speed between neighbours; Offline has few
batches in it."""
TURNS = {"Offline": 1, "Server": 2}
"""For each that is asked for, so that both take as long."""
PROCESSES = 3
"""For each setting, so that no one layout of memory decides."""
BAR = 0.9
"""Of the bare loop's rate, for levelfield (issue 3, acceptance 7)."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One process and its surroundings."""

    request: Request
    turns: list[Turn]
    foreign_load_per_core: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting, all its turns."""

    title: str
    turns: list[Turn]
    quiet: bool

    @property
    def met(self) -> bool:
        """Whether the bar is met."""
        return statistics.median(turn.levelfield_share for turn in self.turns) >= BAR


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps([asdict(turn) for turn in measure(Request(**json.loads(arguments.child)))]))
        return
    settings = list(_settings(arguments))
    processes = 1 if arguments.quick else PROCESSES
    before = os.getloadavg()[0] / (os.cpu_count() or 1)
    began = time.monotonic()
    taken: dict[str, list[Run]] = {}
    for number in range(processes):
        for title, request in settings:
            print(
                f"{time.monotonic() - began:5.0f} s  {number + 1} of {processes}: {title}", file=sys.stderr, flush=True
            )
            taken.setdefault(title, []).append(_in_process(request))
    rows = [_row(title, runs) for title, runs in taken.items()]
    report = {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": arguments.quick,
        "seconds": round(time.monotonic() - began, 1),
        "machine": machine(),
        "versions": versions("onnxruntime", "numpy", "mlcommons-loadgen"),
        "load_per_core_before": round(before, 2),
        "quiet": before <= QUIET_LOAD_PER_CORE and all(row.quiet for row in rows),
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
    parser.add_argument(
        "--turns", type=int, default=10, help="in each of three processes; Server takes twice as many  [default: 10]"
    )
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


def _settings(arguments: argparse.Namespace) -> Iterator[tuple[str, Request]]:
    """What is measured: Offline on all cores, by callers and by threads; Server on all but the load generator's."""
    found = cores()
    rest = max(1, found - 1)
    places = [
        ("Offline", found, 1, 32),
        ("Offline", 1, found, 32),
        ("Server", rest, 1, 1),
        ("Server", rest, 1, 8),
    ]
    for benchmark in arguments.benchmark:
        for precision in arguments.precision:
            for scenario, workers, threads, batch in places:
                title = (
                    f"{benchmark} {precision}, {scenario}, batch {batch}, {_many(workers, 'worker')} "
                    f"of {_many(threads, 'thread')}"
                )
                yield (
                    title,
                    Request(
                        benchmark=benchmark,
                        precision=precision,
                        scenario=scenario,
                        workers=workers,
                        threads=threads,
                        batch=batch,
                        seconds=SECONDS[scenario],
                        turns=1 if arguments.quick else arguments.turns * TURNS[scenario],
                    ),
                )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


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
    turns = [Turn(**turn) for turn in json.loads(finished.stdout.splitlines()[-1])]
    return Run(request=request, turns=turns, foreign_load_per_core=watch.foreign_load_per_core())


def _row(title: str, runs: list[Run]) -> Row:
    return Row(
        title=title,
        turns=[turn for run in runs for turn in run.turns],
        quiet=all(run.foreign_load_per_core <= QUIET_LOAD_PER_CORE for run in runs),
    )


def _head(report: dict[str, object]) -> Iterator[str]:
    found = report["machine"]
    yield (
        f"{found['processor']}, {found['cores_usable']} cores, {found['operating_system']}, {found['kernel']}; "
        f"{report['date']}"
    )
    yield ", ".join(f"{name} {value}" for name, value in report["versions"].items())
    yield "medians of all turns; in brackets the quarters between which half of them lie"
    if report["quiet"]:
        yield f"Load per core before: {report['load_per_core_before']}; the machine was quiet."
    else:
        yield "NOT COMPARABLE: other processes were using the machine."
    if report["quick"]:
        yield "QUICK: shows that everything runs; the numbers are not to be quoted."


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| | turns | bare, samples/s | levelfield | wheel | mean batch | levelfield / bare | wheel / bare | bar |"
    yield "|---" * 9 + "|"
    for row in rows:
        turns = row.turns
        cells = [
            row.title,
            str(len(turns)),
            *(
                f"{statistics.median(rates):,.0f}"
                for rates in (
                    [turn.bare_between for turn in turns],
                    [turn.levelfield for turn in turns],
                    [turn.wheel for turn in turns],
                )
            ),
            f"{statistics.median(turn.mean_batch for turn in turns):.3g}",
            _share([turn.levelfield_share for turn in turns]),
            _share([turn.wheel_share for turn in turns]),
            f"≥ {BAR}: {'met' if row.met else 'NOT MET'}",
        ]
        yield f"| {' | '.join(cells)} |"


def _share(found: list[float]) -> str:
    if len(found) < 2:
        return f"{found[0]:.2f}"
    low, middle, high = statistics.quantiles(found, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _publish(text: str) -> None:
    """Put the table between the two marks of the README."""
    head, _, table = text.partition("\n\n")
    publish("serving results", f"{head.replace(chr(10), '  ' + chr(10))}\n\n{table}")


if __name__ == "__main__":
    main()
