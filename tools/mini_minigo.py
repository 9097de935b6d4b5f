"""Make the weights that the mini edition of minigo starts from and plays against: ``python tools/mini_minigo.py``.

One run of the benchmark's own training from random weights, with seeds of its own: some generations make the start
("bootstrap"), more of them the target. Nothing else goes in, and no game of it is seen by a run of the benchmark.

Writes to ``training/benchmarks/minigo/data``: ``start.npz``, ``target.npz``, ``manifest.json`` (seeds, settings,
hashes, how start and target play against each other, versions). Floating-point sums differ between machines and
versions, and with them the games, so a rebuild gives weights of like strength, not the same bytes.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from levelfield.files import sha256_of, write_atomically
from levelfield.training.benchmarks.minigo import weights
from levelfield.training.benchmarks.minigo.evaluate import play_match
from levelfield.training.benchmarks.minigo.judge import Judge
from levelfield.training.benchmarks.minigo.network import DualNetwork
from levelfield.training.benchmarks.minigo.settings import MINI, logged
from levelfield.training.benchmarks.minigo.train import MinigoTraining, architecture_of
from levelfield.training.port import Edition, Setup

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/training/benchmarks/minigo/data"

NETWORK_SEED, RUN_SEED = 20211201, 19
START_GENERATION, TARGET_GENERATION = 7, 10
GAMES = 200
"""For the win rate in the manifest; standard error 3.5 points."""


def trained(keep: Path, last: int) -> None:
    """Train from random weights, and keep the weights after each generation; go on after those that are there."""
    start = DualNetwork(architecture_of(MINI))
    start.initialise(torch.Generator().manual_seed(NETWORK_SEED))
    setup = Setup(edition=Edition.MINI, seed=RUN_SEED)
    training = MinigoTraining(setup, MINI, start=start, target=copy.deepcopy(start))
    for generation in range(1, last + 1):
        training.begin_epoch(generation)
        losses = [training.step().item() for _ in range(training.cadence.epoch)]
        training.save(keep / f"{generation}.npz")
        print(
            f"generation {generation}: loss {sum(losses) / len(losses):.3f}, {time.process_time():.0f} CPU s",
            flush=True,
        )


def win_rate(path: Path, against: Path, games: int) -> float:
    """How many games one file wins against another."""
    judge, target = (Judge(weights.load(one, architecture_of(MINI))[0]) for one in (path, against))
    settings = replace(MINI, eval_games=games)
    return sum(game.won for game in play_match(judge, target, range(games), settings)) / games


def main() -> None:
    parser = argparse.ArgumentParser(description="Make start and target of the mini edition of minigo.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the three files")
    parser.add_argument("--keep", type=Path, required=True, help="folder for the weights of all generations")
    parser.add_argument("--kept", action="store_true", help="the generations are there already: do not train")
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(1)
    for folder in (arguments.out, arguments.keep):
        folder.mkdir(parents=True, exist_ok=True)
    if not arguments.kept:
        trained(arguments.keep, TARGET_GENERATION)
    generations = {"start.npz": START_GENERATION, "target.npz": TARGET_GENERATION}
    for name, generation in generations.items():
        write_atomically(arguments.out / name, (arguments.keep / f"{generation}.npz").read_bytes())
    start, target = (arguments.out / name for name in generations)
    manifest = {
        "schema": "levelfield.mini-minigo/1",
        "network_seed": NETWORK_SEED,
        "run_seed": RUN_SEED,
        "files": {
            name: {"sha256": sha256_of(arguments.out / name), "generation": generation}
            for name, generation in generations.items()
        },
        "start_against_target": {"games": GAMES, "win_rate": round(win_rate(start, target, GAMES), 4)},
        "settings": logged(MINI),
        "made_with": {"python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")},
    }
    write_atomically(arguments.out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    print(f"start against target: {manifest['start_against_target']}")


if __name__ == "__main__":
    main()
