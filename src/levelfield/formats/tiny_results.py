"""``results.txt`` of MLPerf Tiny: what the host runner prints after a run.

Each line has the runner's prefix, ``00339.883 ulp-ml: ``. A performance or energy run prints a block per window and the
median; an accuracy run prints ``Top-1`` and ``AUC``. Two families of runners spell these lines differently (v0.7 to
v1.2, and v1.3 on); both are read. Some published files hold the same block up to five times, or repeat each line, so
for every number the last line counts. Source: mlcommons/tiny_results_v0.7 at 64623f4; mlcommons/tiny,
``tools/submission/submission_checker.py`` at 1afd2c9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["MAX_WINDOWS", "TinyResults", "Window", "parse_tiny_results"]

_NUMBER = r"(\d{1,18}(?:\.\d{0,18})?(?:[eE][-+]?\d{1,2})?)"
"""Never negative, and too short to be infinite."""
MAX_WINDOWS = 1_000
"""Blocks with further numbers are passed over."""
_WINDOW = re.compile(
    rf"(Performance results|Energy data) for (?:window|trial) ([0-9]{{1,9}})(?: at time {_NUMBER} for {_NUMBER})?"
)
_FACTS = {
    "inferences": re.compile(rf"(?:# )?Inferences\s*:\s*{_NUMBER}"),
    "runtime_s": re.compile(rf"(?:Runtime|Elapsed time)\s*:\s*{_NUMBER}"),
    "throughput": re.compile(rf"Throughput\s*:\s*{_NUMBER}"),
    "energy_uj": re.compile(rf"(?:Total )?Energy\s*:\s*{_NUMBER} uJ"),
    "energy_per_inference_uj": re.compile(rf"Energy/Inf\.?\s*:\s*{_NUMBER}"),
}
_TOTALS = {
    "median_throughput": re.compile(rf"Median throughput is\s+{_NUMBER}"),
    "median_energy_uj": re.compile(rf"Median energy cost is\s+{_NUMBER}"),
    "top1_percent": re.compile(rf"Top-1: *{_NUMBER}|Top 1% *= *{_NUMBER}"),
    "auc": re.compile(rf"AUC(?:: *| *= *){_NUMBER}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One timed window as it is printed; what its block does not say is ``None``."""

    number: int
    """As printed: 2, 4, 6, 8, 10 in old runners."""
    inferences: int | None
    runtime_s: float | None
    throughput: float | None
    """Inferences per second."""
    energy_uj: float | None
    energy_per_inference_uj: float | None
    repeated: int
    """How many blocks had this number, beyond one for performance and one for energy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyResults:
    """What a file says; what it does not say is ``None``."""

    windows: tuple[Window, ...]
    """By number."""
    median_throughput: float | None
    """Inferences per second."""
    median_energy_uj: float | None
    """Per inference."""
    top1_percent: float | None
    auc: float | None

    @property
    def repeated(self) -> bool:
        """Whether blocks stand in the file more than once."""
        return any(window.repeated for window in self.windows)

    @property
    def empty(self) -> bool:
        """Whether the file says nothing at all."""
        numbers = (self.median_throughput, self.median_energy_uj, self.top1_percent, self.auc)
        return not self.windows and all(number is None for number in numbers)


def parse_tiny_results(data: bytes) -> TinyResults:
    """Read a file; bytes that are no text, and lines that say nothing known, are passed over."""
    lines = data.decode("latin-1").replace("\r", "\n").split("\n")
    totals: dict[str, float] = {}
    for line in lines:
        for name, pattern in _TOTALS.items():
            if found := pattern.search(line):
                totals[name] = float(next(group for group in found.groups() if group is not None))
    return TinyResults(
        windows=_windows(lines),
        median_throughput=totals.get("median_throughput"),
        median_energy_uj=totals.get("median_energy_uj"),
        top1_percent=totals.get("top1_percent"),
        auc=totals.get("auc"),
    )


def _windows(lines: Iterable[str]) -> tuple[Window, ...]:
    facts: dict[int, dict[str, float]] = {}
    headers: dict[tuple[str, int], int] = {}
    number: int | None = None
    for line in lines:
        if header := _WINDOW.search(line):
            number = int(header[2])
            if number not in facts and len(facts) >= MAX_WINDOWS:
                number = None
                continue
            headers[header[1], number] = headers.get((header[1], number), 0) + 1
            here = facts.setdefault(number, {})
            if header[4] is not None:
                here.setdefault("runtime_s", float(header[4]))
        elif "Median" in line:
            number = None  # what follows belongs to no window
        elif number is not None:
            for name, pattern in _FACTS.items():
                if found := pattern.search(line):
                    facts[number][name] = float(found[1])
    return tuple(
        Window(
            number=number,
            inferences=_count(found.get("inferences")),
            runtime_s=found.get("runtime_s"),
            throughput=found.get("throughput"),
            energy_uj=found.get("energy_uj"),
            energy_per_inference_uj=found.get("energy_per_inference_uj"),
            repeated=sum(count - 1 for (_, of), count in headers.items() if of == number),
        )
        for number, found in sorted(facts.items())
    )


def _count(value: float | None) -> int | None:
    return int(value) if value is not None and value.is_integer() else None
