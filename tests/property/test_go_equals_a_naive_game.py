"""Law: on any sequence of moves, bit boards and a naive game have the same stones, liberties, legal moves and area."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from naive_go import NaiveGame

from levelfield.training.benchmarks.minigo.rules import Position, points_of
from levelfield.training.benchmarks.minigo.scoring import area_score, pass_alive


def board_of(position: Position) -> list[str]:
    return list(str(position).replace("\n", ""))


@settings(max_examples=60, deadline=None)
@given(size=st.sampled_from([2, 3, 4, 5, 7]), choices=st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_bit_boards_equal_a_naive_game(size: int, choices: list[int]) -> None:
    position, naive = Position.start(size), NaiveGame(size)
    for choice in choices:
        legal = sorted(naive.legal())
        assert list(points_of(position.legal)) == legal
        moves = [*legal, position.board.pass_move] if choice % 16 == 0 or not legal else legal
        move = moves[choice % len(moves)]
        position = position.play(move)
        naive.play(move)
        assert board_of(position) == naive.board
    for stones, liberties in (*position.mine, *position.theirs):
        for point in points_of(stones):
            assert naive.liberties(point) == liberties.bit_count()
            assert naive.chain(naive.board, point)[0] == set(points_of(stones))
    if pass_alive(position) == (0, 0):
        assert area_score(position, komi=0) == naive.area()


@settings(max_examples=15, deadline=None)
@given(choices=st.lists(st.integers(0, 10_000), min_size=40, max_size=120))
def test_small_boards_that_fill_up_repeat_nothing(choices: list[int]) -> None:
    """Long games on two and three lines are full of kos: no arrangement of stones comes twice but by passing."""
    for size in (2, 3):
        position, seen = Position.start(size), set()
        for choice in choices:
            moves = list(points_of(position.legal))
            if not moves:
                position = position.play(position.board.pass_move)
                continue
            seen.add((position.black, position.white))
            position = position.play(moves[choice % len(moves)])
            assert (position.black, position.white) not in seen


@settings(max_examples=30, deadline=None)
@given(size=st.sampled_from([3, 4, 5]), choices=st.lists(st.integers(0, 10_000), min_size=10, max_size=60))
def test_what_is_pass_alive_survives_any_attack(size: int, choices: list[int]) -> None:
    """The owner passes always, the other side plays any legal moves: no stone at the held region is ever captured."""
    position = Position.start(size)
    for choice in choices[: len(choices) // 2]:
        moves = list(points_of(position.legal)) or [position.board.pass_move]
        position = position.play(moves[choice % len(moves)])
    black, white = pass_alive(position)
    for held, stones in ((black, position.black), (white, position.white)):
        living = position.board.beside(held) & stones
        if not held:
            continue
        attacked = position
        if (attacked.black == stones) == (attacked.to_play.name == "BLACK"):
            attacked = attacked.play(attacked.board.pass_move)
        for choice in choices[len(choices) // 2 :]:
            moves = list(points_of(attacked.legal)) or [attacked.board.pass_move]
            attacked = attacked.play(moves[choice % len(moves)]).play(position.board.pass_move)
            assert living & ~(attacked.black if stones == position.black else attacked.white) == 0
