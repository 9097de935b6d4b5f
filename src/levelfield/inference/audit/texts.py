"""The official files of an audit, as the official scripts print them; the round's checker looks for ``TEST PASS``.

Sources: ``verify_accuracy.py``, ``verify_performance.py`` and ``verify_test4_performance.py`` below
``compliance/nvidia`` of mlcommons/inference at v2.0. Where such a script stops, its last words go to the terminal and
not into the file; here they are in the file, so that a reader sees why there is no ``TEST PASS``.
"""

from __future__ import annotations

from collections.abc import Sequence

from levelfield.formats.loadgen_summary import Summary
from levelfield.inference.audit.record import PayloadComparison, ScoreComparison

__all__ = ["verify_accuracy_text", "verify_caching_text", "verify_performance_text"]

PASS = "TEST PASS"  # noqa: S105 - no password
SLOWER = "Note: TEST04-B is significantly slower than TEST04-A"


def verify_accuracy_text(found: PayloadComparison) -> str:
    """``verify_accuracy.txt`` of TEST01: the comparison of payloads alone, whatever their accuracy is."""
    return "\n".join(
        [
            "Verifying accuracy. This might take a while...",
            "Reading accuracy mode results...",
            "Reading performance mode results...",
            f"num_acc_log_entries = {found.accuracy_entries}",
            f"num_acc_log_duplicate_keys = {found.accuracy_repeats}",
            f"num_acc_log_data_mismatch = {found.accuracy_mismatches}",
            f"num_perf_log_entries = {found.sampled_entries}",
            f"num_perf_log_qsl_idx_match = {found.matched}",
            f"num_perf_log_data_mismatch = {found.mismatches}",
            f"num_missing_qsl_idxs = {found.missing}",
            PASS if found.identical else "TEST FAIL",
            "",
            "",
        ]
    )


def verify_performance_text(
    score: ScoreComparison | None, *, reference: Summary, test: Summary, problems: Sequence[str]
) -> str:
    """``verify_performance.txt`` of TEST01 and TEST05."""
    lines = ["Verifying performance."]
    for summary, name in ((reference, "reference"), (test, "test")):
        if summary.validity != "VALID":
            return _text([*lines, f"TEST FAIL: {name.capitalize()} results are invalid"])
        if summary.error_count:
            lines.append(f"WARNING: {summary.error_count} ERROR reported in {name} results")
    if score is not None:
        lines += [f"reference score = {score.reference_score}", f"test score = {score.test_score}"]
    return _text([*lines, *_verdict(score, problems)])


def verify_caching_text(score: ScoreComparison | None, *, problems: Sequence[str]) -> str:
    """``verify_performance.txt`` of TEST04, which lies in the folder of TEST04-A."""
    lines = ["Verifying performance."]
    if score is not None:
        lines += [f"TEST04-A score = {score.reference_score}", f"TEST04-B score = {score.test_score}"]
    verdict = _verdict(score, problems)
    if verdict == [PASS] and score is not None and _much_slower(score):
        verdict.append(SLOWER)
    return _text([*lines, *verdict])


def _much_slower(score: ScoreComparison) -> bool:
    fraction, ratio = score.allowed.fraction, score.ratio
    latency = score.allowed.low > 0  # the bound is on the fast side
    return ratio >= 1 + fraction if latency else ratio <= 1 - fraction


def _verdict(score: ScoreComparison | None, problems: Sequence[str]) -> list[str]:
    if problems:
        return [f"TEST FAIL: {problem}" for problem in problems]
    if score is None or not score.official_pass:
        return ["TEST FAIL: Test score invalid"]
    return [PASS]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
