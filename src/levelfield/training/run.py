"""``levelfield training run``: some runs of one benchmark, each under its own clock, and what they come to."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from levelfield import __version__
from levelfield.errors import LevelfieldError, SettingsError
from levelfield.rules import load_training
from levelfield.system.machine import Machine, describe, find_machine
from levelfield.system.software import python_version, versions_of
from levelfield.system.source import LiveSource
from levelfield.training.catalog import benchmark_named
from levelfield.training.command import command_of
from levelfield.training.distributed import Processes, device_of, joined
from levelfield.training.goals import targets_of
from levelfield.training.one_run import Circumstances, OneRun, Watch
from levelfield.training.port import Setup
from levelfield.training.request import TrainingRequest
from levelfield.training.result import Header, Report, RunResult
from levelfield.training.resume import GoingOn, find_unfinished, report_of
from levelfield.training.scoring import score_of
from levelfield.training.seeds import seeds_of
from levelfield.training.workplace import RECORD, Resumed, Workplace, log_path

__all__ = ["Trained", "run_training"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a command came to."""

    report: Report
    record: Path
    interrupted: bool = False
    failure: LevelfieldError | None = None
    """What broke; the runs before it are kept."""


def run_training(
    request: TrainingRequest, *, processes: Processes | None = None, watch: Watch | None = None
) -> Trained | None:
    """Prepare, train, log and score.

    Args:
        request: What is asked for.
        processes: What ``torchrun`` says; ``None`` for this process alone.
        watch: Shows each run while it lasts.

    Returns:
        ``None`` in every process but the first.

    Raises:
        UsageError: The request cannot be carried out; nothing was trained, and no folder is left.
        InputError: A dataset or a kept state is missing or damaged.
        MissingError: The device, or a library, is not there.
        OutputError: The output folder cannot be used.
    """
    if problems := request.problems():
        raise SettingsError("This run cannot be.", problems=problems)
    processes = processes or Processes()
    if request.threads is not None:
        torch.set_num_threads(request.threads)
    rules = load_training(request.rules)
    benchmark = benchmark_named(request.benchmark)
    targets = targets_of(benchmark, request.edition, rules)
    with joined(processes, device_of(request.device, processes)) as group:
        device_name = _device_name(group.world.device)
        machine = find_machine(LiveSource()) if group.writes else Machine()
        shared = Circumstances(
            request=request,
            benchmark=benchmark,
            rules=rules,
            targets=targets,
            group=group,
            system=request.system_name or _system_name(machine, device_name),
            device_name=device_name,
            hosts=processes.hosts,
        )
        return _carried_out(shared, machine, watch)


def _carried_out(shared: Circumstances, machine: Machine, watch: Watch | None) -> Trained | None:
    """All runs, one after the other; the first that breaks is the last."""
    group, going_on, results = shared.group, *_planned(shared)
    setups = [_setup(shared, result.seed) for result in results]
    if group.writes:
        shared.benchmark.prepare(setups[0])
    group.agreed(0)  # the others wait until the data are there
    place = _workplace(shared, machine, going_on) if group.writes else None
    interrupted, failure = False, None
    for setup, result in zip(setups, results, strict=True):
        run = OneRun(shared, setup, result, going_on)
        gc.collect()  # data of the run before hang in cycles, and large arrays do not wake the collector
        try:
            run.conduct(place, watch)
        except KeyboardInterrupt:  # before the clock ran; after that the run notes it itself
            interrupted = True
        except LevelfieldError as error:
            if place is not None and result is results[0] and not run.began:
                place.leave_no_trace()
                raise
            failure = error
        interrupted = interrupted or run.interrupted
        if interrupted or failure:
            break
    if place is None:
        if failure:
            raise failure
        return None
    report = place.conclude(score_of(place.report.runs, shared.rules.benchmark(shared.benchmark.name)))
    return Trained(report=report, record=place.out / RECORD, interrupted=interrupted, failure=failure)


def _planned(shared: Circumstances) -> tuple[GoingOn | None, list[RunResult]]:
    """The runs before they begin: new ones, or the one that goes on. The first process's seeds hold for all."""
    request, group = shared.request, shared.group
    if request.resume:
        going_on = find_unfinished(request, group.world.rank)
        return going_on, [going_on.result]
    return None, [
        RunResult(
            number=number,
            log=log_path(shared.system, shared.benchmark.name, number),
            seed=group.agreed(seed),
            seed_given=request.seed is not None,
        )
        for number, seed in enumerate(seeds_of(request.runs, request.seed))
    ]


def _setup(shared: Circumstances, seed: int) -> Setup:
    request = shared.request
    return Setup(
        edition=request.edition,
        seed=seed,
        batch_size=request.batch_size,
        number_format=request.number_format,
        data=request.data,
        start=request.start,
        changed=dict(request.changed or {}),
        world=shared.group.world,
        shuffled_labels=request.shuffled_labels,
    )


def _workplace(shared: Circumstances, machine: Machine, going_on: GoingOn | None) -> Workplace:
    request, name = shared.request, shared.benchmark.name
    versions = {package: version or "" for package, version in versions_of(("torch", "numpy")).items()}
    description = replace(
        describe(machine, framework=f"torch {versions['torch']}", software={"numpy": versions["numpy"]}),
        system_name=shared.system,
        submitter=request.organisation,
        division=str(request.division),
        status=request.status,
        number_of_nodes=str(shared.hosts),
        extra=(("host_processor_vcpu_count", str(machine.processor.logical_cpus or "")),),
    )
    header = Header(
        round=shared.rules.name,
        benchmark=name,
        edition=str(request.edition),
        title=shared.rules.benchmark(name).title,
        targets=tuple(str(target) for target in shared.targets),
        system=shared.system,
        division=str(request.division),
        device=shared.device_name,
        processes=shared.group.world.size,
        number_format=str(request.number_format),
        request=request.as_dict(),
        machine={field: text for field, text in description.as_dict().items() if text},
        software={"levelfield": __version__, "python": python_version(), **versions},
        command=command_of(request, processes=shared.group.world.size, hosts=shared.hosts),
    )
    if going_on is not None:
        return Resumed(request.out, report_of(request.out, header))
    return Workplace(request.out, Report(header=header), description.to_json())


def _device_name(device: str) -> str:
    """What the driver calls a device; ``cpu`` for a processor."""
    return device if device == "cpu" else str(torch.cuda.get_device_name(device))


def _system_name(machine: Machine, device_name: str) -> str:
    """A folder name for this machine: what computes, and the framework."""
    named = (machine.processor.model or "unknown processor") if device_name == "cpu" else device_name
    words = "".join(c if c.isalnum() else " " for c in named).split()
    return "-".join([*words[:6], "torch"])
