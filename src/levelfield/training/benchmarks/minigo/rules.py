"""The rules of Go on boards of up to 19 lines: captures, no suicide, positional superko, two passes.

A set of points is a Python integer whose bit *i* is point *i*, row by row from the top left; move *i* plays there and
the move after the last point passes. A position keeps its chains with their liberties, so a move needs no search: a
chain touches a point exactly when that point is one of its liberties. The rules are those of the reference
(mlcommons/training at 4a4d5a0, ``reinforcement/tensorflow/minigo/cc/position.cc``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from levelfield.errors import InputError

__all__ = ["Board", "Chain", "Colour", "Position", "points_of"]

COLUMNS = "ABCDEFGHJKLMNOPQRST"
"""Without I, as the field writes them."""

Chain = tuple[int, int]
"""Connected stones of one colour, and their liberties."""


class Colour(IntEnum):
    """Whose stone; the number is the sign of a value or score that is good for this colour."""

    BLACK = 1
    WHITE = -1

    @property
    def opponent(self) -> Colour:
        """The other one."""
        return Colour.WHITE if self is Colour.BLACK else Colour.BLACK


def points_of(points: int) -> Iterator[int]:
    """The numbers of the points of a set, from the lowest."""
    while points:
        lowest = points & -points
        yield lowest.bit_length() - 1
        points ^= lowest


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The geometry of a board; one object for each size (:meth:`of`)."""

    size: int
    """Lines."""
    points: int
    """``size`` squared; also the number of the move that passes."""
    every: int
    """The set of all points."""
    _not_first: int
    _not_last: int
    neighbours: tuple[int, ...]
    """For each point the set of up to four points beside it."""

    @staticmethod
    @cache
    def of(size: int) -> Board:
        """The board of a size from 2 to 19 lines.

        Raises:
            InputError: There is no such board.
        """
        if not 2 <= size <= len(COLUMNS):
            raise InputError(f"A board of {size} lines: found {size}, expected 2 to {len(COLUMNS)}.")
        points = size * size
        every = (1 << points) - 1
        first_column = sum(1 << row * size for row in range(size))
        not_first, not_last = every & ~first_column, every & ~(first_column << size - 1)
        bare = Board(size, points, every, not_first, not_last, ())
        neighbours = tuple(bare.beside(1 << point) for point in range(points))
        return Board(size, points, every, not_first, not_last, neighbours)

    @property
    def pass_move(self) -> int:
        """The move that plays no stone."""
        return self.points

    def beside(self, points: int) -> int:
        """The points with a neighbour in a set; points of the set itself may be among them."""
        sideways = (points & self._not_last) << 1 | (points & self._not_first) >> 1
        return (sideways | points << self.size | points >> self.size) & self.every

    def flood(self, seed: int, through: int) -> int:
        """All points that can be walked to from a set without leaving another one, of which the seed is part."""
        reached = seed & through
        while True:
            more = (reached | self.beside(reached)) & through
            if more == reached:
                return reached
            reached = more

    def parts(self, points: int) -> Iterator[int]:
        """The connected parts of a set."""
        while points:
            part = self.flood(points & -points, points)
            yield part
            points ^= part

    def name(self, move: int) -> str:
        """As people write it: ``D4``, columns from the left, rows from the bottom; or ``pass``."""
        if move == self.pass_move:
            return "pass"
        row, column = divmod(move, self.size)
        return f"{COLUMNS[column]}{self.size - row}"

    def move(self, name: str) -> int:
        """The move of a name.

        Raises:
            InputError: It names no point of this board.
        """
        if name.lower() == "pass":
            return self.pass_move
        column = COLUMNS[: self.size].find(name[:1].upper())
        row = self.size - int(name[1:]) if name[1:].isascii() and name[1:].isdigit() else -1
        if not name or column < 0 or not 0 <= row < self.size:
            last = f"{COLUMNS[self.size - 1]}{self.size}"
            raise InputError(f"A move on a board of {self.size} lines: found {name!r}, expected A1 to {last} or pass.")
        return row * self.size + column


@dataclass(slots=True, eq=False)  # not frozen: a search makes thousands of them each second
class Position:
    """A position with the way that led to it. Never changed after it was made."""

    board: Board
    to_play: Colour
    mine: tuple[Chain, ...] = ()
    """Chains of the colour to play."""
    theirs: tuple[Chain, ...] = ()
    previous: Position | None = None
    passes: int = 0
    """How many of the last moves in a row were passes."""
    moves: int = 0
    """How many moves were played, passes included."""
    my_stones: int = 0
    their_stones: int = 0
    most_stones: int = 0
    """The largest number of stones on the board so far."""
    _legal: int = -1

    @classmethod
    def start(cls, size: int) -> Position:
        """The empty board, Black to play."""
        return cls(Board.of(size), Colour.BLACK)

    @classmethod
    def of(cls, rows: str, *, to_play: Colour = Colour.BLACK) -> Position:
        """A position without history from a drawing: lines of ``X`` (Black), ``O`` (White) and ``.``.

        Raises:
            InputError: The drawing is not square, holds another letter, or a chain has no liberty.
        """
        lines = [line.strip().replace(" ", "") for line in rows.strip().splitlines()]
        text = "".join(lines)
        if {len(line) for line in lines} != {len(lines)} or set(text) - set("XO."):
            raise InputError(f"A drawing of a board: found {lines}, expected as many lines of X, O and . as columns.")
        board = Board.of(len(lines))
        black, white = (sum(1 << at for at, one in enumerate(text) if one == stone) for stone in "XO")
        empty = board.every & ~(black | white)
        mine, theirs = (black, white) if to_play is Colour.BLACK else (white, black)
        my_chains, their_chains = (
            tuple((part, board.beside(part) & empty) for part in board.parts(own)) for own in (mine, theirs)
        )
        if any(not liberties for _, liberties in (*my_chains, *their_chains)):
            raise InputError(f"A drawing of a board: found {lines}, expected a liberty for every chain.")
        stones = (black | white).bit_count()
        return cls(board, to_play, my_chains, their_chains, my_stones=mine, their_stones=theirs, most_stones=stones)

    @property
    def black(self) -> int:
        """The set of black stones."""
        return self.my_stones if self.to_play is Colour.BLACK else self.their_stones

    @property
    def white(self) -> int:
        """The set of white stones."""
        return self.their_stones if self.to_play is Colour.BLACK else self.my_stones

    @property
    def empty(self) -> int:
        """The set of empty points."""
        return self.board.every & ~(self.my_stones | self.their_stones)

    @property
    def both_passed(self) -> bool:
        """Whether the last two moves were passes, which ends the game."""
        return self.passes >= 2

    @property
    def legal(self) -> int:
        """The points where the colour to play may play; it may always pass.

        A stone needs a liberty, a chain of its colour with one more, or something to capture (so suicide is not
        allowed), and must not make the stones on the board what they were at any time before (positional superko).
        """
        if self._legal < 0:
            empty = self.empty
            free = empty & self.board.beside(empty)
            for _, liberties in self.mine:
                if liberties & liberties - 1:
                    free |= liberties
            capturing = 0
            for _, liberties in self.theirs:
                if not liberties & liberties - 1:
                    capturing |= liberties
            self._legal = self._without_repeats(free & ~capturing, capturing)
        return self._legal

    def is_legal(self, move: int) -> bool:
        """Whether the colour to play may make a move."""
        return move == self.board.pass_move or (0 <= move < self.board.points and bool(self.legal >> move & 1))

    def play(self, move: int) -> Position:
        """The position after a move.

        Raises:
            InputError: The move is not legal.
        """
        if not self.is_legal(move):
            name = self.board.name(move) if 0 <= move <= self.board.points else str(move)
            raise InputError(f"Move {self.moves + 1}, {name} by {self.to_play.name.lower()}, is not legal.")
        return self.after(move)

    def after(self, move: int) -> Position:
        """The position after a move that is known to be legal."""
        board, opponent = self.board, self.to_play.opponent
        if move == board.points:
            return Position(
                board, opponent, self.theirs, self.mine, self, self.passes + 1, self.moves + 1,
                self.their_stones, self.my_stones, self.most_stones,
            )  # fmt: skip
        mine, theirs, captured = self._placed(move)
        my_stones, their_stones = self.my_stones | 1 << move, self.their_stones & ~captured
        stones = (my_stones | their_stones).bit_count()
        return Position(
            board, opponent, tuple(theirs), tuple(mine), self, 0, self.moves + 1,
            their_stones, my_stones, max(stones, self.most_stones),
        )  # fmt: skip

    def _placed(self, point: int) -> tuple[list[Chain], list[Chain], int]:
        """The chains after a stone is placed and what it captures is gone, and the captured stones."""
        board, bit = self.board, 1 << point
        theirs: list[Chain] = []
        captured = 0
        for chain in self.theirs:
            if not chain[1] & bit:
                theirs.append(chain)
            elif chain[1] == bit:
                captured |= chain[0]
            else:
                theirs.append((chain[0], chain[1] ^ bit))
        stones, liberties = bit, board.neighbours[point] & self.empty
        mine: list[Chain] = []
        for chain in self.mine:
            if chain[1] & bit:
                stones |= chain[0]
                liberties |= chain[1]
            else:
                mine.append(chain)
        mine.append((stones, liberties & ~bit))
        if captured:
            mine = [(own, free | board.beside(own) & captured) for own, free in mine]
        return mine, theirs, captured

    def _without_repeats(self, free: int, capturing: int) -> int:
        """The points of two sets, those that capture nothing and those that do, that make no earlier position again."""
        if (self.my_stones | self.their_stones).bit_count() < self.most_stones:
            for earlier in self._earlier(self.their_stones):
                added = earlier ^ self.my_stones
                if not self.my_stones & added and not added & added - 1:
                    free &= ~added
        legal = free | capturing
        for point in points_of(capturing):
            bit = 1 << point
            captured = 0
            for stones, liberties in self.theirs:
                if liberties == bit:
                    captured |= stones
            if self.my_stones | bit in self._earlier(self.their_stones & ~captured):
                legal ^= bit
        return legal

    def _earlier(self, theirs: int) -> Iterator[int]:
        """What this colour's stones were at earlier positions that had certain stones of the other one."""
        before = self.previous
        while before is not None:
            same = before.to_play is self.to_play
            if (before.their_stones if same else before.my_stones) == theirs:
                yield before.my_stones if same else before.their_stones
            before = before.previous

    def __str__(self) -> str:
        """The drawing that :meth:`of` reads."""
        size = self.board.size
        marks = [("X" if self.black >> at & 1 else "O" if self.white >> at & 1 else ".") for at in range(size * size)]
        return "\n".join("".join(marks[row * size : (row + 1) * size]) for row in range(size))
