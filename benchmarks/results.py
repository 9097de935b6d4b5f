"""The results database at the size of a few rounds: import, queries, tables, exports.

    python benchmarks/results.py [--rows 10000] [--repetitions 5] [--json FILE]

The rows are made by hand (1,000 systems of 40 submitters); CPU time is that of the process, each step in a process of
its own, and memory its peak above what Python and levelfield need before it begins.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from levelfield import __version__
from levelfield.results.compare import compare
from levelfield.results.exports import csv_text, json_text
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.results.query import Filter, SortKey, sort
from levelfield.results.store import Store
from levelfield.results.table import wide_tables

BARS_S = {"import": 2.0}
"""CPU seconds for 10,000 rows."""
SCENARIOS = (
    ("Offline", "Samples/s", Direction.HIGHER),
    ("Server", "Queries/s", Direction.HIGHER),
    ("SingleStream", "Latency (ms)", Direction.LOWER),
    ("MultiStream", "Latency (ms)", Direction.LOWER),
)
BENCHMARKS = ("resnet50", "ssd-mobilenet", "ssd-resnet34", "bert-99", "bert-99.9", "rnnt", "3d-unet-99", "dlrm-99")


def made_up(rows: int) -> list[Result]:
    """Results as a published round has them: one system in about ten results."""
    draw = random.Random(1)
    found = []
    for number in range(rows):
        place = number // 10
        scenario, unit, direction = SCENARIOS[number % 10 % 4]
        benchmark = BENCHMARKS[(number % 10 // 4 + place) % len(BENCHMARKS)]
        count = 1 << place % 4
        found.append(
            Result(
                round="inference-v2.0",
                division="closed",
                availability="available",
                submitter=f"Submitter {place % 40}",
                system=System(
                    id=f"system-{place}",
                    name=f"System {place} ({count}x Accelerator {place % 7})",
                    type="datacenter" if place % 2 else "edge",
                    nodes=1,
                    host=Processors(model=f"Processor {place % 13}", per_node=2, total=2),
                    accelerator=Processors(model=f"Accelerator {place % 7}", per_node=count, total=count),
                    accelerator_memory="80 GB",
                    interconnect="",
                    software=f"Runtime {place % 5}.0",
                    operating_system="Linux",
                    hardware_notes="",
                    software_notes="",
                ),
                benchmark=benchmark,
                model_used=benchmark,
                scenario=scenario,
                metric=scenario,
                value=draw.uniform(1, 1e5),
                unit=unit,
                direction=direction,
                accuracy=(("acc", draw.uniform(70, 80)),),
                accuracy_target=None,
                latencies_ns=tuple((label, draw.randrange(10**9)) for label in ("50.00", "90.00", "99.00")),
                power_value=draw.uniform(10, 1000) if number % 3 == 0 else None,
                power_unit="Watts" if number % 3 == 0 else "",
                inferred=False,
                verification=Verification.VERIFIED,
                compliant=True,
                void=False,
                findings=(),
                notes="made up",
                provenance=Provenance(source="made-up", commit="", path=f"closed/{number}", sha256="0" * 64, url=""),
            )
        )
    return found


def steps() -> dict[str, Callable[[list[Result], Store], object]]:
    """What is measured, by name."""
    own = Filter(benchmarks=("resnet50",), scenarios=("Offline",))
    return {
        "import": lambda rows, store: store.add("made-up", rows),
        "import again": lambda rows, store: store.add("made-up", rows),
        "select one benchmark and scenario": lambda _, store: store.select(own),
        "select by accelerator and power": lambda _, store: store.select(Filter(accelerators=("ator 3",), power=True)),
        "select by free text": lambda _, store: store.select(Filter(text="submitter 17 runtime 2")),
        "select everything": lambda _, store: store.select(),
        "sort everything per watt": lambda rows, _: sort(rows, SortKey.PER_WATT),
        "compare": lambda rows, store: compare(rows[0], store.select(own)),
        "wide tables": lambda rows, _: wide_tables(rows),
        "results.json": lambda rows, _: json_text(rows),
        "results.csv": lambda rows, _: csv_text(rows),
    }


def child(name: str, rows: int, path: Path) -> None:
    """One step in this process; prints CPU seconds, wall seconds and bytes."""
    found = made_up(rows)
    with Store(path, create=True) as store:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, cpu = time.perf_counter(), time.process_time()
        steps()[name](found, store)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    print(json.dumps([cpu, wall, grown]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.rows, options.path)
        return
    head = (
        f"levelfield {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.platform()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
        f"{datetime.now(UTC).isoformat(timespec='seconds')}"
    )
    print(f"{head}\n{options.rows:,} rows, {options.repetitions} repetitions: CPU seconds, median (best)\n")
    measured: dict[str, list[list[float]]] = {name: [] for name in steps()}
    size = 0
    for _ in range(options.repetitions):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.sqlite"
            for name, runs in measured.items():
                arguments = ["--child", name, "--rows", str(options.rows), "--path", str(path)]
                done = subprocess.run(
                    [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
                )
                runs.append(json.loads(done.stdout))
            size = path.stat().st_size
    for name, runs in measured.items():
        cpu = [run[0] for run in runs]
        bar = BARS_S.get(name) if options.rows == 10_000 else None
        verdict = "" if bar is None else f"  bar {bar:g} s: {'met' if statistics.median(cpu) <= bar else 'NOT MET'}"
        grown = max(run[2] for run in runs) / (1 << 20)
        print(f"{name:<34}{statistics.median(cpu):7.3f} ({min(cpu):.3f})  {grown:6.0f} MiB more{verdict}")
    print(f"{'database':<34}{size / (1 << 20):7.1f} MiB")
    if options.json:
        options.json.write_text(json.dumps({"machine": head, "rows": options.rows, "steps": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
