"""Make the reference convergence points of the mini editions from the runs that the table of minis was made of.

    python tools/mini_points.py            # writes src/levelfield/rules/data/training/rcp/levelfield-mini-1.toml
    python tools/mini_points.py --check    # says whether it is up to date

Runs come from ``docs/models/training/NAME.json`` (``tools/training_table.py --measure NAME``): those with real labels
that reached the target, each with what it needed. A point asks for twice as many runs as a submission has; where there
are fewer, this says so, and the point is written all the same: its floor is the lower for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from levelfield.files import write_atomically
from levelfield.rules import load_training
from levelfield.rules.training import TrainingBenchmark

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "docs/models/training"
SET = "levelfield-mini-1"
FILE = ROOT / f"src/levelfield/rules/data/training/rcp/{SET}.toml"
ROUND = "training-v1.1"
WIDTH = 116

HEAD = f"""# Reference convergence points of the mini editions, of docs/models/training/*.json by tools/mini_points.py.
#
# A point is what seeded runs of levelfield's own training needed, in the unit of [units], in the order of the seeds.

format = 1
set = "{SET}"
ruleset = "1.1.0"
"""


@dataclass(frozen=True, kw_only=True)
class MiniPoint:
    """What the runs of one mini edition needed."""

    benchmark: str
    batch_size: int
    unit: str
    figures: tuple[float, ...]
    hyperparameters: Mapping[str, object]
    date: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the file is out of date")
    arguments = parser.parse_args()
    points = [point for one in load_training(ROUND) if one.has_reference and (point := measured(one)) is not None]
    text = document(points)
    if arguments.check:
        return 0 if FILE.is_file() and FILE.read_text() == text else 1
    write_atomically(FILE, text)
    print(f"{len(points)} points in {FILE.relative_to(ROOT)}")
    return 0


def measured(benchmark: TrainingBenchmark) -> MiniPoint | None:
    """The point of a benchmark; ``None`` where too few of its runs were measured to drop the ends."""
    path = RUNS / f"{benchmark.name}.json"
    runs = json.loads(path.read_text()) if path.is_file() else []
    good = sorted(
        (run for run in runs if run["reached"] and not run.get("shuffled_labels")), key=lambda run: run["seed"]
    )
    if len(good) <= 2 * benchmark.dropped:
        print(f"{benchmark.name}: {len(good)} runs that reached the target, too few", file=sys.stderr)
        return None
    if len(good) < 2 * benchmark.runs:
        print(f"{benchmark.name}: {len(good)} runs, a point asks for {2 * benchmark.runs}", file=sys.stderr)
    hyperparameters = hyperparameters_of(benchmark.name)
    return MiniPoint(
        benchmark=benchmark.name,
        batch_size=int(str(hyperparameters["global_batch_size"])),
        unit="samples" if benchmark.log.cadence.unit == "samples" else "epochs",
        figures=tuple(run["progress"] for run in good),
        hyperparameters={name: value for name, value in hyperparameters.items() if name != "global_batch_size"},
        date=max(run.get("date", "") for run in good),
    )


def hyperparameters_of(name: str) -> Mapping[str, object]:
    """What the log of a mini run says."""
    from levelfield.terms import Edition
    from levelfield.training import catalog
    from levelfield.training.port import Setup

    found: Mapping[str, object] = (
        catalog.benchmark_named(name).build(Setup(edition=Edition.MINI, seed=0)).hyperparameters
    )
    return found


def document(points: Sequence[MiniPoint]) -> str:
    """The set as the rule book reads it."""
    date = max((point.date for point in points), default="") or "2026-01-01"
    source = f'repository = "levelfield"\nrevision = "docs/models/training"\ndate = "{date}"\nlicense = "Apache-2.0"\n'
    lines = [HEAD, "[source]", source, "[units]", *(f'{one.benchmark} = "{one.unit}"' for one in points)]
    for one in points:
        key = f"points.{one.benchmark}.{one.batch_size}"
        lines += [
            "",
            f"[{key}]",
            f'id = "{one.benchmark}_mini_{one.batch_size}"',
            'creator = "levelfield"',
            figures(one),
        ]
        said = {name: shown for name, value in one.hyperparameters.items() if (shown := toml(value)) is not None}
        if said:
            lines += ["", f"[{key}.hyperparameters]", *(f"{name} = {value}" for name, value in said.items())]
    return "\n".join(lines) + "\n"


def figures(point: MiniPoint) -> str:
    rows, row = [], ""
    for figure in map(repr, point.figures):
        if len(row) + len(figure) + 4 > WIDTH:
            rows.append(row)
            row = ""
        row += f"{figure}, "
    inner = "\n".join(f"  {one.rstrip()}" for one in [*rows, row])
    return f"figures = [\n{inner}\n]"


def toml(value: object) -> str | None:
    """A value as the set holds it; ``None`` for what it has no place for."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return json.dumps(value)
        case list() | tuple() if all(isinstance(one, int | float) for one in value):
            return f"[{', '.join(map(repr, value))}]"
        case _:
            return None


if __name__ == "__main__":
    sys.exit(main())
