"""Running a benchmark: accuracy and performance in each scenario, logs in the submission layout, one result each.

Below the output folder::

    result.json                                       every result of the run
    systems/<system>.json                             the system description that was found
    measurements/<system>/<benchmark>/<scenario>/     mlperf.conf (the round's values), user.conf (what differs)
    results/<system>/<benchmark>/<scenario>/
        accuracy/                                     LoadGen's logs and accuracy.txt
        performance/run_1/                            LoadGen's logs
        record-accuracy.npz, record-performance.npz   every raw latency
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from levelfield import __version__
from levelfield.backends import Backend
from levelfield.errors import ConfigError, LevelfieldError, SettingsError
from levelfield.files import claim_output_folder, make_folder, write_atomically
from levelfield.inference.accuracy import gate, score_log
from levelfield.inference.assemble import Circumstances, assemble
from levelfield.inference.benchmarks import InferenceBenchmark, benchmark_named
from levelfield.inference.capacity import capacity_seconds, measure_capacity
from levelfield.inference.plan import Plan, plan_scenario
from levelfield.inference.report.run import ReportedRun
from levelfield.inference.request import RunRequest
from levelfield.inference.result import Accuracy, InferenceResult
from levelfield.inference.serving import serve
from levelfield.inference.under_test import serving_of, task_of
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.overhead import overhead_ns_per_query
from levelfield.loadgen.progress import ProgressListener
from levelfield.loadgen.run import RunOptions, TestRun, run_test
from levelfield.loadgen.settings import impossible, problems_of
from levelfield.rules.load import load as load_rules
from levelfield.rules.model import RuleSet, ScenarioRule
from levelfield.system.contention import contention_between, processor_times
from levelfield.system.machine import describe, find_machine
from levelfield.system.software import python_version, versions_of
from levelfield.system.source import LiveSource
from levelfield.terms import Mode, Scenario
from levelfield.workloads.task import InferenceTask

__all__ = ["RUN_SCHEMA", "BenchmarkRun", "run_benchmark"]

RUN_SCHEMA = "levelfield.inference-run/1"
GENERAL = "These settings cannot be run."


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRun:
    """Everything that a run of a benchmark gave."""

    runs: tuple[ReportedRun, ...]
    """One for each scenario that was measured."""
    accuracies: tuple[tuple[Scenario, Accuracy], ...]
    """Of scenarios that were run for accuracy."""
    result_file: Path
    failures: tuple[LevelfieldError, ...]
    interrupted: bool

    @property
    def results(self) -> tuple[InferenceResult, ...]:
        """One for each scenario that was measured."""
        return tuple(run.result for run in self.runs)

    @property
    def holds(self) -> bool:
        """Whether every scenario is VALID and accurate enough, and nothing broke."""
        return (
            not self.failures
            and not self.interrupted
            and all(result.verdict.validity.usable for result in self.results)
            and all(accuracy.passed for _, accuracy in self.accuracies)
        )


def run_benchmark(
    request: RunRequest,
    *,
    listener: ProgressListener | None = None,
    on_result: Callable[[ReportedRun], None] | None = None,
) -> BenchmarkRun:
    """Run a benchmark as asked. What was measured before something broke is kept and returned.

    Args:
        request: What to run.
        listener: Is told how a phase goes on.
        on_result: Is called with each scenario's result as soon as it is there.

    Raises:
        UsageError: The request cannot be run; nothing was measured.
        InputError, MissingError: A model, dataset or runtime is missing or damaged.
        OutputError: The output folder cannot be used.
    """
    session = _Session(request)
    for scenario in request.scenarios:
        try:
            run = session.scenario(scenario, listener)
        except KeyboardInterrupt:  # between the phases; inside one it does not get this far
            session.interrupted, run = True, None
        except LevelfieldError as error:
            if not session.anything:
                session.leave_no_trace()
                raise
            session.failures.append(error)
            run = None
        session.write_results()
        if run is not None and on_result is not None:
            on_result(run)
        if session.interrupted or session.failures:
            break
    return session.finished()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What the runs of one scenario share."""

    task: InferenceTask
    system: FunctionSystem
    folder: Path
    listener: ProgressListener | None


class _Session:
    """What the scenarios of one run share."""

    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.rules: RuleSet = load_rules(request.rules)
        self.benchmark: InferenceBenchmark = benchmark_named(request.benchmark, self.rules)
        rule_by_scenario = {scenario: self.rules.rule(self.benchmark.name, scenario) for scenario in request.scenarios}
        self._plans = self._checked_plans(rule_by_scenario)
        self._source = LiveSource()
        self._machine = find_machine(self._source)
        self.runs: list[ReportedRun] = []
        self.accuracies: list[tuple[Scenario, Accuracy]] = []
        self.failures: list[LevelfieldError] = []
        self.interrupted = False
        self.system_name = request.system_name or _system_name(self._machine.processor.model, request.backend)
        self._made_folder = not request.out.exists()
        self._out = claim_output_folder(request.out)

    @property
    def anything(self) -> bool:
        """Whether something was measured."""
        return bool(self.runs or self.accuracies)

    def leave_no_trace(self) -> None:
        """Take back the output folder that was made for a run that never began."""
        if self._made_folder:
            with suppress(OSError):  # it holds something
                self._out.rmdir()

    def _checked_plans(self, rules: dict[Scenario, ScenarioRule]) -> dict[Scenario, Plan]:
        """Configure every scenario before the first is run, so that mistakes show at once, all of them."""
        plans: dict[Scenario, Plan] = {}
        problems = [*self.request.problems()]
        headings = [GENERAL] if problems else []
        scenarios_by_problem: dict[str, list[Scenario]] = {}
        for scenario, rule in rules.items():
            try:
                plan = plan_scenario(self.request, self.rules, rule, capacity=None)
            except (SettingsError, ConfigError) as error:
                found: Iterable[str] = error.problems or (error.message,)
                headings.append(error.message if error.problems else GENERAL)
            else:
                plans[scenario] = plan
                settings = plan.settings(Mode.PERFORMANCE)
                # How many samples the dataset has is known later, and only one of the settings depends on it.
                found = [*impossible(settings), *problems_of(settings, performance_sample_count=sys.maxsize)]
                headings += [GENERAL] if found else []
            for problem in found:
                scenarios_by_problem.setdefault(problem, []).append(scenario)
        for problem, scenarios in scenarios_by_problem.items():
            everywhere = len(scenarios) == len(rules)
            problems.append(problem if everywhere else f"{', '.join(scenarios)}: {problem}")
        if problems:
            heading = headings[0] if len(set(headings)) == 1 else GENERAL
            hint = "Without --official anything may be changed, for a run that is no result of the round."
            raise SettingsError(heading, problems=dict.fromkeys(problems), hint=hint if self.request.official else None)
        return plans

    def scenario(self, scenario: Scenario, listener: ProgressListener | None) -> ReportedRun | None:
        """Run one scenario; ``None`` if there is no performance result."""
        request, rule = self.request, self._plans[scenario].rule
        serving = serving_of(request, self.benchmark, rule)
        task = task_of(request, self.benchmark, serving, rule)
        folder = self._out / "results" / self.system_name / self.benchmark.name / scenario
        with serve(task, serving, name=self.system_name) as system:
            place = _Place(task=task, system=system, folder=folder, listener=listener)
            seconds = capacity_seconds(scenario)
            capacity = measure_capacity(system, task, seconds=seconds, stall_s=request.stall_s)
            plan = plan_scenario(request, self.rules, rule, capacity=capacity)
            self._write_measurements(plan)
            accuracy = self._accuracy(scenario, plan, place) if request.accuracy else None
            if (request.accuracy and accuracy is None) or not request.performance:
                return None
            before = processor_times(self._source)
            run = self._run(plan, Mode.PERFORMANCE, place)
            found = contention_between(before, processor_times(self._source))
        if run.performance is None:
            return None
        circumstances = Circumstances(
            request=request,
            benchmark=self.benchmark.name,
            rules=self.rules,
            plan=plan,
            backend={**task.describe(), **serving.describe(), **system.describe()},
            system=self._write_system(task),
            software=_software(request.backend),
            overhead_ns=overhead_ns_per_query(run.effective),
            dataset=task.dataset,
            model=task.model_facts(),
            system_id=self.system_name,
            folder=self._out,
            logs=folder,
            contention=found,
        )
        reported = ReportedRun.of(assemble(run, run.performance, accuracy, circumstances), run.performance.measurement)
        self.runs.append(reported)
        return reported

    def _accuracy(
        self,
        scenario: Scenario,
        plan: Plan,
        place: _Place,
    ) -> Accuracy | None:
        run = self._run(plan, Mode.ACCURACY, place)
        if run.failure is not None or run.interrupted:
            return None
        score = score_log(place.folder / "accuracy" / "mlperf_log_accuracy.json", place.task)
        accuracy = gate(score, plan.rule.accuracy[0], reference=place.task.reference)
        self.accuracies.append((scenario, accuracy))
        return accuracy

    def _run(
        self,
        plan: Plan,
        mode: Mode,
        place: _Place,
    ) -> TestRun:
        task, system, folder, listener = place.task, place.system, place.folder, place.listener
        accuracy = mode is Mode.ACCURACY
        # What an audit.config changed is no performance result, and must not lie where one is looked for.
        performance = "performance/run_1" if self.request.audit_conf is None else "audited/run_1"
        logs = folder / ("accuracy" if accuracy else performance)
        make_folder(logs)
        run = run_test(
            system,
            task.dataset,
            plan.settings(mode),
            logs=LogOptions(folder=logs),
            options=RunOptions(
                issuing=self.request.issuing,
                stall_s=self.request.stall_s,
                listener=listener,
                record=folder / f"record-{'accuracy' if accuracy else 'performance'}.npz",
            ),
        )
        if run.failure is not None:
            self.failures.append(run.failure)
        self.interrupted |= run.interrupted
        return run

    def _write_measurements(self, plan: Plan) -> None:
        folder = self._out / "measurements" / self.system_name / self.benchmark.name / plan.rule.scenario
        make_folder(folder)
        write_atomically(folder / "mlperf.conf", plan.mlperf_conf)
        write_atomically(folder / "user.conf", plan.user_conf)

    def _write_system(self, task: InferenceTask) -> dict[str, str]:
        found = task.describe()
        framework = " ".join(word for word in (found.get("backend", ""), found.get("version", "")) if word)
        software = {name: version for name, version in _software(self.request.backend).items() if name != "python"}
        description = describe(self._machine, framework=framework, software=software)
        path = self._out / "systems" / f"{self.system_name}.json"
        if not path.parent.is_dir():
            make_folder(path.parent)
        write_atomically(path, description.to_json())
        return description.as_dict()

    def write_results(self) -> None:
        """Write ``result.json`` anew, with every result so far."""
        document = {
            "schema": RUN_SCHEMA,
            "request": json.loads(self.request.to_json()),
            "system": self.system_name,
            "results": [json.loads(run.result.to_json()) for run in self.runs],
            "accuracy": [{"scenario": scenario, **asdict(accuracy)} for scenario, accuracy in self.accuracies],
            "failures": [failure.text() for failure in self.failures],
            "interrupted": self.interrupted,
        }
        write_atomically(self._out / "result.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def finished(self) -> BenchmarkRun:
        """The run, whole or as far as it got."""
        return BenchmarkRun(
            runs=tuple(self.runs),
            accuracies=tuple(self.accuracies),
            result_file=self._out / "result.json",
            failures=tuple(self.failures),
            interrupted=self.interrupted,
        )


def _system_name(processor: str | None, backend: str) -> str:
    """A folder name for this machine: what its processor is called, and what runs the model."""
    words = "".join(c if c.isalnum() else " " for c in processor or "unknown processor").split()
    return "-".join([*words[:6], str(backend)])


def _software(backend: Backend) -> dict[str, str]:
    """Versions of what takes part in a measurement."""
    found = versions_of(("numpy", backend.distribution))
    installed = {name: version for name, version in found.items() if version is not None}
    return {"levelfield": __version__, "python": python_version(), **installed}
