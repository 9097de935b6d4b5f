"""Planted cheats are caught and an honest system is not, on a clock that only the system's work moves."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from audited import PUBLISHED, Caching, Honest, Offline, Skipping, Task, Tuned, audit, bench_of, reference_of
from fakes import FakeClock

from levelfield.errors import FormatError, InputError, OutputError, SystemUnderTestError, UsageError
from levelfield.inference.audit.record import AuditVerdict
from levelfield.inference.audit.scenario import audits_asked
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.record import read_record
from levelfield.rules.load import load
from levelfield.terms import Scenario

PASS, FAIL, UNDECIDED = AuditVerdict
OFFLINE_RATE = {"load": Offline(expected_qps=12_000)}
"""Enough samples that the fastest of the cheats still runs for the minimum duration."""


@pytest.mark.parametrize("scenario", Scenario)
def test_honest_system_passes(scenario: Scenario, tmp_path: Path) -> None:
    results = audit(Honest, scenario, tmp_path)
    assert sorted(results) == ["TEST01", "TEST04", "TEST05"]
    assert {(r.official_pass, r.verdict, r.problems) for r in results.values()} == {(True, PASS, ())}
    assert all(result.holds for result in results.values())


@pytest.mark.parametrize("number", range(10))
def test_honest_system_with_noise_passes_ten_times_of_ten(number: int, tmp_path: Path) -> None:
    results = audit(lambda clock: Honest(clock, noise=0.06, served=number * 1_013), Scenario.SINGLE_STREAM, tmp_path)
    assert [(r.official_pass, r.verdict) for r in results.values()] == [(True, PASS)] * 3


@pytest.mark.parametrize(
    ("scenario", "official_pass"),
    [
        (Scenario.SINGLE_STREAM, False),
        # The official score does not see it: of eight queries the first is a miss, and that is the 99th percentile.
        (Scenario.MULTI_STREAM, True),
        # Nor here: the score of Server is the rate at which queries were sent.
        (Scenario.SERVER, True),
        (Scenario.OFFLINE, False),
    ],
)
def test_cache_by_sample_index_fails_test04(scenario: Scenario, official_pass: bool, tmp_path: Path) -> None:
    changes = OFFLINE_RATE if scenario is Scenario.OFFLINE else {}
    result = audit(Caching, scenario, tmp_path, ("TEST04",), **changes)["TEST04"]
    assert result.problems == ()
    assert (result.official_pass, result.verdict, result.holds) == (official_pass, FAIL, False)


@pytest.mark.parametrize(
    ("scenario", "official_pass"),
    [
        (Scenario.SINGLE_STREAM, False),
        (Scenario.MULTI_STREAM, False),
        (Scenario.SERVER, True),
        (Scenario.OFFLINE, False),
    ],
)
def test_skipping_work_in_performance_mode_fails_test01(
    scenario: Scenario, official_pass: bool, tmp_path: Path
) -> None:
    changes = OFFLINE_RATE if scenario is Scenario.OFFLINE else {}
    result = audit(Skipping, scenario, tmp_path, ("TEST01",), **changes)["TEST01"]
    assert result.problems == ()
    assert (result.official_pass, result.verdict, result.holds) == (official_pass, FAIL, False)


@pytest.mark.parametrize(
    ("scenario", "official_pass"),
    [
        (Scenario.SINGLE_STREAM, False),
        (Scenario.MULTI_STREAM, False),
        (Scenario.SERVER, True),
        (Scenario.OFFLINE, False),
    ],
)
def test_tuning_to_the_published_seeds_fails_test05(scenario: Scenario, official_pass: bool, tmp_path: Path) -> None:
    changes = OFFLINE_RATE if scenario is Scenario.OFFLINE else {}
    result = audit(Tuned, scenario, tmp_path, ("TEST05",), **changes)["TEST05"]
    assert result.problems == ()
    assert (result.official_pass, result.verdict, result.holds) == (official_pass, FAIL, False)


class OnlyFirstByte(Honest):
    """Has the right first byte, which is what the official script compares, and nothing right behind it."""

    def output(self, index: int, complete: Completions) -> bytes:
        return bytes([super().output(index, complete)[0], 255, 255])


def test_wrong_outputs_with_a_right_first_byte_fail_test01(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    result = audit(OnlyFirstByte, Scenario.SINGLE_STREAM, tmp_path / "a", ("TEST01",), reference=reference)["TEST01"]
    payloads = result.payloads
    assert payloads is not None
    assert payloads.mismatches == payloads.sampled_entries > 500
    assert payloads.scores is not None
    assert (payloads.scores.passed, payloads.passed) == (False, False)
    assert (result.official_pass, result.verdict) == (False, FAIL)
    assert "TEST FAIL" in (tmp_path / "a/compliance/TEST01/verify_accuracy.txt").read_text()


ODD = min(PUBLISHED)


class LastBit(Honest):
    """One sample of the loaded 64 gets another output than in the accuracy run, as another order of sums gives."""

    def output(self, index: int, complete: Completions) -> bytes:
        right = super().output(index, complete)
        return bytes([right[0], right[1], right[2] + 1]) if index == ODD else right


class LenientTask(Task):
    """A metric that the last bit does not change."""

    def score(self, entries):  # type: ignore[no-untyped-def]
        return super().score((index, data[:2] + bytes([index // 251])) for index, data in entries)


def test_other_bits_with_the_same_accuracy_are_permitted(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    result = audit(
        LastBit, Scenario.SINGLE_STREAM, tmp_path / "a", ("TEST01",), reference=reference, task=LenientTask()
    )["TEST01"]
    payloads = result.payloads
    assert payloads is not None
    assert payloads.first_mismatches == (ODD,)
    assert not payloads.identical
    assert payloads.passed
    assert (result.official_pass, result.verdict) == (True, PASS)
    folder = tmp_path / "a/compliance/TEST01"
    assert "TEST FAIL" in (folder / "verify_accuracy.txt").read_text()  # the comparison of payloads, as it is
    assert {path.name for path in (folder / "accuracy").iterdir()} == {
        "mlperf_log_accuracy.json", "accuracy.txt", "baseline_accuracy.txt", "compliance_accuracy.txt",
    }  # fmt: skip
    assert (folder / "accuracy/baseline_accuracy.txt").read_text() == "accuracy=100.000%\n"


def test_files_are_those_of_the_layout(tmp_path: Path) -> None:
    audit(Honest, Scenario.SINGLE_STREAM, tmp_path)
    folder = tmp_path / "compliance"
    logs = ["performance/run_1/mlperf_log_detail.txt", "performance/run_1/mlperf_log_summary.txt"]
    expected = {
        "TEST01": [
            "accuracy/accuracy.txt", "accuracy/mlperf_log_accuracy.json", *logs, "verify_accuracy.txt",
            "verify_performance.txt",
        ],
        "TEST04-A": [*logs, "verify_performance.txt"],
        "TEST04-B": logs,
        "TEST05": [*logs, "verify_performance.txt"],
    }  # fmt: skip
    for test, files in expected.items():
        found = sorted(str(path.relative_to(folder / test)) for path in (folder / test).rglob("*") if path.is_file())
        assert found == files
    assert (folder / "TEST05/verify_performance.txt").read_text() == (
        "Verifying performance.\nreference score = 1015644\ntest score = 1015644\nTEST PASS\n"
    )


def test_results_are_json_without_infinity(tmp_path: Path) -> None:
    result = audit(Honest, Scenario.SINGLE_STREAM, tmp_path, ("TEST04-B",))["TEST04"]
    data = json.loads(result.to_json())
    assert data["verdict"] == "PASS"
    assert data["official_pass"] is True
    assert data["score"]["allowed"] == {"low": 0.9, "high": None, "fraction": 0.1, "relaxed": False}
    assert [estimate["what"] for estimate in data["score"]["within_runs"]] == ["p90 latency", "median latency"]


def test_invalid_performance_run_voids(tmp_path: Path) -> None:
    result = audit(Honest, Scenario.OFFLINE, tmp_path, ("TEST05",), load=OFFLINE_RATE["load"], min_duration_ms=60)
    assert result["TEST05"].problems == ()
    slow = bench_of(Honest, Scenario.OFFLINE)
    short = replace(slow, settings=replace(slow.settings, load=replace(OFFLINE_RATE["load"], expected_qps=400)))
    reference = reference_of(short, _made(tmp_path / "short"))
    found = audit(Honest, Scenario.OFFLINE, tmp_path / "b", ("TEST05",), reference=reference)["TEST05"]
    assert "the performance run is INVALID, expected VALID." in found.problems
    assert not found.official_pass
    assert (tmp_path / "b/compliance/TEST05/verify_performance.txt").read_text() == (
        "Verifying performance.\nTEST FAIL: Reference results are invalid\n"
    )


def test_run_with_other_settings_is_no_audit_of_it(tmp_path: Path) -> None:
    reference = reference_of(bench_of(Honest, Scenario.SERVER), tmp_path)
    found = audit(Honest, Scenario.SERVER, tmp_path / "b", ("TEST05",), reference=reference, min_query_count=800)[
        "TEST05"
    ]
    assert found.problems == (
        "TEST05, effective_min_query_count: found 800, expected 700 as in the reference.",
        "TEST05, effective_min_sample_count: found 800, expected 700 as in the reference.",
    )
    text = (tmp_path / "b/compliance/TEST05/verify_performance.txt").read_text()
    assert "TEST FAIL: TEST05, effective_min_query_count: found 800" in text
    assert "TEST PASS" not in text


def test_another_system_is_no_audit_of_it(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    make = partial(Honest, name="another")
    found = audit(make, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=reference)["TEST05"]
    assert found.problems == ('TEST05, sut_name: found "another", expected "system" as in the reference.',)


def test_audit_as_reference_is_refused(tmp_path: Path) -> None:
    bench = bench_of(Honest, Scenario.SINGLE_STREAM)
    run = reference_of(bench, tmp_path)
    rule = load("inference-v2.0").rule("resnet50", "SingleStream")
    bench.measure(rule.audit("TEST05"), tmp_path / "audit", record=tmp_path / "audit.npz")
    audit_run = replace(run, performance=tmp_path / "audit", record=tmp_path / "audit.npz")
    found = audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST01",), reference=audit_run)["TEST01"]
    assert found.problems[0] == (
        f"{tmp_path / 'audit'}: found a run with an audit.config, expected a plain performance run."
    )
    assert any("effective_qsl_rng_seed" in problem for problem in found.problems)


def test_summary_that_was_changed_is_found_out(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    path = reference.performance / "mlperf_log_summary.txt"
    path.write_text(path.read_text().replace("latency (ns) : 1015644", "latency (ns) : 915644"))
    with pytest.raises(FormatError, match=r"90th percentile latency \(ns\): found 915644, expected .*detail log"):
        audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=reference)


def test_logs_of_another_run_are_found_out(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    other = reference_of(bench_of(partial(Honest, noise=0.2), Scenario.SINGLE_STREAM), _made(tmp_path / "other"))
    mixed = replace(reference, record=other.record)
    with pytest.raises(FormatError, match=r"score: found 1015644, expected .*, as the raw record gives it"):
        audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=mixed)


def test_existing_audit_is_not_overwritten(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=reference)
    with pytest.raises(OutputError, match="TEST05/performance/run_1 is there already"):
        audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=reference)


def test_truncated_accuracy_log_is_no_reference(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    assert reference.accuracy_log is not None
    text = reference.accuracy_log.read_text()
    reference.accuracy_log.write_text(text[:2000] + "\n\n...\n\n" + text[-2000:])
    with pytest.raises(InputError, match="found a log truncated for publication"):
        audit(Honest, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST01",), reference=reference)


class Breaking(Honest):
    def issue(self, ids: IntArray, indices: IntArray, complete: Completions) -> None:
        if self.served > 100:
            raise RuntimeError("out of memory")
        super().issue(ids, indices, complete)


def test_system_that_breaks_says_so(tmp_path: Path) -> None:
    reference = _reference_of_honest(tmp_path)
    with pytest.raises(SystemUnderTestError, match="out of memory"):
        audit(Breaking, Scenario.SINGLE_STREAM, tmp_path / "b", ("TEST05",), reference=reference)


def test_tests_are_named_by_half_or_whole_and_in_any_case() -> None:
    rule = load("inference-v2.0").rule("resnet50", "Offline")
    assert [test.name for test in audits_asked(rule, ())] == ["TEST01", "TEST04", "TEST05"]
    assert [test.name for test in audits_asked(rule, ("test04-a", "TEST04"))] == ["TEST04"]
    with pytest.raises(UsageError, match="Unknown audit of resnet50 'TEST02'"):
        audits_asked(rule, ("TEST02",))
    bert = load("inference-v2.0").rule("bert-99", "Offline")
    with pytest.raises(UsageError, match="Known: TEST01, TEST05"):
        audits_asked(bert, ("TEST04",))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _reference_of_honest(folder: Path):  # type: ignore[no-untyped-def]
    return reference_of(bench_of(Honest, Scenario.SINGLE_STREAM), folder)


def test_runs_by_turns_are_one_phase_to_who_watches(tmp_path: Path) -> None:
    told: list[str] = []

    class Listener:
        def phase(self, name: str, *plan: object) -> None:
            told.append(name)

        def update(self, snapshot: object) -> None:
            pass

        def done(self, text: str) -> None:
            told.append(text)

    bench = bench_of(Honest, Scenario.SINGLE_STREAM)
    watched = replace(bench, options=replace(bench.options, listener=Listener()))
    audit = load("inference-v2.0").rule("resnet50", "SingleStream").audit("TEST05")
    pairs = watched.by_turns(audit, None, 3, record=tmp_path / "record.npz")
    assert told == ["SingleStream TEST05 and its reference by turns", "3 pairs"]
    assert len(read_record(tmp_path / "record.npz")) == 2 * len(pairs) == 6
    seeds = [(test.effective.seeds.qsl, plain.effective.seeds.qsl) for test, plain in pairs]
    assert seeds == [(313588358309856706, 6655344265603136530)] * 3


def test_bench_makes_a_system_for_every_run(tmp_path: Path) -> None:
    made: list[Honest] = []

    def make(clock: FakeClock) -> Honest:
        made.append(Honest(clock))
        return made[-1]

    audit(make, Scenario.SINGLE_STREAM, tmp_path, ("TEST04",))
    assert len(made) == 4  # performance, accuracy, TEST04-A, TEST04-B
