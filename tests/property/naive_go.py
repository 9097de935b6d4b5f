"""Go as a beginner would program it: a list of letters, flood fills, and all earlier boards compared whole."""

from __future__ import annotations

EMPTY = "."


class NaiveGame:
    """One game; points are numbered row by row."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.board = [EMPTY] * (size * size)
        self.to_play = "X"
        self.earlier = [tuple(self.board)]

    def neighbours(self, point: int) -> list[int]:
        row, column = divmod(point, self.size)
        around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        return [r * self.size + c for r, c in around if 0 <= r < self.size and 0 <= c < self.size]

    def chain(self, board: list[str], point: int) -> tuple[set[int], set[int]]:
        """The points connected to one by points of its colour, and all points beside them."""
        found, edge, waiting = {point}, set(), [point]
        while waiting:
            for near in self.neighbours(waiting.pop()):
                if board[near] == board[point] and near not in found:
                    found.add(near)
                    waiting.append(near)
                elif board[near] != board[point]:
                    edge.add(near)
        return found, edge

    def has_liberty(self, board: list[str], point: int) -> bool:
        return any(board[near] == EMPTY for near in self.chain(board, point)[1])

    def board_after(self, point: int) -> list[str] | None:
        """The board after a stone at a point; ``None`` where that is not legal."""
        if self.board[point] != EMPTY:
            return None
        board, other = list(self.board), "O" if self.to_play == "X" else "X"
        board[point] = self.to_play
        for near in self.neighbours(point):
            if board[near] == other and not self.has_liberty(board, near):
                for captured in self.chain(board, near)[0]:
                    board[captured] = EMPTY
        if not self.has_liberty(board, point) or tuple(board) in self.earlier:
            return None
        return board

    def legal(self) -> set[int]:
        return {point for point in range(len(self.board)) if self.board_after(point) is not None}

    def play(self, move: int) -> None:
        if move < len(self.board):
            board = self.board_after(move)
            assert board is not None
            self.board = board
        self.earlier.append(tuple(self.board))
        self.to_play = "O" if self.to_play == "X" else "X"

    def area(self) -> int:
        """Black's points less White's, nothing taken off the board."""
        score = self.board.count("X") - self.board.count("O")
        seen: set[int] = set()
        for point in range(len(self.board)):
            if self.board[point] == EMPTY and point not in seen:
                region, edge = self.chain(self.board, point)
                seen |= region
                colours = {self.board[near] for near in edge}
                score += {"X": 1, "O": -1}[colours.pop()] * len(region) if len(colours) == 1 else 0
        return score

    def liberties(self, point: int) -> int:
        return sum(self.board[near] == EMPTY for near in self.chain(self.board, point)[1])
