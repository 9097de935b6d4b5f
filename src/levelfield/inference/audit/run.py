"""Auditing a run: the same system once more, under the settings of the round's audits.

What is audited is a folder that ``levelfield inference run`` wrote. The audits go into its ``compliance/``, which is
laid out as a submission has it, and into ``audit.json``, which says more than the official files can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from levelfield.errors import FormatError, InputError, LevelfieldError, UsageError
from levelfield.files import write_atomically
from levelfield.inference.audit.bench import Bench
from levelfield.inference.audit.record import AUDIT_SCHEMA, AuditResult
from levelfield.inference.audit.scenario import AuditTest, ReferenceRun, audit_scenario, audits_asked
from levelfield.inference.benchmarks import InferenceBenchmark, benchmark_named
from levelfield.inference.plan import plan_scenario
from levelfield.inference.request import RunRequest
from levelfield.inference.serving import serve
from levelfield.inference.under_test import serving_of, task_of
from levelfield.loadgen.ports import SampleLibrary, SystemUnderTest
from levelfield.loadgen.progress import ProgressListener
from levelfield.loadgen.run import RunOptions
from levelfield.rules.load import load as load_rules
from levelfield.rules.model import RuleSet, ScenarioRule
from levelfield.terms import Mode, Scenario
from levelfield.workloads.task import InferenceTask

__all__ = ["AuditRequest", "AuditRun", "audit_run"]

QUICK_PAIRS = 12
"""Runs by turns where two quick runs do not settle it: enough for an interval, few enough to wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """Which run to audit, and how."""

    folder: Path
    """What ``levelfield inference run`` wrote."""
    scenarios: tuple[Scenario, ...] = ()
    """Empty = all that were measured."""
    tests: tuple[str, ...] = ()
    """Empty = all that the round asks for."""
    pairs: int | None = None
    """Pairs of runs by turns where two runs do not settle it; ``None`` = :data:`QUICK_PAIRS` for a quick run, none for
    an official one, whose runs take ten minutes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """Everything that auditing a run gave."""

    results: tuple[AuditResult, ...]
    file: Path
    """``audit.json``."""
    failures: tuple[LevelfieldError, ...]
    interrupted: bool

    @property
    def holds(self) -> bool:
        """Whether every audit passes and nothing broke."""
        return not self.failures and not self.interrupted and all(result.holds for result in self.results)


def audit_run(
    request: AuditRequest,
    *,
    listener: ProgressListener | None = None,
    on_result: Callable[[AuditResult], None] | None = None,
) -> AuditRun:
    """Audit a run. What was judged before something broke is kept and returned.

    Args:
        request: Which run, and how.
        listener: Is told how a phase goes on.
        on_result: Is called with each result as soon as it is there.

    Raises:
        UsageError: The folder holds no run that can be audited, or an audit was made already; nothing was run.
        InputError: Something in it is damaged.
    """
    session = _Session(request)
    failures: list[LevelfieldError] = []
    interrupted = False
    try:
        for result in session.results(listener):
            session.keep(result)
            if on_result is not None:
                on_result(result)
    except KeyboardInterrupt:
        interrupted = True
    except LevelfieldError as error:
        if not session.kept:
            raise
        failures.append(error)
    return AuditRun(results=tuple(session.kept), file=session.file, failures=tuple(failures), interrupted=interrupted)


class _Session:
    """The audits of one folder."""

    def __init__(self, request: AuditRequest) -> None:
        self._folder = request.folder
        document = _document(request.folder)
        self._run = _asked(request.folder, document)
        self._system = str(document["system"])
        self._rules: RuleSet = load_rules(self._run.rules)
        self._benchmark: InferenceBenchmark = benchmark_named(self._run.benchmark, self._rules)
        self._pairs = request.pairs if request.pairs is not None else 0 if self._run.official else QUICK_PAIRS
        self._tests_by_scenario = self._checked(request, document)
        self.kept: list[AuditResult] = []

    @property
    def file(self) -> Path:
        """Where the results go."""
        return self._folder / "audit.json"

    def results(self, listener: ProgressListener | None) -> Iterator[AuditResult]:
        """Run every test of every scenario."""
        for scenario, tests in self._tests_by_scenario.items():
            rule = self._rule(scenario)
            user_conf = self._place("measurements", scenario) / "user.conf"
            request = replace(self._run, user_conf=(*self._run.user_conf, user_conf))
            plan = plan_scenario(request, self._rules, rule, capacity=None)
            bench = Bench(
                fresh=partial(self._fresh, rule),
                settings=plan.settings(Mode.PERFORMANCE),
                options=RunOptions(issuing=request.issuing, stall_s=request.stall_s, listener=listener),
            )
            found = audit_scenario(
                bench,
                self._task(rule),
                self._reference(scenario),
                rule=rule,
                tests=tests,
                folder=self._place("compliance", scenario),
                pairs=self._pairs,
            )
            for result in found:
                yield replace(result, folder=str(Path(result.folder).relative_to(self._folder)))

    @contextmanager
    def _fresh(self, rule: ScenarioRule) -> Iterator[tuple[SystemUnderTest, SampleLibrary]]:
        """A new system, served as in the run that is audited."""
        task = self._task(rule)
        with serve(task, serving_of(self._run, self._benchmark, rule), name=self._system) as system:
            yield system, task.dataset

    def _task(self, rule: ScenarioRule) -> InferenceTask:
        return task_of(self._run, self._benchmark, serving_of(self._run, self._benchmark, rule), rule)

    def keep(self, result: AuditResult) -> None:
        """Add a result to ``audit.json``; earlier ones of other tests and scenarios stay."""
        self.kept.append(result)
        new = [json.loads(kept.to_json()) for kept in self.kept]
        places = {(audit["scenario"], audit["test"]) for audit in new}
        earlier = [audit for audit in _earlier(self.file) if (audit.get("scenario"), audit.get("test")) not in places]
        document = {"schema": AUDIT_SCHEMA, "audits": [*earlier, *new]}
        write_atomically(self.file, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def _rule(self, scenario: Scenario) -> ScenarioRule:
        return self._rules.rule(self._benchmark.name, scenario)

    def _place(self, room: str, scenario: Scenario) -> Path:
        return self._folder / room / self._system / self._benchmark.name / scenario

    def _reference(self, scenario: Scenario) -> ReferenceRun:
        results = self._place("results", scenario)
        return ReferenceRun(
            performance=results / "performance" / "run_1",
            record=results / "record-performance.npz",
            accuracy_log=results / "accuracy" / "mlperf_log_accuracy.json",
        )

    def _checked(self, request: AuditRequest, document: dict[str, Any]) -> dict[Scenario, tuple[AuditTest, ...]]:
        """The tests of each scenario, with everything that they need looked up before the first is run."""
        validity = {result["scenario"]: result["verdict"]["validity"] for result in document["results"]}
        wanted = request.scenarios or tuple(Scenario(name) for name in validity)
        tests = {scenario: audits_asked(self._rule(scenario), request.tests) for scenario in wanted}
        problems: list[str] = []
        for scenario, asked in tests.items():
            if scenario not in validity:
                problems.append(f"{scenario}: found no performance run, which its audits are compared with.")
                continue
            if validity[scenario] != "VALID":
                problems.append(f"{scenario}: the performance run is {validity[scenario]}, expected VALID.")
            problems += self._missing(scenario, asked)
        if problems or not tests:
            found = problems or ["found no performance run, which audits are compared with."]
            scenarios = " ".join(f"-s {scenario}" for scenario in wanted) or "-s all"
            raise UsageError(
                f"The run in {self._folder} cannot be audited.",
                problems=found,
                hint=f"Make a run that can: levelfield inference run -b {self._benchmark.name} {scenarios} --out NEW",
            )
        made = [
            folder
            for scenario, asked in tests.items()
            for test in asked
            for audit in (test.audit, test.reference)
            if audit is not None and (folder := self._place("compliance", scenario) / audit.name).exists()
        ]
        if made:
            raise UsageError(
                "An audit was made here already; results are never overwritten.",
                problems=[f"found {folder}" for folder in made],
                hint="Leave it out with --scenario or --test, or remove its folder to make it again.",
            )
        return tests

    def _missing(self, scenario: Scenario, tests: tuple[AuditTest, ...]) -> list[str]:
        run = self._reference(scenario)
        needed = [
            run.performance / "mlperf_log_summary.txt",
            run.performance / "mlperf_log_detail.txt",
            run.record,
            self._place("measurements", scenario) / "user.conf",
        ]
        found = [f"{scenario}: {path} is missing." for path in needed if not path.is_file()]
        if run.accuracy_log is not None and not run.accuracy_log.is_file():
            found += [
                f"{scenario}: {test.name} compares outputs with those of the accuracy run, and {run.accuracy_log} is "
                "missing."
                for test in tests
                if test.samples_outputs
            ]
        return found


def _document(folder: Path) -> dict[str, Any]:
    """``result.json`` of a run.

    Raises:
        UsageError: There is none.
        FormatError: It is another file.
    """
    path = folder / "result.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} holds no result.json: an audit is compared with a performance run, and there is none.",
            hint="Make one with: levelfield inference run -b BENCHMARK -s SCENARIO --out FOLDER",
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise FormatError(path, "whole file", f"{error}", "JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("results"), list):
        raise FormatError(path, "whole file", "something else", "the result of levelfield inference run")
    return found


def _asked(folder: Path, document: dict[str, Any]) -> RunRequest:
    """What the run was asked for, so that the same system can be run again."""
    path = folder / "result.json"
    try:
        request = RunRequest.from_dict(document["request"])
        str(document["system"])
        [(result["scenario"], result["verdict"]["validity"]) for result in document["results"]]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            path,
            "request",
            f"{type(error).__name__}: {error}",
            "what levelfield inference run was asked for",
        ) from error
    if request.audit_conf is not None:
        raise UsageError(
            f"The run in {folder} was made with an audit.config: it is an audit, not what one is held against."
        )
    return replace(request, out=folder)


def _earlier(path: Path) -> list[dict[str, Any]]:
    """The audits that a file holds; one that cannot be read is replaced."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["audits"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [audit for audit in found if isinstance(audit, dict)] if isinstance(found, list) else []
