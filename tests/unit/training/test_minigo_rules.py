"""Rules of Go on drawn positions; the expectations are those of the rules, worked out by hand."""

from __future__ import annotations

import pytest

from levelfield.errors import InputError
from levelfield.training.benchmarks.minigo.rules import Board, Colour, Position, points_of
from levelfield.training.benchmarks.minigo.scoring import area_score, pass_alive, whole_board_is_settled


def names(position: Position, points: int) -> list[str]:
    return [position.board.name(point) for point in points_of(points)]


def played(position: Position, *moves: str) -> Position:
    for move in moves:
        position = position.play(position.board.move(move))
    return position


def drawing(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_points_are_numbered_row_by_row_and_named_from_the_bottom_without_i() -> None:
    board = Board.of(19)
    assert [board.name(move) for move in (0, 8, 18, 19, 360, 361)] == ["A19", "J19", "T19", "A18", "T1", "pass"]
    assert [board.move(name) for name in ("A19", "j19", "T1", "PASS")] == [0, 8, 360, 361]


@pytest.mark.parametrize("name", ["", "A", "I5", "A0", "A20", "U1", "A-1", "5A", "A²"])
def test_a_name_of_no_point_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected A1 to T19 or pass"):
        Board.of(19).move(name)


@pytest.mark.parametrize("size", [1, 20])
def test_a_board_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(InputError, match="expected 2 to 19"):
        Board.of(size)


@pytest.mark.parametrize("rows", ["X.\n...", "XA\n..", "OX\nX.\nXX", "OX\nXX"])
def test_a_drawing_that_is_no_position_is_refused(rows: str) -> None:
    with pytest.raises(InputError, match="A drawing of a board"):
        Position.of(rows)


def test_neighbours_stay_on_the_board() -> None:
    board = Board.of(3)
    assert [sorted(points_of(board.neighbours[point])) for point in (0, 4, 5)] == [[1, 3], [1, 3, 5, 7], [2, 4, 8]]


def test_a_stone_in_atari_is_captured() -> None:
    position = Position.of(".O.\nOX.\n.O.", to_play=Colour.WHITE)
    assert str(played(position, "C2")) == drawing(".O.\nO.O\n.O.")


def test_a_chain_of_several_stones_and_two_chains_are_captured_at_once() -> None:
    position = Position.of(
        """
        .OOX.
        OXX..
        OX.XO
        .OXO.
        ..O..
        """,
        to_play=Colour.WHITE,
    )
    after = played(position, "C3")
    assert str(after) == drawing(
        """
        .OOX.
        OXX..
        OXOXO
        .O.O.
        ..O..
        """
    )


def test_capturing_comes_before_suicide() -> None:
    """A1 has no liberty of its own, but takes the last one of two stones."""
    position = Position.of("XX.\nOX.\n.OX", to_play=Colour.BLACK)
    assert str(played(position, "A1")) == drawing("XX.\n.X.\nX.X")


def test_suicide_of_one_stone_and_of_a_chain_is_not_legal() -> None:
    corner = Position.of(".O.\nO..\n...", to_play=Colour.BLACK)
    assert "A3" not in names(corner, corner.legal)
    # At B1 the stone would join A1, and both would have no liberty.
    white = Position.of("X.X\nXX.\nO.X", to_play=Colour.WHITE)
    assert names(white, white.legal) == []
    with pytest.raises(InputError, match="Move 1, B1 by white, is not legal"):
        played(white, "B1")


def test_a_stone_may_join_a_chain_that_keeps_a_liberty() -> None:
    position = Position.of("X.X\nXX.\nO.X", to_play=Colour.BLACK)
    assert names(position, position.legal) == ["B3", "C2", "B1"]


KO = """
    .XO..
    XO.O.
    .XO..
    .....
    .....
"""


def test_a_ko_is_not_retaken_at_once_but_after_a_move_elsewhere() -> None:
    taken = played(Position.of(KO), "C4")
    assert str(taken).splitlines()[1] == "X.XO."
    assert "B4" not in names(taken, taken.legal)
    later = played(taken, "E1", "D1")
    assert "B4" in names(later, later.legal)
    assert str(played(later, "B4")).splitlines()[1] == "XO.O."


def test_a_ko_is_not_retaken_after_two_passes_either() -> None:
    """Positional superko counts the stones alone, whoever is to play."""
    taken = played(Position.of(KO), "C4", "pass", "pass")
    assert "B4" not in names(taken, taken.legal)


def test_sending_two_and_returning_one_is_stopped_by_superko() -> None:
    """White's stone took two, so it is no ko; but taking it back makes the board what it was before."""
    position = Position.of(
        """
        .X.X.
        OOXX.
        .....
        .....
        .....
        """
    )
    sent = played(position, "A5")
    assert str(sent).splitlines()[0] == "XX.X."
    taken = played(sent, "C5")
    assert str(taken).splitlines()[0] == "..OX."
    assert "B5" not in names(taken, taken.legal)
    later = played(taken, "E1", "D1")
    assert "B5" in names(later, later.legal)


def test_filling_up_to_an_earlier_board_is_not_legal_though_it_takes_nothing() -> None:
    """White takes two and is taken; Black then may not restore the two stones by a move that takes nothing."""
    position = Position.of(
        """
        XX.X.
        OOXX.
        .....
        .....
        .....
        """,
        to_play=Colour.WHITE,
    )
    retaken = played(position, "C5", "B5", "pass")
    assert str(retaken).splitlines()[0] == ".X.X."
    assert "A5" not in names(retaken, retaken.legal)
    assert "A5" in names(played(retaken, "E1", "D1"), played(retaken, "E1", "D1").legal)


def test_two_passes_end_a_game_and_a_move_between_them_does_not() -> None:
    position = Position.start(5)
    assert not played(position, "pass").both_passed
    assert played(position, "pass", "pass").both_passed
    assert not played(position, "pass", "C3", "pass").both_passed


def test_area_is_stones_and_what_they_alone_surround() -> None:
    assert area_score(Position.start(5), komi=0) == 0
    assert area_score(Position.start(5), komi=7.5) == -7.5
    assert area_score(Position.of("X..\n...\n..."), komi=0) == 9
    assert area_score(Position.of(".X.O.\n.X.O.\n.X.O.\n.X.O.\n.X.O."), komi=0.5) == -0.5
    assert area_score(Position.of(".X.O.\n.X.O.\n.XXO.\n.X.O.\n.X.O."), komi=0) == 1


def test_seki_leaves_the_shared_liberties_to_nobody() -> None:
    """All three empty points touch both colours."""
    position = Position.of(
        """
        OOOOO
        OXXXO
        OX.XO
        OXOXO
        .XO.O
        """,
    )
    assert position.black.bit_count() == 8
    assert position.white.bit_count() == 14
    assert area_score(position, komi=0) == -6


TWO_EYES = """
    .X.XO
    XXXXO
    OOOOO
    .....
    .....
"""


def test_a_chain_with_two_eyes_holds_them() -> None:
    position = Position.of(TWO_EYES)
    black, white = pass_alive(position)
    assert names(position, black) == ["A5", "C5"]
    assert white == 0


def test_dead_stones_in_a_held_region_count_for_its_owner() -> None:
    position = Position.of(".X.X.\nXXXXX\nO....\n.....\nX....")
    black, _ = pass_alive(position)
    assert names(position, black) == ["A5", "C5", "E5"]
    held = Position.of(".OX.X\nXXXXX\nXXXXX\nX.XXX\nXXXXX")
    assert names(held, pass_alive(held)[0]) == ["A5", "B5", "D5", "B2"]
    assert area_score(held, komi=0) == 25
    assert whole_board_is_settled(held)
    assert not whole_board_is_settled(position)


def test_a_false_eye_does_not_make_a_chain_live() -> None:
    """B5 and D5 hang on A4 and C5 together; the stones at the corner have one eye of their own."""
    position = Position.of(".XOO.\nX.XOO\nOXXO.\nOOOO.\n.....")
    assert pass_alive(position)[0] == 0


def test_a_region_at_a_dead_chain_makes_nothing_alive() -> None:
    """D5 looks like an eye, but C5 there stands beside B5, which is lost: Black takes it, and D5 is open."""
    position = Position.of(".OX.O\nXXOO.\nOOXOO\nX.X..\nX..X.")
    assert pass_alive(position) == (0, 0)
