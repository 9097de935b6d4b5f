"""Tree search: numbers worked out by hand, and what must hold of any search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from levelfield.training.benchmarks.minigo.rules import Colour, Position
from levelfield.training.benchmarks.minigo.scoring import area_score
from levelfield.training.benchmarks.minigo.search import Node, Tree
from levelfield.training.benchmarks.minigo.settings import MINI

SETTINGS = replace(MINI, allow_pass=True, virtual_losses=2, komi=0.5, value_init_penalty=0.2, target_pruning=False)


def even(position: Position) -> float:
    del position
    return 0.0


def searched(position: Position, readouts: int, value: Callable[[Position], float] = even) -> Tree:
    """A tree after so many readouts with equal shares for all moves."""
    tree, moves = Tree(position, SETTINGS), position.board.points + 1
    while tree.root.count < readouts:
        for leaf in tree.gather(readouts):
            tree.take(leaf, np.full(moves, 1 / moves), value(leaf.position))
    return tree


def white_node() -> Node:
    """White to play after ten judgements; three moves."""
    node = Node(Position.start(3).play(4))
    node.count = 10
    node.moves = np.array([0, 1, 9])
    node.priors = np.array([0.5, 0.3, 0.2])
    node.totals = np.array([-1.2, 2.0, 0.0])
    node.visits = np.array([4.0, 6.0, 1.0])
    node.children = [None, None, None]
    return node


def test_scores_are_value_and_upper_bound() -> None:
    """2 (ln(19663/19652) + 1.25) sqrt(9) = 7.5033575; first move (1.2 + 0.5 * 7.5033575) / 4."""
    assert white_node().scores(9) == pytest.approx([1.23791969, 0.04183454, 1.50067150], abs=1e-7)


def test_ties_of_visits_go_to_the_better_score_and_barred_points_to_nobody() -> None:
    tree = Tree(Position.start(3).play(4), SETTINGS)
    tree.root = white_node()
    assert tree.most_visited() == 1
    tree.root.visits[0] = 6
    assert tree.most_visited() == 0
    assert tree.most_visited(barred=0b01) == 1
    assert tree.most_visited(barred=0b11) == 9


def test_pruning_takes_off_what_the_better_knowledge_would_not_have_read() -> None:
    """Best move 1: -2/6 + 0.3 U/6 with U = 2.5011192 sqrt(11): 0.0814214. Move 0: Q = 0.3, better, so nothing is left;
    passing was never read."""
    tree = Tree(Position.start(3).play(4), SETTINGS)
    tree.root = white_node()
    tree.prune(0)
    assert (tree.root.visits - 1).tolist() == [0, 5, 0]
    tree.root = white_node()
    tree.root.totals = np.array([3.2, -2.0, 0.0])  # now move 0 looks bad: Q = -0.8 against 1/3 + 0.4147546
    tree.prune(0)
    # 2.5011192 * 0.5 * sqrt(10) / (0.7480880 + 0.8) = 2.55, cut off
    assert (tree.root.visits - 1).tolist() == [2, 5, 0]


def test_pruning_bars_settled_points_and_leaves_a_visit_on_passing() -> None:
    tree = Tree(Position.start(3).play(4), SETTINGS)
    tree.root = white_node()
    tree.prune(0b11)
    assert (tree.root.visits - 1).tolist() == [0, 0, 1]


def test_shares_are_spread_over_all_moves() -> None:
    tree = Tree(Position.start(3).play(4), replace(SETTINGS, soft_pick_cutoff=0))
    tree.root = white_node()
    assert tree.shares().tolist() == pytest.approx([3 / 8, 5 / 8, *[0] * 8])


def test_no_virtual_loss_stays_behind() -> None:
    tree = searched(Position.start(5), 40, lambda position: 0.25 if position.to_play is Colour.BLACK else -0.5)
    waiting = [tree.root]
    assert tree.root.count in {40, 41}  # the last two leaves were asked for together
    while waiting:
        node = waiting.pop()
        if node.moves is None:
            continue
        made = [child for child in node.children if child is not None]
        assert node.count == 1 + sum(child.count for child in made)
        for child in made:
            assert node.visits[child.place] == child.count + 1
            assert node.totals[child.place] == pytest.approx(child.total)
        waiting += made


def test_search_finds_the_capture_that_the_other_side_would_make_next() -> None:
    position = Position.of("XXXOO\nXXXOO\nXX.OO\nXXXOO\nXXXOO")
    tree = searched(position, 40, lambda at: float(np.tanh(area_score(at, komi=0.5) / 5)))
    assert position.board.name(tree.most_visited()) == "C3"
    tree.play(tree.most_visited())
    assert tree.root.position.white == 0


def test_a_finished_game_is_counted_without_a_judge() -> None:
    position = Position.of("X..\n...\n...", to_play=Colour.WHITE)
    tree = searched(position.play(9), 64)
    passing = tree.root.children[-1]
    assert passing is not None
    assert passing.result == 1.0
    assert tree.most_visited() == 9  # Black passes: White has passed and Black owns the board


def test_noise_leaves_shares_that_sum_to_one() -> None:
    tree = searched(Position.start(3), 1)
    before = tree.root.priors.copy()
    tree.add_noise(np.random.default_rng(1))
    assert tree.root.priors.sum() == pytest.approx(1)
    assert not np.allclose(before, tree.root.priors)
    assert (tree.root.priors >= 0.7 * before - 1e-12).all()


def test_moves_are_drawn_by_visits_and_passing_only_for_want_of_others() -> None:
    tree = Tree(Position.start(3).play(4), SETTINGS)
    tree.root = white_node()
    random = np.random.default_rng(5)
    drawn = [tree.drawn(random) for _ in range(400)]
    assert set(drawn) == {0, 1}
    assert 120 < drawn.count(0) < 185  # 3**.98 : 5**.98 of 400 are 151
    tree.root.visits = np.array([1.0, 1.0, 9.0])
    assert tree.drawn(random) == 9


def test_playing_keeps_what_was_read_below() -> None:
    tree = searched(Position.start(5), 60)
    move = tree.most_visited()
    kept = max(child.count for child in tree.root.children if child is not None)
    tree.play(move)
    assert tree.root.count == kept
    assert tree.root.parent is None


def test_the_limit_of_moves_ends_a_game() -> None:
    tree = Tree(Position.start(3), replace(SETTINGS, move_limit=2))
    tree.play(4)
    assert not tree.over
    tree.play(0)
    assert tree.over
    assert tree.root.result == -1.0  # area is even, and White has the half point


def test_passing_is_not_read_where_it_is_not_allowed_and_something_else_is() -> None:
    tree, moves = Tree(Position.start(3), replace(SETTINGS, allow_pass=False)), 10
    while tree.root.count < 30:
        for leaf in tree.gather(30):
            tree.take(leaf, np.eye(moves)[9] * 0.99 + 0.001, 0.0)
    assert tree.root.children[-1] is None
    nothing_else = Tree(Position.of("X.X\nXX.\nO.X", to_play=Colour.WHITE), replace(SETTINGS, allow_pass=False))
    nothing_else.take(nothing_else.gather(2)[0], np.full(moves, 0.1), 0.0)
    assert nothing_else.gather(2)[0].position.passes == 1
