"""A coroutine function as a system under test: ``await infer(indices) -> outputs``, on an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Self

from levelfield.errors import SettingsError
from levelfield.loadgen.function_system import checked
from levelfield.loadgen.ports import Completions, IntArray, Payloads

__all__ = ["AsyncSystem"]


class AsyncSystem:
    """Runs one task per query, or per piece of a large query, as many at a time as allowed.

    Args:
        infer: The coroutine function; takes (samples,) dataset indices, gives one output for each or ``None``.
        name: The name in the logs.
        concurrency: Most tasks that are inside ``infer`` at a time.
        batch_size: Most samples per task.
    """

    def __init__(
        self,
        infer: Callable[[IntArray], Awaitable[Payloads | None]],
        *,
        name: str = "asyncio",
        concurrency: int = 64,
        batch_size: int = 1,
    ) -> None:
        if concurrency < 1 or batch_size < 1:
            raise SettingsError(
                "This system under test cannot be made.",
                problems=[f"concurrency, batch_size: found {concurrency}, {batch_size}, expected 1 or more."],
            )
        self.name = name
        self._infer = infer
        self._batch_size = batch_size
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._room = asyncio.Semaphore(concurrency)
        self._thread = threading.Thread(target=self._loop.run_forever, name="levelfield-asyncio", daemon=True)
        self._thread.start()

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        """Hand the samples to the event loop."""
        self._loop.call_soon_threadsafe(self._start, ids, indices, complete)

    def flush(self) -> None:
        """Nothing waits here for more."""

    def close(self) -> None:
        """Cancel what still runs and end the loop."""
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        # Cancelled tasks need one more turn of the loop to end.
        self._loop.call_soon(self._loop.stop)

    def _start(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        size = self._batch_size
        for at in range(0, len(ids), size):
            task = self._loop.create_task(self._run(ids[at : at + size], indices[at : at + size], complete))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        try:
            async with self._room:
                outputs = await self._infer(indices)
            complete(ids, checked(outputs, len(ids)))
        except Exception as error:  # noqa: BLE001 - the user's code
            complete.fail(error)
