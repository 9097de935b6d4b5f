"""Games of a network against itself, many side by side, and what can be learnt from them.

How a game goes is the reference's (mlcommons/training at 4a4d5a0, ``minigo/cc/concurrent_selfplay.cc``): a share of
the moves is played with few readouts and trains nothing; before each of the others the tree is forgotten and noise is
mixed in; the first moves are drawn by visits; a hopeless game is resigned; a settled one ends.

A *room* holds the games whose leaves are judged together. A game is fixed by the network, the seed and its number, and
a room by the numbers of its games; so rooms can be shared out among processes without changing a game.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.minigo.judge import Judge
from levelfield.training.benchmarks.minigo.planes import PLANES, pack, plane_bytes
from levelfield.training.benchmarks.minigo.rules import Colour, Position, points_of
from levelfield.training.benchmarks.minigo.scoring import area_score, pass_alive, whole_board_is_settled
from levelfield.training.benchmarks.minigo.search import Node, Tree
from levelfield.training.benchmarks.minigo.settings import Settings

__all__ = ["Played", "play_room", "random_opening", "rooms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A finished game."""

    winner: Colour
    score: float | None
    """By how much Black won; ``None`` where the loser resigned."""
    moves: tuple[int, ...]
    planes: NDArray[np.uint8]
    """(examples, bytes) packed planes of the positions that can be learnt from."""
    visits: NDArray[np.float32]
    """(examples, moves) how the search spread its visits there."""


def rooms(games: int, per_room: int) -> list[range]:
    """The numbers of the games of each room."""
    return [range(first, min(first + per_room, games)) for first in range(0, games, per_room)]


def play_room(judge: Judge, numbers: Sequence[int], settings: Settings, seed: Sequence[int]) -> list[Played]:
    """Play some games to their end.

    Args:
        judge: Who judges the leaves.
        numbers: Of the games, from 0; with the seed they fix what is random in each.
        settings: Of the edition.
        seed: Numbers that are different for each generation of each run.

    Returns:
        The games in the order of their numbers.
    """
    tables = [_Game(number, settings, np.random.default_rng([*seed, number])) for number in numbers]
    while playing := [game for game in tables if not game.over]:
        waiting = [(game, leaf) for game in playing for leaf in game.gather()]
        if waiting:
            shares, values = judge([leaf.position for _, leaf in waiting], [game.number for game, _ in waiting])
            for (game, leaf), policy, value in zip(waiting, shares, values, strict=True):
                game.tree.take(leaf, policy, value)
        for game in playing:
            game.move_if_ready()
    return [game.played() for game in tables]


def random_opening(size: int, moves: int, random: np.random.Generator) -> list[int]:
    """Some legal moves from the empty board; none of them passes where a stone can be played."""
    position, made = Position.start(size), list[int]()
    for _ in range(moves):
        made.append(int(random.choice(list(points_of(position.legal)) or [position.board.pass_move])))
        position = position.play(made[-1])
    return made


@dataclass(slots=True)
class _Game:
    """One game on its way."""

    number: int
    settings: Settings
    random: np.random.Generator
    tree: Tree = field(init=False)
    resigned_by: Colour | None = None
    moves: list[int] = field(default_factory=list)
    planes: list[bytes] = field(default_factory=list)
    visits: list[NDArray[np.float32]] = field(default_factory=list)
    _fast: bool = False
    _wants_noise: bool = True
    _until: int = 0
    _resign_below: float = -1.0
    _passes: dict[Colour, int] = field(default_factory=lambda: dict.fromkeys(Colour, 0))
    """How many moves in a row each colour passed; kept once it has reached the threshold."""

    def __post_init__(self) -> None:
        self.tree = Tree(Position.start(self.settings.board_size), self.settings)
        self._until = self.settings.num_readouts
        low, high = self.settings.min_resign_threshold, self.settings.max_resign_threshold
        self._resign_below = float(self.random.uniform(low, high))
        for move in random_opening(self.settings.board_size, self.settings.selfplay_opening_moves, self.random):
            self._advance(move)

    @property
    def over(self) -> bool:
        return self.resigned_by is not None or self.tree.over

    def gather(self) -> list[Node]:
        if self._wants_noise and self.tree.root.moves is not None:
            self._wants_noise = False
            self.tree.add_noise(self.random)
        return self.tree.gather(self._until)

    def move_if_ready(self) -> None:
        if self.tree.root.count < self._until:
            return
        root, mover = self.tree.root, self.tree.root.position.to_play
        if root.value * mover < self._resign_below:
            self.resigned_by = mover
            return
        self._play()
        if not self.over:
            self._fast = self.random.random() < self.settings.fastplay_frequency
            self._wants_noise = not self._fast
            # Before the tree is forgotten, as in the reference: a slow move reads as many more as the tree held.
            readouts = self.settings.fastplay_readouts if self._fast else self.settings.num_readouts
            self._until = self.tree.root.count + readouts
            if not self._fast and self.settings.fastplay_frequency > 0:
                self.tree.clear()

    def _play(self) -> None:
        tree, position, threshold = self.tree, self.tree.root.position, self.settings.restrict_pass_alive_play_threshold
        opponent_has_given_up = self._passes[position.to_play.opponent] >= threshold
        black, white = pass_alive(position) if opponent_has_given_up else (0, 0)
        if position.moves < self.settings.soft_pick_cutoff:
            move = tree.drawn(self.random)
        else:
            move = tree.most_visited(black | white)
        if not self._fast:
            if self.settings.target_pruning:
                tree.prune(black | white)
            self.planes.append(pack(position))
            self.visits.append(tree.shares())
        if self._passes[position.to_play] < threshold:
            passed = move == position.board.pass_move
            self._passes[position.to_play] = self._passes[position.to_play] + 1 if passed else 0
        self._advance(move)
        if not tree.over and self._may_be_settled() and whole_board_is_settled(tree.root.position):
            while not tree.over:
                self._advance(position.board.pass_move)

    def _advance(self, move: int) -> None:
        self.tree.play(move)
        self.moves.append(move)

    def _may_be_settled(self) -> bool:
        """Not before so many moves, which is what the reference waits for."""
        size = self.settings.board_size
        return self.tree.root.position.moves >= size * ((size + 2) // 3)

    def played(self) -> Played:
        if self.resigned_by is None:
            score = area_score(self.tree.root.position, komi=self.settings.komi)
            winner = Colour.BLACK if score > 0 else Colour.WHITE
        else:
            score, winner = None, self.resigned_by.opponent
        board, examples = self.tree.root.position.board, len(self.planes)
        packed = np.frombuffer(b"".join(self.planes), dtype=np.uint8)
        return Played(
            winner=winner,
            score=score,
            moves=tuple(self.moves),
            planes=packed.reshape(examples, PLANES * plane_bytes(board)),
            visits=np.array(self.visits, dtype=np.float32).reshape(examples, board.points + 1),
        )
