"""Laws of judging a training log.

1. Whatever the bytes, there is a verdict, and a log that does not count says why.
2. A log complies exactly where no check of the official checker finds an error.
3. Lines of keys that no rule knows change nothing but line numbers.
4. What a run is found guilty of does not depend on what stands before the tokens of its lines.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from training_logs import HYPERPARAMETERS, Line, data_of, run_lines

from levelfield.rules import load_training
from levelfield.submission.finding import Severity
from levelfield.submission.training.compliance import LOG_CHECKS
from levelfield.submission.training.log import JudgedLog, judge_log

RULES = load_training("training-v1.1")
OFFICIAL = {check.code for check in LOG_CHECKS if check.text.official}
BASES = [
    run_lines(name, division=division, weights=name in {"dlrm", "rnnt"})
    for name in HYPERPARAMETERS
    for division in ("closed", "open")
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.integers(0, 60), max_size=3),
    st.dictionaries(st.sampled_from(["BBOX", "SEGM", "x"]), st.floats(0, 1), max_size=2),
)


def judge(data: bytes) -> JudgedLog:
    return judge_log("a/b/result_0.txt", data, rules=RULES, benchmark_folder="resnet", division="closed")


def lawful(log: JudgedLog) -> None:
    errors = [one for one in log.findings if one.severity is Severity.ERROR]
    assert log.compliant == (not any(one.code in OFFICIAL for one in errors))
    assert log.counts == (not errors)
    assert bool(log.failure) == (not log.counts)
    assert all(one.found and one.expected and one.line >= 0 for one in log.findings)
    assert not log.counts or (log.minutes is not None and log.minutes > 0)


@st.composite
def damaged_lines(draw: st.DrawFn) -> list[Line]:
    """A good log of which some lines are dropped, repeated, moved, or say something else."""
    lines = list(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "repeat", "move", "value", "time", "metadata", "key"])):
            case "drop":
                lines.pop(at)
            case "repeat":
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "value":
                lines[at] = replace(lines[at], value=draw(VALUES))
            case "time":
                lines[at] = replace(lines[at], time_ms=draw(st.floats() | st.integers(0, 10**7) | st.just("5")))
            case "metadata":
                lines[at] = replace(lines[at], metadata=draw(st.none() | st.just({}) | st.just({"epoch_num": "x"})))
            case "key":
                lines[at] = replace(lines[at], key=draw(st.sampled_from(lines)).key)
    return lines


@given(damaged_lines())
def test_a_damaged_log_has_a_verdict(lines: list[Line]) -> None:
    lawful(judge(data_of(lines)))


@given(st.binary(max_size=300), st.integers(0, 10**6), st.sampled_from(BASES))
def test_any_bytes_have_a_verdict(noise: bytes, at: int, base: list[Line]) -> None:
    data = data_of(base)
    at %= len(data)
    lawful(judge(noise))
    lawful(judge(data[:at] + noise + data[at:]))
    lawful(judge(data[:at]))
    lawful(judge(b":::MLLOG " + noise))


@given(damaged_lines(), st.sampled_from(["throughput", "lr", "", "é"]), VALUES)
def test_lines_of_unknown_keys_change_nothing(lines: list[Line], key: str, value: object) -> None:
    log = judge(data_of(lines))
    more = judge(data_of([*lines, Line(key=key, value=value, metadata=None)]))
    assert more.findings == log.findings
    assert (more.compliant, more.minutes, more.evaluations, more.figures) == (
        log.compliant,
        log.minutes,
        log.evaluations,
        log.figures,
    )


@given(damaged_lines(), st.sampled_from(["[1]: ", "x\r", ":::MLLOG {half ", "2021-10-01 "]))
def test_what_stands_before_a_token_changes_no_verdict(lines: list[Line], before: str) -> None:
    data = data_of(lines)
    other = judge(data.replace(b":::MLLOG", before.encode() + b":::MLLOG"))
    log = judge(data)
    assert other.compliant == log.compliant
    assert [(one.code, one.severity) for one in sorted(other.findings, key=lambda one: (one.code, one.severity))] == [
        (one.code, one.severity) for one in sorted(log.findings, key=lambda one: (one.code, one.severity))
    ]
