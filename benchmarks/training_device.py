"""What the full editions of the training suite do on a GPU: some hundred steps of each, from files of the real format.

    python benchmarks/training_device.py [-b bert ...] [--steps 200] [--precision bf16] [--work FOLDER] [--json FILE]
    python benchmarks/training_device.py --publish FILE [FILE ...]

Networks, optimizers and data paths are those of ``levelfield training run --edition full``; the data are made here, in
the published file formats and at the usual sizes, and are few: files are linked under many names. Weights start at
random, so losses say that learning works and nothing of quality. Each benchmark has a process of its own.

Shown are samples per second over all timed steps, data path included; the share of that time in which the device
computed, from a trace of a few later steps; and the model FLOPS utilisation, once of the whole path and once of the
device's own time. The JSON file is written anew after each benchmark; ``--publish`` writes tables of such files into
the README and the files into ``results``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from publishing import publish
from surroundings import machine, versions
from training_cases import CASES, Case
from training_device_data import written

from levelfield.terms import Edition
from levelfield.training.port import NumberFormat, Setup, Training, World
from levelfield.training.utilisation import peak_flops, utilisation

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "training_device.json"
SEED = 20211201
WARM_UP = 15
"""Steps before the timed ones: libraries choose their kernels, readers fill their queues."""
TRACED = 8


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One benchmark."""

    benchmark: str
    batch_size: int
    note: str
    steps: int
    seconds: float
    device_s_per_step: float | None
    """In which at least one kernel or copy ran; ``None`` without a GPU."""
    flops_per_sample: float | None
    first_loss: float
    """Mean of the first five steps."""
    last_loss: float
    """Mean of the last five."""
    memory_bytes: int
    """Most that was allocated on the device."""
    opening_s: float
    """From the start of building to the first step."""

    @property
    def samples_per_s(self) -> float:
        """Over the timed steps."""
        return self.batch_size * self.steps / self.seconds

    @property
    def device_share(self) -> float | None:
        """Of the time of a step, what the device computes."""
        return None if self.device_s_per_step is None else self.device_s_per_step * self.steps / self.seconds


def main() -> int:
    arguments = _arguments()
    if arguments.publish:
        _publish([json.loads(file.read_text(encoding="utf-8")) for file in arguments.publish])
        return 0
    if arguments.case:
        row = measured(CASES[arguments.case], arguments.work, arguments)
        arguments.json.write_text(json.dumps(asdict(row)) + "\n", encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        report, failed = _each(arguments, arguments.work or Path(scratch))
    print("\n".join(_shown(report)))
    return 1 if failed else 0


def _report(arguments: argparse.Namespace, rows: Sequence[Measured]) -> dict[str, Any]:
    return {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "machine": machine(),
        "versions": versions("torch", "numpy"),
        "precision": arguments.precision,
        "rows": [asdict(row) for row in rows],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", action="append", choices=list(CASES))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--precision", default="bf16", choices=[str(one) for one in NumberFormat])
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--try-kernels", action="store_true", help="let cuDNN try which of its kernels is fastest")
    parser.add_argument("--small", action="store_true", help="a tenth of the data and a batch of two: does it run?")
    parser.add_argument("--limit-s", type=float, default=60.0, help="of the timed steps of one benchmark")
    parser.add_argument("--work", type=Path, help="where the data are kept")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--publish", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def _each(arguments: argparse.Namespace, work: Path) -> tuple[dict[str, Any], bool]:
    """Write all data side by side, and measure one after the other."""
    names: Sequence[str] = arguments.benchmark or list(CASES)
    work.mkdir(parents=True, exist_ok=True)
    rows, failed = [], False
    with ProcessPoolExecutor(min(len(names), os.cpu_count() or 1)) as writers:
        folders: Mapping[str, Future[Path]] = {
            name: writers.submit(written, name, work / name, small=arguments.small) for name in names
        }
        for name in names:
            found = work / f"{name}.json"
            command = [
                sys.executable, __file__, "--case", name, "--work", str(folders[name].result()), "--json", str(found),
                "--steps", str(arguments.steps), "--precision", arguments.precision, "--device", arguments.device,
                "--limit-s", str(arguments.limit_s), *(["--small"] if arguments.small else []),
                *(["--try-kernels"] if arguments.try_kernels else []),
            ]  # fmt: skip
            print(f"{name} ...", flush=True)
            if subprocess.run(command, check=False).returncode:
                failed = True
                continue
            rows.append(Measured(**json.loads(found.read_text(encoding="utf-8"))))
            if arguments.json:
                arguments.json.write_text(json.dumps(_report(arguments, rows), indent=1) + "\n", encoding="utf-8")
            print(_row(rows[-1], torch.cuda.is_available() and torch.cuda.get_device_name(), arguments.precision))
    return _report(arguments, rows), failed


def measured(case: Case, data: Path, arguments: argparse.Namespace) -> Measured:
    """Train, time, trace."""
    began = time.monotonic()
    torch.backends.cudnn.benchmark = arguments.try_kernels
    batch = 2 if arguments.small else case.batch_size
    setup = Setup(
        edition=Edition.FULL,
        seed=SEED,
        batch_size=batch,
        number_format=NumberFormat(arguments.precision),
        data=data,
        changed={**case.changed, **(case.smaller if arguments.small else {})},
        world=World(device=arguments.device),
    )
    training = case.build(setup)
    training.open_data()
    driver = Driver(training)
    driver.go(2 if arguments.small else WARM_UP)
    _wait(arguments.device)
    opening_s = time.monotonic() - began
    began, steps = time.monotonic(), 0
    while steps < arguments.steps and time.monotonic() - began < arguments.limit_s:
        driver.go(1)
        steps += 1
        if steps % 16 == 0:  # as the harness reads losses
            _wait(arguments.device)
    _wait(arguments.device)
    seconds = time.monotonic() - began
    losses = torch.stack(driver.losses).float().tolist()
    on_cuda = arguments.device.startswith("cuda")
    return Measured(
        benchmark=case.name,
        batch_size=batch,
        note=case.note,
        steps=steps,
        seconds=seconds,
        device_s_per_step=_device_s(driver) if on_cuda else None,
        flops_per_sample=training.flops_per_sample(),
        first_loss=sum(losses[:5]) / len(losses[:5]),
        last_loss=sum(losses[-5:]) / len(losses[-5:]),
        memory_bytes=torch.cuda.max_memory_allocated() if on_cuda else 0,
        opening_s=opening_s,
    )


class Driver:
    """Makes steps, and begins epochs where they begin."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._epoch_steps = training.cadence.epoch
        self._done = 0
        self.losses: list[torch.Tensor] = []

    def go(self, steps: int) -> None:
        """So many more steps."""
        for _ in range(steps):
            if self._done % self._epoch_steps == 0:
                self._training.begin_epoch(self._done // self._epoch_steps + 1)
            self.losses.append(self._training.step())
            self._done += 1


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _device_s(driver: Driver) -> float:
    """Of one step: the time in which something ran on the device, by a trace of some."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as trace:
        driver.go(TRACED)
        torch.cuda.synchronize()
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in trace.events()
        if event.device_type == torch.autograd.DeviceType.CUDA
    )
    busy_us, until = 0.0, 0.0
    for start, end in spans:
        busy_us += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy_us / 1e6 / TRACED


HEAD = "| benchmark | batch | samples/s | device busy | MFU | MFU of device time | GB | loss, first and last five |"


def _shown(report: Mapping[str, Any]) -> list[str]:
    rows = [Measured(**row) for row in report["rows"]]
    with_what = f"torch {report['versions']['torch']}, levelfield {report['versions']['commit']}"
    lines = [
        f"{report['device']}, {report['machine']['cores_usable']} cores, {report['precision']}, {with_what}.",
        "",
        HEAD,
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        *(_row(row, report["device"], report["precision"]) for row in rows),
        "",
        *(f"{row.benchmark}: {row.note}" for row in rows if row.note),
    ]
    return [line.rstrip() for line in lines]


def _row(row: Measured, device: str | bool, precision: str) -> str:
    peak = peak_flops(device, NumberFormat(precision)) if isinstance(device, str) else None
    whole = utilisation(row.samples_per_s, row.flops_per_sample, peak, 1)
    share = row.device_share
    alone = whole / share if whole and share else None
    cells = [
        row.benchmark,
        f"{row.batch_size:,}",
        f"{row.samples_per_s:,.4g}" if row.samples_per_s < 100 else f"{row.samples_per_s:,.0f}",
        "-" if share is None else f"{share:.0%}",
        "-" if whole is None else f"{whole:.1%}",
        "-" if alone is None else f"{alone:.1%}",
        f"{row.memory_bytes / 1e9:.1f}",
        f"{row.first_loss:.4g}, {row.last_loss:.4g} in {row.steps} steps",
    ]
    return f"| {' | '.join(cells)} |"


def _publish(reports: Sequence[Mapping[str, Any]]) -> None:
    RESULTS.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    publish("training device", "\n\n".join("\n".join(_shown(report)) for report in reports))


if __name__ == "__main__":
    sys.exit(main())
