"""The metric: how many games a network wins against the target.

As the reference plays them (mlcommons/training at 4a4d5a0, ``minigo/cc/eval.cc``): every player has a tree of its
own, no noise, no resignation, always the most visited move, colours changed from game to game. Two games that follow
each other have the same opening with changed colours; the full edition has no opening moves, and its games differ by
the symmetries under which positions are judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from levelfield.training.benchmarks.minigo.judge import Judge
from levelfield.training.benchmarks.minigo.rules import Colour, Position
from levelfield.training.benchmarks.minigo.scoring import area_score, pass_alive, whole_board_is_settled
from levelfield.training.benchmarks.minigo.search import Node, Tree
from levelfield.training.benchmarks.minigo.selfplay import random_opening
from levelfield.training.benchmarks.minigo.settings import Settings

__all__ = ["Match", "play_match"]

OPENINGS_SEED = 20211201
"""The openings are part of the metric: the same in every run and at every evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How one game of the evaluation ended."""

    number: int
    colour: Colour
    """Of the network that is evaluated."""
    score: float
    """By how much Black won, komi counted."""
    moves: tuple[int, ...]

    @property
    def won(self) -> bool:
        """Whether the network that is evaluated won."""
        return (self.score > 0) == (self.colour is Colour.BLACK)


def play_match(judge: Judge, target: Judge, numbers: Sequence[int], settings: Settings) -> list[Match]:
    """Play some games between two networks, side by side.

    Args:
        judge: The network that is evaluated; it has Black in games of even number.
        target: The other one.
        numbers: Of the games, from 0; they fix the openings.
        settings: Of the edition.
    """
    games = [_Game(number, settings) for number in numbers]
    while playing := [game for game in games if not game.over]:
        waiting = [(game, leaf) for game in playing for leaf in game.gather()]
        for own, player in ((True, judge), (False, target)):
            asked = [(game, leaf) for game, leaf in waiting if game.own_move is own]
            if asked:
                shares, values = player([leaf.position for _, leaf in asked], [game.number for game, _ in asked])
                for (game, leaf), policy, value in zip(asked, shares, values, strict=True):
                    game.thinking.take(leaf, policy, value)
        for game in playing:
            game.move_if_ready()
    return [game.result() for game in games]


class _Game:
    """One game on its way, with a tree for each player."""

    def __init__(self, number: int, settings: Settings) -> None:
        self.number = number
        self.colour = Colour.BLACK if number % 2 == 0 else Colour.WHITE
        self.moves: list[int] = []
        self._settings = settings
        self._trees = {colour: Tree(Position.start(settings.board_size), settings) for colour in Colour}
        random = np.random.default_rng([OPENINGS_SEED, number // 2])
        for move in random_opening(settings.board_size, settings.eval_opening_moves, random):
            self._advance(move)
        self._until = settings.eval_readouts

    @property
    def position(self) -> Position:
        return self._trees[Colour.BLACK].root.position

    @property
    def thinking(self) -> Tree:
        """The tree of the player whose move it is."""
        return self._trees[self.position.to_play]

    @property
    def over(self) -> bool:
        return self.thinking.over

    @property
    def own_move(self) -> bool:
        """Whether it is the turn of the network that is evaluated."""
        return self.position.to_play is self.colour

    def gather(self) -> list[Node]:
        return self.thinking.gather(self._until)

    def move_if_ready(self) -> None:
        if self.thinking.root.count < self._until:
            return
        black, white = pass_alive(self.position)
        self._advance(self.thinking.most_visited(black | white))
        size = self._settings.board_size
        late = self.position.moves >= size * ((size + 2) // 3)
        while late and not self.over and whole_board_is_settled(self.position):
            self._advance(self.position.board.pass_move)
        self._until = self.thinking.root.count + self._settings.eval_readouts

    def _advance(self, move: int) -> None:
        for tree in self._trees.values():
            tree.play(move)
        self.moves.append(move)

    def result(self) -> Match:
        score = area_score(self.position, komi=self._settings.komi)
        return Match(number=self.number, colour=self.colour, score=score, moves=tuple(self.moves))
