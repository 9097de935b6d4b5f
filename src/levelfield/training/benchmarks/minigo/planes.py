"""A position as the planes that the network reads, and the eight symmetries of the board.

The planes are those that the reference calls ``mlperf07`` (mlcommons/training at 4a4d5a0,
``minigo/cc/model/features.h``, which makes the games and the examples; the Python code beside it has the third
liberty plane for exactly three liberties).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.minigo.rules import Board, Colour, Position

__all__ = ["PLANES", "inverse_symmetries", "moves_of", "pack", "plane_bytes", "symmetries", "unpack"]

POSITIONS = 4
"""How many positions the stones are shown of, the latest first."""

PLANES = 2 * POSITIONS + 1 + 3 + 1
"""Own and opposing stones of each position, Black to play, chains with 1, 2 and more liberties, would capture."""


def plane_bytes(board: Board) -> int:
    """How many bytes hold one packed plane."""
    return (board.points + 7) // 8


def pack(position: Position) -> bytes:
    """The planes of a position, one bit for each point, each plane filled up to whole bytes.

    Stones of positions before the first one are absent. A point would capture if it is legal and the last liberty of a
    chain of the other colour.
    """
    sets = [*_stones(position), position.board.every if position.to_play is Colour.BLACK else 0]
    by_liberties = [0, 0, 0]
    for stones, liberties in (*position.mine, *position.theirs):
        by_liberties[min(liberties.bit_count(), 3) - 1] |= stones
    capturing = 0
    for _, liberties in position.theirs:
        if not liberties & liberties - 1:
            capturing |= liberties
    sets += [*by_liberties, capturing & position.legal]
    width = plane_bytes(position.board)
    return b"".join([points.to_bytes(width, "little") for points in sets])


def _stones(position: Position) -> list[int]:
    sets: list[int] = []
    shown: Position | None = position
    for _ in range(POSITIONS):
        if shown is None:
            sets += [0, 0]
            continue
        own, other = shown.my_stones, shown.their_stones
        sets += [own, other] if shown.to_play is position.to_play else [other, own]
        shown = shown.previous
    return sets


def moves_of(position: Position) -> NDArray[np.intp]:
    """(legal,) the legal moves in rising order; passing, which always is one, comes last."""
    board = position.board
    moves = position.legal | 1 << board.pass_move
    packed = np.frombuffer(moves.to_bytes((board.points + 8) // 8, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(packed, bitorder="little"))


def unpack(packed: NDArray[np.uint8], board: Board) -> NDArray[np.uint8]:
    """(positions, 13 * bytes of a plane) uint8 to (positions, 13, points) of zeros and ones."""
    rows = packed.reshape(len(packed), PLANES, plane_bytes(board))
    return np.unpackbits(rows, axis=2, count=board.points, bitorder="little")


@cache
def symmetries(board: Board) -> NDArray[np.intp]:
    """(8, moves): for each symmetry, where each move of the turned board is on the board; passing stays passing."""
    grid = np.arange(board.points).reshape(board.size, board.size)
    turned = [np.rot90(one, quarter).ravel() for one in (grid, grid.T) for quarter in range(4)]
    return np.stack([np.append(one, board.pass_move) for one in turned])


@cache
def inverse_symmetries(board: Board) -> NDArray[np.intp]:
    """(8, moves): where each move of the board is on the turned board."""
    return np.argsort(symmetries(board), axis=1)
