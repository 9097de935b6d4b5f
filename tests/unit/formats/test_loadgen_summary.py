"""The summary log: sections, labels, totals."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import FormatError, InputError
from levelfield.formats.loadgen_summary import Section, Summary, closing_lines, read_summary

TEXT = """\
================================================
MLPerf Results Summary
================================================
SUT name : demo: the first
Scenario : Server
Mode     : PerformanceOnly
Scheduled samples per second : 101.50
Result is : INVALID
  Performance constraints satisfied : NO
  Min duration satisfied : Yes
  Min queries satisfied : Yes
  Early stopping satisfied: NO
Recommendations:
 * Reduce target QPS to improve latency.
Early Stopping Result:
 * Run unsuccessful.
 * Processed 100 queries.

================================================
Additional Stats
================================================
Completed samples per second    : 100.20

Min latency (ns)                : 1242

1 warning encountered. See detailed log.

2 ERRORS encountered. See detailed log.
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mlperf_log_summary.txt"
    path.write_text(text)
    return path


def test_summary_is_read(tmp_path: Path) -> None:
    summary = read_summary(write(tmp_path, TEXT))
    assert [section.title for section in summary.sections] == ["MLPerf Results Summary", "Additional Stats"]
    assert summary.validity == "INVALID"
    assert summary.value("SUT name") == "demo: the first"
    assert summary.value("Performance constraints satisfied") == "NO"
    assert summary.value("Min latency (ns)") == "1242"
    assert summary.value("Nothing") is None
    assert summary.sections[0].below("Recommendations") == (" * Reduce target QPS to improve latency.",)
    assert summary.sections[0].below("Early Stopping Result") == (" * Run unsuccessful.", " * Processed 100 queries.")
    assert summary.sections[0].below("Absent") == ()
    assert (summary.warning_count, summary.error_count) == (1, 2)


def test_summary_is_written_as_it_was_read(tmp_path: Path) -> None:
    assert read_summary(write(tmp_path, TEXT)).text() == TEXT


def test_line_ends_of_windows_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert read_summary(path).text() == TEXT


def test_accuracy_run_has_the_totals_alone(tmp_path: Path) -> None:
    text = "\nNo warnings encountered during test.\n\nNo errors encountered during test.\n"
    assert closing_lines(warning_count=0, error_count=0) == text
    assert read_summary(write(tmp_path, text)) == Summary(sections=(), warning_count=0, error_count=0)


@pytest.mark.parametrize(
    ("warnings", "errors", "text"),
    [
        (1, 2, "\n1 warning encountered. See detailed log.\n\n2 ERRORS encountered. See detailed log.\n"),
        (2, 1, "\n2 warnings encountered. See detailed log.\n\n1 ERROR encountered. See detailed log.\n"),
    ],
)
def test_totals_are_worded_by_number(warnings: int, errors: int, text: str) -> None:
    assert closing_lines(warning_count=warnings, error_count=errors) == text


def test_cut_off_log_has_no_totals(tmp_path: Path) -> None:
    cut = TEXT[: TEXT.index("\n1 warning")]
    summary = read_summary(write(tmp_path, cut))
    assert (summary.warning_count, summary.error_count) == (None, None)
    assert summary.text() == cut


def test_value_is_found_in_its_section() -> None:
    section = Section(title="t", lines=("Min latency (ns)                : 1",))
    assert section.value("Min latency (ns)") == "1"


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no section and no totals"):
        read_summary(write(tmp_path, "hello\n"))
    with pytest.raises(InputError, match="cannot be read"):
        read_summary(tmp_path / "absent.txt")
