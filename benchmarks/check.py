"""The submission checker's own cost: levelfield and the official checker of v2.0 side by side, as whole processes.

    python benchmarks/check.py ROUND [--official PATH/submission-checker.py] [--copies 10] [--files 100000] [--repeat 5]
        [--json FILE] [--publish]

ROUND is a folder that holds ``closed/`` and ``open/``. The official checker is run beside the project and is no part of
it: ``tools/submission/submission-checker.py`` with ``log_parser.py`` of mlcommons/inference at v2.0. Kinds take turns,
so that whatever else the machine does hits all of them; one turn before is not counted. CPU time is that of the process
and its children, memory the largest process. Both tools find their modules compiled, as after an installation, whatever
PYTHONDONTWRITEBYTECODE says. It ends with the bars, each met or missed by the best repetition, beside it by the median.
How to read the numbers: ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from publishing import publish
from surroundings import QUIET_LOAD_PER_CORE, machine, sharing, versions

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "check.json"
SOURCE = Path(__file__).parents[1] / "src"
BOUND_S = 600
OURS, SELECTED, GIT, THEIRS = "ours, all checks", "ours, the official's checks", "ours, from git", "official"
LARGEST_MB = 300
LONGEST_S = 60


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@dataclass(frozen=True)
class Bar:
    """What a number must not exceed."""

    what: str
    value: float
    """By the best repetition: what a disturbed machine adds is not the program's."""
    median: float
    most: float

    @property
    def met(self) -> bool:
        """Whether it does not, by the best."""
        return self.value <= self.most

    def text(self) -> str:
        """Without the verdict."""
        return f"{self.what}: {self.value:.2f} (median {self.median:.2f}), at most {self.most:.2f}"


def main() -> None:
    options = parse()
    load_before = os.getloadavg()[0] / (os.cpu_count() or 1)
    shared = [sharing()]
    bars: list[Bar] = []
    tables: dict[str, dict[str, list[Cost]]] = {}
    with tempfile.TemporaryDirectory(prefix="levelfield-check-") as folder:
        trees = {"the tree": options.round}
        if options.copies:
            trees[f"{options.copies} copies"] = copies(options.round, Path(folder) / "copies", options.copies)
        if options.files:
            trees[f"{options.files} files"] = synthetic(options.round, Path(folder) / "synthetic", options.files)
        for name, tree in trees.items():
            many = name.endswith("files")
            kinds = {OURS: ours(tree)} if many else commands(tree, Path(folder) / name, options.official)
            tables[name] = measure_tree(kinds, 1 if many else options.repeat, Path(folder), warm=not many)
            bars += bars_of(name, tables[name], many=many)
            shared.append(sharing())
    report = {
        "schema": 2,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions("numpy"),
        "load_per_core_before": round(load_before, 2),
        "sharing": shared,
        "quiet": load_before <= QUIET_LOAD_PER_CORE,
        "trees": {
            name: {kind: [asdict(cost) for cost in costs] for kind, costs in table.items()}
            for name, table in tables.items()
        },
        "bars": [{**asdict(bar), "met": bar.met} for bar in bars],
    }
    text = "\n".join(shown(report, tables, bars))
    print(text)
    for path in filter(None, [options.json, RESULTS if options.publish else None]):
        path.write_text(json.dumps(report, indent=1) + "\n")
    if options.publish:
        publish("check", text)


def shown(report: dict[str, Any], tables: dict[str, dict[str, list[Cost]]], bars: list[Bar]) -> Iterator[str]:
    """Machine, table and bars as Markdown."""
    host = report["machine"]
    yield f"{host['processor']}, {host['cores_usable']} cores, {host['operating_system']}; {report['date']}  "
    yield ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + "  "
    said = ", ".join(map(str, report["sharing"]))
    quiet = "the machine was quiet" if report["quiet"] else "NOT COMPARABLE: the machine was busy"
    yield f"Load per core before: {report['load_per_core_before']}; {quiet}.  "
    yield f"Two processes at once took {said} times as long as one, before, between and after."
    yield ""
    yield "Medians, the best in brackets; ratios to the official checker likewise."
    yield ""
    yield "| tree | | CPU s | wall s | peak MB | CPU ratio | wall ratio |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for name, costs in tables.items():
        base = costs.get(THEIRS)
        for kind, found in costs.items():
            cells = [pair([cost.cpu_s for cost in found]), pair([cost.wall_s for cost in found])]
            ratios = ["", ""]
            if base and kind != THEIRS:
                ratios = [ratio(found, base, "cpu_s"), ratio(found, base, "wall_s")]
            peak = max(cost.peak_mb for cost in found)
            yield f"| {name} | {kind} | {cells[0]} | {cells[1]} | {peak:.0f} | {ratios[0]} | {ratios[1]} |"
    yield ""
    for bar in bars:
        yield f"* {'met' if bar.met else '**MISSED**'}: {bar.text()}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("round", type=Path, help="a round's tree, as data/rounds/inference_v2.0")
    parser.add_argument("--official", type=Path, help="submission-checker.py, log_parser.py beside it")
    parser.add_argument("--copies", type=int, default=10, help="differently named copies of each submitter; 0 = none")
    parser.add_argument("--files", type=int, default=100_000, help="files of the synthetic round; 0 = none")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write every measurement")
    parser.add_argument("--publish", action="store_true", help="write results/check.json and the table of README.md")
    options = parser.parse_args()
    if options.publish and options.official is None:
        parser.error("--publish needs --official")
    return options


def ours(source: Path | str) -> list[str]:
    return [sys.executable, "-m", "levelfield", "submission", "check", str(source)]


def commands(tree: Path, scratch: Path, official: Path | None) -> dict[str, list[str]]:
    """The processes to compare, by what they are called."""
    scratch.mkdir()
    kinds = {OURS: ours(tree), SELECTED: [*ours(tree), "--select", "official"]}
    if official is not None:
        table = scratch / "official.csv"
        kinds[THEIRS] = [
            *(sys.executable, str(official), "--input", str(tree), "--version", "v2.0", "--csv", str(table)),
        ]
    kinds[GIT] = ours(f"git:{repository(tree, scratch / 'repository')}")
    return kinds


def repository(tree: Path, target: Path) -> Path:
    """A bare repository whose only commit is the tree."""
    git = ["git", "-c", "user.name=benchmark", "-c", "user.email=", "-c", "core.autocrlf=false"]
    git += ["--git-dir", str(target), "--work-tree", str(tree)]
    for words in (["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message", "tree"]):
        subprocess.run([*git, *words], check=True, timeout=BOUND_S, cwd=tree)
    subprocess.run([*git, "gc", "--quiet"], check=True, timeout=BOUND_S, cwd=tree)
    return target


def measure_tree(kinds: dict[str, list[str]], repeat: int, scratch: Path, *, warm: bool) -> dict[str, list[Cost]]:
    """Run each kind in turn."""
    costs: dict[str, list[Cost]] = {kind: [] for kind in kinds}
    for turn in range(1 - warm, repeat + 1):
        for kind, command in kinds.items():
            cost = measure(command, scratch / "compiled")
            if turn:
                costs[kind].append(cost)
    return costs


def bars_of(name: str, costs: dict[str, list[Cost]], *, many: bool) -> list[Bar]:
    """What issue 4 asks for, as far as it was measured."""

    def bar(what: str, most: float, of: str, kind: str, base: str | None = None) -> Bar:
        values = []
        for summary in (min, statistics.median):
            found = summary([getattr(cost, of) for cost in costs[kind]])
            values.append(found / summary([getattr(cost, of) for cost in costs[base]]) if base else found)
        return Bar(what=f"{name}: {what}", value=values[0], median=values[1], most=most)

    found = []
    for kind, measured in costs.items():
        if kind != THEIRS:
            largest = max(cost.peak_mb for cost in measured)
            found.append(Bar(what=f"{name}: {kind}, peak MB", value=largest, median=largest, most=LARGEST_MB))
    if many:
        found.append(bar("wall s", LONGEST_S, "wall_s", OURS))
    if THEIRS in costs:
        found.append(bar("all checks, CPU over the official's", 1, "cpu_s", OURS, THEIRS))
        found.append(bar("all checks, wall over the official's", 1 / 2, "wall_s", OURS, THEIRS))
        found.append(bar("the official's checks, CPU over its", 1 / 3, "cpu_s", SELECTED, THEIRS))
    if GIT in costs:
        found.append(bar("git, wall over a folder's", 2, "wall_s", GIT, OURS))
    return found


def pair(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f})"


def ratio(found: list[Cost], base: list[Cost], name: str) -> str:
    """Ours over theirs, below 1 is ours better: of the medians, and of the bests."""
    ours, theirs = ([getattr(cost, name) for cost in costs] for costs in (found, base))
    return f"{statistics.median(ours) / statistics.median(theirs):.2f} ({min(ours) / min(theirs):.2f})"


def measure(command: list[str], compiled: Path) -> Cost:
    """Run a process in a child that waits for it alone, so that the counters are those of this one."""
    code = (
        "import resource, subprocess, sys, time, json\n"
        "begin = time.monotonic()\n"
        "ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "wall = time.monotonic() - begin\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, ended.returncode]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=BOUND_S,
    )
    cpu_s, wall_s, peak_mb, code_of = json.loads(done.stdout)
    if code_of not in {0, 1}:
        raise SystemExit(f"{' '.join(command)} ended with {code_of}")
    return Cost(cpu_s, wall_s, peak_mb)


def copies(tree: Path, target: Path, count: int) -> Path:
    """The tree with each submitter several times under other names."""
    for division in sorted(path for path in tree.iterdir() if path.is_dir()):
        for submitter in sorted(division.iterdir()):
            for number in range(count):
                copy = target / division.name / f"{submitter.name}{number}"
                shutil.copytree(submitter, copy)
                for description in (copy / "systems").glob("*.json"):
                    description.chmod(0o644)
                    values = json.loads(description.read_text())
                    values["submitter"] = copy.name
                    description.write_text(json.dumps(values))
    return target


def synthetic(tree: Path, target: Path, count: int) -> Path:
    """Copies of the tree until there are so many files."""
    each = sum(1 for path in tree.rglob("*") if path.is_file())
    return copies(tree, target, -(-count // each))


if __name__ == "__main__":
    begin = time.monotonic()
    main()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\ntook {time.monotonic() - begin:.0f} s; peak of this script {peak_mb} MB")
