"""Tree search as the reference does it: PUCT with virtual losses, noise at the root, target pruning.

A tree gives out leaves that want to be judged (:meth:`Tree.gather`) and takes the judgements back
(:meth:`Tree.take`), so that the leaves of many games go through the network together. Formulas and constants:
mlcommons/training at 4a4d5a0, ``minigo/cc/mcts_tree.{h,cc}`` and ``cc/constants.h``. Values are from Black's side,
between -1 and 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from levelfield.training.benchmarks.minigo.planes import moves_of
from levelfield.training.benchmarks.minigo.rules import Position
from levelfield.training.benchmarks.minigo.scoring import area_score
from levelfield.training.benchmarks.minigo.settings import Settings

__all__ = ["Node", "Tree"]

UCT_BASE, UCT_INIT = 19652, 1.25


class Node:
    """A position in a tree, with a row of numbers for the moves that are legal there."""

    __slots__ = (
        "children",
        "count",
        "moves",
        "parent",
        "place",
        "position",
        "priors",
        "result",
        "sign",
        "total",
        "totals",
        "visits",
    )

    def __init__(self, position: Position, parent: Node | None = None, place: int = 0) -> None:
        self.position = position
        self.sign = int(position.to_play)
        """1 where Black is to play, -1 where White is."""
        self.parent = parent
        self.place = place
        """Which of the parent's moves leads here."""
        self.count = 0
        """How many judgements were made here and below."""
        self.total = 0.0
        """Their sum, with that of a judgement before the first one."""
        self.result: float | None = None
        """Who won, once the game is over here."""
        self.moves: NDArray[np.intp] | None = None
        """(legal,) the moves, once the position is judged; so also the arrays below."""
        self.priors = self.totals = self.visits = np.empty(0)
        """(legal,) the network's share of each move; sums of the judgements; their number and one more."""
        self.children: list[Node | None] = []

    @property
    def value(self) -> float:
        """The mean judgement, as the reference has it: its sum by one more than their number."""
        return self.total / (1 + self.count)

    def scores(self, parent_visits: float) -> NDArray[np.float64]:
        """(legal,) how much each move asks to be read: its value to the colour to play, and its upper bound.

        Args:
            parent_visits: What stands under the square root; the reference has it differently in three places.
        """
        bound = 2 * (math.log((1 + self.count + UCT_BASE) / UCT_BASE) + UCT_INIT) * math.sqrt(parent_visits)
        scores: NDArray[np.float64] = (self.totals * self.sign + self.priors * bound) / self.visits
        return scores

    def child(self, place: int) -> Node:
        """The node behind a move, made when it is first asked for."""
        found = self.children[place]
        if found is None:
            assert self.moves is not None
            found = Node(self.position.after(int(self.moves[place])), self, place)
            found.total = float(self.totals[place])
            self.children[place] = found
        return found


class Tree:
    """The search of one player in one game."""

    def __init__(self, position: Position, settings: Settings) -> None:
        self.root = Node(position)
        self._settings = settings

    @property
    def over(self) -> bool:
        """Whether the game has ended: both passed, or the limit of moves is reached."""
        return self._is_over(self.root.position)

    def gather(self, until: int) -> list[Node]:
        """Walk down to the leaves that are to be judged next, and give them virtual losses.

        Leaves where the game is over are counted at once. A leaf that waits already may come again.

        Args:
            until: Walk only while the root has fewer judgements than this.
        """
        leaves: list[Node] = []
        while len(leaves) < self._settings.virtual_losses and self.root.count < until:
            leaf = self._leaf()
            if leaf.result is not None:
                self._count(leaf, leaf.result)
                continue
            leaves.append(leaf)
            self._shift(leaf, 1)
            if leaf is self.root:
                break
        return leaves

    def take(self, leaf: Node, policy: NDArray[np.float64], value: float) -> None:
        """Enter what the network said about a leaf, and take its virtual loss back.

        Args:
            leaf: One of those that :meth:`gather` gave.
            policy: (moves,) shares of all moves.
            value: Who will win.
        """
        if leaf.moves is None:
            moves = moves_of(leaf.position)
            priors = policy[moves]
            whole = priors.sum()
            leaf.moves = moves
            leaf.priors = priors / whole if whole > np.finfo(np.float32).tiny else priors
            expected = min(1.0, max(-1.0, value - self._settings.value_init_penalty * leaf.sign))
            leaf.totals = np.full(len(moves), expected)
            leaf.visits = np.ones(len(moves))
            leaf.children = [None] * len(moves)
            self._count(leaf, value)
        self._shift(leaf, -1)

    def add_noise(self, random: np.random.Generator) -> None:
        """Mix Dirichlet noise into the priors of the root, over its legal moves."""
        root, mix = self.root, self._settings.noise_mix
        noise = random.dirichlet(np.full(len(root.priors), self._settings.dirichlet_alpha))
        root.priors = (1 - mix) * root.priors + mix * noise

    def clear(self) -> None:
        """Forget everything about the position at the root but the position."""
        self.root = Node(self.root.position)

    def most_visited(self, barred: int = 0) -> int:
        """The move with the most visits, of equal ones that with the best score; passing where all others are barred.

        Args:
            barred: A set of points that are not to be played at.
        """
        places = self._allowed(barred)
        counts = self.root.visits[places]
        best = places[counts == counts.max()]
        return self._move(best[0] if len(best) == 1 else best[self._final_scores()[best].argmax()])

    def drawn(self, random: np.random.Generator) -> int:
        """A move drawn by visits; passing only where nothing else was visited."""
        weights = (self.root.visits[:-1] - 1) ** self._settings.policy_softmax_temp
        whole = weights.sum()
        if whole == 0:
            return self.root.position.board.pass_move
        place = int(np.searchsorted(np.cumsum(weights), random.random() * whole, side="right"))
        return self._move(min(place, int(np.flatnonzero(weights)[-1])))

    def prune(self, barred: int) -> None:
        """Take visits off moves that were read more than what is known now would ask for ("target pruning").

        Args:
            barred: A set of points that lose all their visits.
        """
        root = self.root
        best = int(np.flatnonzero(root.moves == self.most_visited())[0])
        gap = self._final_scores()[best] - root.totals / root.visits * root.sign
        wanted = root.priors * self._bound() * math.sqrt(root.count) / np.where(gap > 0, gap, np.inf)
        kept = np.where(gap > 0, np.minimum(root.visits - 1, np.floor(wanted)), 0)
        kept[best] = root.visits[best] - 1
        allowed = np.zeros(len(kept), dtype=bool)
        allowed[self._allowed(barred)] = True
        kept[~allowed] = 0
        if not kept.any():
            kept[-1] = 1
        root.visits = kept + 1

    def shares(self) -> NDArray[np.float32]:
        """(moves,) how the visits are spread over all moves; while moves are drawn, by the power of the draw."""
        root = self.root
        counts = root.visits - 1
        if root.position.moves < self._settings.soft_pick_cutoff:
            counts = counts**self._settings.policy_softmax_temp
        shares = np.zeros(root.position.board.points + 1, dtype=np.float32)
        shares[root.moves] = counts / counts.sum()
        return shares

    def play(self, move: int) -> None:
        """Go on below a legal move; what was read beside it is forgotten."""
        root = self.root
        if root.moves is None:
            self.root = Node(root.position.play(move))
        else:
            self.root = root.child(int(np.flatnonzero(root.moves == move)[0]))
            self.root.parent = None
        if self.over:
            self.root.result = self._result(self.root.position)

    def _leaf(self) -> Node:
        node = self.root
        while node.moves is not None:
            scores = node.scores(max(1, node.count - 1))
            if not self._settings.allow_pass and len(scores) > 1:
                scores = scores[:-1]  # passing is the last one
            node = node.child(int(scores.argmax()))
        if node.result is None and self._is_over(node.position):
            node.result = self._result(node.position)
        return node

    @staticmethod
    def _count(leaf: Node, value: float) -> None:
        node: Node | None = leaf
        while node is not None:
            node.count += 1
            node.total += value
            if node.parent is not None:
                node.parent.visits[node.place] += 1
                node.parent.totals[node.place] += value
            node = node.parent

    @staticmethod
    def _shift(leaf: Node, losses: int) -> None:
        """Let the way to a leaf look as if whoever moved along it had lost so many times more."""
        node: Node | None = leaf
        while node is not None:
            node.total += losses * node.sign
            if node.parent is not None:
                node.parent.totals[node.place] += losses * node.sign
            node = node.parent

    def _is_over(self, position: Position) -> bool:
        return position.passes >= 2 or position.moves >= self._settings.move_limit

    def _result(self, position: Position) -> float:
        return 1.0 if area_score(position, komi=self._settings.komi) > 0 else -1.0

    def _allowed(self, barred: int) -> NDArray[np.intp]:
        """Places of the moves of the root that are not barred."""
        moves = self.root.moves
        assert moves is not None
        return np.flatnonzero([not barred >> int(move) & 1 for move in moves]) if barred else np.arange(len(moves))

    def _bound(self) -> float:
        return 2 * (math.log((1 + self.root.count + UCT_BASE) / UCT_BASE) + UCT_INIT)

    def _final_scores(self) -> NDArray[np.float64]:
        return self.root.scores(1 + self.root.count)

    def _move(self, place: int | np.intp) -> int:
        assert self.root.moves is not None
        return int(self.root.moves[place])
