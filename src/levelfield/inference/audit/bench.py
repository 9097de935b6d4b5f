"""What an audit measures with: a system under test, its samples, and the settings of the run that is audited.

Every run gets a system that was made for it. One that lives on would carry what it keeps from run to run, and a cache
that is full already makes TEST04-A as fast as TEST04-B.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from levelfield.errors import RulesError
from levelfield.files import make_folder
from levelfield.inference.audit.conditions import AUDIT_FOUND
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.ports import SampleLibrary, SystemUnderTest
from levelfield.loadgen.progress import ProgressListener, Snapshot
from levelfield.loadgen.record import write_record
from levelfield.loadgen.run import RunOptions, run_test
from levelfield.loadgen.setting_names import SettingValue, replaced, setting
from levelfield.loadgen.settings import Settings
from levelfield.rules.model import Audit
from levelfield.terms import Mode

__all__ = ["Bench", "audited"]

PAIR_SHARE = 4
"""Runs by turns last a quarter of the run that is audited."""
Pair = tuple[Measurement, Measurement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How to run a system, again and again, in one scenario."""

    fresh: Callable[[], AbstractContextManager[tuple[SystemUnderTest, SampleLibrary]]]
    """Makes a new system under test with its samples, and lets it go."""
    settings: Settings
    """Of the performance run."""
    options: RunOptions

    def measure(self, audit: Audit | None, logs: Path, *, record: Path | None = None) -> Measurement:
        """Run a performance phase, plain or with the settings of an audit.

        Raises:
            OutputError: The logs cannot be written, or are there already.
            RunError: The system broke; the logs are kept.
            KeyboardInterrupt: A person stopped it; likewise.
        """
        make_folder(logs)
        events = () if audit is None else (_found(),)
        with self.fresh() as (system, library):
            run = run_test(
                system,
                library,
                audited(self.settings, audit),
                logs=LogOptions(folder=logs),
                options=replace(self.options, record=record, events=events),
            )
        if run.interrupted:
            raise KeyboardInterrupt
        if run.failure is not None:
            raise run.failure
        assert run.performance is not None
        return run.performance.measurement

    def by_turns(self, test: Audit, reference: Audit | None, count: int, *, record: Path) -> tuple[Pair, ...]:
        """Pairs of (test, reference), the order changing from pair to pair, so that a drift weighs on both alike.

        Many short pairs follow a machine whose load changes better than few long ones.

        Args:
            test: The audit.
            reference: The audit that it is compared with; ``None`` = plain performance runs.
            count: How many pairs.
            record: Where the raw records of all runs go, test and reference of each pair after each other.
        """
        short = replace(self.settings, min_duration_ms=self.settings.min_duration_ms // PAIR_SHARE)
        listener, options = self.options.listener, self.options
        if listener is not None:
            listener.phase(f"{self.settings.scenario} {test.name} and its reference by turns", None, None)
            options = replace(options, listener=_AsOnePhase(listener))
        pairs = tuple(_pairs(replace(self, settings=short, options=options), test, reference, count))
        if pairs:
            write_record(record, tuple(measurement for pair in pairs for measurement in pair))
        if listener is not None:
            listener.done(f"{len(pairs)} pairs")
        return pairs


class _AsOnePhase:
    """Shows many short runs as one phase; who wants a line for each run looks into the record."""

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener

    def phase(
        self, name: str, planned_s: float | None, planned_queries: int | None, planned_samples: int | None = None
    ) -> None:
        """A run begins: nothing new."""

    def update(self, snapshot: Snapshot) -> None:
        """Passed on."""
        self._listener.update(snapshot)

    def done(self, text: str) -> None:
        """A run is over, the phase is not."""


def _pairs(bench: Bench, test: Audit, reference: Audit | None, count: int) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="levelfield-audit-") as name:
        for number in range(count):
            folder = Path(name) / str(number)
            if number % 2:
                first = bench.measure(test, folder / "test")
                yield first, bench.measure(reference, folder / "reference")
            else:
                second = bench.measure(reference, folder / "reference")
                yield bench.measure(test, folder / "test"), second


def audited(settings: Settings, audit: Audit | None) -> Settings:
    """The settings with those of an audit in their places.

    Raises:
        RulesError: The audit sets something that this load generator does not have.
    """
    if audit is None:
        return settings
    values: dict[str, SettingValue] = {}
    for line in audit.settings:
        try:
            known = setting(line.key)
        except KeyError as error:
            raise RulesError(
                f"{audit.name}: found the setting {line.key!r}, which the load generator lacks."
            ) from error
        values[known.name] = tuple(Mode)[int(line.value)] if known.name == "mode" else line.value
    for name in ("performance_issue_unique", "performance_issue_same"):
        if name in values:
            values[name] = bool(values[name])
    return replaced(settings, values)


def _found() -> Event:
    return Event(key="warning_generic_message", text=AUDIT_FOUND, severity=Severity.WARNING)
