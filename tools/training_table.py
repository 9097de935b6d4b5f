"""Train mini editions with many seeds, and make ``docs/models/training.md`` of what they came to.

    python tools/training_table.py --measure resnet    # seeds 0 to 9; adds to docs/models/training/resnet.json
    python tools/training_table.py --measure resnet --seeds 0 1 --shuffled    # the control
    python tools/training_table.py                     # writes the table from all files
    python tools/training_table.py --check             # says whether it is up to date

Every run goes through ``levelfield.training.run``, the code of ``levelfield training run``, with one thread, in this
process, one after the other. CPU time is the process clock's, from before the model is made; wall time is the run's
own, from ``run_start`` to ``run_stop``. With ``--shuffled`` labels are dealt anew: such a run must miss the target.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from levelfield.files import write_atomically
from levelfield.rules import load_training
from levelfield.terms import Edition
from levelfield.training.catalog import NAMES, available
from levelfield.training.goals import targets_of

ROUND = "training-v1.1"
DOCS = Path(__file__).resolve().parents[1] / "docs/models"
FOLDER, PAGE = DOCS / "training", DOCS / "training.md"
SEEDS = tuple(range(10))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", metavar="BENCHMARK", help="train it, and add the runs to its file")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--shuffled", action="store_true", help="the control, with labels dealt anew")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the page is out of date")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.seeds, shuffled=arguments.shuffled)
        return 0
    text = "\n".join(page()) + "\n"
    if arguments.check:
        up_to_date = PAGE.is_file() and PAGE.read_text() == text
        if not up_to_date:
            print(f"{PAGE} is out of date: python tools/training_table.py", file=sys.stderr)
        return 0 if up_to_date else 1
    write_atomically(PAGE, text)
    return 0


# ---------------------------------------------------------------------------------------------------- measuring


def measure(name: str, seeds: Sequence[int], *, shuffled: bool) -> None:
    """Train once for each seed; the file is written anew after each."""
    path = FOLDER / f"{name}.json"
    known = json.loads(path.read_text()) if path.is_file() else []
    for seed in seeds:
        run = measured(name, seed, shuffled=shuffled)
        known = [one for one in known if (one["seed"], one.get("shuffled_labels", False)) != (seed, shuffled)]
        known = sorted([*known, run], key=lambda one: (one.get("shuffled_labels", False), one["seed"]))
        write_atomically(path, "[\n" + ",\n".join(json.dumps(one) for one in known) + "\n]\n")
        print({key: value for key, value in run.items() if key != "quality"}, flush=True)


def measured(name: str, seed: int, *, shuffled: bool) -> dict[str, Any]:
    """One run, by the harness."""
    from levelfield.training.request import TrainingRequest
    from levelfield.training.run import run_training

    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        done = run_training(
            TrainingRequest(
                benchmark=name, out=Path(folder), seed=seed, threads=1, device="cpu", shuffled_labels=shuffled
            )
        )
        cpu_s = time.process_time() - began
    assert done is not None
    if done.failure:
        raise done.failure
    if done.interrupted:
        raise KeyboardInterrupt
    (run,) = done.report.runs
    assert run.minutes is not None
    return {
        "seed": seed,
        "shuffled_labels": shuffled,
        "reached": run.succeeded,
        "steps": run.step,
        "progress": run.progress,
        "cpu_s": round(cpu_s, 2),
        "wall_s": round(run.minutes * 60, 2),
        "parameters": run.parameters,
        "quality": [[round(point.progress, 4), dict(point.quality)] for point in run.quality],
        "machine": done.report.header.machine.get("host_processor_model_name", ""),
        "torch": done.report.header.software["torch"],
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


# ------------------------------------------------------------------------------------------------------ the page


def page() -> Iterator[str]:
    """Line by line."""
    rules = load_training(ROUND)
    runs_by_name = {name: runs_of(FOLDER / f"{name}.json") for name in NAMES}
    yield "# Mini editions, trained"
    yield ""
    yield (
        "What `python tools/training_table.py` measured: every mini edition, trained by the harness with many seeds, "
        "one thread, until its target. CPU seconds include making the model; epochs are in the unit of the log's "
        "`epoch_num` (for bert: samples). The last column is the control: runs whose labels were dealt anew, which "
        "must miss the target. The single runs, with their curves, are in [training/](training/)."
    )
    yield ""
    yield "| benchmark | target | reached | epochs, median (range) | CPU s, median (range) | s.d. of epochs | control |"
    yield "|---|---|---|---|---|---|---|"
    for benchmark in available():
        runs = runs_by_name[benchmark.name]
        targets = ", ".join(map(str, targets_of(benchmark, Edition.MINI, rules)))
        yield f"| {benchmark.name} | {targets} | {' | '.join(cells(runs))} |"
    yield ""
    every = [run for runs in runs_by_name.values() for run in runs if "machine" in run]
    if where := sorted({f"{run['machine']}, torch {run['torch']}" for run in every}):
        yield f"Measured on: {'; '.join(where)}. Other work ran there at the same time, so wall time is not shown."
        yield ""
    for benchmark in available():
        if runs := runs_by_name[benchmark.name]:
            yield from single_runs(benchmark.name, runs)


def runs_of(path: Path) -> list[Mapping[str, Any]]:
    """The runs of a file; none where nothing was measured."""
    return json.loads(path.read_text()) if path.is_file() else []


def cells(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of one line of the table."""
    trained = [run for run in runs if not run.get("shuffled_labels")]
    control = [run for run in runs if run.get("shuffled_labels")]
    good = [run for run in trained if run.get("reached", True)]
    if not trained:
        return ["not measured", "", "", "", ""]
    epochs, seconds = [run["progress"] for run in good], [run["cpu_s"] for run in good]
    spread = f"{statistics.stdev(epochs):,.3g}" if len(epochs) > 1 else ""
    return [
        f"{len(good)} of {len(trained)}",
        ranged(epochs),
        ranged(seconds),
        spread,
        controlled(control),
    ]


def ranged(values: Sequence[float]) -> str:
    """``20 (18 to 22)``."""
    if not values:
        return ""
    return f"{statistics.median(values):,.4g} ({min(values):,.4g} to {max(values):,.4g})"


def controlled(control: Sequence[Mapping[str, Any]]) -> str:
    """``0 of 2 reached, best 0.13``."""
    if not control:
        return "not measured"
    best = [best_of(run) for run in control]
    reached = sum(bool(run.get("reached")) for run in control)
    return f"{reached} of {len(control)} reached it; last: {', '.join(best)}"


def best_of(run: Mapping[str, Any]) -> str:
    """The quality of the last evaluation."""
    last = run["quality"][-1][1] if run["quality"] else {}
    return " / ".join(f"{value:.4g}" for value in last.values()) if isinstance(last, dict) else f"{last:.4g}"


def single_runs(name: str, runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A table of the runs of one benchmark."""
    yield f"## {name}"
    yield ""
    yield "| seed | labels | target | steps | epochs | CPU s | last evaluation |"
    yield "|---|---|---|---|---|---|---|"
    for run in runs:
        labels = "shuffled" if run.get("shuffled_labels") else "true"
        reached = "reached" if run.get("reached", True) else "missed"
        yield (
            f"| {run['seed']} | {labels} | {reached} | {run['steps']:,} | {run['progress']:,.6g} | "
            f"{run['cpu_s']:.1f} | {best_of(run)} |"
        )
    yield ""


if __name__ == "__main__":
    sys.exit(main())
