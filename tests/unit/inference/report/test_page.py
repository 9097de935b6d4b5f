from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from report_runs import ACCURACY, bare_run, four_runs, hostile_run, multi_stream, offline, server, single_stream

from levelfield.errors import OutputError
from levelfield.inference.report import ReportedRun, render_report, write_report
from levelfield.inference.report.plots import lateness_plot, plots_of
from levelfield.inference.report.run import completed_queries, completion_times_ns
from levelfield.inference.report.words import accuracy_sentence, caution, lateness_sentence, verdict_sentence
from levelfield.inference.result import InferenceResult, Verdict
from levelfield.terms import Edition, Scenario, Validity

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks while it reads: tags balance, identifiers are unique, and collects what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pictures: list[list[str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "svg":
            self.pictures.append([])
        elif "svg" in self.open:
            self.pictures[-1].append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_report(four_runs()))


@pytest.mark.parametrize("make", [four_runs, lambda: [hostile_run(), bare_run()], lambda: [bare_run()]])
def test_tags_balance_ids_are_unique_and_every_picture_is_described(make) -> None:
    page = Page(render_report(make()))
    assert all(tags[:2] == ["title", "desc"] for tags in page.pictures)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= set(page.ids)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {link[1:] for link in links if link} <= set(page.ids)


def test_headings_descend_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_points_outside_the_file(page: Page) -> None:
    for tag, attributes in page.tags:
        assert "src" not in attributes, tag
        if "href" in attributes:
            assert (attributes["href"] or "").startswith(("#", "data:,"))
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)


def test_what_a_user_typed_stays_text() -> None:
    text = render_report([hostile_run()])
    assert text.count("<script") == 1
    assert "<img" not in text
    assert "<script>window.hacked=1</script>" in Page(text).text


def test_the_policy_allows_only_the_page_s_own_script_and_style(page: Page) -> None:
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; script-src 'sha256-[\w+/]{43}='; img-src data:",
        policy or "",
    )


def test_every_verdict_metric_and_accuracy_is_told(page: Page) -> None:
    assert "3 of 4 scenarios are VALID." in page.text
    for words in ("SingleStream ✓ VALID", "Server ✗ INVALID", "97.222 % top-1 ✓ PASSED", "6,416 samples/s"):
        assert words in page.text
    assert "2 of 3 conditions are not met." in page.text
    assert "try --target-qps 780." in page.text
    assert "3 samples never completed within 10 s of the last query." in page.text


def test_settings_show_what_they_took_the_place_of(page: Page) -> None:
    assert "target_qps 900 command line 1 (default); 500 (user.conf:3) all" in page.text
    assert "All 24 settings" in page.text


def test_files_rules_and_seeds_are_named(page: Page) -> None:
    for words in ("9e" * 32, "4f" * 32, "15863379492028895792", "inference-v2.0", "digits_resnet_int8.onnx"):
        assert words in page.text


@pytest.mark.parametrize(
    ("edition", "official", "expected"),
    [
        (Edition.MINI, False, "mini edition and quick run: not a result of a published round"),
        (Edition.MINI, True, "mini edition: not a result of a published round"),
        (Edition.FULL, False, "quick run: not a result of a published round"),
        (Edition.FULL, True, None),
    ],
)
def test_mini_and_quick_are_labelled(edition: Edition, official: bool, expected: str | None) -> None:
    run = single_stream()
    result = replace(run.result, edition=edition, official=official)
    assert caution([result]) == expected
    page = Page(render_report([replace(run, result=result)]))
    assert ("not a result of a published round" in page.text) is (expected is not None)
    assert "Result not verified by MLCommons Association." in page.text


def test_the_same_runs_give_the_same_page() -> None:
    assert render_report(four_runs()) == render_report(four_runs())


def test_a_result_that_was_read_back_gives_the_same_page() -> None:
    run = server()
    again = InferenceResult.from_dict(json.loads(run.result.to_json()))
    assert render_report([replace(run, result=again)]) == render_report([run])


def test_a_large_record_does_not_make_a_large_page() -> None:
    assert len(render_report([single_stream(queries=300_000)])) < 120_000


def test_plots_depend_on_what_there_is_to_see() -> None:
    names = {run.result.scenario: [plot.identifier for plot in plots_of(run, "x")] for run in four_runs()}
    stream = ["x-distribution", "x-tail", "x-latency", "x-throughput"]
    assert names == {
        Scenario.SINGLE_STREAM: stream,
        Scenario.MULTI_STREAM: stream,
        Scenario.SERVER: stream,
        Scenario.OFFLINE: ["x-completions", "x-throughput"],
    }
    assert [lateness_plot(run, "x") is not None for run in four_runs()] == [False, False, True, False]
    assert plots_of(hostile_run(), "x") == []
    assert plots_of(bare_run(), "x") == []


@pytest.mark.parametrize("make", [single_stream, multi_stream, server, offline])
def test_every_plot_has_as_many_places_as_rows(make) -> None:
    for plot in plots_of(make(), "x"):
        assert len(plot.places) == len(plot.rows)
        assert all(len(row) == len(plot.head) for row in plot.rows)
        assert all(before <= after for before, after in pairwise(plot.places))


def test_a_query_counts_only_when_its_last_sample_is_complete() -> None:
    run = ReportedRun(
        result=single_stream().result,
        scheduled_ns=np.array([0, 100, 200]),
        issue_delay_ns=np.zeros(3, np.int64),
        latency_ns=np.array([5, 9, -1, 7, 4, 3]),
        samples_per_query=2,
    )
    due, latencies = completed_queries(run)
    assert (list(due), list(latencies)) == ([0, 200], [9, 4])
    assert list(completion_times_ns(run)) == [5, 9, 107, 204, 203]


def test_words_say_what_the_numbers_mean() -> None:
    assert accuracy_sentence(ACCURACY) == (
        "top-1 is 97.222 % (350 of 360 right), 95 % interval 94.96 to 98.48 %. "
        "The gate is 96.250 %: 99 % of the reference's 97.222 %."
    )
    lateness = replace(server().result.lateness, p99_ns=2_000, met=True)
    assert lateness_sentence(lateness, Scenario.SERVER) == (
        "99 % of queries were issued within 2.00 µs of their due time; the bound is 1.00 ms. "
        "The latencies can be trusted."
    )
    verdict = Verdict(validity=Validity.WITH_ERRORS, conditions=(), errors=("x",))
    assert "cannot be submitted" in verdict_sentence(verdict)
    assert verdict_sentence(replace(verdict, summary="Too short.")) == "Too short."
    assert verdict_sentence(Verdict(validity=Validity.INVALID, conditions=())) == "The run does not hold."


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        render_report([])


def test_a_report_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_report(tmp_path / "absent" / "report.html", [bare_run()])
    write_report(tmp_path / "report.html", [bare_run()])
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
