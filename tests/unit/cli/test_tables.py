from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from report_runs import ACCURACY, bare_run, four_runs, hostile_run, server, single_stream
from rich.console import Console

from levelfield.cli.tables import print_closing, reasons


def printed(results, *, width: int = 80, encoding: str = "utf-8", **options) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width, highlight=False, **options)
    print_closing(results, [("report", Path("out/report.html"))], console=console)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.fixture(scope="module")
def results():
    return [run.result for run in four_runs()]


def test_table_fits_80_columns_and_holds_every_scenario(results) -> None:
    text = printed(results)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("SingleStream", "MultiStream", "Server", "Offline", "✓ VALID", "✗ INVALID", "0.5729 ms", "97.22 %"):
        assert words in text
    assert text.splitlines()[0].rstrip() == "resnet50 (mini)"


def test_reasons_name_condition_requirement_measurement_and_advice(results) -> None:
    assert reasons(results) == [
        "Server is INVALID: 2 of 3 conditions are not met.",
        "  latency limit: required 99 % of queries within 15.0 ms, measured 94.40 % within 15.0 ms.",
        "    A target of 780 queries/s would have held in this run's record; try --target-qps 780.",
        "  load generator's lateness: required p99 at most 1.00 ms, measured 5.41 ms.",
        "    Leave a core to the load generator: --threads 1, or issue from a process of its own.",
        "  error in the log: 3 samples never completed within 10 s of the last query.",
    ]


def test_a_missed_accuracy_gate_is_a_reason_although_the_run_is_valid() -> None:
    result = replace(single_stream().result, accuracy=replace(ACCURACY, value=90.0, passed=False))
    assert reasons([result]) == ["Accuracy misses its gate (SingleStream): top-1 is 90.000 %, required 96.250 %."]


def test_mini_is_labelled_and_the_report_is_named_on_one_line(results) -> None:
    text = printed(results, width=60)
    assert "Mini edition and quick run: not a result of a published" in text
    assert "report      out/report.html" in text


def test_many_runs_are_shown_in_several_tables(results) -> None:
    text = printed(results * 2, width=80)
    assert text.count("verdict") == 2


@pytest.mark.parametrize("width", [30, 40, 60, 120])
def test_any_width_shows_every_verdict(results, width: int) -> None:
    text = printed(results, width=width)
    assert text.replace("\n", "").count("VALID") >= 4


def test_ascii_terminals_get_ascii(results) -> None:
    text = printed(results, encoding="ascii")
    assert text.isascii()
    assert "ok VALID" in text
    assert "!! INVALID" in text


def test_no_colour_where_colour_is_unwanted(results) -> None:
    assert "\x1b[" not in printed(results, no_color=True, force_terminal=False)
    assert "\x1b[1;32m" in printed(results, force_terminal=True, color_system="standard")


def test_odd_results_do_not_break_the_table() -> None:
    text = printed([hostile_run().result, bare_run().result])
    assert "VALID-WITH-ERRORS" in text
    assert "not measured" in text


def test_markup_of_the_table_library_in_names_is_text() -> None:
    result = replace(server().result, benchmark="[red]x[/red]")
    assert "[red]x[/red]" in printed([result])
