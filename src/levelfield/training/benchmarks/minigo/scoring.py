"""Who owns what at the end: area scoring, with stones that cannot live taken off.

Both follow the reference (mlcommons/training at 4a4d5a0, ``minigo/cc/position.cc``): a game is scored by area, and
inside a region that its owner holds even when passing always, stones of the other colour count for nothing. That
region is found by D. B. Benson's "Life in the Game of Go" (Information Sciences 10, 1976).
"""

from __future__ import annotations

from levelfield.training.benchmarks.minigo.rules import Board, Chain, Colour, Position

__all__ = ["area_score", "pass_alive", "whole_board_is_settled"]


def pass_alive(position: Position) -> tuple[int, int]:
    """The regions that Black and White hold even when passing always: enclosed points, not the enclosing stones."""
    mine = _held(position.board, position.mine, position.my_stones, position.their_stones)
    theirs = _held(position.board, position.theirs, position.their_stones, position.my_stones)
    return (mine, theirs) if position.to_play is Colour.BLACK else (theirs, mine)


def whole_board_is_settled(position: Position) -> bool:
    """Whether every empty point is in a region that somebody holds; the reference ends a game there."""
    black, white = pass_alive(position)
    return not position.empty & ~(black | white)


def area_score(position: Position, *, komi: float) -> float:
    """By how many points Black is ahead: stones, and empty points that reach stones of one colour only, less komi."""
    board = position.board
    held_by_black, held_by_white = pass_alive(position)
    black = position.black & ~held_by_white | held_by_black
    white = position.white & ~held_by_black | held_by_white
    empty = board.every & ~(black | white)
    reaches_black = board.flood(board.beside(black) & empty, empty)
    reaches_white = board.flood(board.beside(white) & empty, empty)
    black |= reaches_black & ~reaches_white
    white |= reaches_white & ~reaches_black
    return black.bit_count() - white.bit_count() - komi


def _held(board: Board, chains: tuple[Chain, ...], stones: int, others: int) -> int:
    """The regions that one colour holds.

    A region is a connected set without this colour's stones, vital to a chain if all its empty points are liberties of
    it. Chains with fewer than two vital regions are struck out, with the regions at which they lie, until none is left
    to strike. A region all of whose chains remain is held, if at most one of its empty points touches none of them.

    The reference strikes out the regions of a chain's liberties only, not one that it touches with a stone of the other
    colour between, against what its own comment says; such a region could be lost, so Benson's definition is followed.
    """
    if len(chains) == 0 or sum(liberties.bit_count() for _, liberties in chains) < 2:
        return 0
    regions = list(board.parts(board.every & ~stones))
    vital = [[region for region in regions if not region & ~others & ~liberties] for _, liberties in chains]
    alive = set(range(len(chains)))
    open_regions = set(regions)
    while dead := {one for one in alive if sum(region in open_regions for region in vital[one]) < 2}:
        alive -= dead
        for one in dead:
            beside = board.beside(chains[one][0])
            open_regions -= {region for region in open_regions if region & beside}
    living, touched = 0, 0
    for one in alive:
        living |= chains[one][0]
        touched |= chains[one][1]
    held = 0
    for region in regions:
        enclosed = not board.beside(region) & stones & ~living
        inner = region & ~others & ~touched
        if living and enclosed and not inner & inner - 1:
            held |= region
    return held
