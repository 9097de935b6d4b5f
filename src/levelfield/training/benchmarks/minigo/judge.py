"""A network as the judge of positions: planes in, shares of moves and values out, many positions at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.training.benchmarks.minigo.network import DualNetwork
from levelfield.training.benchmarks.minigo.planes import inverse_symmetries, pack, symmetries, unpack
from levelfield.training.benchmarks.minigo.rules import Position

__all__ = ["Judge"]

MODULUS = (1 << 61) - 1
MIX = 0x9E3779B97F4A7C15


class Judge:
    """Judges positions with a network that it puts into evaluation mode.

    Each position is shown under one of the eight symmetries of the board, picked by its stones and a number of the
    game, as the reference does (mlcommons/training at 4a4d5a0, ``concurrent_selfplay.cc``, ``GetInferenceSymmetry``).
    """

    def __init__(self, network: DualNetwork, device: str = "cpu") -> None:
        self._network = network.eval()
        self._device = device

    def __call__(self, positions: Sequence[Position], games: Sequence[int]) -> tuple[NDArray[np.float64], list[float]]:
        """Judge some positions of one board.

        Args:
            positions: At least one.
            games: For each the number of its game, from 0.

        Returns:
            (positions, moves) shares that sum to 1 over all moves, legal or not; and who will win, from Black's side.
        """
        board = positions[0].board
        turned = [_symmetry(position, game) for position, game in zip(positions, games, strict=True)]
        packed = np.frombuffer(b"".join(map(pack, positions)), dtype=np.uint8).reshape(len(positions), -1)
        planes = unpack(packed, board)
        shown = np.take_along_axis(planes, symmetries(board)[turned][:, None, :-1], axis=2)
        with torch.inference_mode():
            batch = torch.from_numpy(shown).to(self._device).float().view(len(positions), -1, board.size, board.size)
            logits, values = self._network(batch)
            shares = torch.softmax(logits.double(), dim=1).cpu().numpy()
        return np.take_along_axis(shares, inverse_symmetries(board)[turned], axis=1), values.double().tolist()


def _symmetry(position: Position, game: int) -> int:
    mixed = (position.black * MIX + position.white * (MIX >> 7) + (game + 1) * 0x2545F4914F6CDD1D) % MODULUS
    return (mixed * MIX >> 64) % 8
