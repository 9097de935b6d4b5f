"""How many processes read data ahead; without torch, for settings."""

from __future__ import annotations

import os

from levelfield.terms import Edition

__all__ = ["default_readers", "readers_of"]

MOST_READERS = 16


def default_readers() -> int:
    """A reader for each core that this process may use, shared among the training processes of this host."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    local = os.environ.get("LOCAL_WORLD_SIZE", "1")  # as torchrun sets it
    return max(1, min(MOST_READERS, cores // int(local))) if local.isdigit() and int(local) else 1


def readers_of(edition: Edition) -> int:
    """None for a mini edition, whose data are made in memory."""
    return default_readers() if edition is Edition.FULL else 0
