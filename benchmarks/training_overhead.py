"""What the training harness costs: with all listeners, beside the bare loop, on the steps of a mini edition.

    python benchmarks/training_overhead.py [-b resnet] [--set epochs=9] [--repeat 5] [--json FILE]

The bare loop is what a benchmark's own script would be: ``begin_epoch``, ``step``, ``evaluate`` by the cadence, the
loss of each step read. The harness has the log, the record, the terminal's line (as on a terminal) and kept states on.
Both run in this process with one thread, the same settings, and take turns; CPU time by the process clock, from the
opening of the data to the end.

A step of a mini takes milliseconds and the harness microseconds, which on a machine with other work is below the noise
of the difference. So both are also run on *free* steps, which return a loss that was computed before: what the harness
takes there beyond the bare loop is its cost alone, and the ratio that counts is 1 + that cost / the bare loop's time on
real steps. The bar is 1.01.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from surroundings import Watch, machine, versions

from levelfield.cli.training_progress import TrainingProgress
from levelfield.files import write_atomically
from levelfield.rules.round import Target
from levelfield.terms import Edition
from levelfield.training.catalog import benchmark_named
from levelfield.training.events import DataOpened, Event, Listener, RunStopped
from levelfield.training.port import Benchmark, Quality, Setup, Training
from levelfield.training.request import TrainingRequest
from levelfield.training.result import RunResult
from levelfield.training.run import run_training

BAR = 1.01
SEED = 1


class FreeSteps:
    """A training whose steps and evaluations cost nothing; the rest is the real one's."""

    def __init__(self, inner: Training) -> None:
        self._inner = inner
        self._loss = torch.tensor(0.5)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def step(self) -> torch.Tensor:
        """The loss of nothing."""
        return self._loss

    def begin_epoch(self, epoch: int) -> None:
        """Nothing."""

    def evaluate(self) -> Quality:
        """No quality at all."""
        return {"top1": 0.0}


class Free:
    """A benchmark with free steps."""

    def __init__(self, inner: Benchmark) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def build(self, setup: Setup) -> Any:
        """The real one, around its steps."""
        return FreeSteps(self._inner.build(setup))


FREE = Free(benchmark_named("resnet"))


class Terminal(io.StringIO):
    """A terminal that nobody looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is one."""
        return True


class Stopwatch:
    """CPU time from the opening of the data to the end of the run, around another listener."""

    def __init__(self, inner: Listener) -> None:
        self.inner = inner
        self.cpu_s = 0.0

    def on(self, event: Event) -> None:
        """Take the time, and hand the event on."""
        if isinstance(event, DataOpened):
            self.cpu_s = -time.process_time()
        self.inner.on(event)
        if isinstance(event, RunStopped):
            self.cpu_s += time.process_time()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", default="resnet")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    FREE._inner = benchmark_named(arguments.benchmark)  # noqa: SLF001 - of this file
    changed = dict(pair.split("=", 1) for pair in arguments.set or ["epochs=9"])
    torch.set_num_threads(1)
    watch = Watch()
    taken = measured(arguments.benchmark, changed, arguments.repeat)
    medians = {kind: statistics.median(values) for kind, values in taken.items()}
    alone_s = medians["harness, free"] - medians["bare, free"]
    found = {
        "benchmark": arguments.benchmark,
        "changed": changed,
        "cpu_s": taken,
        "ratio": 1 + alone_s / medians["bare"],
        "ratio_measured": medians["harness"] / medians["bare"],
        "foreign_load_per_core": watch.foreign_load_per_core(),
        "machine": machine(),
        "versions": versions("torch", "numpy"),
        "date": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
    }
    verdict = "met" if found["ratio"] <= BAR else "MISSED"
    print(f"harness alone: {alone_s * 1e3:.1f} ms of CPU beside {medians['bare']:.2f} s of the bare loop")
    print(f"ratio: {found['ratio']:.4f}, bar {BAR}: {verdict}")
    print(f"ratio of the real runs: {found['ratio_measured']:.4f}")
    print(f"other processes took {found['foreign_load_per_core']:.2f} of each core meanwhile")
    if arguments.json:
        write_atomically(arguments.json, json.dumps(found, indent=1) + "\n")
    return 0 if verdict == "met" else 1


def measured(name: str, changed: Mapping[str, str], repeat: int) -> dict[str, list[float]]:
    """CPU seconds of each kind, in turn."""
    kinds: dict[str, Callable[[], float]] = {
        "bare": lambda: bare(benchmark_named(name), changed),
        "harness": lambda: under_harness(name, changed),
        "bare, free": lambda: bare(FREE, changed),
        "harness, free": lambda: under_harness("training_overhead:FREE", changed),
    }
    for run in kinds.values():
        run()  # what is made once, is made here
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for at in range(repeat):
        for kind in kinds if at % 2 else reversed(kinds):
            taken[kind].append(kinds[kind]())
            print(f"{kind:<14} {taken[kind][-1]:.4f} s of CPU", flush=True)
    return taken


def bare(benchmark: Benchmark, changed: Mapping[str, str]) -> float:
    """The loop and nothing else; CPU seconds."""
    torch.manual_seed(SEED)
    training = benchmark.build(Setup(edition=Edition.MINI, seed=SEED, changed=changed))
    cadence = training.cadence
    training.open_data()
    began = time.process_time()
    for step in range(1, cadence.last + 1):
        if (step - 1) % cadence.epoch == 0:
            training.begin_epoch((step - 1) // cadence.epoch + 1)
        float(training.step())
        if cadence.evaluates_after(step):
            training.evaluate()
    return time.process_time() - began


def under_harness(name: str, changed: Mapping[str, str]) -> float:
    """The same under the harness, with everything on; CPU seconds."""
    watches: list[Stopwatch] = []
    progress = TrainingProgress(Terminal(), {"TERM": "xterm"}, runs=1)

    def watch(result: RunResult, targets: Sequence[Target]) -> Stopwatch:
        watches.append(Stopwatch(progress.watch(result, targets)))
        return watches[0]

    with tempfile.TemporaryDirectory() as folder:
        done = run_training(
            TrainingRequest(
                benchmark=name, out=Path(folder), seed=SEED, threads=1, device="cpu", changed=changed, checkpoints=True
            ),
            watch=watch,
        )
    assert done is not None
    assert done.failure is None
    assert not done.report.runs[0].succeeded, "it ended early: give fewer epochs"
    return watches[0].cpu_s


if __name__ == "__main__":
    # The benchmark with free steps is found by name, so this module must be there under its own.
    import training_overhead

    sys.exit(training_overhead.main())
