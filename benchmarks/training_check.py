"""The cost of checking a training round: levelfield and the official tools of v1.1 side by side, as whole processes.

    python benchmarks/training_check.py ROUND [--official LOGGING] [--python PYTHON] [--repeat 3] [--json FILE]

ROUND holds the submitters' folders. LOGGING is a checkout of mlcommons/logging at beaf26d, which is no part of the
project; PYTHON is an interpreter that has what it needs (pandas, scipy, PyYAML). The official summarizer gives scores
only; ours gives scores, every check of logs, seeds, layout and systems, the convergence test and all output files. The
two take turns. CPU time is that of the process and its children, memory the largest process. It ends with the bars of
the issue, each met or missed. How to read the numbers: ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from check import Bar, Cost, measure, pair
from surroundings import Watch, machine, versions

OURS, SCORE, THEIRS = "submission check, all checks", "training score", "official summarizer"
CPU_RATIO = 0.1
LARGEST_MB = 200
CPU_PER_LOG_S = 20 / 1810
"""A whole round of 1,810 logs in 20 s."""


def main() -> None:
    options = parse()
    watch = Watch()
    with tempfile.TemporaryDirectory(prefix="levelfield-training-") as folder:
        scratch = Path(folder)
        kinds = commands(options, scratch)
        costs: dict[str, list[Cost]] = {kind: [] for kind in kinds}
        for turn in range(options.repeat + 1):  # one turn before, which compiles what is imported
            for kind, command in kinds.items():
                cost = measure(command, scratch / "compiled")
                if turn:
                    costs[kind].append(cost)
        same = summaries_equal(scratch) if THEIRS in kinds else None
    logs = [path for path in options.round.rglob("result_*.txt") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in logs) / 1e6
    print(f"{len(logs)} logs, {megabytes:.0f} MB; median (best) of {options.repeat}")
    print(f"{'':32}{'CPU s':>16}{'wall s':>16}{'peak MB':>10}{'CPU ratio':>12}")
    for kind, found in costs.items():
        print(row(kind, found, costs.get(THEIRS)))
    bars = bars_of(costs, logs=len(logs))
    print()
    for bar in bars:
        print(f"{'met   ' if bar.met else 'MISSED'}  {bar.what}: {bar.value:.3g}, at most {bar.most:.3g}")
    if same is not None:
        print(f"{'met   ' if same else 'MISSED'}  the summary is the official one, line for line")
    load = watch.foreign_load_per_core()
    print(f"load per core of other processes: {load}")
    if options.json:
        report = {
            "machine": machine(),
            "versions": versions(),
            "foreign_load_per_core": load,
            "logs": len(logs),
            "costs": {kind: [asdict(cost) for cost in found] for kind, found in costs.items()},
            "bars": [asdict(bar) for bar in bars],
            "summaries_equal": same,
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("round", type=Path, help="submitters' folders, as data/rounds/training_v1.1")
    parser.add_argument("--official", type=Path, help="a checkout of mlcommons/logging")
    parser.add_argument("--python", default=sys.executable, help="what runs it")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write every measurement")
    return parser.parse_args()


def commands(options: argparse.Namespace, scratch: Path) -> dict[str, list[str]]:
    """The processes to compare, by what they are called."""
    tree = str(options.round)
    ours = [sys.executable, "-m", "levelfield"]
    kinds = {
        OURS: [
            *(*ours, "submission", "check", tree, "--round", "training-v1.1"),
            *("--csv", str(scratch / "ours.csv"), "--json", str(scratch / "ours.json")),
        ],
        SCORE: [*ours, "training", "score", tree],
    }
    if not has_command("training", "score"):
        del kinds[SCORE]
    if options.official is not None:
        # The tool finds its own modules in the checkout, whatever PYTHONPATH the measurement sets.
        code = (
            f"import sys; sys.path.insert(0, {str(options.official)!r}); sys.argv[1:] = "
            f"[{tree + '/{*}'!r}, 'training', '1.1.0', '--csv', {str(scratch / 'theirs.csv')!r}]; "
            "from mlperf_logging.result_summarizer.result_summarizer import main; main()"
        )
        kinds[THEIRS] = [options.python, "-c", code]
    return kinds


def has_command(*words: str) -> bool:
    return (
        subprocess.run(
            [sys.executable, "-m", "levelfield", *words, "--help"], capture_output=True, check=False
        ).returncode
        == 0
    )


def summaries_equal(scratch: Path) -> bool:
    """Whether both summaries have the same lines; only their submitters stand in another order."""
    ours, theirs = (list(csv.reader((scratch / f"{name}.csv").open())) for name in ("ours", "theirs"))
    return ours[0] == theirs[0] and sorted(ours) == sorted(theirs)


def row(kind: str, found: list[Cost], base: list[Cost] | None) -> str:
    cells = [pair([cost.cpu_s for cost in found]), pair([cost.wall_s for cost in found])]
    ratio = f"{cpu_s(found) / cpu_s(base):.3f}" if base and base is not found else ""
    return f"{kind:32}{cells[0]:>16}{cells[1]:>16}{max(cost.peak_mb for cost in found):>10.0f}{ratio:>12}"


def cpu_s(found: list[Cost]) -> float:
    return min(cost.cpu_s for cost in found)


def bars_of(costs: dict[str, list[Cost]], *, logs: int) -> list[Bar]:
    """What issue 5 asks for, as far as it was measured."""
    ours = costs[OURS]
    peak_mb, per_log_s = max(cost.peak_mb for cost in ours), cpu_s(ours) / logs
    bars = [
        Bar("peak MB", peak_mb, LARGEST_MB, peak_mb <= LARGEST_MB),
        Bar("CPU s a log", per_log_s, CPU_PER_LOG_S, per_log_s <= CPU_PER_LOG_S),
    ]
    if THEIRS in costs:
        ratio = cpu_s(ours) / cpu_s(costs[THEIRS])
        bars.append(Bar("all checks, CPU over the official summarizer's", ratio, CPU_RATIO, ratio <= CPU_RATIO))
    return bars


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
