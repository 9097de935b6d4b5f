"""A task that answers with its sample's number after a millisecond, for tests of how tasks are served."""

from __future__ import annotations

import time
from collections.abc import Iterable

from levelfield.workloads.task import IndexArray, PayloadArray, Score

__all__ = ["SlowTask"]


class Data:
    name, total_sample_count, performance_sample_count, complete = "data", 40, 16, True

    def __init__(self) -> None:
        self.loaded: list[int] = []

    def load(self, indices: IndexArray) -> None:
        self.loaded = indices.tolist()

    def unload(self, indices: IndexArray) -> None:
        self.loaded = []


class SlowTask:
    reference, max_batch = None, None

    def __init__(self, *, fails: bool = False) -> None:
        self.dataset = Data()
        self.calls: list[int] = []
        self._fails = fails

    def infer(self, indices: IndexArray) -> PayloadArray:
        assert set(indices.tolist()) <= set(self.dataset.loaded)
        if self._fails and len(self.calls) > 8:
            raise ValueError("broken")
        self.calls.append(len(indices))
        time.sleep(0.001)
        return indices.reshape(-1, 1)

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        raise NotImplementedError

    def describe(self) -> dict[str, str]:
        return {}
