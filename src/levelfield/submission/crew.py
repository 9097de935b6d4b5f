"""Work shared among processes: each takes the next unit when it is done with one, so that none waits for long.

The processes are forked once and stay for further work: a fork costs a copy of every page that is touched afterwards,
which is everything, since Python counts references where the objects are.
"""

from __future__ import annotations

import gc
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias, TypeVar, cast

from levelfield.frozen import frozen

__all__ = ["Crew", "Task"]

Unit = TypeVar("Unit")
Outcome = TypeVar("Outcome")

Task: TypeAlias = Callable[[Iterable[Any]], Any]

TICKET = struct.Struct("=i")
"""The number of a batch of units; -1 for the end."""
END = -1
PIPE_BYTES = 1 << 20
MOST_TICKETS = 1024
"""All of them fit into a pipe before anybody reads."""


@frozen
class _Mate:
    """Another process, and the pipes to it and from it."""

    process: int
    orders: BinaryIO
    answers: BinaryIO


class Crew:
    """This process and others. Used as a context: the others end with it.

    Where this process has threads, or the system cannot fork, it does all the work alone.

    Args:
        tasks: What will be asked for; each is called with the units that its process takes, one after the other. Units
            and outcomes go through pipes and must be picklable, tasks need not be.
        size: Processes, this one included.
        ahead: What each of the others does before its first task, while this one prepares the work: to load code.
    """

    def __init__(
        self,
        tasks: Sequence[Task] = (),
        size: int = 1,
        *,
        ahead: Callable[[], object] | None = None,
    ) -> None:
        self._ahead = ahead
        self._tasks = tuple(tasks)
        self._size = size
        self._mates: list[_Mate] = []
        self._leaving: list[int] = []
        self._tickets: tuple[tuple[int, int], ...] = ()
        """Pipes of the units, and of those apart."""

    def __enter__(self) -> Self:
        self.staff(self._size)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dismiss()
        for process in self._leaving:
            os.waitpid(process, 0)
        self._leaving = []
        for end in (end for pipe in self._tickets for end in pipe):
            os.close(end)
        self._tickets = ()

    def staff(self, size: int) -> None:
        """Be so many processes from now on, this one included."""
        others = size - 1 if size > 1 and _may_fork() else 0
        if others and not self._tickets:
            import pickle  # noqa: F401, PLC0415 - here once, not by each; a process alone sends nothing

            self._tickets = (os.pipe(), os.pipe())
        while len(self._mates) > others:
            self._send_home(self._mates.pop())
        while len(self._mates) < others:
            self._mates.append(self._start())

    def dismiss(self) -> None:
        """Send the others home. They take some milliseconds to end, in which this process goes on."""
        self.staff(1)

    def instruct(self, tasks: Sequence[Task], make: Callable[..., Sequence[Task]], *about: object) -> None:
        """Take up other tasks, which were not known when the others were made.

        Args:
            tasks: Those of this process, and of others that are made from now on.
            make: Gives those of the others, each of which calls it. It is sent by name, as a class is.
            about: What it is called with. It must be picklable if there are others.

        Raises:
            RuntimeError: One of them ended.
        """
        self._tasks = tuple(tasks)
        self._order(None, (make, about))

    def share(
        self,
        task: Callable[[Iterable[Unit]], Outcome],
        units: Sequence[Unit],
        weight: Callable[[Unit], float],
        *,
        apart: Sequence[Unit] = (),
        joins: bool = True,
    ) -> list[Outcome]:
        """Do a task on all units and return what each process made of those that it took, in no fixed order.

        Args:
            task: One of those that the crew was made with.
            units: In any order; the heaviest are done first.
            weight: About how long a unit takes, in any measure.
            apart: Units for which code is to be loaded that the others do without. This process takes of them when the
                others are done, so that it loads nothing where it has enough to do.
            joins: Whether it takes of those apart at all, if there are other processes.

        Raises:
            RuntimeError: The task raised in another process, or that process ended.
        """
        heaps = [sorted(some, key=weight, reverse=True) for some in (units, apart)]
        little = len(units) + len(apart) < 2 and (joins or not apart)
        if not self._mates or little:
            return [task([unit for heap in heaps for unit in heap])]
        batches = [_batches(heap) for heap in heaps]
        self._order(self._tasks.index(task), batches)
        takers = len(self._mates) + 1, len(self._mates) + joins
        for (_, tickets), some, count in zip(self._tickets, batches, takers, strict=True):
            os.write(tickets, b"".join(map(TICKET.pack, (*range(len(some)), *[END] * count))))
        outcomes = [task(self._taken(batches, (0, 1) if joins else (0,)))]
        return outcomes + [cast("Outcome", _answer_of(mate)) for mate in self._mates]

    def _order(self, task: int | None, about: object) -> None:
        """Ask the others for a task, or instruct them."""
        if not self._mates:
            return
        import pickle  # noqa: PLC0415

        order = pickle.dumps((task, about), pickle.HIGHEST_PROTOCOL)
        for mate in self._mates:
            try:
                mate.orders.write(order)
                mate.orders.flush()
            except BrokenPipeError:
                raise _ended(mate) from None

    def _taken(self, batches: Sequence[Sequence[Sequence[Unit]]], heaps: Iterable[int]) -> Iterator[Unit]:
        """The units that this process takes of each heap in turn: the next ones each time it comes back."""
        for heap in heaps:
            while (number := TICKET.unpack(os.read(self._tickets[heap][0], TICKET.size))[0]) != END:
                yield from batches[heap][number]

    def _start(self) -> _Mate:
        orders, answers = os.pipe(), os.pipe()
        process = os.fork()
        if process:
            os.close(orders[0])
            os.close(answers[1])
            _widen(orders[1])
            return _Mate(process=process, orders=os.fdopen(orders[1], "wb"), answers=os.fdopen(answers[0], "rb"))
        try:
            gc.freeze()  # a collection would copy the pages of all objects that it looks at
            for mate in self._mates:
                mate.orders.close()
                mate.answers.close()
            os.close(orders[1])
            os.close(answers[0])
            self._serve(os.fdopen(orders[0], "rb"), os.fdopen(answers[1], "wb"))
        finally:
            os._exit(0)

    def _send_home(self, mate: _Mate) -> None:
        import signal  # noqa: PLC0415

        with suppress(BrokenPipeError):
            mate.orders.close()
        mate.answers.close()
        os.kill(mate.process, signal.SIGKILL)
        self._leaving.append(mate.process)

    def _serve(self, orders: BinaryIO, answers: BinaryIO) -> None:
        """Do what is asked for until the other end closes."""
        import pickle  # noqa: PLC0415

        if self._ahead:
            self._ahead()
        while True:
            try:
                number, about = pickle.load(orders)  # noqa: S301 - from our own parent
            except EOFError:
                return
            if number is None:
                make, what = about
                self._tasks = tuple(make(*what))
                continue
            try:
                answer = pickle.dumps((True, self._tasks[number](self._taken(about, (1, 0)))), pickle.HIGHEST_PROTOCOL)
            except Exception:  # noqa: BLE001 - the parent raises it
                import traceback  # noqa: PLC0415 - a run without errors needs none of it

                answer = pickle.dumps((False, traceback.format_exc()))
            answers.write(answer)
            answers.flush()


def _batches(heap: Sequence[Unit]) -> list[Sequence[Unit]]:
    """As many as there are tickets, or fewer."""
    count = min(len(heap), MOST_TICKETS)
    return [heap[number::count] for number in range(count)]


def _widen(pipe: int) -> None:
    """Let a pipe hold a megabyte, so that who tells something need not wait until it is heard."""
    import fcntl  # noqa: PLC0415

    with suppress(AttributeError, OSError):  # Linux has it, and may allow less
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _may_fork() -> bool:
    tasks = Path("/proc/self/task")
    return hasattr(os, "fork") and tasks.is_dir() and len(list(tasks.iterdir())) == 1


def _answer_of(mate: _Mate) -> object:
    import pickle  # noqa: PLC0415

    try:
        done, outcome = pickle.load(mate.answers)  # noqa: S301 - from our own child
    except EOFError:
        raise _ended(mate) from None
    if not done:
        raise RuntimeError(f"checking a part broke in another process:\n{outcome}")
    return outcome


def _ended(mate: _Mate) -> RuntimeError:
    return RuntimeError(f"the process {mate.process} that checked a part ended without an answer")
