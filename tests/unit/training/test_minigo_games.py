"""Games of a network against itself and against a target, with a judge that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.minigo.data import Examples, Window, examples_of
from levelfield.training.benchmarks.minigo.evaluate import play_match
from levelfield.training.benchmarks.minigo.planes import symmetries, unpack
from levelfield.training.benchmarks.minigo.rules import Board, Colour, Position
from levelfield.training.benchmarks.minigo.scoring import pass_alive, whole_board_is_settled
from levelfield.training.benchmarks.minigo.selfplay import play_room, random_opening, rooms
from levelfield.training.benchmarks.minigo.settings import MINI, Settings

QUICK = replace(
    MINI,
    board_size=5,
    move_limit=50,
    komi=0.5,
    num_readouts=6,
    eval_readouts=6,
    eval_games=8,
    virtual_losses=3,
    selfplay_opening_moves=0,
)


class Stones:
    """Judges by stones: likes every move alike, and expects to win who has more on the board."""

    def __init__(self, wisdom: float = 1.0) -> None:
        self.wisdom = wisdom
        self.asked: list[int] = []

    def __call__(self, positions: Sequence[Position], games: Sequence[int]) -> tuple[NDArray[np.float64], list[float]]:
        self.asked.append(len(positions))
        moves = positions[0].board.points + 1
        values = [self.wisdom * (at.black.bit_count() - at.white.bit_count()) / moves for at in positions]
        return np.full((len(positions), moves), 1 / moves), values


def test_rooms_hold_all_games_once() -> None:
    assert rooms(10, 4) == [range(4), range(4, 8), range(8, 10)]


@pytest.mark.parametrize("settings", [QUICK, replace(QUICK, fastplay_frequency=0.75, fastplay_readouts=2)])
def test_games_of_self_play_can_be_replayed_and_end_by_the_rules(settings: Settings) -> None:
    games = play_room(Stones(), range(6), settings, (1, 2))
    for game in games:
        position = Position.start(5)
        for move in game.moves:
            position = position.play(move)  # raises where a move is not legal
        assert position.both_passed or position.moves == settings.move_limit
        assert game.score is not None
        assert game.winner is (Colour.BLACK if game.score > 0 else Colour.WHITE)
        assert len(game.visits) == len(game.planes) <= len(game.moves)
        assert game.visits.sum(axis=1) == pytest.approx(1, abs=1e-6)
    everything = settings.fastplay_frequency == 0
    assert all(len(game.visits) >= len(game.moves) - 2 for game in games) is everything


def test_examples_show_the_position_before_the_move() -> None:
    """The first has no stone and Black to play; the second one stone, of the other side."""
    (game,) = play_room(Stones(), range(1), QUICK, (3,))
    planes = unpack(game.planes, Board.of(5))
    assert planes[0, :8].sum() == 0
    assert planes[0, 8].all()
    assert planes[1, 1].sum() == 1
    assert planes[1, 1, game.moves[0]] == 1
    assert not planes[1, 8].any()


def test_a_game_depends_on_seed_and_number_and_not_on_its_room() -> None:
    together = play_room(Stones(), range(4), QUICK, (1, 2))
    alone = play_room(Stones(), range(2, 3), QUICK, (1, 2))
    assert alone[0].moves == together[2].moves
    assert len({game.moves for game in together}) == 4
    assert play_room(Stones(), range(1), QUICK, (1, 3))[0].moves != together[0].moves


def test_where_passing_is_not_allowed_games_are_played_until_nothing_else_is_left() -> None:
    for game in play_room(Stones(), range(4), QUICK, (1, 2)):
        position = Position.start(5)
        for move in game.moves:
            if move == position.board.pass_move and not position.both_passed:
                black, white = pass_alive(position)
                assert not position.legal & ~(black | white) or whole_board_is_settled(position)
            position = position.play(move)


def test_leaves_of_all_games_are_judged_together() -> None:
    judge = Stones()
    play_room(judge, range(4), QUICK, (1,))
    assert judge.asked[0] == 4
    assert max(judge.asked) > 8


def test_who_is_hopeless_resigns() -> None:
    resigning = replace(QUICK, min_resign_threshold=-0.01, max_resign_threshold=-0.01)
    games = play_room(Stones(5.0), range(6), resigning, (1,))
    assert any(game.score is None for game in games)


def test_random_openings_are_legal_and_random() -> None:
    openings = {tuple(random_opening(5, 4, np.random.default_rng(seed))) for seed in range(8)}
    assert len(openings) == 8
    assert {len(one) for one in openings} == {4}
    assert random_opening(2, 6, np.random.default_rng(0))  # where nothing can be played any more, it passes


def test_pairs_of_evaluation_have_one_opening_and_changed_colours() -> None:
    games = play_match(Stones(), Stones(), range(8), QUICK)
    assert [game.colour for game in games] == [Colour.BLACK, Colour.WHITE] * 4
    for black, white in zip(games[::2], games[1::2], strict=True):
        assert black.moves == white.moves  # equal players: the same game
        assert black.won is not white.won
    assert sum(game.won for game in games) == 4
    assert len({game.moves[:4] for game in games}) == 4


def test_a_better_player_wins_more() -> None:
    """One player wants stones, the other one the opponent's: who plays to lose is beaten with both colours."""
    games = play_match(Stones(), Stones(-1.0), range(16), replace(QUICK, eval_readouts=24))
    assert sum(game.won for game in games) >= 12


def test_no_position_to_learn_from_is_told() -> None:
    """Everybody resigns at once."""
    hopeless = replace(QUICK, min_resign_threshold=-1e-9, max_resign_threshold=-1e-9)

    class Pessimist(Stones):
        def __call__(
            self, positions: Sequence[Position], games: Sequence[int]
        ) -> tuple[NDArray[np.float64], list[float]]:
            return super().__call__(positions, games)[0], [-0.5] * len(positions)

    games = play_room(Pessimist(), range(3), hopeless, (1,))
    assert {game.winner for game in games} == {Colour.WHITE}
    with pytest.raises(DatasetError, match="3 games of self-play hold no position"):
        examples_of(games)


def examples(count: int, first: int = 0) -> Examples:
    """Positions with one black stone each, where the visits are too; results alternate."""
    planes = np.zeros((count, 13 * 4), dtype=np.uint8)
    visits = np.zeros((count, 26), dtype=np.float32)
    for row in range(count):
        point = (first + row) % 25
        planes[row, point // 8] = 1 << point % 8
        visits[row, point] = 1
    return Examples(planes=planes, visits=visits, results=np.resize(np.float32([1, -1]), count))


def window(steps: int = 4, batch_size: int = 8, share: float = 1.0) -> Window:
    return Window(Board.of(5), generations=2, share=share, steps=steps, batch_size=batch_size)


def test_visits_are_turned_with_the_board() -> None:
    window_ = window()
    window_.add(examples(32), np.random.default_rng(1))
    batch = window_.batch(slice(0, 8))
    assert batch.planes.shape == (8, 13, 5, 5)
    stones = batch.planes[:, 0].flatten(1)
    assert (stones.argmax(1) == batch.visits.argmax(1)).all()
    assert stones.sum() == 8


def test_each_position_comes_once_before_any_comes_again() -> None:
    window_ = window(steps=4, batch_size=8)
    window_.add(examples(16), np.random.default_rng(1))
    order = window_.state()["order"].flatten().tolist()
    assert sorted(order[:16]) == sorted(order[16:]) == list(range(16))


def test_only_the_share_of_the_window_is_learnt_from() -> None:
    window_ = window(share=0.25)
    window_.add(examples(40), np.random.default_rng(1))
    assert len(set(window_.state()["order"].flatten().tolist())) == 10


def test_the_oldest_generation_leaves_the_window() -> None:
    window_ = window()
    for count in (3, 5, 7):
        window_.add(examples(count), np.random.default_rng(count))
    assert len(window_) == 12


def test_parts_of_two_processes_make_the_global_batch() -> None:
    whole, first, second = (window() for _ in range(3))
    for one in (whole, first, second):
        one.add(examples(32), np.random.default_rng(7))
    for _ in range(4):
        batch = whole.batch(slice(0, 8))
        parts = first.batch(slice(0, 4)), second.batch(slice(4, 8))
        assert (np.concatenate([part.planes.numpy() for part in parts]) == batch.planes.numpy()).all()
        assert np.concatenate([part.results.numpy() for part in parts]).tolist() == batch.results.tolist()


def test_a_window_goes_on_from_its_state() -> None:
    one, other = window(), window()
    one.add(examples(32), np.random.default_rng(7))
    one.batch(slice(0, 8))
    other.restore(one.state())
    assert (one.batch(slice(0, 8)).planes == other.batch(slice(0, 8)).planes).all()


def test_targets_that_are_dealt_anew_belong_to_other_positions() -> None:
    dealt = examples(25).dealt_anew(np.random.default_rng(2))
    assert sorted(dealt.visits.argmax(1)) == list(range(25))
    assert (dealt.visits.argmax(1) == np.arange(25)).sum() <= 3
    assert symmetries(Board.of(5)).shape == (8, 26)
