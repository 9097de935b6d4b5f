"""The memory that a run shares with its issuing process: a few numbers, and a ring of issue times.

One side writes the ring and the head, the other the tail. An entry of 0 has not arrived, whatever the head says,
so the order in which a processor makes stores visible does not matter.
"""

from __future__ import annotations

import mmap
import os
from enum import IntEnum

import numpy as np

__all__ = ["RING_ENTRIES", "Priority", "Ring", "Word", "shared_bytes"]

RING_ENTRIES = 1 << 20
"""Queries that may wait to be taken by the system's process; 8 MiB, touched only as far as it is used."""


class Word(IntEnum):
    """What the first words of the shared memory hold."""

    HEAD = 0
    """Queries issued so far."""
    TAIL = 1
    """Queries taken by the system's process so far."""
    STOP = 2
    """1 = the system's process wants no more."""
    FINISHED = 3
    """1 = all queries are issued; 2 = the ring was full."""
    READY = 4
    """1 = the schedule is drawn and the process waits for the start."""
    START = 5
    """The clock at the start."""
    SLEEP_MARGIN = 6
    """How long before a due time the issuing process stops sleeping, in ns."""
    PRIORITY = 7
    """A :class:`Priority`."""


class Priority(IntEnum):
    """How the issuing process is preferred to others."""

    USUAL = 0
    REAL_TIME = 1

    @property
    def words(self) -> str:
        """For the result."""
        return ("the usual", "real-time")[self] + " priority"


HEADER_WORDS = 16
WORD_BYTES = 8


def shared_bytes(entries: int) -> int:
    """The size of the shared memory of a ring with so many entries, a power of two."""
    return (HEADER_WORDS + entries) * WORD_BYTES


class Ring:
    """A view of the shared memory behind a file descriptor. Its size says how many entries there are."""

    def __init__(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        words = np.frombuffer(mmap.mmap(descriptor, size), dtype=np.int64)
        self.entries = size // WORD_BYTES - HEADER_WORDS
        self.word = words[:HEADER_WORDS].data
        self.entry = words[HEADER_WORDS:].data
