"""Only type-checked, never run: the typing of the public interfaces as a contract."""

from __future__ import annotations

from levelfield.loadgen.ports import Completions, IntArray, SystemUnderTest


class EchoSystem:
    """The smallest system under test."""

    name = "echo"

    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        """Complete at once."""
        complete(ids, indices)

    def flush(self) -> None:
        """Nothing waits."""


system: SystemUnderTest = EchoSystem()
