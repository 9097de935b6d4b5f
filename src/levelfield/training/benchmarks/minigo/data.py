"""What training learns from: the positions of the last generations, and what one step takes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.minigo.planes import symmetries, unpack
from levelfield.training.benchmarks.minigo.rules import Board
from levelfield.training.benchmarks.minigo.selfplay import Played

__all__ = ["Batch", "Examples", "Window", "examples_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Positions to learn from."""

    planes: NDArray[np.uint8]
    """(examples, bytes) packed."""
    visits: NDArray[np.float32]
    """(examples, moves); each row sums to 1."""
    results: NDArray[np.float32]
    """(examples,) 1 where Black won the game, -1 where White did."""

    def __len__(self) -> int:
        return len(self.results)

    def dealt_anew(self, random: np.random.Generator) -> Examples:
        """The same positions with the targets of others: nothing can be learnt from them."""
        order = random.permutation(len(self))
        return Examples(planes=self.planes, visits=self.visits[order], results=self.results[order])


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step of one process learns from."""

    planes: torch.Tensor
    """(positions, 13, size, size) float32."""
    visits: torch.Tensor
    """(positions, moves) float32."""
    results: torch.Tensor
    """(positions,) float32."""


def examples_of(games: Sequence[Played]) -> Examples:
    """The positions of some games, in their order.

    Raises:
        DatasetError: None of the games has any, as when all are resigned at once.
    """
    results = np.concatenate([np.full(len(game.visits), int(game.winner), dtype=np.float32) for game in games])
    if not len(results):
        raise DatasetError(
            f"{len(games)} games of self-play hold no position to learn from.",
            hint="Each was resigned before its first slow move; look at max_resign_threshold and the start weights.",
        )
    return Examples(
        planes=np.concatenate([game.planes for game in games]),
        visits=np.concatenate([game.visits for game in games]),
        results=results,
    )


class Window:
    """The last generations, and the order in which the steps of the present one take their positions.

    The reference draws a share of the window once for each generation and learns from each position once
    (``ml_perf/train_loop.py``, ``train_filter``), so its number of steps differs from generation to generation. Here
    the number of steps is fixed before the run: the same share is drawn, and its positions are taken in a random
    order, drawn anew when all were taken.

    Args:
        board: Of the positions.
        generations: How many are kept.
        share: Of their positions, how much one generation learns from.
        steps: Of one generation.
        batch_size: Of one step, over all processes.
    """

    def __init__(self, board: Board, *, generations: int, share: float, steps: int, batch_size: int) -> None:
        self.kept: list[Examples] = []
        self._board = board
        self._generations = generations
        self._share = share
        self._steps = steps
        self._batch_size = batch_size
        self._order = self._turned = np.empty((0, batch_size), dtype=np.int64)
        self._next = 0

    def __len__(self) -> int:
        return sum(map(len, self.kept))

    def add(self, examples: Examples, random: np.random.Generator) -> None:
        """Take in a generation, let go of the oldest one beyond the window, and deal the order of the next steps."""
        self.kept = [*self.kept, examples][-self._generations :]
        pool = random.permutation(len(self))[: max(1, int(self._share * len(self)))]
        wanted = self._steps * self._batch_size
        rounds = [random.permutation(pool) for _ in range(-(-wanted // len(pool)))]
        self._order = np.concatenate(rounds)[:wanted].reshape(self._steps, self._batch_size)
        self._turned = random.integers(8, size=self._order.shape)
        self._next = 0

    def batch(self, part: slice) -> Batch:
        """The next global batch, of which a part is made into tensors; each position under a random symmetry."""
        chosen, turned = self._order[self._next][part], self._turned[self._next][part]
        self._next += 1
        planes, visits, results = (self._taken(name, chosen) for name in ("planes", "visits", "results"))
        planes = unpack(planes, self._board)
        moved, size = symmetries(self._board)[turned], self._board.size
        planes = np.take_along_axis(planes, moved[:, None, :-1], axis=2)
        return Batch(
            planes=torch.from_numpy(planes.astype(np.float32)).view(len(chosen), -1, size, size),
            visits=torch.from_numpy(np.take_along_axis(visits, moved, axis=1)),
            results=torch.from_numpy(results.astype(np.float32)),
        )

    def _taken(self, name: str, chosen: NDArray[np.int64]) -> NDArray[Any]:
        """A field of some positions, each by its place in the whole window."""
        parts = [getattr(one, name) for one in self.kept]
        found = np.empty((len(chosen), *parts[0].shape[1:]), parts[0].dtype)
        begin = 0
        for part in parts:
            here = (chosen >= begin) & (chosen < begin + len(part))
            found[here] = part[chosen[here] - begin]
            begin += len(part)
        return found

    def newest(self, count: int) -> NDArray[np.float32]:
        """(positions, 13, size, size): the first of the newest generation, as they were played; ``count`` at most."""
        planes = unpack(self.kept[-1].planes[:count], self._board)
        return planes.astype(np.float32).reshape(len(planes), -1, self._board.size, self._board.size)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on, in tensors."""
        return {
            "kept": [list(map(torch.from_numpy, (one.planes, one.visits, one.results))) for one in self.kept],
            "order": torch.from_numpy(self._order),
            "turned": torch.from_numpy(self._turned),
            "next": self._next,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a :meth:`state`."""
        kept = [[tensor.numpy() for tensor in one] for one in state["kept"]]
        self.kept = [Examples(planes=planes, visits=visits, results=results) for planes, visits, results in kept]
        self._order, self._turned = state["order"].numpy(), state["turned"].numpy()
        self._next = state["next"]
