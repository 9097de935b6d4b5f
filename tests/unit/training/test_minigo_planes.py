"""The planes that the network reads, on a drawn position, and the symmetries of the board."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.training.benchmarks.minigo.planes import PLANES, inverse_symmetries, moves_of, pack, symmetries, unpack
from levelfield.training.benchmarks.minigo.rules import Board, Colour, Position


def planes_of(position: Position) -> list[str]:
    """Each plane as lines of 0 and 1."""
    size = position.board.size
    packed = np.frombuffer(pack(position), dtype=np.uint8)[None]
    grids = unpack(packed, position.board)[0].reshape(PLANES, size, size)
    return ["/".join("".join(map(str, row)) for row in grid) for grid in grids]


def test_planes_are_own_and_opposing_stones_of_four_positions_and_the_colour() -> None:
    position = Position.of("XO.\n...\n...", to_play=Colour.WHITE)
    own, other, *earlier, colour, _, _, _, _ = planes_of(position.play(position.board.pass_move))
    assert (own, other) == ("100/000/000", "010/000/000")
    assert earlier == ["100/000/000", "010/000/000", *["000/000/000"] * 4]
    assert colour == "111/111/111"


def test_liberty_planes_show_one_two_and_at_least_three() -> None:
    position = Position.of(
        """
        XO...
        ..O..
        .....
        XX...
        O....
        """
    )
    *_, one, two, three, captures = planes_of(position)
    assert one == "10000/00000/00000/00000/10000"
    assert two == "01000/00000/00000/00000/00000"
    assert three == "00000/00100/00000/11000/00000"
    assert captures == "00000/00000/00000/00000/01000"


def test_a_point_that_superko_bars_captures_nothing() -> None:
    position = Position.of(".XO..\nXO.O.\n.XO..\n.....\n.....")
    taken = position.play(position.board.move("C4"))
    assert planes_of(taken)[-1] == "00000/00000/00000/00000/00000"


def test_earlier_positions_are_seen_from_the_side_that_is_to_play() -> None:
    position = Position.start(3)
    for move in ("A3", "B3", "C3"):
        position = position.play(position.board.move(move))
    assert planes_of(position)[:9] == [
        *("010/000/000", "101/000/000"),
        *("010/000/000", "100/000/000"),
        *("000/000/000", "100/000/000"),
        *("000/000/000", "000/000/000"),
        "000/000/000",
    ]


@pytest.mark.parametrize("size", [2, 5, 19])
def test_symmetries_are_the_eight_of_the_square(size: int) -> None:
    board = Board.of(size)
    turned = symmetries(board)
    assert turned.shape == (8, size * size + 1)
    assert len({tuple(row) for row in turned}) == 8
    assert (turned[0] == np.arange(size * size + 1)).all()
    assert (np.take_along_axis(turned, inverse_symmetries(board), axis=1) == np.arange(size * size + 1)).all()
    for row in turned:
        for point in (0, size + 1, size * size - 1):
            near = {int(row[one]) for one in range(size * size) if board.neighbours[point] >> one & 1}
            assert near == {one for one in range(size * size) if board.neighbours[int(row[point])] >> one & 1}


def test_moves_are_the_legal_points_and_passing() -> None:
    position = Position.of("X.X\nXX.\nO.X", to_play=Colour.BLACK)
    assert moves_of(position).tolist() == [1, 5, 7, 9]
    assert moves_of(Position.of("X.X\nXX.\nO.X", to_play=Colour.WHITE)).tolist() == [9]
