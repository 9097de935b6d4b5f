"""Only type-checked, never run: what the harness may rely on in a benchmark, and a listener of one's own."""

from __future__ import annotations

from levelfield.training.benchmarks import resnet
from levelfield.training.events import Event, Listener, RunStopped
from levelfield.training.port import Benchmark


class Minutes:
    """The smallest listener."""

    def on(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, RunStopped):
            self.minutes = event.duration_ns / 60e9


listener: Listener = Minutes()
benchmarks: tuple[Benchmark, ...] = (resnet.BENCHMARK,)
