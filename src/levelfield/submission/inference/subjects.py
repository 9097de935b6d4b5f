"""What checks look at: systems, benchmarks, results and audits, whose files are read when somebody asks for them.

Each file is read and parsed once. A record that is not there, or cannot be parsed, raises :class:`CannotLook`; which
check says so is decided in one place (``checks/files.py``), and every other check that needs it is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from levelfield.errors import FormatError, InputError
from levelfield.formats.loadgen_scan import scan_detail_log
from levelfield.rules.layout import PlaceName
from levelfield.rules.model import Audit, MappedFolder, RuleSet, ScenarioRule, SuiteScenarios
from levelfield.submission.check import CannotLook
from levelfield.submission.inference.power import Window, mean_watts, power_figure
from levelfield.submission.inference.records import AccuracyText, JsonFile, RunLog, Verification, parse_json_file
from levelfield.submission.inference.tree import Layout, SystemPlace, Tree
from levelfield.submission.sources.port import Entry, Source
from levelfield.terms import Suite

if TYPE_CHECKING:
    from levelfield.formats.loadgen_summary import Summary

__all__ = [
    "ACCURACY_LOG",
    "DETAIL",
    "LARGEST_FILE_BYTES",
    "SUITES",
    "SUMMARY",
    "AuditSubject",
    "BenchmarkSubject",
    "Reader",
    "ResultSubject",
    "SystemSubject",
]

DETAIL = "mlperf_log_detail.txt"
SUMMARY = "mlperf_log_summary.txt"
ACCURACY_LOG = "mlperf_log_accuracy.json"
LARGEST_FILE_BYTES = 64 << 20
"""The largest detail log of a published round is below 4 MiB. What is larger than this is not read."""
SUITES = {
    "datacenter": frozenset({Suite.DATACENTER}),
    "edge": frozenset({Suite.EDGE}),
    "datacenter,edge": frozenset(Suite),
    "edge,datacenter": frozenset(Suite),
}


KEPT_BYTES = 4 << 20
"""Of files that were read last, so that checks of one result do not read them again."""
LARGEST_KEPT_BYTES = KEPT_BYTES // 8
Content: TypeAlias = bytes
"""For a class that has a method of that name."""


class Reader:
    """Files of a source by path."""

    def __init__(self, source: Source, tree: Tree, layout: Layout, rules: RuleSet) -> None:
        self.source = source
        self.tree = tree
        self.layout = layout
        self.rules = rules
        self.bytes_read = 0
        """Those that were handed out: of a file as often as it was asked for."""
        self._kept: dict[str, Content] = {}
        self._kept_bytes = 0

    def has(self, path: str) -> bool:
        """Whether there is such a file, readable or not."""
        return self.tree.file(path) is not None

    def entry(self, path: str) -> Entry:
        """A file that is there.

        Raises:
            CannotLook: It is not.
        """
        found = self.tree.file(path)
        if found is None:
            raise CannotLook(f"{path} is missing")
        return found

    def bytes(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            CannotLook: There is no such file, it is too large, or it cannot be read.
        """
        data = self._kept.get(path)
        if data is None:
            data = self._read(path)
            self._keep(path, data)
        self.bytes_read += len(data)
        return data

    def _read(self, path: str) -> Content:
        entry = self.entry(path)
        if entry.size > LARGEST_FILE_BYTES:
            raise CannotLook(f"{path} is too large to be read ({entry.size} bytes)")
        try:
            return self.source.read(path, limit=LARGEST_FILE_BYTES)
        except InputError as error:
            raise CannotLook(error.message) from error

    def _keep(self, path: str, data: Content) -> None:
        if len(data) > LARGEST_KEPT_BYTES:
            return
        self._kept[path] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > KEPT_BYTES:
            oldest = next(iter(self._kept))
            self._kept_bytes -= len(self._kept.pop(oldest))

    def run_log(self, path: str) -> RunLog:
        """A detail log.

        Raises:
            CannotLook: As :meth:`bytes`, or it holds no event.
        """
        data = self.bytes(path)
        try:
            scan = scan_detail_log(data, path=path)
        except FormatError as error:
            raise CannotLook(error.message) from error
        return RunLog(scan, data)

    def summary(self, path: str) -> Summary:
        """A summary log.

        Raises:
            CannotLook: As :meth:`bytes`, or it is no summary.
        """
        from levelfield.formats.loadgen_summary import parse_summary  # noqa: PLC0415 - the official's checks need none

        try:
            return parse_summary(self.bytes(path).decode("utf-8", "backslashreplace"), source=path)
        except FormatError as error:
            raise CannotLook(error.message) from error


class SystemSubject:
    """A system of a submitter, with its description and results."""

    def __init__(self, reader: Reader, place: SystemPlace) -> None:
        self.reader = reader
        self.place = place
        self.path = place.results
        self.names = {"division": place.division, "submitter": place.submitter, "system": place.system}

    @property
    def is_closed(self) -> bool:
        """Whether it is in the closed division."""
        return self.place.division == "closed"

    @property
    def description_path(self) -> str:
        """Where its description belongs."""
        return self.reader.layout.path(PlaceName.SYSTEM, **self.names)

    @cached_property
    def description(self) -> JsonFile:
        """Its description.

        Raises:
            CannotLook: It is not there.
        """
        return parse_json_file(self.reader.bytes(self.description_path), path=self.description_path)

    @property
    def suites(self) -> frozenset[Suite] | None:
        """What it says it is for; ``None`` where that is not one of the round's words."""
        return SUITES.get(self.description.text("system_type"))

    @cached_property
    def benchmarks(self) -> tuple[BenchmarkSubject, ...]:
        """Its benchmark folders, by name."""
        return tuple(BenchmarkSubject(self, name) for name in self.reader.tree.folders(self.path))

    def release(self) -> None:
        """Let go of it and its benchmarks, which refer to each other and would stay until garbage is collected."""
        for benchmark in self.benchmarks:
            vars(benchmark).clear()
        vars(self).clear()


class BenchmarkSubject:
    """A benchmark folder of a system."""

    def __init__(self, system: SystemSubject, folder: str) -> None:
        self.system = system
        self.reader = system.reader
        self.folder = folder
        self.path = f"{system.path}/{folder}"
        self.names = {**system.names, "benchmark": folder}

    @cached_property
    def mapped(self) -> MappedFolder | None:
        """The benchmark that the folder's name stands for."""
        return self.reader.rules.map_folder(self.folder)

    @cached_property
    def scenarios(self) -> SuiteScenarios | None:
        """What a system of its kind has; ``None`` where the benchmark is in none of its suites, or unknown."""
        suites = self.system.suites
        if self.mapped is None or suites is None:
            return None
        return self.mapped.benchmark.in_suites(suites)

    @cached_property
    def results(self) -> tuple[ResultSubject, ...]:
        """Its scenario folders, in the order of the round's scenarios."""
        folders = self.reader.layout.in_order(self.reader.tree.folders(self.path))
        return tuple(ResultSubject(self, folder) for folder in folders)


class ResultSubject:
    """A scenario folder: what may become a result."""

    def __init__(self, benchmark: BenchmarkSubject, folder: str) -> None:
        self.benchmark = benchmark
        self.system = benchmark.system
        self.reader = benchmark.reader
        self.folder = folder
        self.path = f"{benchmark.path}/{folder}"
        self.names = {**benchmark.names, "scenario": folder}
        self.scenario = self.reader.layout.scenario(folder)
        path = self.reader.layout.path
        self.performance_path = path(PlaceName.PERFORMANCE, **self.names)
        self.accuracy_path = path(PlaceName.ACCURACY, **self.names)
        self.measurement_path = path(PlaceName.MEASUREMENTS, **self.names)
        self.power_path = path(PlaceName.POWER, **self.names)
        self.ranging_path = path(PlaceName.RANGING, **self.names)
        self.audits_path = self.reader.layout.above(PlaceName.AUDIT, "audit", **self.names)

    @property
    def is_closed(self) -> bool:
        """Whether it is in the closed division."""
        return self.system.is_closed

    @cached_property
    def rule(self) -> ScenarioRule:
        """What the round fixes for it.

        Raises:
            CannotLook: The folder's benchmark or scenario is unknown.
        """
        if self.benchmark.mapped is None:
            raise CannotLook(f"{self.benchmark.folder} is no benchmark of the round")
        if self.scenario is None:
            raise CannotLook(f"{self.folder} is no scenario of the round")
        return self.benchmark.mapped.benchmark.rule(self.scenario)

    @property
    def has_power(self) -> bool:
        """Whether power was measured."""
        return self.power_path in self.reader.tree

    @cached_property
    def _performance(self) -> RunLog | CannotLook:
        return _kept(lambda: self.reader.run_log(f"{self.performance_path}/{DETAIL}"))

    @property
    def performance(self) -> RunLog:
        """The detail log of the performance run."""
        return _raised(self._performance)

    @cached_property
    def summary(self) -> Summary:
        """The summary of the performance run."""
        return self.reader.summary(f"{self.performance_path}/{SUMMARY}")

    @property
    def runs_as(self) -> str:
        """The scenario that ran: another one than the folder's where the result is inferred."""
        return self.performance.scenario

    @property
    def is_inferred(self) -> bool:
        """Whether the number comes from the log of another scenario."""
        return self.scenario is not None and self.runs_as != self.scenario

    @cached_property
    def _accuracy_run(self) -> RunLog | CannotLook:
        return _kept(lambda: self.reader.run_log(f"{self.accuracy_path}/{DETAIL}"))

    @property
    def accuracy_run(self) -> RunLog:
        """The detail log of the accuracy run."""
        return _raised(self._accuracy_run)

    @cached_property
    def accuracy(self) -> AccuracyText:
        """What the accuracy script printed."""
        path = f"{self.accuracy_path}/accuracy.txt"
        return AccuracyText.parse(self.reader.bytes(path), self.rule.accuracy, path=path)

    @property
    def power_window(self) -> Window:
        """When the load ran, by the clock of the power measurement."""
        return Window(begin=self.performance.power_begin, end=self.performance.power_end)

    @property
    def power_duration_s(self) -> float:
        """From ``power_begin`` to ``power_end``.

        Raises:
            CannotLook: One of them is spelled in another way.
        """
        try:
            return self.power_window.duration_s
        except ValueError as problem:
            raise CannotLook(f"{self.performance.path}: {problem}") from problem

    @cached_property
    def watts(self) -> float | None:
        """Mean power while the load ran; ``None`` where no sample was taken then."""
        data = self.reader.bytes(f"{self.performance_path}/spl.txt")
        try:
            return mean_watts(data, self.power_window)
        except ValueError as problem:
            raise CannotLook(f"{self.performance_path}/spl.txt: {problem}") from problem

    @cached_property
    def power(self) -> float | None:
        """The published figure, in the rule's unit; ``None`` where no sample was taken while the load ran.

        Raises:
            CannotLook: A file or a time cannot be read, or there is no query to divide by.
        """
        watts, log, rule = self.watts, self.performance, self.rule
        if watts is None:
            return None
        pair = (log.scenario, rule.scenario)
        factors = [one.power_factor for one in self.reader.rules.inferred if (one.source, one.target) == pair]
        try:
            return power_figure(
                watts,
                unit=rule.result.power_unit,
                duration_s=self.power_duration_s,
                queries=log.query_count,
                factor=factors[0] if factors else 1,
            )
        except (ValueError, ZeroDivisionError) as problem:
            raise CannotLook(f"{log.path}: the power of a query cannot be computed: {problem}") from problem

    @cached_property
    def measurement_file(self) -> str:
        """The path of the measurement's description: ``<system>_<implementation>[_<scenario>].json``.

        Raises:
            CannotLook: There is none.
        """
        system = self.system.place.system
        for name in sorted(self.reader.tree.files(self.measurement_path)):
            if name.startswith(system) and name.endswith(".json"):
                return f"{self.measurement_path}/{name}"
        raise CannotLook(f"{self.measurement_path} holds no {system}_*.json")

    @cached_property
    def measurement(self) -> JsonFile:
        """The measurement's description."""
        return parse_json_file(self.reader.bytes(self.measurement_file), path=self.measurement_file)

    @property
    def implementation(self) -> str:
        """The part of the measurement file's name between the system and the scenario."""
        name = self.measurement_file.rpartition("/")[2]
        end = next(end for end in (f"_{self.folder}.json", ".json") if name.endswith(end))
        return name[len(self.system.place.system) + 1 : -len(end)]

    @cached_property
    def audits(self) -> tuple[AuditSubject, ...]:
        """The compliance tests that the round asks for here, present or not."""
        return tuple(AuditSubject(self, audit) for audit in self.rule.audits)

    def release(self) -> None:
        """Let go of the logs of it and its audits: no check asks for them after its own ones."""
        for audit in vars(self).get("audits", ()):
            vars(audit).clear()
        vars(self).clear()


class AuditSubject:
    """A compliance test of a result."""

    def __init__(self, result: ResultSubject, audit: Audit) -> None:
        self.result = result
        self.reader = result.reader
        self.audit = audit
        self.path = f"{result.audits_path}/{audit.name}"
        names = {**result.names, "audit": audit.name}
        self.performance_path = self.reader.layout.path(PlaceName.AUDIT_PERFORMANCE, **names)
        self.accuracy_path = self.reader.layout.path(PlaceName.AUDIT_ACCURACY, **names)
        self._verifications: dict[str, Verification] = {}

    @property
    def is_there(self) -> bool:
        """Whether its folder exists."""
        return self.path in self.reader.tree

    @cached_property
    def _run(self) -> RunLog | CannotLook:
        return _kept(lambda: self.reader.run_log(f"{self.performance_path}/{DETAIL}"))

    @property
    def run(self) -> RunLog:
        """The detail log of its run."""
        return _raised(self._run)

    @cached_property
    def summary(self) -> Summary:
        """The summary of its run."""
        return self.reader.summary(f"{self.performance_path}/{SUMMARY}")

    def verification(self, name: str) -> Verification:
        """What one of its scripts printed: ``verify_performance.txt``.

        Raises:
            CannotLook: The file is not there.
        """
        if name not in self._verifications:
            path = f"{self.path}/{name}"
            self._verifications[name] = Verification.parse(self.reader.bytes(path), path=path)
        return self._verifications[name]


def _kept(read: Callable[[], RunLog]) -> RunLog | CannotLook:
    """A record, or why there is none: so that a broken file is not read again by the next check."""
    try:
        return read()
    except CannotLook as problem:
        return problem


def _raised(found: RunLog | CannotLook) -> RunLog:
    if isinstance(found, CannotLook):
        raise CannotLook(found.reason)
    return found
