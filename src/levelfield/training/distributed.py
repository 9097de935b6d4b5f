"""Several processes that train one model: ``torchrun`` starts them, gradients are averaged after each backward pass.

Every process deals the same order from (seed, epoch) and takes its share of each global batch, so the losses do not
depend on how many there are, up to rounding. The first process alone writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from levelfield.errors import MissingError, SettingsError, TrainingError, UsageError
from levelfield.training.port import Training, World

__all__ = [
    "Group",
    "Processes",
    "check_share",
    "device_of",
    "gathered",
    "in_parts",
    "joined",
    "processes_of",
    "share_buffers",
    "summed",
]

Own = TypeVar("Own")
Part = TypeVar("Part")

_PATIENCE = timedelta(minutes=30)
"""How long one process waits for the others: as long as an evaluation of one of them may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """What ``torchrun`` says of this process; alone without it."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Which one it is on its host, and so which device it takes."""
    on_host: int | None = None
    """How many there are on each host; ``None`` where it is not said."""

    @property
    def hosts(self) -> int:
        """How many hosts take part, where each has as many processes; one where that is not known."""
        return max(self.size // self.on_host, 1) if self.on_host else 1


def processes_of(environment: Mapping[str, str]) -> Processes:
    """Read the variables of ``torchrun``: ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``LOCAL_WORLD_SIZE``.

    Raises:
        UsageError: They are there but are no numbers, or do not fit each other.
    """
    if "WORLD_SIZE" not in environment:
        return Processes()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    wrong = [
        f"{name}: found {environment.get(name)!r}, expected a number."
        for name in names
        if not environment.get(name, "").isdigit()
    ]
    if not wrong:
        rank, size, local = (int(environment[name]) for name in names)
        if rank < size:
            on_host = environment.get("LOCAL_WORLD_SIZE", "")
            return Processes(
                rank=rank, size=size, local_rank=local, on_host=int(on_host) if on_host.isdigit() else None
            )
        wrong = [f"RANK: found {rank}, expected less than WORLD_SIZE, which is {size}."]
    raise UsageError(
        "The environment names several processes, but not rightly.",
        problems=wrong,
        hint="Start them with: torchrun --nproc-per-node 2 -m levelfield training run ...",
    )


def device_of(wanted: str, processes: Processes) -> str:
    """The device of this process.

    Args:
        wanted: ``cpu``, ``cuda``, or ``auto`` for ``cuda`` where there is any.
        processes: Each takes the device of its number on the host.

    Raises:
        MissingError: There is no such device.
    """
    count = torch.cuda.device_count()
    if wanted == "cpu" or (wanted == "auto" and not count):
        return "cpu"
    if processes.local_rank >= count:
        raise MissingError(
            f"Process {processes.local_rank} of this host needs a CUDA device of its own; there are {count}.",
            hint="Give --device cpu, or start fewer processes on each host.",
        )
    return f"cuda:{processes.local_rank}"


class Group:
    """The processes that train together; alone, every call is free."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes."""
        return self.world.rank == 0

    def agreed(self, number: int) -> int:
        """The first process's number, in all of them."""
        if self.world.size == 1:
            return number
        held = torch.tensor([number], dtype=torch.int64, device=self.world.device)
        distributed.broadcast(held, src=0)
        return int(held.item())

    def means(self, values: torch.Tensor) -> torch.Tensor:
        """(n,) the mean over processes of each of n values."""
        if self.world.size > 1:
            distributed.all_reduce(values)
            values /= self.world.size
        return values

    def share_gradients(self, training: Training) -> None:
        """Let every backward pass average the gradients over the processes."""
        if self.world.size > 1:
            devices = None if self.world.device == "cpu" else [self.world.device]
            training.model = DistributedDataParallel(training.model, device_ids=devices)


@contextmanager
def joined(processes: Processes, device: str) -> Iterator[Group]:
    """Meet the other processes, and part when the work is done.

    Raises:
        TrainingError: They do not meet.
    """
    world = World(rank=processes.rank, size=processes.size, device=device)
    if world.size == 1:
        yield Group(world)
        return
    if device != "cpu":
        torch.cuda.set_device(device)
    try:
        distributed.init_process_group("gloo" if device == "cpu" else "nccl", timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise TrainingError.of(error, doing=f"{world.size} processes should have met") from error
    try:
        yield Group(world)
    finally:
        distributed.destroy_process_group()


def check_share(batch_size: int, world: World) -> None:
    """Every process takes an equal share of each batch, or their mean would not be the batch's.

    Raises:
        SettingsError: The batch cannot be shared so.
    """
    if batch_size % world.size:
        raise SettingsError(
            "The batch cannot be shared equally.",
            problems=[f"--batch: found {batch_size}, expected a multiple of the {world.size} processes."],
        )


def in_parts(model: torch.nn.Module, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts of a batch; gradients are averaged over processes with those of the last part, once for all of them.

    Args:
        model: What is trained, with the harness's wrapper where there are several processes.
        parts: One or more. Forward and backward pass of each belong into the body of the loop.
    """
    *before, last = parts
    with model.no_sync() if isinstance(model, DistributedDataParallel) else nullcontext():
        yield from before
    yield last


def summed(values: torch.Tensor, world: World) -> torch.Tensor:
    """The sum over processes, in all of them: what an evaluation shares out, it adds up with this.

    Args:
        values: Of the same shape in every process, on its device; they become the sums.
        world: The processes.
    """
    if world.size > 1:
        distributed.all_reduce(values)
    return values


def gathered(own: Own, world: World) -> list[Own]:
    """What each process has, by its number, in all of them: for what cannot be added up.

    Args:
        own: What this process has; it is pickled on its way.
        world: The processes.
    """
    if world.size == 1:
        return [own]
    everyone = [own] * world.size
    distributed.all_gather_object(everyone, own)
    return everyone


def share_buffers(network: torch.nn.Module, world: World) -> None:
    """Give every process the first one's buffers (statistics of batch normalisation), so that all evaluate the same."""
    if world.size > 1:
        for buffer in network.buffers():
            distributed.broadcast(buffer, src=0)
