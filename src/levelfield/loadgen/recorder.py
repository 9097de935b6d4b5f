"""Where completions are recorded while a phase runs.

The cost of this file is part of every measurement: one completed sample costs one clock reading and one store, and 16
bytes stay per query (issue time, completion time). Due times and sample indices are not kept, since the schedule can be
generated again.

A window is a run of consecutive sample ids. SingleStream and MultiStream move from window to window, which
is possible because nothing is outstanding between two queries; Server and Offline use a single one.
"""

from __future__ import annotations

import mmap
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Protocol, cast

import numpy as np

from levelfield.errors import CompletionError, OutputError, SystemUnderTestError
from levelfield.loadgen.measurement import Event, Severity
from levelfield.loadgen.ports import BoolArray, Completions, IntArray, Payloads

__all__ = ["NEVER_ISSUED", "PENDING", "AccuracySink", "Recorder", "RecorderCompletions", "Window"]

NEVER_ISSUED = 0
PENDING = -1
NOBODY_WAITS = 1 << 62
SMALL_BATCH = 32
LISTED_ERRORS = 20
"""How many faulty completions get a line of their own in the log; the rest are counted."""
FLUSH_BYTES = 16 << 20
"""Payloads kept in memory before the accuracy log is written to, in a phase that is not timed."""

AccuracySink = Callable[[list[int], list[int], list[bytes], list[bytes | None] | None, list[int] | None], None]
"""Takes (sample ids, dataset indices, payloads, first-token payloads, token counts) in completion order."""


def _anonymous(count: int, kind: type[np.signedinteger[Any]]) -> tuple[IntArray, mmap.mmap]:
    """Zeros whose pages take memory only once they are written to, and that can be given back in part."""
    size = max(count, 1) * np.dtype(kind).itemsize
    if hasattr(mmap, "MAP_PRIVATE"):
        # Private, since pages of a shared mapping cannot be given back.
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    else:  # Windows
        memory = mmap.mmap(-1, size)
    return np.frombuffer(memory, dtype=kind, count=count), memory


class Window:
    """The raw values of consecutive samples: absolute times of the clock, in ns.

    Args:
        base: Id of the first sample.
        samples: How many samples there are at most.
        queries: How many queries there are at most.
        indices: (samples,) dataset indices; needed where payloads are logged.
        logged: (samples,) which payloads to log; ``None`` = as the phase says.
        tokens: Whether first tokens and token counts are recorded.
        own_delays: Whether the load generator's own lateness is recorded apart from the issue delay.
    """

    __slots__ = (
        "_memories", "base", "done", "done_ns", "first_token_ns", "indices", "issued", "issued_ns", "logged",
        "own", "own_ns", "token_counts",
    )  # fmt: skip

    def __init__(
        self,
        base: int,
        *,
        samples: int,
        queries: int,
        indices: IntArray,
        logged: BoolArray | None = None,
        tokens: bool = False,
        own_delays: bool = False,
    ) -> None:
        self.base = base
        self.done_ns, done_memory = _anonymous(samples, np.int64)
        """(samples,) completion time; 0 never issued, -1 not complete yet."""
        self.issued_ns, issued_memory = _anonymous(queries, np.int64)
        """(queries,) when each query was handed over."""
        self.own_ns, _ = _anonymous(queries if own_delays else 0, np.int32)
        """(queries,) the load generator's own lateness, at most 2.1 s."""
        self._memories = (done_memory, issued_memory)
        self.indices = indices
        self.logged = logged
        self.first_token_ns = np.zeros(samples, np.int64) if tokens else None
        self.token_counts = np.zeros(samples, np.int64) if tokens else None
        # The same memory once more: one element is stored faster through a memoryview than through an array.
        self.done = self.done_ns.data
        self.issued = self.issued_ns.data
        self.own = self.own_ns.data

    def prepare_logging(self, places: IntArray, indices: IntArray, logged: BoolArray | None, *, wanted: bool) -> None:
        """Note the dataset index, and the choice, of samples whose payload may be logged."""
        if not wanted:
            return
        if not len(self.indices):
            self.indices = np.zeros(len(self.done_ns), np.int64)
        self.indices[places] = indices
        if logged is not None:
            if self.logged is None:
                self.logged = np.zeros(len(self.done_ns), np.bool_)
            self.logged[places] = logged

    def release(self, *, samples: int, queries: int) -> None:
        """Give the memory of the first completion and issue times back; their values are gone."""
        for memory, count in zip(self._memories, (samples, queries), strict=True):
            whole_pages = count * 8 // mmap.PAGESIZE * mmap.PAGESIZE
            if whole_pages and hasattr(memory, "madvise"):
                memory.madvise(mmap.MADV_DONTNEED, 0, whole_pages)


class RecorderCompletions(Completions, Protocol):
    """What a recorder hands out: the port that systems see, and a shorter way for adapters that have one plain id."""

    def one(self, sample: int) -> None:
        """Report one sample complete, now, without output: half the price of an array of one id.

        Raises:
            CompletionError: The sample is complete already, or was never issued.
        """


class Recorder:
    """Records the completions of one phase; what the system under test sees of it is :attr:`complete`."""

    def __init__(
        self,
        *,
        log_all: bool,
        log_some: bool = False,
        sink: AccuracySink | None = None,
        tokens: bool = False,
        needs_first_token: bool = False,
        flush_while_running: bool = False,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._wanted = NOBODY_WAITS
        self._window = Window(0, samples=0, queries=0, indices=np.zeros(0, np.int64))
        self._done = self._window.done
        self._limit = 0
        self._base = 0
        self._log_all = log_all
        self._logs = log_all or log_some
        self.plain = not self._logs and not tokens
        """Whether only completion times are recorded: no output, no tokens."""
        self.wants_payloads = self._logs
        """Whether any payload of this phase is logged."""
        self._tokens = tokens
        self._needs_first_token = tokens and needs_first_token
        self._first_token_payloads: dict[int, bytes] = {}
        self._sink = sink
        self._flush_bytes = FLUSH_BYTES if flush_while_running else NOBODY_WAITS
        self._entries: list[tuple[int, int, bytes, bytes | None, int]] = []
        self._entry_bytes = 0
        self._faults = 0
        self._abandoned = False
        self._several_threads = not getattr(sys, "_is_gil_enabled", lambda: True)()
        """Whether the interpreter has no lock."""
        self._judging = self._several_threads
        """Whether single completions, too, are left to :meth:`complete_any` and its lock: while it judges others."""
        self.completed = 0
        """Samples complete so far in this phase."""
        self.events: list[Event] = []
        self.failure: BaseException | None = None
        """What broke the system under test, if anything did."""
        self.on_failure: Callable[[], None] | None = None
        """Is called when the system under test has failed; the lock is held."""
        self.uninterruptible: frozenset[CodeType] = frozenset()
        """Code that must not be left by an exception from outside, such as Ctrl-C."""
        self.complete = self._make_completions()
        """What the system under test is given."""

    # --- used by the issuing side -------------------------------------------------------------------------

    def open(self, window: Window) -> None:
        """Record into another window from now on; nothing of the previous one may be outstanding."""
        with self._lock:
            self._window = window
            self._done = window.done
            self._limit = len(window.done)
            self._base = window.base

    def wait_for(self, count: int, timeout_s: float) -> bool:
        """Wait until ``count`` samples of the phase are complete, or the system has failed.

        Returns:
            False if the time ran out first.
        """
        with self._lock:
            if self.completed >= count or self.failure is not None:
                return True
            self._wanted = count
        if self._wake.acquire(timeout=timeout_s):
            return True
        with self._lock:
            if self._wanted == NOBODY_WAITS:
                # Woken between the time-out and the lock: take the token, so that the next wait blocks.
                self._wake.acquire()
                return True
            self._wanted = NOBODY_WAITS
            return False

    def flush(self) -> None:
        """Hand what is buffered to the accuracy log."""
        with self._lock:
            self._flush()

    # --- used by the system under test --------------------------------------------------------------------

    def _make_completions(self) -> RecorderCompletions:
        """The callable that the system under test reports to.

        A function and not this object, because calling an object costs 40 ns more, every time.
        """
        clock, plain = self._clock, self.plain

        # From asking whether the sample is outstanding to counting it nothing is called, which the interpreter lock
        # makes one step; "completed" and "wanted" are compared and set in the same way wherever they are.
        def one(sample: int) -> None:
            now = clock()
            offset = sample - self._base
            done = self._done
            if plain and not self._judging and 0 <= offset < self._limit and done[offset] == PENDING:
                done[offset] = now
                self.completed += 1
                if self.completed >= self._wanted:
                    self._wanted = NOBODY_WAITS
                    self._wake.release()
                return
            self.complete_any(now, np.array([sample], dtype=np.int64), None, None)

        def complete(ids: IntArray, payloads: Payloads | None = None, token_counts: IntArray | None = None) -> None:
            now = clock()
            if plain and len(ids) == 1:
                offset = ids.item() - self._base
                done = self._done
                if not self._judging and 0 <= offset < self._limit and done[offset] == PENDING:
                    done[offset] = now
                    self.completed += 1
                    if self.completed >= self._wanted:
                        self._wanted = NOBODY_WAITS
                        self._wake.release()
                    return
            self.complete_any(now, np.asarray(ids, dtype=np.int64), payloads, token_counts)

        # What is stored and not yet counted would never be counted.
        self.uninterruptible = frozenset(cast("FunctionType", made).__code__ for made in (complete, one))
        return self.dressed(complete, one)

    def dressed(self, complete: Callable[..., None], one: Callable[[int], None]) -> RecorderCompletions:
        """A function with the other members of the port, which calls it a completions object."""
        for name, member in (
            ("one", one),
            ("first_token", self.first_token),
            ("fail", self.fail),
            ("wants_payloads", self.wants_payloads),
        ):
            setattr(complete, name, member)
        return cast("RecorderCompletions", complete)

    def first_token(self, ids: IntArray, payloads: Payloads | None = None) -> None:
        """Record the first token of samples, now."""
        now = self._clock()
        offsets = np.asarray(ids, dtype=np.int64) - self._base
        with self._lock:
            window = self._window
            if window.first_token_ns is None or self._abandoned:
                return
            for position, offset in enumerate(offsets.tolist()):
                if not 0 <= offset < len(window.done_ns) or window.done_ns[offset] == NEVER_ISSUED:
                    self._fault(f"First token of sample {offset + self._base}, which was never issued.")
                elif window.done_ns[offset] != PENDING:
                    self._fault(f"First token of sample {offset + self._base} after its completion.")
                elif window.first_token_ns[offset] != NEVER_ISSUED:
                    self._fault(f"First token of sample {offset + self._base} reported twice.")
                else:
                    window.first_token_ns[offset] = now
                    if payloads is not None and self._is_logged(offset):
                        self._first_token_payloads[offset] = _payload(payloads, position)

    def fail(self, error: BaseException) -> None:
        """Report that the system under test is broken: the phase ends, what was recorded is kept."""
        with self._lock:
            self._fail(error)

    # --- inside -------------------------------------------------------------------------------------------

    def _fail(self, error: BaseException) -> None:
        """The first failure counts; whoever waits is woken. The lock is held."""
        if self.failure is None:
            self.failure = error
        if self._wanted != NOBODY_WAITS:
            self._wanted = NOBODY_WAITS
            self._wake.release()
        if self.on_failure is not None:
            self.on_failure()

    def complete_any(self, now: int, ids: IntArray, payloads: Payloads | None, token_counts: IntArray | None) -> None:
        """Record the completion of any samples at ``now``.

        Raises:
            CompletionError: A sample is complete already, or was never issued.
        """
        offsets = ids - self._base
        wrong: list[str] = []
        with self._lock:
            if self._abandoned:
                return
            self._judging = True
            try:
                good = self._mark(now, offsets, wrong)
                count = len(offsets) if good is None else int(np.count_nonzero(good))
            finally:
                self._judging = self._several_threads
            if self._tokens:
                self._record_tokens(offsets, good, token_counts)
            try:
                if self._logs and payloads is not None:
                    self._keep_payloads(offsets, good, payloads)
                elif self._log_all:
                    self._keep_payloads(offsets, good, [b""] * len(offsets))
                if self._entry_bytes > self._flush_bytes:
                    self._flush()
            except Exception as error:  # noqa: BLE001 - a payload that is none, or a log that cannot be written
                self._fail(error)
            self.completed += count
            if self.completed >= self._wanted:
                self._wanted = NOBODY_WAITS
                self._wake.release()
        if wrong:
            problem = CompletionError(
                f"{wrong[0]}"
                + (f" {len(wrong)} of the {len(ids)} samples of this call were not outstanding." if wrong[1:] else "")
            )
            self.fail(problem)
            raise problem

    def _mark(self, now: int, offsets: IntArray, wrong: list[str]) -> BoolArray | None:
        """Store the completion times; returns which were good, or ``None`` when all were."""
        count = len(offsets)
        if count <= SMALL_BATCH and self._mark_each(now, offsets.tolist()):
            return None
        done = self._window.done_ns
        first, last = int(offsets[0]), int(offsets[-1])
        if first >= 0 and last < len(done) and last - first + 1 == count and bool((np.diff(offsets) == 1).all()):
            span = done[first : last + 1]
            if bool((span == PENDING).all()):
                span[:] = now
                return None
        good = (offsets >= 0) & (offsets < len(done))
        good[good] = done[offsets[good]] == PENDING
        # Of several completions of one sample in a single call, the first counts.
        seen, first_at = np.unique(offsets, return_index=True)
        if len(seen) < count:
            unique = np.zeros(count, dtype=np.bool_)
            unique[first_at] = True
            good &= unique
        done_now = offsets[good]
        bad = offsets[~good]
        for offset in bad.tolist():
            wrong.append(self._what_is_wrong(offset, completed_now=bool((done_now == offset).any())))
            self._fault(wrong[-1])
        done[done_now] = now
        return None if not len(bad) else good

    def _mark_each(self, now: int, offsets: list[int]) -> bool:
        """Store a few completion times one by one, which is quicker for a few.

        Returns:
            False, with nothing stored, if any of them is not outstanding.
        """
        done, limit = self._done, self._limit
        for position, offset in enumerate(offsets):
            if not 0 <= offset < limit or done[offset] != PENDING:
                for stored in offsets[:position]:
                    done[stored] = PENDING
                return False
            done[offset] = now
        return True

    def _what_is_wrong(self, offset: int, *, completed_now: bool) -> str:
        sample = offset + self._base
        if offset < 0:
            return f"Sample {sample} completed twice: it belongs to a query that was complete already."
        if offset >= len(self._window.done_ns) or (self._window.done_ns[offset] == NEVER_ISSUED and not completed_now):
            return f"Sample {sample} completed, which was never issued."
        return f"Sample {sample} completed twice."

    def _fault(self, text: str) -> None:
        self._faults += 1
        if self._faults <= LISTED_ERRORS:
            self.events.append(Event(key="error_runtime", text=text, severity=Severity.ERROR))

    def close(self) -> None:
        """Say how many faulty completions were not listed one by one, and flush.

        Where samples are still outstanding the phase was given up: what the system reports of it from now on is
        ignored, since its record is being made.
        """
        with self._lock:
            self._abandoned = bool((self._window.done_ns == PENDING).any())
            self._limit = 0
        if self._faults > LISTED_ERRORS:
            more = self._faults - LISTED_ERRORS
            self.events.append(
                Event(key="error_runtime", text=f"{more} more faulty completions.", severity=Severity.ERROR)
            )
        try:
            self.flush()
        except OutputError as error:
            self.fail(error)

    def _is_logged(self, offset: int) -> bool:
        return self._log_all or (self._window.logged is not None and bool(self._window.logged[offset]))

    def _record_tokens(self, offsets: IntArray, good: BoolArray | None, counts: IntArray | None) -> None:
        window = self._window
        if window.token_counts is None:
            return
        for position, offset in enumerate(offsets.tolist()):
            if good is not None and not good[position]:
                continue
            sample = offset + self._base
            count = int(counts[position]) if counts is not None else 0
            if count == 0:
                self._fault(f"Sample {sample} reports no n_tokens, or 0.")
            elif count < 0:
                self._fault(f"Sample {sample} reports n_tokens {count}, expected a positive number.")
            elif count == 1 and self._needs_first_token:
                self._fault(f"Sample {sample} reports one token: a time per output token needs at least two.")
            window.token_counts[offset] = count
            first = window.first_token_ns
            if self._needs_first_token and first is not None and first[offset] == NEVER_ISSUED:
                self._fault(f"Sample {sample} completed without a first token.")

    def _keep_payloads(self, offsets: IntArray, good: BoolArray | None, payloads: Payloads) -> None:
        window = self._window
        if not callable(payloads) and len(payloads) != len(offsets):
            raise SystemUnderTestError(
                f"The system under test completed {len(offsets)} samples with {len(payloads)} payloads; "
                "expected one for each."
            )
        for position, offset in enumerate(offsets.tolist()):
            if (good is not None and not good[position]) or not self._is_logged(offset):
                continue
            data = _payload(payloads, position)
            count = 0 if window.token_counts is None else int(window.token_counts[offset])
            first = self._first_token_payloads.pop(offset, None) if self._tokens else None
            self._entries.append((offset + self._base, int(window.indices[offset]), data, first, count))
            self._entry_bytes += len(data)

    def _flush(self) -> None:
        if not self._entries or self._sink is None:
            return
        ids, indices, payloads, firsts, counts = (list(column) for column in zip(*self._entries, strict=True))
        self._entries.clear()
        self._entry_bytes = 0
        if self._tokens:
            self._sink(ids, indices, payloads, firsts if self._needs_first_token else None, counts)
        else:
            self._sink(ids, indices, payloads, None, None)


def _payload(payloads: Payloads, position: int) -> bytes:
    """The bytes of one output. Copied, so that the system may re-use its buffer at once."""
    item = payloads(position) if callable(payloads) else payloads[position]
    if isinstance(item, np.ndarray | np.generic):
        return item.tobytes()
    try:
        return bytes(memoryview(item))
    except TypeError as error:
        # bytes(7) would be seven zeros, and nobody would notice.
        raise SystemUnderTestError(
            f"The system under test completed a sample with a payload of type {type(item).__name__}, "
            "expected bytes, another buffer, or a NumPy array or number."
        ) from error
