"""The submission checker's own cost: levelfield and the official checker of v2.0 side by side, as whole processes.

    python benchmarks/check.py ROUND [--official PATH/submission-checker.py] [--copies 10] [--files 100000] [--repeat 5]

ROUND is a folder that holds ``closed/`` and ``open/``. The official checker is run beside the project and is no part of
it: ``tools/submission/submission-checker.py`` with ``log_parser.py`` of mlcommons/inference at v2.0. Kinds take turns,
so that whatever else the machine does hits all of them. CPU time is that of the process and its children, memory the
largest process. How to read the numbers: ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
BOUND_S = 600


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    options = parse()
    load_before = os.getloadavg()[0] / (os.cpu_count() or 1)
    report: dict[str, object] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
        "load_per_core_before": round(load_before, 2),
        "trees": {},
    }
    print(report["machine"], f"load per core before {load_before:.2f}", sep="\n")
    with tempfile.TemporaryDirectory(prefix="levelfield-check-") as folder:
        trees = {"the tree": options.round}
        if options.copies:
            trees[f"{options.copies} copies"] = copies(options.round, Path(folder) / "copies", options.copies)
        if options.files:
            trees[f"{options.files} files"] = synthetic(options.round, Path(folder) / "synthetic", options.files)
        for name, tree in trees.items():
            kinds = commands(tree, Path(folder), None if "files" in name else options.official)
            report["trees"][name] = measure_tree(name, kinds, 1 if "files" in name else options.repeat)  # type: ignore[index]
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("round", type=Path, help="a round's tree, as data/rounds/inference_v2.0")
    parser.add_argument("--official", type=Path, help="submission-checker.py, log_parser.py beside it")
    parser.add_argument("--copies", type=int, default=10, help="differently named copies of each submitter; 0 = none")
    parser.add_argument("--files", type=int, default=100_000, help="files of the synthetic round; 0 = none")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write every measurement")
    return parser.parse_args()


def commands(tree: Path, scratch: Path, official: Path | None) -> dict[str, list[str]]:
    """The processes to compare, by what they are called."""
    ours = [sys.executable, "-m", "levelfield", "submission", "check", str(tree)]
    kinds = {"ours, all checks": ours, "ours, the official's checks": [*ours, "--select", "official"]}
    if official is not None:
        kinds["official"] = [
            sys.executable,
            str(official),
            "--input",
            str(tree),
            "--csv",
            str(scratch / "official.csv"),
        ]
    return kinds


def measure_tree(name: str, kinds: dict[str, list[str]], repeat: int) -> dict[str, object]:
    """Run each kind in turn and print medians, the best in brackets."""
    costs: dict[str, list[Cost]] = {kind: [] for kind in kinds}
    for _ in range(repeat):
        for kind, command in kinds.items():
            costs[kind].append(measure(command))
    print(f"\n{name}: median (best) of {repeat}")
    print(f"{'':30}{'CPU s':>16}{'wall s':>16}{'peak MB':>10}{'CPU ratio':>12}{'wall ratio':>12}")
    base = costs.get("official")
    for kind, found in costs.items():
        cells = [pair([cost.cpu_s for cost in found]), pair([cost.wall_s for cost in found])]
        ratios = ["", ""]
        if base and kind != "official":
            ratios = [ratio(found, base, "cpu_s"), ratio(found, base, "wall_s")]
        peak = max(cost.peak_mb for cost in found)
        print(f"{kind:30}{cells[0]:>16}{cells[1]:>16}{peak:>10.0f}{ratios[0]:>12}{ratios[1]:>12}")
    return {kind: [asdict(cost) for cost in found] for kind, found in costs.items()}


def pair(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f})"


def ratio(found: list[Cost], base: list[Cost], name: str) -> str:
    """Ours over theirs, of the bests: below 1 is ours better."""
    return f"{min(getattr(cost, name) for cost in found) / min(getattr(cost, name) for cost in base):.2f}"


def measure(command: list[str]) -> Cost:
    """Run a process in a child that waits for it alone, so that the counters are those of this one."""
    code = (
        "import resource, subprocess, sys, time, json\n"
        "begin = time.monotonic()\n"
        "ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "wall = time.monotonic() - begin\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, ended.returncode]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
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
    print(
        f"\ntook {time.monotonic() - begin:.0f} s; peak of this script {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )
