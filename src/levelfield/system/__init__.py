"""What this machine is: found from /proc, /sys, a few quick commands, and never guessed.

Every finder takes a :class:`~levelfield.system.source.Source`, so a machine is a handful of texts in a test.
What is not known stays ``None`` or empty: a submitter fills it in, levelfield does not.
"""

from __future__ import annotations

from levelfield.system.machine import Machine, describe, find_machine
from levelfield.system.source import LiveSource, Source

__all__ = ["LiveSource", "Machine", "Source", "describe", "find_machine"]
