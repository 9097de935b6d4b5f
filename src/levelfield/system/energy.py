"""Energy that the processor packages took, from the counters of Intel and AMD processors (RAPL).

They lie under ``/sys/class/powercap`` on Linux, readable by root alone on most systems, and are absent in virtual
machines. They count the processors (where there is a ``psys`` domain, that is not used) and neither accelerators nor
fans: a figure beside a result, and no measured power under the rules.
"""

from __future__ import annotations

import re

from levelfield.system.source import Source

__all__ = ["EnergyCounter"]

_ROOT = "/sys/class/powercap"
_PACKAGE = re.compile(r"intel-rapl:\d+")


class EnergyCounter:
    """Adds up what the packages take; the counters wrap around after minutes under load, so it is read in between.

    Args:
        source: The machine.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._joules = 0.0
        self._last = {
            name: value
            for name in source.names(_ROOT)
            if _PACKAGE.fullmatch(name)
            and (source.read(f"{_ROOT}/{name}/name") or "").startswith("package")
            and (value := self._number(f"{name}/energy_uj")) is not None
        }

    @property
    def is_there(self) -> bool:
        """Whether any package could be read."""
        return bool(self._last)

    def joules(self) -> float | None:
        """What was taken since this object was made; ``None`` where there are no counters, or one went away."""
        for name, before in self._last.items():
            now = self._number(f"{name}/energy_uj")
            if now is None:
                self._last = {}
                break
            wrap = self._number(f"{name}/max_energy_range_uj") or 0
            self._joules += (now - before + (wrap if now < before else 0)) / 1e6
            self._last[name] = now
        return self._joules if self._last else None

    def _number(self, path: str) -> int | None:
        text = self._source.read(f"{_ROOT}/{path}")
        return int(text) if text is not None and text.isdigit() else None
