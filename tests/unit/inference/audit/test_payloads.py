from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from levelfield.errors import FormatError, InputError
from levelfield.formats.accuracy_log import AccuracyEntry, AccuracyWriter
from levelfield.inference.audit.payloads import compare_payloads, subset_scores
from levelfield.inference.audit.texts import verify_accuracy_text
from levelfield.workloads.task import Score


def log(path: Path, *pairs: tuple[int, str]) -> Path:
    with path.open("w") as stream:
        writer = AccuracyWriter(stream)
        writer.write(
            AccuracyEntry(seq_id=number, sample_index=index, data=bytes.fromhex(data))
            for number, (index, data) in enumerate(pairs)
        )
        writer.close()
    return path


def test_whole_payloads_are_compared_with_the_first_of_the_accuracy_run(tmp_path: Path) -> None:
    accuracy = log(tmp_path / "a", (0, "0102"), (1, "0203"), (2, ""), (1, "0203"), (0, "FF"))
    sampled = log(tmp_path / "s", (0, "0102"), (0, "0103"), (1, "0203"), (2, ""), (2, "00"), (7, "01"))
    found = compare_payloads(accuracy, sampled)
    assert (found.accuracy_entries, found.accuracy_repeats, found.accuracy_mismatches) == (5, 2, 1)
    assert (found.sampled_entries, found.matched, found.mismatches, found.missing) == (6, 5, 2, 1)
    assert found.first_mismatches == (0, 2)
    assert not found.identical
    assert not found.passed
    assert verify_accuracy_text(found) == (
        "Verifying accuracy. This might take a while...\nReading accuracy mode results...\n"
        "Reading performance mode results...\nnum_acc_log_entries = 5\nnum_acc_log_duplicate_keys = 2\n"
        "num_acc_log_data_mismatch = 1\nnum_perf_log_entries = 6\nnum_perf_log_qsl_idx_match = 5\n"
        "num_perf_log_data_mismatch = 2\nnum_missing_qsl_idxs = 1\nTEST FAIL\n\n"
    )


def test_equal_outputs_pass(tmp_path: Path) -> None:
    accuracy = log(tmp_path / "a", (0, "01"), (1, "02"))
    found = compare_payloads(accuracy, log(tmp_path / "s", (1, "02"), (1, "02")))
    assert (found.identical, found.passed) == (True, True)
    assert verify_accuracy_text(found).endswith("num_missing_qsl_idxs = 0\nTEST PASS\n\n")


def test_a_log_without_outputs_proves_nothing(tmp_path: Path) -> None:
    found = compare_payloads(log(tmp_path / "a", (0, "01")), log(tmp_path / "s"))
    assert (found.identical, found.passed) == (False, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[\n{ "seq_id" : 0, "qsl_idx" : 0, "data" : "01" }', "found no closing bracket"),
        ("[\nnonsense\n]\n", "line 2: found no entry"),
        ('[\n{ "seq_id" : 0, "qsl_idx" : 0, "da\n\n...\n\n01" }\n]\n', "truncated for publication"),
    ],
)
def test_a_log_that_is_not_whole_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        compare_payloads(path, log(tmp_path / "s", (0, "01")))


def test_a_log_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read: No such file"):
        compare_payloads(tmp_path / "gone", log(tmp_path / "s", (0, "01")))


class Whole:
    """Counts outputs of 01; refuses logs without all ten samples."""

    def score(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        found = dict(entries)
        if len(found) < 10:
            raise InputError("not whole")
        return self.share(found)

    def share(self, found: dict[int, bytes]) -> Score:
        good = sum(data == b"\x01" for data in found.values())
        value = 100 * good / len(found)
        return Score(metric="m", value=value, unit="%", good=good, total=len(found), line=f"m={value:g}%")


class Parts(Whole):
    def score_subset(self, entries: Iterable[tuple[int, bytes]]) -> Score:
        return self.share(dict(entries))


@pytest.mark.parametrize(
    ("task", "tolerance", "baseline", "compliance", "applied", "passed"),
    [
        (Parts(), 0.40, 100.0, 50.0, 0.40, False),
        (Parts(), 0.50, 100.0, 50.0, 0.50, True),
        # One of ten is another; the two sampled ones are a fifth of all, and so is the tolerance.
        (Whole(), 0.40, 100.0, 90.0, 0.08, False),
        (Whole(), 0.50, 100.0, 90.0, 0.10, True),
    ],
)
def test_accuracy_of_the_same_samples_decides(
    *, task: Whole, tolerance: float, baseline: float, compliance: float, applied: float, passed: bool, tmp_path: Path
) -> None:
    accuracy = log(tmp_path / "a", *((index, "01") for index in range(10)))
    sampled = log(tmp_path / "s", (3, "01"), (4, "02"), (4, "01"))
    found = subset_scores(accuracy, sampled, task, tolerance=tolerance)  # type: ignore[arg-type]
    assert found is not None
    assert (found.baseline, found.compliance, found.passed) == (baseline, compliance, passed)
    assert found.tolerance == pytest.approx(applied)


def test_what_cannot_be_scored_must_be_identical(tmp_path: Path) -> None:
    accuracy, sampled = log(tmp_path / "a", (0, "01")), log(tmp_path / "s", (0, "02"))
    assert subset_scores(accuracy, sampled, Whole(), tolerance=0.01) is None  # type: ignore[arg-type]
    assert subset_scores(accuracy, log(tmp_path / "e"), Parts(), tolerance=0.01) is None  # type: ignore[arg-type]
