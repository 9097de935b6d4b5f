"""Running a search for the peak: the system under test, the file that holds the search, and the run at the end.

Below the output folder::

    peak.json        every probe, written anew after each: a search that was killed goes on from it
    peak.html        the path, and latency over throughput
    user.conf        what a run of the scenarios should expect, in LoadGen's format
    run-1/ ...       runs of the full length at the rate that was found, where probes are shorter
    calibration-1/   one run of the other scenarios that were asked for
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from levelfield.errors import RunError, UsageError
from levelfield.files import claim_output_folder, write_atomically
from levelfield.formats.loadgen_conf import Line, write
from levelfield.inference.benchmarks import InferenceBenchmark, benchmark_named
from levelfield.inference.capacity import measure_capacity
from levelfield.inference.peak import (
    Found,
    Peak,
    PeakSearch,
    Probe,
    Try,
    check_bounds,
    only_late_generator,
    probe_of,
    read_peak,
    search,
)
from levelfield.inference.plan import plan_scenario
from levelfield.inference.request import RunRequest
from levelfield.inference.run import BenchmarkRun, run_benchmark
from levelfield.inference.serving import serve
from levelfield.inference.under_test import serving_of, task_of
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.native import native_keys
from levelfield.loadgen.progress import ProgressListener
from levelfield.loadgen.run import RunOptions, run_test
from levelfield.rules.load import load as load_rules
from levelfield.rules.model import ScenarioRule
from levelfield.terms import Mode, Scenario
from levelfield.units import NS_PER_MS
from levelfield.workloads.task import InferenceTask

__all__ = ["PeakOptions", "PeakRun", "find_peak"]

QUICK_PROBE_S = 10.0
OFFICIAL_PROBE_S = 60.0
START_SHARE = 0.8
"""Of the measured capacity: near enough to the peak of most systems that one or two steps enclose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakOptions:
    """How to search."""

    tolerance: float = 0.01
    most_probes: int = 12
    probe_s: float | None = None
    """How long a probe is to last; ``None`` = the duration asked for, or a minute if that is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakRun:
    """A search as it stands when it ends."""

    peak: Peak
    interrupted: bool
    file: Path
    """``peak.json``."""
    user_conf: Path | None

    @property
    def holds(self) -> bool:
        """Whether what was asked for was found."""
        wanted = Scenario.SERVER.value in self.peak.asked["scenarios"]
        return not self.interrupted and (isinstance(self.peak.step, Found) or not wanted)


def find_peak(
    request: RunRequest,
    options: PeakOptions,
    *,
    listener: ProgressListener | None = None,
    on_probe: Callable[[Peak, Probe], None] | None = None,
) -> PeakRun:
    """Search, or go on with the search that the output folder holds.

    Args:
        request: The benchmark; Server for the search, other scenarios for what they should expect.
        options: How to search.
        listener: Is told how a run goes on.
        on_probe: Is called after each probe.

    Raises:
        UsageError: It cannot be searched, or the folder belongs to another search.
        InputError, MissingError: A model, dataset or runtime is missing or damaged.
        RunError: The system broke; probes until then are kept.
    """
    session = _Session(request, options, listener)
    interrupted = False
    try:
        session.go_on(on_probe)
    except KeyboardInterrupt:
        interrupted = True
    user_conf = None if interrupted else session.write_user_conf()
    return PeakRun(
        peak=session.peak, interrupted=interrupted or session.interrupted, file=session.file, user_conf=user_conf
    )


class _Session:
    """One search in its folder."""

    def __init__(self, request: RunRequest, options: PeakOptions, listener: ProgressListener | None) -> None:
        self._request = request
        self._listener = listener
        self._rules = load_rules(request.rules)
        self._benchmark: InferenceBenchmark = benchmark_named(request.benchmark, self._rules)
        found = request.problems()
        if any(pair.partition("=")[0].strip() == "mode" for pair in request.settings):
            found.append("--set mode: a search runs performance mode.")
        if found:
            raise UsageError("These settings cannot be run.", problems=found)
        self._full_s = request.duration_s
        if self._full_s is None and not request.official:
            self._full_s = QUICK_PROBE_S
        self._probe_s = self._probe_length(options)
        self.interrupted = False
        self.file = request.out / "peak.json"
        self.peak = self._opened(options)

    def go_on(self, on_probe: Callable[[Peak, Probe], None] | None) -> None:
        """Search until the end, then look at the other scenarios."""

        def after(peak: Peak, probe: Probe) -> None:
            self._keep(peak)
            if on_probe is not None:
                on_probe(peak, probe)

        if Scenario.SERVER in self._request.scenarios and isinstance(self.peak.step, Try):
            with self._served(Scenario.SERVER) as (task, system, rule):
                if not self.peak.probes and not self.peak.bounds.start:
                    start = float(f"{START_SHARE * measure_capacity(system, task).per_s:.4g}")
                    self._keep(replace(self.peak, bounds=replace(self.peak.bounds, start=start)))
                search(self.peak, lambda step: self._attempt(step, task, system, rule), after)
        others = tuple(scenario for scenario in self._request.scenarios if scenario is not Scenario.SERVER)
        if others and not self.interrupted and not self.peak.expected:
            self._keep(replace(self.peak, expected=self._calibrated(others)))

    def write_user_conf(self) -> Path | None:
        """What runs should expect, in LoadGen's format; ``None`` where nothing is known."""
        step = self.peak.step
        values = dict(self.peak.expected)
        if isinstance(step, Found):
            values["Server.target_qps"] = step.rate
        if not values:
            return None
        lines = [Line(comment="What was found by levelfield inference peak; times are milliseconds.")]
        for name, value in values.items():
            scenario, _, key = name.partition(".")
            model = self._rules.rule(self._benchmark.name, scenario).config_model
            lines.append(Line(model=model, scenario=Scenario(scenario), key=key, value=value))
        path = self.file.with_name("user.conf")
        write_atomically(path, write(lines))
        return path

    def _keep(self, peak: Peak) -> None:
        self.peak = peak
        peak.write(self.file)

    def _probe_length(self, options: PeakOptions) -> float:
        if options.probe_s is not None:
            return options.probe_s
        return OFFICIAL_PROBE_S if self._full_s is None else min(self._full_s, OFFICIAL_PROBE_S)

    def _opened(self, options: PeakOptions) -> Peak:
        """The search that the folder holds, or a new one."""
        request = self._request
        rule = self._rules.rule(self._benchmark.name, Scenario.SERVER)
        plan = plan_scenario(self._probe_request(), self._rules, rule, capacity=None)
        load = plan.configured.settings.load
        bounds = PeakSearch(
            start=self._asked_rate() or 0.0,
            tolerance=options.tolerance,
            most_probes=options.most_probes,
            probes_are_full=self._full_s is not None and self._probe_s >= self._full_s,
        )
        check_bounds(bounds)
        asked = {**json.loads(request.to_json()), "probe_s": self._probe_s, "out": None}
        new = Peak(
            benchmark=self._benchmark.name,
            limit_ns=getattr(load, "target_latency_ns", 0),
            percentile=getattr(load, "target_latency_percentile", 0.99),
            asked=asked,
            bounds=bounds,
        )
        if not self.file.is_file():
            claim_output_folder(request.out)
            new.write(self.file)
            return new
        old = read_peak(self.file)
        different = [
            f"{name}: found {old.asked.get(name)!r}, asked for {value!r}."
            for name, value in asked.items()
            if old.asked.get(name) != value
        ]
        if different:
            raise UsageError(
                f"{self.file} belongs to another search.",
                problems=different,
                hint="Go on with the same options, or give a new folder with --out.",
            )
        # Tolerance and number of probes may be given anew: a search that is over goes on where they ask for more.
        return replace(old, bounds=replace(bounds, start=old.bounds.start or bounds.start))

    def _asked_rate(self) -> float | None:
        for pair in reversed(self._request.settings):
            key, _, value = pair.partition("=")
            if key.strip() == "target_qps":
                return float(value)  # plan_scenario has read it
        return None

    def _settings_of(self, scenarios: tuple[Scenario, ...], *, rate: float | None = None) -> tuple[str, ...]:
        """What the user set, without what only other scenarios have, and with the rate of a probe in place of his."""
        kept = []
        for pair in self._request.settings:
            key = pair.partition("=")[0].strip()
            known = [scenario for scenario in self._request.scenarios if key in native_keys(scenario)]
            if key != "target_qps" and (not known or set(known) & set(scenarios)):
                kept.append(pair)
        return (*kept, *(() if rate is None else (f"target_qps={rate!r}",)))

    def _probe_request(self, rate: float | None = None) -> RunRequest:
        server = (Scenario.SERVER,)
        return replace(
            self._request,
            scenarios=server,
            official=False,
            duration_s=self._probe_s,
            accuracy=False,
            settings=self._settings_of(server, rate=rate),
        )

    @contextmanager
    def _served(self, scenario: Scenario) -> Iterator[tuple[InferenceTask, FunctionSystem, ScenarioRule]]:
        rule = self._rules.rule(self._benchmark.name, scenario)
        serving = serving_of(self._request, self._benchmark, rule)
        task = task_of(self._request, self._benchmark, serving, rule)
        with serve(task, serving, name=self._request.system_name or "system under test") as system:
            yield task, system, rule

    def _attempt(self, step: Try, task: InferenceTask, system: FunctionSystem, rule: ScenarioRule) -> Probe | None:
        if step.full and not self.peak.bounds.probes_are_full:
            return self._full_run(step)
        request = self._probe_request(step.rate)
        plan = plan_scenario(request, self._rules, rule, capacity=None)
        with tempfile.TemporaryDirectory(prefix="levelfield-peak-") as folder:
            run = run_test(
                system,
                task.dataset,
                plan.settings(Mode.PERFORMANCE),
                logs=LogOptions(folder=Path(folder)),
                options=RunOptions(
                    issuing=request.issuing, stall_s=request.stall_s, listener=self._listener, give_up_hopeless=True
                ),
            )
        if run.failure is not None:
            raise run.failure
        probe = probe_of(run, full=step.full)
        self.interrupted |= probe is None
        return probe

    def _full_run(self, step: Try) -> Probe | None:
        """A run of the full length, kept with its logs."""
        server = (Scenario.SERVER,)
        settings = self._settings_of(server, rate=step.rate)
        made = self._run_in("run", replace(self._request, scenarios=server, settings=settings))
        if made is None:
            return None
        result = made.results[0]
        return Probe(
            rate=step.rate,
            full=True,
            valid=result.verdict.validity.usable,
            abandoned=False,
            disturbed=only_late_generator({c.name for c in result.verdict.conditions if not c.met}),
            why=result.verdict.summary,
            queries=result.performance.query_count,
            planned_queries=result.performance.query_count,
            over_limit=0,
            completed_per_s=result.performance.samples_per_s,
            latency_percentiles_ns=result.performance.latency_percentiles_ns,
            took_s=result.performance.duration_s,
        )

    def _calibrated(self, scenarios: tuple[Scenario, ...]) -> dict[str, float]:
        """What the other scenarios should expect, from one run of each."""
        request = replace(
            self._request,
            scenarios=scenarios,
            official=False,
            duration_s=self._probe_s,
            settings=self._settings_of(scenarios),
        )
        made = self._run_in("calibration", request)
        expected: dict[str, float] = {}
        for result in made.results if made is not None else ():
            if result.scenario is Scenario.OFFLINE:
                value, key = float(f"{result.performance.samples_per_s:.5g}"), "target_qps"
            else:
                value, key = result.performance.latency_mean_ns / NS_PER_MS, "target_latency"
            expected[f"{result.scenario.value}.{key}"] = value
        return expected

    def _run_in(self, name: str, request: RunRequest) -> BenchmarkRun | None:
        """A run in the first folder of that name that is free; ``None`` where a person stopped it."""
        folder = next(path for number in count(1) if not (path := self._request.out / f"{name}-{number}").exists())
        made = run_benchmark(replace(request, out=folder, accuracy=False), listener=self._listener)
        if made.interrupted:
            self.interrupted = True
            return None
        if made.failures:
            raise made.failures[0]
        if not made.results:
            raise RunError(f"The run in {folder} gave no result.")
        return made
