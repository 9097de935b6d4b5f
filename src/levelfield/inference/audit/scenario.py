"""The audits of one benchmark in one scenario: run, judge, write.

Below the folder that is given::

TEST01/verify_accuracy.txt, verify_performance.txt
performance/run_1/      LoadGen's summary and detail log
accuracy/               the sampled outputs, and accuracy.txt
TEST04-A/, TEST04-B/, TEST05/  likewise, without accuracy
record-TEST01.npz …            every raw latency
confirmation-TEST01.npz …      those of the runs by turns, where there were any
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from levelfield.errors import FormatError, UsageError, nearest
from levelfield.files import make_folder, write_atomically, write_problem
from levelfield.inference.audit.bench import Bench
from levelfield.inference.audit.conditions import problems_of_audit, problems_of_validity
from levelfield.inference.audit.judge import Compared, compare_scores, settled, with_pairs
from levelfield.inference.audit.payloads import compare_payloads, subset_scores
from levelfield.inference.audit.record import AuditResult, PayloadComparison, ScoreComparison
from levelfield.inference.audit.score import AuditLogs, read_audit_logs, same_score, score_value
from levelfield.inference.audit.texts import verify_accuracy_text, verify_caching_text, verify_performance_text
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.record import read_record
from levelfield.rules.model import Audit, ScenarioRule
from levelfield.units import format_number
from levelfield.workloads.task import InferenceTask

__all__ = ["AuditTest", "ReferenceRun", "audit_scenario", "audits_asked"]

ACCURACY_LOG = "mlperf_log_accuracy.json"
RUN = Path("performance/run_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTest:
    """One test: an audit that is compared with the performance run, or two that are compared with each other."""

    name: str
    """``TEST01``, ``TEST04``, ``TEST05``."""
    audit: Audit
    reference: Audit | None
    """The audit that gives the reference (TEST04-A); ``None`` = the performance run."""

    @property
    def samples_outputs(self) -> bool:
        """Whether outputs are logged in performance mode, to be held against the accuracy run."""
        return any(line.key.startswith("accuracy_log") for line in self.audit.settings)

    @property
    def one_sided(self) -> bool:
        """Whether only a faster run fails."""
        return self.audit.thresholds.faster_fraction is not None

    @property
    def home(self) -> Audit:
        """The audit whose folder holds the verdict: the one that has files."""
        return self.audit if self.reference is None else self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRun:
    """The run that is audited: logs and raw record of its performance phase, and its accuracy log."""

    performance: Path
    """The folder of the logs."""
    record: Path
    accuracy_log: Path | None

    def compared(self) -> Compared:
        """Its logs and record, read.

        Raises:
            InputError: They are missing, damaged, or contradict each other.
        """
        return _compared(self.performance, read_record(self.record)[0])


def audits_asked(rule: ScenarioRule, names: Sequence[str]) -> tuple[AuditTest, ...]:
    """The tests of a benchmark in a scenario.

    Args:
        rule: Its rule.
        names: Only these; empty = all that the round asks for. A half of a test stands for the whole.

    Raises:
        UsageError: There is no such test here; the message names the nearest one.
    """
    references = {audit.compared_with for audit in rule.audits}
    tests = []
    for audit in rule.audits:
        if audit.name in references:
            continue
        if audit.compared_with == "performance":
            tests.append(AuditTest(name=audit.name, audit=audit, reference=None))
        elif audit.compared_with is not None:
            name = audit.name.rpartition("-")[0] or audit.name
            tests.append(AuditTest(name=name, audit=audit, reference=rule.audit(audit.compared_with)))
    if not tests:
        raise UsageError(f"The round asks for no audit of {rule.benchmark} that levelfield can run.")
    if not names:
        return tuple(tests)
    by_name = {name.upper(): test for test in tests for name in _names(test)}
    for name in names:
        if name.upper() not in by_name:
            raise nearest(name, [test.name for test in tests], what=f"audit of {rule.benchmark}")
    wanted = {by_name[name.upper()].name for name in names}
    return tuple(test for test in tests if test.name in wanted)


def _names(test: AuditTest) -> tuple[str, ...]:
    return (test.name, test.audit.name, *(() if test.reference is None else (test.reference.name,)))


def audit_scenario(
    bench: Bench,
    task: InferenceTask,
    run: ReferenceRun,
    *,
    rule: ScenarioRule,
    tests: Sequence[AuditTest],
    folder: Path,
    pairs: int,
) -> Iterator[AuditResult]:
    """Run tests one after the other, and give the result of each as soon as it is there.

    Args:
        bench: The system.
        task: Scores outputs, where they are not identical.
        run: What is audited.
        rule: What the round says.
        tests: Which tests.
        folder: ``compliance/<system>/<benchmark>/<scenario>``.
        pairs: How many pairs of runs by turns to add where two runs do not settle it; 0 = none.

    Raises:
        OutputError: A test was written there already, or nothing can be written.
        InputError: A log of the audited run cannot be read.
        RunError: The system broke.
        KeyboardInterrupt: A person stopped it.
    """
    reference = run.compared()
    for test in tests:
        yield _Test(bench=bench, task=task, run=run, rule=rule, folder=folder, test=test, performance=reference).result(
            pairs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """One test in progress."""

    bench: Bench
    task: InferenceTask
    run: ReferenceRun
    rule: ScenarioRule
    folder: Path
    test: AuditTest
    performance: Compared

    def result(self, pairs: int) -> AuditResult:
        """Run, judge, and write the official files."""
        test = self.test
        reference, problems = self._reference()
        found = self._measured(test.audit)
        problems += problems_of_audit(
            test.audit, found.logs, reference.logs, reference_is_audit=test.reference is not None
        )
        problems += problems_of_validity(test.audit.name, found.logs, must_be_valid=test.reference is None)
        payloads = self._payloads() if test.samples_outputs else None
        score = compare_scores(found, reference, test.audit.thresholds)
        if pairs and not problems and not settled(score):
            runs = self.bench.by_turns(
                test.audit, test.reference, pairs, record=self.folder / f"confirmation-{test.name}.npz"
            )
            score = with_pairs(score, runs, one_sided=test.one_sided)
        self._write_verdict(score, payloads, found.logs, reference.logs, problems)
        return AuditResult(
            test=test.name,
            title=test.audit.title.partition(":")[0],
            benchmark=self.rule.benchmark,
            scenario=found.logs.scenario,
            problems=tuple(dict.fromkeys(problems)),
            payloads=payloads,
            score=score,
            folder=str(self.folder / test.home.name),
        )

    def _reference(self) -> tuple[Compared, list[str]]:
        """The run to compare with, and what is wrong with it."""
        audit = self.test.reference
        if audit is None:
            what = "the performance run"
            return self.performance, problems_of_validity(what, self.performance.logs, must_be_valid=True)
        found = self._measured(audit)
        problems = problems_of_audit(audit, found.logs, self.performance.logs, reference_is_audit=False)
        return found, problems + problems_of_validity(audit.name, found.logs, must_be_valid=False)

    def _measured(self, audit: Audit) -> Compared:
        """Run one audit; its logs are left as the round's layout wants them."""
        logs = self.folder / audit.name / RUN
        record = self.bench.measure(audit, logs, record=self.folder / f"record-{audit.name}.npz")
        try:
            if audit is self.test.audit and self.test.samples_outputs:
                (logs / ACCURACY_LOG).rename(make_folder(self._accuracy) / ACCURACY_LOG)
            else:
                (logs / ACCURACY_LOG).unlink(missing_ok=True)  # without entries; the layout has no place for it
        except OSError as error:
            raise write_problem(logs / ACCURACY_LOG, error, what="moved") from error
        return _compared(logs, record)

    @property
    def _accuracy(self) -> Path:
        return self.folder / self.test.audit.name / "accuracy"

    def _payloads(self) -> PayloadComparison:
        """Compare outputs; where they differ, their accuracy."""
        assert self.run.accuracy_log is not None
        sampled = self._accuracy / ACCURACY_LOG
        found = compare_payloads(self.run.accuracy_log, sampled)
        tolerance = self.test.audit.thresholds.accuracy_fraction
        if found.identical or found.missing or tolerance is None:
            return found
        return replace(found, scores=subset_scores(self.run.accuracy_log, sampled, self.task, tolerance=tolerance))

    def _write_verdict(
        self,
        score: ScoreComparison,
        payloads: PayloadComparison | None,
        test: AuditLogs,
        reference: AuditLogs,
        problems: list[str],
    ) -> None:
        home = self.folder / self.test.home.name
        if self.test.reference is not None:
            text = verify_caching_text(score, problems=problems)
        else:
            text = verify_performance_text(score, reference=reference.summary, test=test.summary, problems=problems)
        write_atomically(home / "verify_performance.txt", text)
        if payloads is None:
            return
        write_atomically(home / "verify_accuracy.txt", verify_accuracy_text(payloads))
        scores = payloads.scores
        # Packaging adds the hash of the log; where a score is known it stands above.
        write_atomically(self._accuracy / "accuracy.txt", "" if scores is None else scores.compliance_line + "\n")
        if scores is not None:
            write_atomically(self._accuracy / "baseline_accuracy.txt", scores.baseline_line + "\n")
            write_atomically(self._accuracy / "compliance_accuracy.txt", scores.compliance_line + "\n")


def _compared(folder: Path, record: Measurement) -> Compared:
    """Logs and record of one run, which must give the same score.

    Raises:
        InputError: A log cannot be read.
        FormatError: They contradict each other.
    """
    logs = read_audit_logs(folder)
    again = score_value(record)
    if again is None or not same_score(again, logs.value):
        shown = "none" if again is None else format_number(again, digits=6)
        raise FormatError(
            folder / "mlperf_log_summary.txt", "score", logs.score, f"{shown}, as the raw record gives it"
        )
    return Compared(logs=logs, record=record)
