"""Two processes that train together over gloo: this one and one that it starts, with the same code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

HERE = Path(__file__).parent


def losses_of_two(names: list[str], meeting: Path, steps: int) -> dict[str, tuple[list[float], dict[str, float]]]:
    """The mean losses over both processes of the first steps of mini editions, and the quality after them."""
    command = [sys.executable, str(Path(__file__)), str(meeting), str(steps), *names]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    other = subprocess.Popen(command, env=environment)
    try:
        return _train(names, meeting, steps, rank=0)
    finally:
        assert other.wait(timeout=120) == 0


def _train(names: list[str], meeting: Path, steps: int, rank: int) -> dict[str, tuple[list[float], dict[str, float]]]:
    from importlib import import_module

    from levelfield.training.distributed import gathered, in_parts, summed
    from levelfield.training.port import Edition, Setup, World

    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    try:
        found, world = {}, World(rank=rank, size=2)
        assert summed(torch.tensor([1, rank]), world).tolist() == [2, 1]
        assert gathered({rank: "games"}, world) == [{0: "games"}, {1: "games"}]
        model = DistributedDataParallel(torch.nn.Linear(1, 1, bias=False))
        for part in in_parts(model, [torch.tensor([1.0 + rank]), torch.tensor([10.0])]):
            model(part).backward()
        assert [one.grad.item() for one in model.parameters()] == [11.5]
        for name in names:
            benchmark = import_module(f"levelfield.training.benchmarks.{name}").BENCHMARK
            training = benchmark.build(Setup(edition=Edition.MINI, seed=7, world=world))
            training.open_data()
            training.model = DistributedDataParallel(training.model)
            training.begin_epoch(1)
            losses = []
            for _ in range(steps):
                loss = training.step()
                distributed.all_reduce(loss)
                losses.append(float(loss) / 2)
            found[name] = (losses, dict(training.evaluate()))
        return found
    finally:
        distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    _train(sys.argv[3:], Path(sys.argv[1]), int(sys.argv[2]), rank=1)
